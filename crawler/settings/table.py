"""The base class of settings tables, and the check of a single value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from crawler.errors import SettingsError
from crawler.settings.option import Option

__all__ = ["Table", "checked", "nearest", "options_of"]

_WHOLE_NUMBER = re.compile(r"-?[0-9]+")

_MOST_SHOWN = 60
"""The maximum number of characters of an invalid value that a message shows."""


_Function = TypeVar("_Function", bound=Callable[..., Any])


def _cached(function: _Function) -> _Function:
    """Cache the results of a function of tables; mypy considers the type of a frozen dataclass unhashable."""
    return cast("_Function", cache(function))


@dataclass(frozen=True, kw_only=True, repr=False)
class Table:
    """Settings of one table, as a frozen value that checks its fields when it is created.

    Raises SettingsError for a value with the wrong type or out of range, TypeError for a field without an `Option`.
    """

    section = ""
    """The table of config.toml that sets its fields."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = checked(type(self), field.name, getattr(self, field.name), label=field.name)
            object.__setattr__(self, field.name, value)  # 5 becomes Decimal("5") for an amount

    def __repr__(self) -> str:
        """Return the fields that differ from their defaults, without passwords."""
        known = options_of(type(self))
        shown = []
        for field in fields(self):
            value = getattr(self, field.name)
            factory = field.default_factory
            if value == (field.default if factory is MISSING else factory()):
                continue
            redact = known[field.name].redact if field.name in known else None
            shown.append(f"{field.name}={(redact(value) if redact else value)!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rules in the annotation of a field."""

    meta: Meta
    option: Option
    conditions: tuple[Callable[[Any], bool], ...]


@_cached
def options_of(table: type[Table]) -> Mapping[str, Option]:
    """Return the metadata of a table's settings by name; a field that contains another table is not a setting."""
    return {
        field.name: _rules(table, field.name).option
        for field in fields(table)
        if not _is_table(_hints(table)[field.name])
    }


def checked(table: type[Table], name: str, value: object, *, label: str, text: bool = False) -> Any:
    """Convert `value` to the type of the setting `name` of `table`, and return it.

    With `text`, the value comes from a flag or the environment: «10» is then a number, and «none» removes a limit.
    Messages call the setting `label`: «--pages», «CRAWLER_PAGES», «config.toml: [crawler] pages».

    Raises SettingsError if the value has the wrong type or is out of range.
    """
    hint = _hints(table)[name]
    if _is_table(hint):
        if isinstance(value, hint):
            return value
        raise SettingsError(f"{label} must be a {hint.__name__}, not {_shown(value)}")
    rules = _rules(table, name)
    option = rules.option
    is_none = text and isinstance(value, str) and value.lower() == "none"
    if isinstance(value, str):
        value = option.parse(value)
    parts: object
    if get_origin(get_args(hint)[0]) is tuple and isinstance(value, str) and option.separator != "":
        # A list in one word. White space separates URLs, because they may contain commas.
        parts = [] if is_none else [part.strip() for part in value.split(option.separator)]
    else:
        parts = None if is_none else value
    try:
        result = msgspec.convert(parts, hint, strict=not text)
    except msgspec.ValidationError:
        fits = False
    else:
        fits = _is_exact(result, value, parts, text=text)
    if fits and (result is None or all(condition(result) for condition in rules.conditions)):
        return result
    # A secret may contain a password.
    instead = " (its value is not shown)" if option.secret else f", not {_shown(value)}"
    raise SettingsError(f"{label} must be {rules.meta.description}{instead}")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most similar to `name`."""
    import difflib

    plain = name.lower().replace("-", "_")
    return max(sorted(known), key=lambda other: difflib.SequenceMatcher(None, plain, other.lower()).ratio())


def _is_exact(result: object, value: object, parts: object, *, text: bool) -> bool:
    """Return True if a value was written in the form of its type; msgspec accepts other forms."""
    if text:  # msgspec accepts «1e1» and «3.0» as whole numbers
        number = isinstance(result, int) and not isinstance(result, bool)
        return not number or _WHOLE_NUMBER.fullmatch(str(value)) is not None
    # msgspec converts text to a Decimal even in strict mode.
    return isinstance(parts, str) == isinstance(result, str)


@_cached
def _hints(table: type[Table]) -> dict[str, Any]:
    return get_type_hints(table, include_extras=True)


def _is_table(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, Table)


@_cached
def _rules(table: type[Table], name: str) -> _Rules:
    hint = _hints(table)[name]
    # If the setting is optional, the type inside the union may carry the metadata.
    annotated = [part for part in (hint, *get_args(hint)) if hasattr(part, "__metadata__")]
    metadata = annotated[0].__metadata__ if annotated else ()
    metas = [part for part in metadata if isinstance(part, Meta)]
    found = [part for part in metadata if isinstance(part, Option)]
    if len(metas) != 1 or len(found) != 1:
        raise TypeError(f"{table.__name__}.{name} must be annotated with one Meta and one Option")
    return _Rules(metas[0], found[0], tuple(part for part in metadata if callable(part)))


def _shown(value: object) -> str:
    """Return a value in a form for messages: on one line, with limited length, without a password."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value}"[:_MOST_SHOWN]
    if isinstance(value, str):
        value = _without_password(value)
    try:
        shown = ascii(value) if not isinstance(value, str) or not value.isprintable() else f"'{value}'"
    except (ValueError, RecursionError):  # a number with more digits than Python writes, lists within lists
        return "a value too long to show"
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[: _MOST_SHOWN - 1]}…"


def _without_password(url: str) -> str:
    return f"…@{url.rpartition('@')[2]}" if "@" in url else url
