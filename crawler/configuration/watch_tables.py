"""The `[[watch]]` tables of a configuration file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crawler.errors import SettingsError, UsageError
from crawler.settings import SearchSettings, Settings, checked, nearest, options_of
from crawler.watching.watch import SEARCH_KEYS, Watch, WatchTerms

__all__ = ["WATCH", "check_search", "read_watch", "read_watches"]

WATCH = WatchTerms.section


def read_watches(path: Path, tables: object) -> list[tuple[Watch, str]]:
    """Return the watches of a file, each with its name in messages. Raises SettingsError."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SettingsError(f"{path}: {WATCH} is not a list of tables; write each watch as [[{WATCH}]]")
    watches: list[tuple[Watch, str]] = []
    names: dict[str, int] = {}
    for number, table in enumerate(tables, 1):
        label = f"{path}: [[{WATCH}]] {number}"
        watch = read_watch(table, label)
        first = names.setdefault(watch.name, number)
        if first != number:
            raise SettingsError(
                f"{label} has the same name as watch {first}, {watch.name!r}; give it another name"
            )
        watches.append((watch, label))
    return watches


def read_watch(table: Mapping[str, object], label: str) -> Watch:
    """Return the watch in a table, which messages call `label`. Raises SettingsError."""
    terms: dict[str, Any] = {}
    search: dict[str, Any] = {}
    known = (*options_of(WatchTerms), *SEARCH_KEYS)
    for name, value in table.items():
        if name not in known:
            raise SettingsError(f"{label}: unknown key {name}; the nearest is {nearest(name, known)}")
        if name in SEARCH_KEYS:
            search[name] = checked(SearchSettings, name, value, label=f"{label}: {name}")
        else:
            terms[name] = checked(WatchTerms, name, value, label=f"{label}: {name}")
    if "new_lowest_days" in terms and not terms.get("new_lowest"):
        raise SettingsError(f"{label}: new_lowest_days has no effect without new_lowest = true")
    if "query" not in terms:
        raise SettingsError(f"{label} has no query; add the words to search for")
    checked_terms = WatchTerms(**terms)
    try:
        return Watch(checked_terms, search)
    except UsageError as error:
        raise SettingsError(f"{label}: {error}") from error


def check_search(settings: Settings, watch: Watch, label: str) -> None:
    """Check that the settings of a watch are valid together with the others. Raises SettingsError."""
    try:
        settings.replace(**watch.search)
    except SettingsError as error:
        raise SettingsError(f"{label}: {error}") from error
