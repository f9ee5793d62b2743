"""All settings as one value, and the flags that set them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

from crawler.errors import SettingsError
from crawler.settings.engine import EngineSettings
from crawler.settings.fetching import FetchSettings
from crawler.settings.history import HistorySettings
from crawler.settings.option import Option
from crawler.settings.report import ReportSettings
from crawler.settings.search import SearchSettings
from crawler.settings.table import nearest, options_of

__all__ = ["SettingFlag", "Settings", "setting_flags"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings(EngineSettings, FetchSettings, SearchSettings):
    """Table `[crawler]` and, as `report` and `history`, the tables with these names.

    It inherits from `SearchSettings`, `FetchSettings` and `EngineSettings`, so it can be passed where one of them is
    expected.

    Raises SettingsError for a value with the wrong type or out of range.
    """

    report: ReportSettings = field(default_factory=ReportSettings)
    """Table `[report]`."""
    history: HistorySettings = field(default_factory=HistorySettings)
    """Table `[history]`."""

    def replace(self, **changes: Any) -> Self:
        """Return these settings with `changes`. Raises SettingsError for an unknown name or an invalid value."""
        known = [each.name for each in dataclasses.fields(self)]
        for name in changes:
            if name not in known:
                raise SettingsError(f"unknown setting {name}; the nearest is {nearest(name, known)}")
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, slots=True)
class SettingFlag:
    """A flag of a command that sets a setting."""

    name: str
    """«--history-file»."""
    dest: str
    """The flag's attribute in the namespace of argparse."""
    key: str
    """The setting as `configuration.load` takes it: «pages», «history.path»."""
    option: Option


@cache
def setting_flags(command: str) -> Mapping[str, SettingFlag]:
    """Return the flags of a command that set a setting, by their attribute in argparse's namespace."""
    found = {}
    for table in (Settings, ReportSettings, HistorySettings):
        for name, option in options_of(table).items():
            if command in option.commands:
                key = name if table is Settings else f"{table.section}.{name}"
                dest = option.dest_of(name)
                found[dest] = SettingFlag(option.flag_of(name), dest, key, option)
    return found
