"""Edit the `[[watch]]` tables of a configuration file; everything else in it stays as it is, byte for byte.

The file is cut at its table headers. An edit changes one `[[watch]]` table by tomlkit, which keeps its comments and
layout, or adds or removes one; the other pieces are not touched. tomlkit alone would move `[[watch]]` tables that are
apart from each other, and puts a new key after the comments that belong to the next table. Before the file is written,
it is read as the program reads it, and must mean exactly what was asked for.

An edit holds a lock on the folder, so that two of them follow one another; if an editor saves the file meanwhile, the
edit is made again from what it saved.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.alerts.file_channel import lock_file
from crawler.atomic_write import atomic_write, shown, target_of, translate_os_errors
from crawler.configuration.watch_tables import WATCH, check_search, read_watch, read_watches
from crawler.errors import SettingsError, UsageError
from crawler.phrases import Phrase
from crawler.settings import Settings, options_of
from crawler.watching.state import fingerprint
from crawler.watching.watch import SEARCH_KEYS, Watch, WatchTerms

if TYPE_CHECKING:
    from tomlkit.items import InlineTable, Item, Table

__all__ = [
    "UnknownWatchError",
    "WatchConflictError",
    "add_watch",
    "change_watch",
    "delete_watch",
    "watch_version",
    "watches_in",
]

KEYS = (*options_of(WatchTerms), *SEARCH_KEYS)
"""The keys of a watch, in the order in which a new one gets them."""

_TRIES = 3
"""How often an edit is made again because another program has saved the file meanwhile."""

_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)

_BOM = "\ufeff"


class UnknownWatchError(UsageError):
    """The file has no watch of this name."""


class WatchConflictError(UsageError):
    """The watch, or the file, was changed meanwhile, or the name is taken."""


Values = Mapping[str, Any]
"""Values of a watch by key; None removes a key."""


def watches_in(path: Path, settings: Settings) -> tuple[Watch, ...]:
    """Return the watches of a file, in order; none if there is no file. Raises SettingsError."""
    return _checked(path, _content(path, _text(path, _read(path))), settings)


def watch_version(watch: Watch) -> str:
    """Return a short text that changes when any key of a watch does."""
    terms = {name: getattr(watch.terms, name) for name in options_of(WatchTerms)}
    return fingerprint([terms, dict(watch.search)])


def add_watch(path: Path, values: Values, settings: Settings) -> Watch:
    """Add a watch after the others, and return it; create the file if there is none.

    Raises SettingsError for a value that no watch can have, WatchConflictError if its name is taken or the file keeps
    changing, OutputError if the file cannot be written.
    """
    wanted = {name: value for name, value in _plain(values).items() if value is not None}
    new = _possible(wanted, settings)

    def edit(pieces: list[str], watches: Sequence[Watch]) -> list[dict[str, Any]]:
        names = {watch.name for watch in watches}
        if new.name in names:
            raise WatchConflictError(Phrase("watch_name_taken", name=new.name))
        tables = _tables(pieces)
        _add(pieces, wanted)
        return [*tables, wanted]

    return _edited(path, settings, edit)[-1]


def change_watch(
    path: Path, name: str, changes: Values, settings: Settings, *, version: str | None = None
) -> Watch:
    """Change keys of a watch, and return it; None removes a key.

    With `version`, the watch must still be the one with that `watch_version`. Raises UnknownWatchError,
    WatchConflictError, SettingsError and OutputError.
    """
    place, wanted = -1, _plain(changes)

    def edit(pieces: list[str], watches: Sequence[Watch]) -> list[dict[str, Any]]:
        nonlocal place
        place = _place(watches, name, version)
        tables = _tables(pieces)
        new = {key: value for key, value in (tables[place] | wanted).items() if value is not None}
        changed = _possible(new, settings)
        if changed.name != name and any(watch.name == changed.name for watch in watches):
            raise WatchConflictError(Phrase("watch_name_taken", name=changed.name))
        # A key that keeps its value keeps its notation, too.
        differing = {key: value for key, value in wanted.items() if tables[place].get(key) != value}
        _change(pieces, place, differing)
        tables[place] = new
        return tables

    return _edited(path, settings, edit)[place]


def delete_watch(path: Path, name: str, settings: Settings, *, version: str | None = None) -> None:
    """Remove a watch with the comments inside its table. Raises the errors of `change_watch`."""

    def edit(pieces: list[str], watches: Sequence[Watch]) -> list[dict[str, Any]]:
        place = _place(watches, name, version)
        tables = _tables(pieces)
        _delete(pieces, place)
        return tables[:place] + tables[place + 1 :]

    _edited(path, settings, edit)


def _plain(values: Values) -> dict[str, Any]:
    """Return values as a file has them, which are compared with what is read back."""
    return {
        name: list(value)
        if isinstance(value, tuple)
        else Decimal(str(value))
        if isinstance(value, float)
        else value
        for name, value in values.items()
    }


def _possible(values: Values, settings: Settings) -> Watch:
    """Return the watch with these values; its messages name the setting, and no file. Raises SettingsError."""
    watch = read_watch(values, f"[[{WATCH}]]")
    check_search(settings, watch, f"[[{WATCH}]]")
    return watch


_Edit = Callable[[list[str], Sequence[Watch]], list[dict[str, Any]]]
"""Edit the pieces of a file in place; return the watches that it must then have, as plain values."""


def _edited(path: Path, settings: Settings, edit: _Edit) -> tuple[Watch, ...]:
    """Make an edit, and return the watches of the file after it."""
    target = target_of(path)
    with translate_os_errors(path):
        target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.parent, path):
        for _ in range(_TRIES):
            before = _read(target)
            text = _text(path, before)
            content = _content(path, text)
            watches = _checked(path, content, settings)
            pieces = _pieces(text)
            expected = content | {WATCH: edit(pieces, watches)}
            after = "".join(pieces)
            if _content(path, after) != {key: value for key, value in expected.items() if value != []}:
                raise SettingsError(Phrase("watch_file_by_hand", file=shown(path)))
            changed = _checked(path, expected, settings)
            if _replaced(path, before, after):
                return changed
        raise WatchConflictError(Phrase("watch_file_changed", file=shown(path)))


def _replaced(path: Path, before: bytes | None, after: str) -> bool:
    """Write the file unless another program has changed it; return True if it was written."""
    start = b"" if before is None else before
    newline = "\r\n" if b"\r\n" in start and b"\n" not in start.replace(b"\r\n", b"") else "\n"
    bom = _BOM if start.startswith(_BOM.encode()) else ""
    data = (bom + after.replace("\n", newline)).encode()
    try:
        with atomic_write(path) as file:
            file.write(data)
            _check_unchanged(path, before)
    except _ChangedError:
        return False
    return True


def _check_unchanged(path: Path, before: bytes | None) -> None:
    if _read(target_of(path)) != before:
        raise _ChangedError


class _ChangedError(Exception):
    """The file was changed between reading and writing it."""


@contextmanager
def _locked(folder: Path, path: Path) -> Iterator[None]:
    """Lock the folder, because a new file replaces the old one; systems without such locks have to do without."""
    if os.name != "posix":
        yield
        return
    with translate_os_errors(path):
        descriptor = os.open(folder, os.O_RDONLY)
    try:
        if not lock_file(descriptor, lambda: False):
            raise WatchConflictError(Phrase("watch_file_changed", file=shown(path)))
        yield
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes | None:
    """Return the bytes of a file; None if there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{shown(path)} cannot be read: {error.strerror or error}") from error


def _text(path: Path, data: bytes | None) -> str:
    """Decode a file; its lines end with a line feed, as does the last."""
    try:
        text = (data or b"").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{shown(path)} is not valid UTF-8 at byte {error.start}; save it as UTF-8"
        ) from error
    if "\n" not in text.replace("\r\n", ""):
        text = text.replace("\r\n", "\n")
    return text if text.endswith("\n") or not text else f"{text}\n"


def _content(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise SettingsError(f"{shown(path)} is not valid TOML: {error}") from error


def _checked(path: Path, content: Mapping[str, Any], settings: Settings) -> tuple[Watch, ...]:
    watches = read_watches(path, content.get(WATCH, []))
    for watch, label in watches:
        check_search(settings, watch, label)
    return tuple(watch for watch, _ in watches)


def _place(watches: Sequence[Watch], name: str, version: str | None) -> int:
    """Return the place of a watch among the others."""
    for place, watch in enumerate(watches):
        if watch.name == name:
            if version is not None and watch_version(watch) != version:
                raise WatchConflictError(Phrase("watch_changed", name=name))
            return place
    raise UnknownWatchError(Phrase("watch_unknown", name=name))


def _pieces(text: str) -> list[str]:
    """Cut a file before each of its table headers.

    A line that looks like a header is one if what is before it is a whole file: within a text or an array, it is not.
    """
    starts = [0]
    for match in _HEADER.finditer(text):
        start = match.start()
        try:
            tomllib.loads(text[starts[-1] : start])
        except ValueError:
            continue
        starts.append(start)
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


@dataclass(frozen=True, slots=True)
class _Home:
    """Where a watch is: the piece of the file, and its place in the list that this piece has."""

    piece: int
    place: int


def _homes(pieces: Sequence[str]) -> list[_Home]:
    return [
        _Home(number, place)
        for number, piece in enumerate(pieces)
        for place in range(len(_watches_of(piece)))
    ]


def _watches_of(piece: str) -> list[dict[str, Any]]:
    tables = tomllib.loads(piece, parse_float=Decimal).get(WATCH, [])
    return tables if isinstance(tables, list) else []


def _tables(pieces: Sequence[str]) -> list[dict[str, Any]]:
    return [table for piece in pieces for table in _watches_of(piece)]


def _is_header(piece: str) -> bool:
    """Return True if a piece is a `[[watch]]` table; False for `watch = [...]`, a list on the top level."""
    return piece.lstrip(" \t").startswith("[")


def _add(pieces: list[str], values: Values) -> None:
    homes = _homes(pieces)
    if homes and not _is_header(pieces[homes[0].piece]):
        _change_in(pieces, homes[0].piece, lambda watches: watches.append(_inline(values)))
        return
    lines = [
        f"[[{WATCH}]]\n",
        *(f"{key} = {_item(values[key]).as_string()}\n" for key in KEYS if key in values),
    ]
    if not homes:
        end = "".join(pieces)
        pieces.append("".join([*(["\n"] if end and not end.endswith("\n\n") else []), *lines]))
        return
    last = homes[-1].piece
    own, rest = _split(pieces[last])
    # A comment that is not directly below the last key belongs to what follows.
    end = rest if not rest or rest.startswith("\n") else f"\n{rest}"
    pieces[last] = own
    pieces.insert(last + 1, "".join(["\n", *lines, end]))


def _change(pieces: list[str], place: int, changes: Values) -> None:
    home = _homes(pieces)[place]

    def change(watches: Any) -> None:
        table: Table | InlineTable = watches[home.place]
        for key, value in changes.items():
            if value is not None:
                table[key] = _item(value)
            elif key in table:
                del table[key]

    _change_in(pieces, home.piece, change)


def _delete(pieces: list[str], place: int) -> None:
    home = _homes(pieces)[place]
    if not _is_header(pieces[home.piece]):
        _change_in(pieces, home.piece, lambda watches: watches.pop(home.place))
        return
    _, rest = _split(pieces[home.piece])
    before = "".join(pieces[: home.piece])
    if not before or before.endswith("\n\n"):
        rest = rest.removeprefix("\n")
    pieces[home.piece] = rest
    if home.piece and not "".join(pieces[home.piece :]):
        pieces[home.piece - 1] = re.sub(r"\n\n\Z", "\n", pieces[home.piece - 1])


def _change_in(pieces: list[str], number: int, change: Callable[[Any], None]) -> None:
    """Apply a change to the list of watches in a piece; what is below its last key stays below."""
    import tomlkit

    piece = pieces[number]
    own = piece[: _end_of_keys(piece)] if _is_header(piece) else piece
    document = tomlkit.parse(own)
    change(document[WATCH])
    pieces[number] = tomlkit.dumps(document) + piece[len(own) :]


def _split(piece: str) -> tuple[str, str]:
    """Split a table into what belongs to it and what only follows it: blank lines, and comments below them.

    Comments directly below the last key belong to the table, unless they are directly above the next header.
    """
    end = _end_of_keys(piece)
    rest = piece[end:]
    block = re.match(r"(?:[ \t]*#[^\n]*\n)+(?=[ \t]*\n|\Z)", rest)
    cut = end + (block.end() if block else 0)
    return piece[:cut], piece[cut:]


def _end_of_keys(piece: str) -> int:
    """Return the end of the last line that is neither blank nor a comment."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", piece)  # `splitlines` knows more kinds of lines than TOML
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return sum(map(len, lines))


def _item(value: object) -> Item:
    """Return a value as tomlkit writes it; an amount keeps its digits."""
    import tomlkit

    if isinstance(value, Decimal):
        return tomlkit.value(f"{value:f}")
    return tomlkit.item(list(value) if isinstance(value, tuple) else value)


def _inline(values: Values) -> InlineTable:
    import tomlkit

    table = tomlkit.inline_table()
    for key in KEYS:
        if key in values:
            table[key] = _item(values[key])
    return table
