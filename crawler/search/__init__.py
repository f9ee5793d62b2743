"""One search: its pages, their verdicts, the proof of the cheapest, and the result."""
