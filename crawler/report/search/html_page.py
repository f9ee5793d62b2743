"""The HTML report's page: its template, compiled when this module is imported, its style and its script.

Import it in the wait for the network: jinja2 and the compiling take some 50 ms. No chart or table library stands beside
style and script: each report carries its whole page, and a library would be ten times the size of its data (Chart.js
alone is 200 KB), would draw nothing without script, and gives points that no keyboard reaches. Here the drawing is SVG,
the table a table; the script sorts, filters and shows.
"""

from __future__ import annotations

from crawler.report.common.pages import asset, policy, template

__all__ = ["SCRIPT", "STYLE", "TEMPLATE", "policy"]

STYLE = asset("page.css", "report.css")
SCRIPT = asset("search.js", "report.js")
TEMPLATE = template("report.html")
