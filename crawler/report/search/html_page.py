"""The page of the HTML report: template (compiled when this module is imported), style and script.

Import this module while waiting for the network: importing jinja2 and compiling take about 50 ms. The page uses no
chart or table library, because each report carries its whole page. A library would be ten times the size of the data
(Chart.js alone is 200 KB), would draw nothing without a script, and gives points that the keyboard cannot reach. The
drawing is SVG and the table a table; the script only sorts, filters and shows.
"""

from __future__ import annotations

from crawler.report.common.pages import asset, policy, template

__all__ = ["SCRIPT", "STYLE", "TEMPLATE", "policy"]

STYLE = asset("page.css", "result.css", "report.css")
SCRIPT = asset("search.js", "chart.js", "report.js")
TEMPLATE = template("report.html")
