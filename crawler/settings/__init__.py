"""All settings with their defaults, limits and metadata; `crawler.configuration` reads them from their sources.

`Settings` is the public value. It combines the settings of the search, of fetching and of the engine, and holds the
tables for reports and history. A value that exists is valid: `Settings(pages=500)` raises, wherever the 500 came from.

To add a setting, add a field with an `Option` to its class. The lists of settings that a flag, a variable, a watch or a
recording may set follow from the fields.
"""

from __future__ import annotations

from crawler.settings.combined import SettingFlag, Settings, setting_flags
from crawler.settings.engine import EngineSettings
from crawler.settings.fetching import FetchSettings
from crawler.settings.history import HistorySettings
from crawler.settings.kinds import Amount
from crawler.settings.option import Option
from crawler.settings.report import Language, ReportSettings
from crawler.settings.search import Reason, SearchSettings, check_together
from crawler.settings.table import Table, checked, nearest, options_of

__all__ = [
    "Amount",
    "EngineSettings",
    "FetchSettings",
    "HistorySettings",
    "Language",
    "Option",
    "Reason",
    "ReportSettings",
    "SearchSettings",
    "SettingFlag",
    "Settings",
    "Table",
    "check_together",
    "checked",
    "nearest",
    "options_of",
    "setting_flags",
]
