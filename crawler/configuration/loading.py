"""Read settings from flags, the environment and one file, in this order of precedence.

The file is the one that `--config` names, else `CRAWLER_CONFIG`, else `./config.toml` if it has a `[crawler]` table
(another program's file is ignored), else `config.toml` in the user's configuration folder. Every message is one line
that names the file, the variable or the flag.

A `./config.toml` that nobody named may come from someone else, so only its harmless keys count (see
`crawler.settings.Option`): those of a search and its report. Nothing in it can send, run, write or delete anything
outside the working folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crawler.atomic_write import leads_out
from crawler.configuration.file import HERE, find_file, users_file
from crawler.configuration.watch_tables import WATCH, check_search, read_watches
from crawler.errors import SettingsError
from crawler.phrases import Phrase
from crawler.settings import (
    HistorySettings,
    ReportSettings,
    Settings,
    Table,
    check_together,
    checked,
    nearest,
    options_of,
)
from crawler.watching.watch import AlertSettings, Watch

__all__ = ["TABLES", "Loaded", "load"]

TABLES: dict[str, type[Table]] = {
    table.section: table for table in (Settings, ReportSettings, HistorySettings, AlertSettings)
}
"""The tables of the file and their classes. There is also one `[[watch]]` per watch."""

_WATCHES = f"[[{WATCH}]]"

_REPORT_FOLDER = ("report", "dir")

_NO_TABLE = "is not a table; write [{}]"
"""The message for `crawler = 5`, and for `[[crawler]]`, which is a list of tables."""

Key = tuple[str, str]
"""A table and a key in it."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings and their origin."""

    settings: Settings
    file: Path | None
    """The file that was read; None if there was none."""
    warnings: tuple[str, ...]
    """Warnings for the user, one line each."""
    watches: tuple[Watch, ...] = ()
    alerts: AlertSettings = field(default_factory=AlertSettings)
    unused: tuple[str, ...] = ()
    """Keys of the file that are ignored because nobody named the file: «[crawler] proxy», «[[watch]]»."""
    report_root: Path | None = None
    """The folder that no link may lead the report folder out of; None if a person named the report folder."""
    overlooked: Path | None = None
    """The user's own file, if it exists and a file that nobody named is read instead."""
    is_stray: bool = False
    """True if the file that was read is a `./config.toml` that nobody named."""

    @property
    def watched_queries(self) -> str:
        """The queries of all watches as one text, which decides the language of messages about all of them."""
        return " ".join(watch.terms.query for watch in self.watches)

    @property
    def watch_file(self) -> Path:
        """The file in which watches can be edited: the one that was read, else the user's own, which need not exist.

        Raises SettingsError if it is a file whose watches are ignored.
        """
        if self.is_stray:
            raise SettingsError(Phrase("watches_not_here", file=str(self.file), here=HERE))
        return self.file or users_file()

    @property
    def ignores_watches(self) -> bool:
        """True if the file has watches that are ignored."""
        return _WATCHES in self.unused

    @property
    def unused_words(self) -> str:
        """A line that names the ignored keys and the remedy; '' if there are none."""
        if not self.unused:
            return ""
        return Phrase("settings_unused", file=str(self.file), names=", ".join(self.unused), here=HERE)

    @property
    def notes(self) -> tuple[str, ...]:
        """The warnings and the ignored keys, one line each."""
        return (*self.warnings, *filter(None, [self.unused_words]))


@dataclass(slots=True)
class _Gathered:
    """Checked values and the names of their sources, by table and key; later sources override earlier ones."""

    values: dict[Key, Any] = field(default_factory=dict)
    labels: dict[Key, str] = field(default_factory=dict)

    def put(self, key: Key, value: object, label: str, *, text: bool) -> None:
        table, name = key
        self.values[key] = checked(TABLES[table], name, value, label=label, text=text)
        self.labels[key] = label

    def settings(self) -> Settings:
        low, high = ("crawler", "min_price"), ("crawler", "max_price")
        low_label, high_label = self.labels.get(low, low[1]), self.labels.get(high, high[1])
        file, colon, _ = low_label.rpartition(": ")  # if both keys are in one file, name it once
        labels = (low_label, high_label.removeprefix(file + colon))
        check_together(self.values.get(low), self.values.get(high), labels=labels)
        report = ReportSettings(**self._table("report"))
        history = HistorySettings(**self._table("history"))
        return Settings(**self._table("crawler"), report=report, history=history)

    def alerts(self) -> AlertSettings:
        return AlertSettings(**self._table("alerts"))

    def drop_harmful(self, cwd: Path) -> list[str]:
        """Drop keys that only a file named or owned by a person may set; return the names of those that would matter.

        A key with its default value changes nothing, so it is not named.
        """
        harmful = [key for key, value in self.values.items() if not _is_harmless(key, value, cwd)]
        changed = [key for key in harmful if self.values[key] != getattr(TABLES[key[0]](), key[1])]
        for key in harmful:
            del self.values[key], self.labels[key]
        return [f"[{table}] {name}" for table, name in changed]

    def _table(self, wanted: str) -> dict[str, Any]:
        return {name: value for (table, name), value in self.values.items() if table == wanted}


def load(
    flags: Mapping[str, object], *, config: str | None, environ: Mapping[str, str], cwd: Path | None = None
) -> Loaded:
    """Return the settings of a command.

    `flags` contains their values by key of the file («pages», «report.top»), None for a flag that was not given;
    `config` is `--config`; an empty variable of `environ` counts as unset; `cwd` is the working folder, None for that
    of the process.

    Raises SettingsError for an unknown key, a value with the wrong type or out of range, a named file that is missing
    or broken, and a working folder that no longer exists. An unknown `CRAWLER_…` variable is a warning, because other
    programs may use the name.
    """
    gathered = _Gathered()
    warnings: list[str] = []
    cwd = cwd or _working_folder()
    path, content = find_file(config, environ, cwd, warnings)
    own = users_file()
    is_stray = path is not None and not (config or environ.get("CRAWLER_CONFIG") or _is_same(path, own))
    unused: list[str] = []
    watches: list[tuple[Watch, str]] = []
    if path is not None:
        watches = read_watches(path, content.pop(WATCH, []))
        for key, value, label in _file_values(path, content):
            gathered.put(key, value, label, text=False)
    if is_stray:
        unused += gathered.drop_harmful(cwd)
        if watches:
            unused.append(_WATCHES)
            watches = []
    has_named_folder = _REPORT_FOLDER in gathered.values and not is_stray
    for key, value, label in _environment_values(environ, warnings):
        has_named_folder = has_named_folder or key == _REPORT_FOLDER
        gathered.put(key, value, label, text=True)
    for flag, given in flags.items():
        if given is not None:
            table, _, name = flag.rpartition(".")
            key = (table or "crawler", name)
            has_named_folder = has_named_folder or key == _REPORT_FOLDER
            label = options_of(TABLES[key[0]])[name].flag_of(name)
            gathered.put(key, given, label, text=True)
    settings = gathered.settings()
    for watch, label in watches:
        check_search(settings, watch, label)
    return Loaded(
        settings,
        path,
        tuple(warnings),
        tuple(watch for watch, _ in watches),
        gathered.alerts(),
        tuple(unused),
        None if has_named_folder else cwd,
        own if is_stray and own.is_file() else None,
        is_stray,
    )


def _is_same(path: Path, own: Path) -> bool:
    """Return True if a file is the user's own, whatever its path."""
    try:
        return path.samefile(own)
    except OSError:  # the user has no file
        return False


def _is_harmless(key: Key, value: Any, cwd: Path) -> bool:
    """Return True if a file that merely lies in the working folder `cwd` may set a value."""
    table, name = key
    return options_of(TABLES[table])[name].harmless and (
        key != _REPORT_FOLDER or not leads_out(cwd / value, cwd)
    )


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise SettingsError("the working folder no longer exists; change to another") from error


def _file_values(path: Path, content: dict[str, Any]) -> Iterator[tuple[Key, object, str]]:
    for table, keys in content.items():
        if table in TABLES and not isinstance(keys, dict):
            raise SettingsError(f"{path}: {table} {_NO_TABLE.format(table)}")
        if not isinstance(keys, dict):
            raise SettingsError(f"{path}: {table} is outside any table; {_advice(table, '')}")
        if table not in TABLES:
            best = nearest(table, [*TABLES, WATCH])
            shown = f"[[{WATCH}]]" if best == WATCH else f"[{best}]"
            raise SettingsError(f"{path}: unknown table [{table}]; the nearest is {shown}")
        for name, value in keys.items():
            label = f"{path}: [{table}] {name}"
            if name not in options_of(TABLES[table]):
                raise SettingsError(f"{path}: [{table}] unknown setting {name}; {_advice(name, table)}")
            yield (table, name), value, label


def _advice(name: str, table: str) -> str:
    """Return the place where `name` belongs, or the nearest key of `table` or of all tables."""
    if name in TABLES:
        return f"[{name}] is a separate table"
    for home, keys in TABLES.items():
        if home != table and name in options_of(keys):
            return f"it belongs in [{home}]"
    if table:
        return f"the nearest is {nearest(name, options_of(TABLES[table]))}"
    places = {key: home for home, keys in reversed(TABLES.items()) for key in options_of(keys)}
    best = nearest(name, places)
    return f"the nearest setting is {best} in [{places[best]}]"


def _environment_values(environ: Mapping[str, str], warnings: list[str]) -> Iterator[tuple[Key, str, str]]:
    known: dict[str, Key] = {}
    for table, keys in TABLES.items():
        prefix = "CRAWLER_" if table == "crawler" else f"CRAWLER_{table.upper()}_"
        known |= {
            prefix + name.upper(): (table, name)
            for name, option in options_of(keys).items()
            if option.environment
        }
    for variable, value in sorted(environ.items()):
        if variable in known:
            if value:
                yield known[variable], value, variable
        elif variable.startswith("CRAWLER_") and variable != "CRAWLER_CONFIG":
            best = nearest(variable, [*known, "CRAWLER_CONFIG"])
            warnings.append(Phrase("variable_unknown", name=variable, nearest=best))
