"""Where settings come from: flags over environment over one file.

The file is the one that `--config` names, else `CRAWLER_CONFIG`, else `./config.toml` if it has a `[crawler]` table (a
stranger's is left alone), else `config.toml` in the user's configuration folder. Every message is one line that
names the file, the variable or the flag.

A `./config.toml` that nobody named may be anybody's, so only its harmless keys count (see `settings.is_harmless`):
those of a search and its report. Nothing in it can send, run, write or delete anything outside the working folder.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.atomic_write import leads_out
from crawler.errors import SettingsError
from crawler.phrases import Phrase
from crawler.settings import (
    HistorySettings,
    ReportSettings,
    Settings,
    check_together,
    checked,
    is_harmless,
    nearest,
)
from crawler.watching.watch import SEARCH_KEYS, AlertSettings, Watch, WatchTerms

if TYPE_CHECKING:
    import msgspec

__all__ = ["Loaded", "example_words", "load"]

APP = "bookprice-crawler"
"""Name of the folder in the user's configuration."""

TABLES: dict[str, type[msgspec.Struct]] = {
    "crawler": Settings,
    "report": ReportSettings,
    "history": HistorySettings,
    "alerts": AlertSettings,
}
"""Tables of the file, and what they fill. Besides, there is `[[watch]]`, as often as there are watches."""

WATCH = "watch"

_WATCHES = f"[[{WATCH}]]"

_HERE = "./config.toml"

_REPORT_FOLDER = ("report", "dir")

_FILE_ALONE: frozenset[tuple[str, str]] = frozenset({("alerts", "command")})
"""Keys that no variable sets."""

_NO_TABLE = "is not a table; write [{}]"
"""Said of `crawler = 5`, and of `[[crawler]]`, which is a list of tables."""

Key = tuple[str, str]
"""A table and a key in it."""

_FLAG_OF_KEY: dict[Key, str] = {
    ("report", "keep"): "--keep-reports",
    ("history", "record"): "--history",
    ("history", "path"): "--history-file",
}
"""Flags that have not their key's name."""

_MOST_BYTES, _MOST_DOTS = 256 * 1024, 100
"""The most that a `./config.toml` and a line of it may have: tomllib takes memory with the square of a key's parts."""

_OWN_TABLE = re.compile(r"^\s*\[\s*crawler\s*\]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and how they came about."""

    settings: Settings
    file: Path | None
    """The file that was read; None when there was none."""
    warnings: tuple[str, ...]
    """What a user should know though it stops nothing, a line each."""
    watches: tuple[Watch, ...] = ()
    alerts: AlertSettings = field(default_factory=AlertSettings)
    unused: tuple[str, ...] = ()
    """What the file sets and nobody uses, since nobody named the file: «[crawler] proxy», «[[watch]]»."""
    report_root: Path | None = None
    """The folder that the reports' folder must not lead out of by a link; None where a person named that folder."""
    overlooked: Path | None = None
    """The user's own file, if it is there and another is read that nobody named."""

    @property
    def watched_queries(self) -> str:
        """What all watches search for: the text that tells the language of what concerns them together."""
        return " ".join(watch.terms.query for watch in self.watches)

    @property
    def ignores_watches(self) -> bool:
        """Whether the file has watches that do not count."""
        return _WATCHES in self.unused

    @property
    def unused_words(self) -> str:
        """What the file sets in vain, with the remedy, in one line; '' for nothing."""
        if not self.unused:
            return ""
        return Phrase("settings_unused", file=str(self.file), names=", ".join(self.unused), here=_HERE)

    @property
    def notes(self) -> tuple[str, ...]:
        """The warnings, and what is not used of the file, a line each."""
        return (*self.warnings, *filter(None, [self.unused_words]))


@dataclass(slots=True)
class _Gathered:
    """Checked values by table and key, with what messages call their source; later sources go over earlier ones."""

    values: dict[Key, Any] = field(default_factory=dict)
    labels: dict[Key, str] = field(default_factory=dict)

    def put(self, key: Key, value: object, label: str, *, text: bool) -> None:
        table, name = key
        self.values[key] = checked(TABLES[table], name, value, label=label, text=text)
        self.labels[key] = label

    def settings(self) -> Settings:
        low, high = ("crawler", "min_price"), ("crawler", "max_price")
        low_label, high_label = self.labels.get(low, low[1]), self.labels.get(high, high[1])
        file, colon, _ = low_label.rpartition(": ")  # of two keys of one file, the first alone names it
        labels = (low_label, high_label.removeprefix(file + colon))
        check_together(self.values.get(low), self.values.get(high), labels=labels)
        report = ReportSettings(**self._table("report"))
        history = HistorySettings(**self._table("history"))
        return Settings(**self._table("crawler"), report=report, history=history)

    def alerts(self) -> AlertSettings:
        return AlertSettings(**self._table("alerts"))

    def drop_harmful(self, cwd: Path) -> list[str]:
        """Drop what may come only from a file that a person named or owns, and return the names of what was set.

        A key that has its default is dropped without a word: it changes nothing.
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

    `flags` are those that were given, by key as in the file («pages», «report.top»), None for one that was not;
    `config` is `--config`; `environ` the environment, where an empty variable counts as not set; `cwd` the
    working folder, None for the process's own.

    Raises SettingsError for an unknown key, a value of another type or out of range, for a named file that is missing
    or broken, and for a working folder that is gone. An unknown `CRAWLER_…` variable is a warning: other programs
    may use the name.
    """
    gathered = _Gathered()
    warnings: list[str] = []
    cwd = cwd or _working_folder()
    path, content = _find_file(config, environ, cwd, warnings)
    own = _users_file()
    is_stray = path is not None and not (config or environ.get("CRAWLER_CONFIG") or _is_same(path, own))
    unused: list[str] = []
    watches: list[tuple[Watch, str]] = []
    if path is not None:
        watches = _watches(path, content.pop(WATCH, []))
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
            label = _FLAG_OF_KEY.get(key, f"--{name.replace('_', '-')}")
            gathered.put(key, given, label, text=True)
    settings = gathered.settings()
    for watch, label in watches:
        _check_search(settings, watch, label)
    return Loaded(
        settings,
        path,
        tuple(warnings),
        tuple(watch for watch, _ in watches),
        gathered.alerts(),
        tuple(unused),
        None if has_named_folder else cwd,
        own if is_stray and own.is_file() else None,
    )


def _is_same(path: Path, own: Path) -> bool:
    """Tell whether a file is the user's own, through whatever path."""
    try:
        return path.samefile(own)
    except OSError:  # there is no such file of the user's own
        return False


def _is_harmless(key: Key, value: Any, cwd: Path) -> bool:
    """Tell whether a value may come from a file that merely lies in the working folder `cwd`."""
    table, name = key
    return is_harmless(TABLES[table], name) and (key != _REPORT_FOLDER or not leads_out(cwd / value, cwd))


def _watches(path: Path, tables: object) -> list[tuple[Watch, str]]:
    """Return the watches of a file with what messages call them. Raises SettingsError."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SettingsError(f"{path}: {WATCH} is not a list of tables; write each watch as [[{WATCH}]]")
    watches: list[tuple[Watch, str]] = []
    names: dict[str, int] = {}
    for number, table in enumerate(tables, 1):
        label = f"{path}: [[{WATCH}]] {number}"
        watch = _watch(table, label)
        first = names.setdefault(watch.name, number)
        if first != number:
            raise SettingsError(
                f"{label} has the same name as watch {first}, {watch.name!r}; give it another name"
            )
        watches.append((watch, label))
    return watches


def _watch(table: Mapping[str, object], label: str) -> Watch:
    from crawler.errors import UsageError
    from crawler.query import checked_query

    terms: dict[str, Any] = {}
    search: dict[str, Any] = {}
    known = (*WatchTerms.__struct_fields__, *SEARCH_KEYS)
    for name, value in table.items():
        if name not in known:
            raise SettingsError(f"{label}: unknown key {name}; the nearest is {nearest(name, known)}")
        mine, struct = (search, Settings) if name in SEARCH_KEYS else (terms, WatchTerms)
        mine[name] = checked(struct, name, value, label=f"{label}: {name}")
    if "new_lowest_days" in terms and not terms.get("new_lowest"):
        raise SettingsError(f"{label}: new_lowest_days has no effect without new_lowest = true")
    if "query" not in terms:
        raise SettingsError(f"{label} has no query; add the words to search for")
    try:
        terms["query"] = checked_query(terms["query"])
    except UsageError as error:
        raise SettingsError(f"{label}: {error}") from error
    return Watch(WatchTerms(**terms), search)


def _check_search(settings: Settings, watch: Watch, label: str) -> None:
    """Check that a watch's own settings go with the others."""
    try:
        settings.replace(**watch.search)
    except SettingsError as error:
        raise SettingsError(f"{label}: {error}") from error


def example_words() -> str:
    """Say in one line where every setting is documented, and where to put a copy."""
    package = Path(__file__).parent
    packaged = package / "config.toml"  # in the wheel; a checkout has it beside the package
    example = packaged if packaged.exists() else package.parent / "config.toml"
    return f"{example} documents every setting; copy it to {_users_file()}"


def _users_file() -> Path:
    from platformdirs import user_config_path

    return user_config_path(APP, appauthor=False) / "config.toml"


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise SettingsError("the working folder no longer exists; change to another") from error


def _keys(table: str) -> tuple[str, ...]:
    """Return the keys of a table; those that are tables themselves are none."""
    return tuple(name for name in TABLES[table].__struct_fields__ if name not in TABLES)


def _find_file(
    config: str | None, environ: Mapping[str, str], cwd: Path, warnings: list[str]
) -> tuple[Path | None, dict[str, Any]]:
    """Return the file that counts, with its content; None when there is none."""
    if config == "":
        raise SettingsError("--config must be the path of a file, not ''")
    for named, source in ((config, "--config"), (environ.get("CRAWLER_CONFIG"), "CRAWLER_CONFIG")):
        if named:
            return _read_named(cwd / named, source)
    here = cwd / _HERE
    if (content := _read_if_own(here, warnings)) is not None:
        return here, content

    users = _users_file()
    if users.is_file():
        return users, _parse(users, _read_text(users, str(users)))
    return None, {}


def _read_named(path: Path, source: str) -> tuple[Path, dict[str, Any]]:
    if not path.exists():
        raise SettingsError(f"{source}: there is no file {path}")
    return path, _parse(path, _read_text(path, f"{source}: {path}"))


def _read_text(path: Path, label: str) -> str:
    try:
        return path.read_text("utf-8-sig")  # an editor's byte order mark is not the user's fault
    except UnicodeDecodeError as error:
        raise SettingsError(f"{label} is not valid UTF-8 at byte {error.start}; save it as UTF-8") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"{label} cannot be read: {reason}") from error


def _read_bounded(path: Path) -> str:
    """Return the text of a file that may be anybody's, if it is no larger than a configuration is."""
    try:
        size = path.stat().st_size
    except OSError:  # it is gone, or in a folder that cannot be read: the reading says so
        size = 0
    if size > _MOST_BYTES:
        raise SettingsError(f"{path} is larger than {_MOST_BYTES >> 10} KiB")
    text = _read_text(path, str(path))
    if any(line.count(".") > _MOST_DOTS for line in text.splitlines()):
        raise SettingsError(f"{path} has a line with more than {_MOST_DOTS} dots")
    return text


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)  # 12.50 yuan stay 12.50
    except (ValueError, ArithmeticError, RecursionError) as error:  # also numbers of too many digits
        why = "it contains a number that is too large" if isinstance(error, ArithmeticError) else error
        raise SettingsError(f"{path} is not valid TOML: {why}") from error


def _read_if_own(path: Path, warnings: list[str]) -> dict[str, Any] | None:
    """Return the content of a `config.toml` of the working folder if it is ours."""
    if not path.is_file():
        return None
    try:
        text = _read_bounded(path)
    except SettingsError as error:
        warnings.append(Phrase("left_alone", why=str(error)))
        return None
    try:
        content = _parse(path, text)
    except SettingsError:
        if _OWN_TABLE.search(text):
            raise
        return None
    own = content.get("crawler")
    if isinstance(own, dict):
        return content
    if own is not None:
        warnings.append(Phrase("crawler_no_table", file=str(path)))
    elif isinstance(content.get(WATCH), list):
        warnings.append(Phrase("watch_alone", file=str(path), table=_WATCHES))
    return None


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
            if name not in _keys(table):
                raise SettingsError(f"{path}: [{table}] unknown setting {name}; {_advice(name, table)}")
            yield (table, name), value, label


def _advice(name: str, table: str) -> str:
    """Return where `name` belongs, or what is nearest to it, among the keys of `table` or of all."""
    if name in TABLES:
        return f"[{name}] is a separate table"
    for home in TABLES:
        if home != table and name in _keys(home):
            return f"it belongs in [{home}]"
    if table:
        return f"the nearest is {nearest(name, _keys(table))}"
    places = {key: home for home in reversed(TABLES) for key in _keys(home)}
    best = nearest(name, places)
    return f"the nearest setting is {best} in [{places[best]}]"


def _environment_values(environ: Mapping[str, str], warnings: list[str]) -> Iterator[tuple[Key, str, str]]:
    known: dict[str, Key] = {}
    for table in TABLES:
        prefix = "CRAWLER_" if table == "crawler" else f"CRAWLER_{table.upper()}_"
        keys = [name for name in _keys(table) if (table, name) not in _FILE_ALONE]
        known |= {prefix + name.upper(): (table, name) for name in keys}
    for variable, value in sorted(environ.items()):
        if variable in known:
            if value:
                yield known[variable], value, variable
        elif variable.startswith("CRAWLER_") and variable != "CRAWLER_CONFIG":
            best = nearest(variable, [*known, "CRAWLER_CONFIG"])
            warnings.append(Phrase("variable_unknown", name=variable, nearest=best))
