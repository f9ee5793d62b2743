"""The page of the history's HTML reports: template and style, compiled and read when this module is imported."""

from __future__ import annotations

from crawler.report.pages import asset, policy, template

__all__ = ["STYLE", "TEMPLATE", "policy"]

STYLE = asset("page.css", "history.css")
TEMPLATE = template("history.html")
