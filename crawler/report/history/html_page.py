"""The page of the history's HTML reports: template, style and script, read when this module is imported."""

from __future__ import annotations

from crawler.report.common.pages import asset, policy, template

__all__ = ["SCRIPT", "STYLE", "TEMPLATE", "policy"]

STYLE = asset("page.css", "history.css")
SCRIPT = asset("search.js", "history.js")
TEMPLATE = template("history.html")
