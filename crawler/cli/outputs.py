"""Where a search's report goes: checked before the crawl, written after it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.cli import console
from crawler.errors import OutputError, UsageError
from crawler.report import FORMATS, encode
from crawler.report.files import check_writable, report_path, write_whole

if TYPE_CHECKING:
    from crawler.results import SearchResult
    from crawler.settings import ReportSettings

__all__ = ["OutputPlan", "plan_outputs"]

FOR_PEOPLE = frozenset({"table", "md"})
"""Formats that are cut to the top of the list; the others hold every book unless --top is given."""

FILE_WIDTH = 120
"""Columns of a table in a file, or in a pipe that does not say (COLUMNS)."""
