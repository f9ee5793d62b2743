"""Run one search: fetch and judge its pages, check the cheapest price, and build the result."""
