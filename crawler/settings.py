"""What can be set, with its defaults and limits, as one frozen value; where it comes from is `crawler.configuration`.

A value that is built is a value that holds: `Settings(pages=500)` raises, whichever way the 500 came.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Self, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from crawler import proxy_url
from crawler.errors import SettingsError
from crawler.proxy_url import ProxyUrl, ProxyUrlError, http_parts
from crawler.version import __version__

__all__ = [
    "Amount",
    "HistorySettings",
    "ReportSettings",
    "Settings",
    "check_together",
    "checked",
    "is_harmless",
    "nearest",
]

HARMLESS: dict[str, Any] = {"harmless": True}
"""Marks a setting that shapes a search or its report and can do nothing else: it cannot send, run, write or delete
anything elsewhere. A `config.toml` that nobody named may set these alone. What is not marked counts as harmful."""

MAX_YUAN = 1_000_000
"""Highest price bound. No book costs as much; a bound keeps «1e999999» out of a URL."""

_WHOLE_NUMBER = re.compile(r"-?[0-9]+")

DAY = 86_400
"""Seconds; the longest of all time limits, so that none is endless."""


def _whole(low: int, high: int, extra: dict[str, Any] | None = None) -> Meta:
    return Meta(ge=low, le=high, description=f"a whole number from {low} to {high}", extra=extra)


def _seconds() -> Meta:
    return Meta(gt=0, le=DAY, description=f"a number of seconds above 0 and at most {DAY}")


def _seconds_or_none() -> Meta:
    return Meta(ge=0, le=DAY, description=f"a number of seconds from 0 to {DAY}")


def _is_amount(value: Decimal) -> bool:
    if not value.is_finite() or value.is_signed() or value > MAX_YUAN:
        return False
    exponent = value.normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -2


def _is_proxy_url(url: str) -> bool:
    try:
        ProxyUrl.parse(url)
    except ProxyUrlError:
        return False
    return True


def _is_base_url(url: str) -> bool:
    parts = http_parts(url)
    # Reports and messages show this address, so it must hold no password.
    return parts is not None and "?" not in url and "#" not in url and "@" not in parts.netloc


def _is_header_value(text: str) -> bool:
    return text.isascii() and text.isprintable() and text == text.strip() != ""


def _is_path(text: str) -> bool:
    return text != "" and "\0" not in text


def _is_path_or_none(text: str | None) -> bool:
    return text is None or _is_path(text)


Amount = Annotated[
    Decimal | None,
    Meta(description=f"an amount of yuan from 0 to {MAX_YUAN}, with at most two decimals", extra=HARMLESS),
    _is_amount,
]


Words = Annotated[
    str | None,
    Meta(description="part of a name, with at least one letter or digit", extra=HARMLESS),
    lambda text: text is None or (text.isprintable() and any(map(str.isalnum, text))),
]


def _language(name: str) -> str:
    from crawler.languages import canonical

    return "auto" if name.lower() == "auto" else canonical(name)


Reason = Literal["ebook", "sold_out", "no_price", "accessory", "off_topic"]
"""What `keep` takes: `crawler.books.KEEPABLE`, which a test compares."""

Language = Literal["auto", "en", "zh-Hans", "zh-Hant"]
"""What `lang` takes: `crawler.languages.LANGUAGES` and auto, which a test compares."""


class ReportSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Table `[report]`: what the report shows and where it goes."""

    top: Annotated[int, _whole(1, 1_000_000, HARMLESS)] = 50
    """Books in the table and in the Markdown report."""
    dir: Annotated[str, Meta(description="the path of a folder", extra=HARMLESS), _is_path] = "reports"
    """Folder of the Markdown and HTML reports, from the working folder."""
    keep: Annotated[int, _whole(0, 1_000_000)] = 0
    """Reports of one query that stay in that folder, the newest; 0 keeps all."""
    lang: Annotated[
        Language,
        Meta(
            description="one of auto, en, zh-Hans, zh-Hant, or a name such as zh-TW, zh_CN, zh, en-US",
            extra=HARMLESS | {"names": _language},
        ),
    ] = "auto"
    """Language of reports and messages for people; auto follows the query, then the environment's locale."""

    def __post_init__(self) -> None:
        _check_all(self)


class HistorySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Table `[history]`: where prices are kept from run to run, and of which runs."""

    path: Annotated[str | None, Meta(description="the path of a file"), _is_path_or_none] = None
    """The history file; None for `history.sqlite3` in the user's data folder."""
    record: Annotated[Literal["live", "always", "never"], Meta(description="one of live, always, never")] = (
        "live"
    )
    """Which runs of the command are recorded, and their reports told of the past: those of the live shop alone, or
    demos, replicas and replays as well, or none. The library records when it is asked to."""

    def __post_init__(self) -> None:
        _check_all(self)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Table `[crawler]` and, as `report` and `history`, the tables of these names.

    Raises SettingsError for a value of another type or out of range.
    """

    pages: Annotated[
        int,
        Meta(
            ge=1,
            le=100,
            description="a whole number from 1 to 100, or all",
            extra=HARMLESS | {"names": lambda name: 100 if name.lower() == "all" else name},
        ),
    ] = 3
    """Result pages to ask for; the shop serves 100 at most, which `all` stands for."""
    sellers: Annotated[Literal["self", "all"], Meta(description="self or all", extra=HARMLESS)] = "self"
    """The shop's own goods, or those of marketplace shops as well."""
    category: Annotated[Literal["books", "all"], Meta(description="books or all", extra=HARMLESS)] = "books"
    """Books, or goods of every kind."""
    sort: Annotated[
        Literal["default", "sales", "rating", "newest", "price"],
        Meta(description="one of default, sales, rating, newest, price", extra=HARMLESS),
    ] = "default"
    """The shop's own order, which decides what is on the pages asked for."""
    min_price: Amount = None
    """Lowest price asked for, in yuan."""
    max_price: Amount = None
    """Highest price asked for, in yuan."""
    price_check: Annotated[int, _whole(0, 100, HARMLESS)] = 3
    """Pages of the shop's list in price order to read besides, at most, to prove which book is cheapest; 0 for none."""
    rank: Annotated[
        Literal["cheapest", "best", "value", "per-volume"],
        Meta(description="one of cheapest, best, value, per-volume", extra=HARMLESS),
    ] = "cheapest"
    """The order of the report's books."""
    keep: Annotated[
        tuple[Reason, ...],
        Meta(
            description="a comma-separated list of ebook, sold_out, no_price, accessory, off_topic",
            extra=HARMLESS,
        ),
    ] = ()
    """Reasons for which products are not dropped, but kept and flagged."""
    condition: Annotated[
        Literal["any", "new", "used"], Meta(description="one of any, new, used", extra=HARMLESS)
    ] = "any"
    """New or used copies alone, or both: then the answers name new ones."""
    max_volume_price: Amount = None
    """Highest price of a volume, in yuan; books that are dearer are dropped, as with the filters that follow."""
    publisher: Words = None
    """A part of the publisher's name."""
    author: Words = None
    """A part of an author's or translator's name."""
    since: Annotated[int, _whole(1900, 2100, HARMLESS)] | None = None
    """Earliest year of publication."""
    min_reviews: Annotated[int, _whole(0, 1_000_000_000, HARMLESS)] | None = None
    """Fewest reviews."""
    concurrency: Annotated[int, _whole(1, 64)] = 10
    """Requests to one host at a time."""
    workers: Annotated[int, _whole(0, 64)] = 0
    """Parse processes; 0 is one less than the usable CPUs, at least 1."""
    max_seconds: Annotated[float, _seconds()] | None = None
    """Seconds after which a search ends with what it has."""
    delay: Annotated[float, _seconds_or_none()] = 0.0
    """Seconds between the starts of two requests to one host, give or take half."""
    max_wait: Annotated[float, _seconds_or_none()] = 30.0
    """Longest rest that a Retry-After may ask for, in seconds; past it the page fails. A Crawl-delay may be ten times
    as long; past that no page is asked for."""
    obey_robots: Annotated[bool, Meta(description="true or false")] = True
    """Whether robots.txt is asked for and obeyed, with its Crawl-delay."""
    proxy: Annotated[str | None, Meta(description=proxy_url.KIND, extra={"secret": True}), _is_proxy_url] = (
        None
    )
    """Proxy of every request but those to this machine, before those of the environment (HTTPS_PROXY …); it may hold
    user name and password."""
    base_url: Annotated[
        str | None,
        Meta(description="an http:// or https:// URL without user name, query and fragment"),
        _is_base_url,
    ] = None
    """Address that gets the shop's requests in its place: a replica, a test."""
    connect_timeout: Annotated[float, _seconds()] = 5.0
    """Seconds until a connection stands."""
    read_timeout: Annotated[float, _seconds()] = 15.0
    """Seconds between two reads of an answer."""
    request_timeout: Annotated[float, _seconds()] = 20.0
    """Seconds for one request, from its start to the last byte of the answer, redirects included."""
    page_timeout: Annotated[float, _seconds()] = 45.0
    """Seconds for a page with all its attempts and the waits between them."""
    parse_timeout: Annotated[float, _seconds()] = 10.0
    """Seconds for parsing a page."""
    attempts: Annotated[int, _whole(1, 10)] = 3
    """Requests for a page that meets connection errors, timeouts, 408, 425, 429 or 5xx."""
    max_body_bytes: Annotated[int, _whole(1024, 2**30)] = 8 * 2**20
    """Bytes of an answer, compressed or not, that are read at most."""
    user_agent: Annotated[str, Meta(description="one line of ASCII text"), _is_header_value] = (
        f"bookprice-crawler/{__version__}"
    )
    """What the shop is told of who asks; its first word is also the name that robots.txt is read for."""
    cache_dir: Annotated[str | None, Meta(description="the path of a folder"), _is_path_or_none] = None
    """Folder of what runs keep for the next: robots.txt, and the journals that `--resume` reads; None for the user's
    cache folder. The library keeps nothing."""
    resume_max_age: Annotated[float, _seconds()] = 3600.0
    """Seconds for which `--resume` takes a page of an earlier run."""
    report: ReportSettings = msgspec.field(default_factory=ReportSettings)
    """Table `[report]`."""
    history: HistorySettings = msgspec.field(default_factory=HistorySettings)
    """Table `[history]`."""

    def __post_init__(self) -> None:
        _check_all(self)
        check_together(self.min_price, self.max_price)

    def __repr__(self) -> str:
        """Return the fields that are not at their default, without a proxy's user name and password."""
        defaults = type(self)()
        set_here = {
            n: getattr(self, n) for n in self.__struct_fields__ if getattr(self, n) != getattr(defaults, n)
        }
        if self.proxy is not None:
            set_here["proxy"] = str(ProxyUrl.parse(self.proxy))
        return f"{type(self).__name__}({', '.join(f'{n}={v!r}' for n, v in set_here.items())})"

    def replace(self, **changes: Any) -> Self:
        """Return these settings with `changes`; SettingsError for an unknown name or a value that does not hold."""
        for name in changes:
            if name not in self.__struct_fields__:
                raise SettingsError(
                    f"unknown setting {name}; the nearest is {nearest(name, self.__struct_fields__)}"
                )
        return msgspec.structs.replace(self, **changes)


def checked(table: type[msgspec.Struct], name: str, value: object, *, label: str, text: bool = False) -> Any:
    """Return `value` as the setting `name` of `table` holds it.

    With `text` the value comes from a flag or the environment: «10» is a number then, and «none» lifts what can
    be lifted. `label` is what messages call the setting: «--pages», «CRAWLER_PAGES», «config.toml: [crawler] pages».

    Raises SettingsError when the value has another type or is out of range.
    """
    hint = _hints(table)[name]
    if hint in {ReportSettings, HistorySettings}:
        if isinstance(value, hint):
            return value
        raise SettingsError(f"{label} must be a {hint.__name__}, not {_shown(value)}")
    meta, *conditions = _rules(hint)
    lifted = text and isinstance(value, str) and value.lower() == "none"
    parts: object
    extra = meta.extra or {}
    separator = extra.get("separator", ",")
    if isinstance(value, str):
        value = extra.get("names", str)(value)
    if get_origin(get_args(hint)[0]) is tuple and isinstance(value, str) and separator != "":
        # A list in one word. Between URLs there is white space: they may hold commas.
        parts = [] if lifted else [part.strip() for part in value.split(separator)]
    else:
        parts = None if lifted else value
    try:
        result = msgspec.convert(parts, hint, strict=not text)
        if text:  # «1e1» and «3.0» would do for a whole number
            number = isinstance(result, int) and not isinstance(result, bool)
            fits = not number or _WHOLE_NUMBER.fullmatch(str(value)) is not None
        else:  # text would turn into a Decimal in strict mode, too
            fits = isinstance(parts, str) == isinstance(result, str)
    except msgspec.ValidationError:
        fits = False
    if fits and (result is None or all(condition(result) for condition in conditions)):
        return result
    instead = (
        " (its value is not shown)" if extra.get("secret") else f", not {_shown(value)}"
    )  # it may hold a password
    raise SettingsError(f"{label} must be {meta.description}{instead}")


def is_harmless(table: type[msgspec.Struct], name: str) -> bool:
    """Return whether the setting `name` of `table` may come from a `config.toml` that nobody named."""
    meta: Meta = _rules(_hints(table)[name])[0]
    return bool((meta.extra or {}).get("harmless"))


def check_together(
    low: Decimal | None, high: Decimal | None, *, labels: tuple[str, str] = ("min_price", "max_price")
) -> None:
    """Check that the price bounds leave room; `labels` are what the message calls them. Raises SettingsError."""
    if low is not None and high is not None and low > high:
        raise SettingsError(f"{labels[0]} must be at most {labels[1]} ({high}), not {low}")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that looks most like `name`."""
    plain = name.lower().replace("-", "_")
    return max(sorted(known), key=lambda other: difflib.SequenceMatcher(None, plain, other.lower()).ratio())


def _check_all(settings: msgspec.Struct) -> None:
    for name in settings.__struct_fields__:
        value = checked(type(settings), name, getattr(settings, name), label=name)
        msgspec.structs.force_setattr(settings, name, value)  # 5 becomes Decimal("5") where money is meant


@cache
def _hints(table: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(table, include_extras=True)


def _rules(hint: Any) -> tuple[Any, ...]:
    """Return what stands beside the type in `Annotated`: a Meta, then conditions."""
    annotated = [part for part in (hint, *get_args(hint)) if hasattr(part, "__metadata__")]
    rules: tuple[Any, ...] = annotated[0].__metadata__
    return rules


def _shown(value: object) -> str:
    """Return a value for a message: on one line, of bounded length, without a password."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value}"[:60]
    if isinstance(value, str):
        value = _without_password(value)
    try:
        shown = ascii(value) if not isinstance(value, str) or not value.isprintable() else f"'{value}'"
    except (ValueError, RecursionError):  # a number of more digits than Python writes, lists within lists
        return "a value too long to show"
    return shown if len(shown) <= 60 else f"{shown[:59]}…"


def _without_password(url: str) -> str:
    return f"…@{url.rpartition('@')[2]}" if "@" in url else url
