"""Reports: of a search (`search`) and of prices over time (`history`), one module for each format.

The names in this package are those of a search's reports.
"""

from crawler.report.common.formats import Format
from crawler.report.search import FORMATS, Style, check_installed, encode, format_of, render

__all__ = ["FORMATS", "Format", "Style", "check_installed", "encode", "format_of", "render"]
