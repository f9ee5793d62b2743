"""Settings: valid values, and refused ones."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import pytest
from msgspec import Meta

from crawler import Settings, SettingsError, UsageError
from crawler.books import FILTERS, KEEPABLE
from crawler.books.ranking import RANKINGS
from crawler.labels import LANGUAGES
from crawler.settings import (
    EngineSettings,
    FetchSettings,
    HistorySettings,
    Option,
    ReportSettings,
    SearchSettings,
    Table,
    checked,
    nearest,
    options_of,
)
from crawler.watching.watch import AlertSettings, WatchTerms
from parsers.dangdang.urls import Sort

CONFIG = Path(__file__).parent.parent / "config.toml"


def test_defaults_are_those_of_the_documentation() -> None:
    """By default, a search reads three pages of the shop's own books."""
    settings = Settings()
    search = [settings.pages, settings.sellers, settings.category, settings.sort]
    assert search == [3, "self", "books", "default"]
    assert (settings.concurrency, settings.workers, settings.attempts) == (10, 0, 3)
    limits = [settings.connect_timeout, settings.read_timeout, settings.request_timeout]
    assert [*limits, settings.page_timeout, settings.parse_timeout] == [5.0, 15.0, 20.0, 45.0, 10.0]
    assert (settings.obey_robots, settings.delay, settings.max_wait) == (True, 0.0, 30.0)
    assert settings.resume_max_age == 3600.0
    assert settings.max_body_bytes == 8 * 1024 * 1024
    assert (settings.rank, settings.keep) == ("cheapest", ())
    assert settings.report == ReportSettings(top=50, dir="reports", keep=0, lang="auto")
    assert {n for n in options_of(Settings) if getattr(settings, n) is None} == {
        "min_price", "max_price", "max_volume_price", "publisher", "author", "since", "min_reviews", "max_seconds",
        "proxy", "base_url", "cache_dir",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("pages", 0, "pages must be a whole number from 1 to 100, or all, not 0"),
        ("pages", 101, "pages must be a whole number from 1 to 100, or all, not 101"),
        ("pages", True, "not true"),
        ("pages", "3", "not '3'"),
        ("pages", 3.5, "not 3.5"),
        ("pages", None, "not None"),
        ("price_check", -1, "price_check must be a whole number from 0 to 100, not -1"),
        ("price_check", "all", "price_check must be a whole number from 0 to 100, not 'all'"),
        ("condition", "old", "condition must be one of any, new, used, not 'old'"),
        ("concurrency", 65, "from 1 to 64"),
        ("workers", -1, "from 0 to 64"),
        ("attempts", 11, "from 1 to 10"),
        ("sellers", "others", "sellers must be self or all, not 'others'"),
        ("category", "toys", "books or all"),
        ("sort", "random", "one of default, sales, rating, newest, price"),
        ("rank", "dearest", "one of cheapest, best, value, per-volume"),
        (
            "keep",
            ["ebook", "used"],
            "a comma-separated list of ebook, sold_out, no_price, accessory, off_topic",
        ),
        ("keep", "publisher", "off_topic, not 'publisher'"),
        ("keep", "", "not ''"),
        ("keep", 5, "not 5"),
        ("publisher", " ", "part of a name, with at least one letter or digit"),
        ("author", "·", "part of a name, with at least one letter or digit"),
        ("author", "\udcff", "part of a name"),
        ("author", 5, "part of a name"),
        ("since", 1899, "from 1900 to 2100"),
        ("min_reviews", -1, "from 0"),
        ("max_volume_price", -1, "an amount of yuan"),
        ("min_price", -1, "an amount of yuan"),
        ("min_price", "3", "an amount of yuan"),
        ("min_price", False, "an amount of yuan"),
        ("min_price", Decimal("NaN"), "an amount of yuan"),
        ("min_price", Decimal("Infinity"), "an amount of yuan"),
        ("max_price", Decimal("1e-1000000"), "two decimals"),
        ("max_price", 0.125, "two decimals"),
        ("max_price", Decimal("1e999999"), "from 0 to 1000000"),
        ("max_seconds", 0, "above 0"),
        ("max_seconds", float("nan"), "above 0"),
        ("connect_timeout", float("inf"), "at most 86400"),
        ("read_timeout", True, "a number of seconds"),
        ("proxy", "socks5://h:1", "an http:// or https:// URL"),
        ("proxy", "http://", "an http:// or https:// URL"),
        ("proxy", "http://h:99999", "an http:// or https:// URL"),
        ("proxy", "http://h/\n", "an http:// or https:// URL"),
        ("base_url", "ftp://h", "an http:// or https:// URL"),
        ("base_url", "http://h/?q=1", "without user name, query and fragment"),
        ("base_url", "http://h/#top", "without user name, query and fragment"),
        ("base_url", "http://h/#", "without user name, query and fragment"),
        ("base_url", "http://u:secret@h/", "without user name, query and fragment"),
        ("base_url", "h:80", "an http:// or https:// URL"),
        ("max_body_bytes", 1, "from 1024"),
        ("user_agent", "", "ASCII"),
        ("user_agent", "a\r\nCookie: b", "ASCII"),
        ("report", {"top": 3}, "ReportSettings"),
    ],
)
def test_a_value_that_cannot_be_is_refused(field: str, value: object, expected: str) -> None:
    """Each wrong value is refused in one line that names the key, the expected value and the actual one."""
    with pytest.raises(SettingsError) as caught:
        Settings().replace(**{field: value})
    message = str(caught.value)
    assert message.startswith(f"{field} must be ")
    assert expected in message
    assert message.isprintable()
    assert "secret" not in message
    with pytest.raises(SettingsError):
        Settings(**{field: value})  # type: ignore[arg-type]  # the wrong type is the test


@pytest.mark.parametrize(
    ("field", "value"), [("top", 0), ("top", "all"), ("dir", ""), ("dir", "a\0b"), ("dir", 3)]
)
def test_a_report_setting_that_cannot_be_is_refused(field: str, value: object) -> None:
    """The report table is checked as strictly as the crawler table."""
    with pytest.raises(SettingsError, match=f"^{field} must be "):
        ReportSettings(**{field: value})  # type: ignore[arg-type]  # the wrong type is the test


def test_bounds_that_leave_no_room_are_refused() -> None:
    """A lowest price above the highest would find nothing, and is refused."""
    with pytest.raises(SettingsError, match=r"min_price must be at most max_price \(3\), not 5"):
        Settings(min_price=Decimal(5), max_price=Decimal(3))
    assert Settings(min_price=Decimal(5), max_price=Decimal(5)).min_price == 5


def test_money_given_as_a_number_is_kept_as_money() -> None:
    """Library callers may pass 12.5; it is converted to Decimal."""
    settings = Settings().replace(min_price=5, max_price=12.5)
    assert (settings.min_price, settings.max_price) == (Decimal(5), Decimal("12.5"))
    assert type(settings.min_price) is type(settings.max_price) is Decimal


def test_replace_names_an_unknown_setting_and_its_nearest() -> None:
    """A mistyped keyword is an error that names the nearest setting."""
    with pytest.raises(SettingsError, match="unknown setting pagse; the nearest is pages"):
        Settings().replace(pagse=3)


def test_settings_are_values() -> None:
    """Equal settings are interchangeable, even as keys, and immutable."""
    assert {Settings(pages=5), Settings().replace(pages=5)} == {Settings(pages=5)}
    with pytest.raises(AttributeError):
        Settings().pages = 4  # type: ignore[misc]  # that it cannot be assigned is the test


def test_a_proxy_keeps_its_password_to_itself() -> None:
    """The password of a proxy is used, but never shown."""
    settings = Settings(proxy="http://user:secret@proxy.example:8080")
    assert settings.proxy == "http://user:secret@proxy.example:8080"
    assert "secret" not in repr(settings)
    assert "proxy.example" in repr(settings)
    with pytest.raises(SettingsError) as caught:
        Settings(proxy="http://user:secret@proxy.example:99999")
    assert "secret" not in str(caught.value)


def test_repr_shows_what_is_set() -> None:
    """A representation shows the values that differ from the defaults."""
    assert repr(Settings(pages=7)) == "Settings(pages=7)"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("pages", "10", 10),
        ("pages", "all", 100),
        ("pages", "ALL", 100),
        ("price_check", "0", 0),
        ("condition", "used", "used"),
        ("max_seconds", "1e1", 10.0),
        ("max_seconds", "none", None),
        ("proxy", "NONE", None),
        ("min_price", "12.50", Decimal("12.50")),
        ("sort", "sales", "sales"),
        ("keep", "ebook", ("ebook",)),
        ("keep", "off_topic, sold_out", ("off_topic", "sold_out")),
        ("keep", "none", ()),
        ("publisher", "人民邮电", "人民邮电"),
        ("publisher", "none", None),
        ("since", "2020", 2020),
    ],
)
def test_text_becomes_a_value(name: str, text: str, value: object) -> None:
    """Flags and variables are text: numbers are parsed from it, and «none» removes an optional value."""
    result = checked(Settings, name, text, label=name, text=True)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [("pages", ""), ("pages", "1e1"), ("pages", "3.0"), ("workers", "0e0"),
     ("pages", "1_0"), ("pages", " 5"), ("pages", "9" * 5000), ("pages", "none"), ("max_seconds", "nan"),
     ("max_seconds", "inf"), ("min_price", "¥5"), ("min_price", "1e-1000000"), ("sort", "none")],
)  # fmt: skip
def test_text_that_is_no_value_is_refused(name: str, text: str) -> None:
    """Invalid text is refused with the same message as from any other source, in a short line."""
    with pytest.raises(SettingsError, match=f"^--{name} must be ") as caught:
        checked(Settings, name, text, label=f"--{name}", text=True)
    assert len(str(caught.value)) < 200


def test_sort_orders_are_those_of_the_shop() -> None:
    """Every order in the settings exists in the shop's URLs, and vice versa."""
    assert choices(Settings, "sort") == {order.value for order in Sort}


def choices(table: type[Table], name: str) -> set[str]:
    """Return the words that a setting accepts."""
    choice = get_type_hints(table)[name]
    return set(get_args(get_args(choice)[0] if name == "keep" and table is Settings else choice))


def test_words_that_can_be_set_are_known_where_they_are_used() -> None:
    """Rankings, reasons and languages are those of the modules that implement them."""
    assert choices(Settings, "rank") == set(RANKINGS)
    assert choices(Settings, "keep") == set(KEEPABLE)
    assert choices(ReportSettings, "lang") == {"auto", *LANGUAGES}
    assert set(FILTERS) <= options_of(SearchSettings).keys()


def test_settings_errors_are_usage_errors() -> None:
    """A caller that catches UsageError also catches wrong settings."""
    assert issubclass(SettingsError, UsageError)


def test_nearest_reads_dashes_as_underscores() -> None:
    """The nearest name is found across spellings."""
    assert nearest("Min-Price", ["max_price", "min_price", "pages"]) == "min_price"


def documented() -> dict[str, dict[str, Any]]:
    """Return the keys of config.toml, including commented ones, but without the watch after them."""
    text, _, _ = CONFIG.read_text("utf-8").partition("# [[watch]]")
    lines = [
        line.removeprefix("# ") if line.startswith("# ") and line.split()[2:3] == ["="] else line
        for line in text.splitlines()
    ]
    return tomllib.loads("\n".join(lines))


def test_config_file_documents_every_key_with_its_default() -> None:
    """config.toml has every setting with its default, comments out those without one, and has nothing else."""
    settings = Settings()
    defaults = {
        "crawler": {n: getattr(settings, n) for n in options_of(Settings)} | {"keep": []},
        "report": {n: getattr(settings.report, n) for n in options_of(ReportSettings)},
        "history": {n: getattr(settings.history, n) for n in options_of(HistorySettings)},
        "alerts": {"urls": [], "file": None, "feed": None, "command": []},
    }
    shown = documented()
    assert {table: set(keys) for table, keys in shown.items()} == {
        t: set(keys) for t, keys in defaults.items()
    }
    live = tomllib.loads(CONFIG.read_text("utf-8"))
    for table, keys in live.items():
        assert keys == {name: defaults[table][name] for name in keys}
    commented = {name for name in shown["crawler"] if name not in live["crawler"]}
    assert commented == {n for n, value in defaults["crawler"].items() if value is None} | {"user_agent"}
    assert shown["crawler"]["user_agent"] == settings.user_agent
    Settings(
        **shown["crawler"],
        report=ReportSettings(**shown["report"]),
        history=HistorySettings(**shown["history"]),
    )
    AlertSettings(file=shown["alerts"]["file"])


@dataclass(frozen=True, kw_only=True, repr=False)
class WithoutOption(Table):
    pages: Annotated[int, Meta(ge=1)] = 3


@dataclass(frozen=True, kw_only=True, repr=False)
class WithoutAnything(Table):
    pages: int = 3


@dataclass(frozen=True, kw_only=True, repr=False)
class WithoutDescription(Table):
    pages: Annotated[int, Option()] = 3


@pytest.mark.parametrize("table", [WithoutOption, WithoutAnything, WithoutDescription])
def test_a_setting_without_metadata_is_an_error(table: type[Table]) -> None:
    """Nobody can add a setting and forget where it may be set: neither its value nor its list exists then."""
    with pytest.raises(TypeError, match=rf"^{table.__name__}\.pages must be annotated"):
        table()
    with pytest.raises(TypeError, match=r"\.pages must be annotated"):
        options_of(table)


def test_the_parts_make_up_the_settings() -> None:
    """Each setting of [crawler] belongs to one part, and the whole is accepted where a part is wanted."""
    parts = [options_of(part) for part in (SearchSettings, FetchSettings, EngineSettings)]
    assert sum(map(len, parts)) == len(options_of(Settings))
    assert {name: option for part in parts for name, option in part.items()} == options_of(Settings)
    assert isinstance(Settings(), (SearchSettings, FetchSettings, EngineSettings))


@pytest.mark.parametrize("part", [FetchSettings, Settings])
def test_no_part_shows_a_password(part: type[FetchSettings]) -> None:
    assert repr(part(proxy="http://user:secret@proxy.example:80", delay=1.0)) == (
        f"{part.__name__}(delay=1.0, proxy='proxy.example:80')"
    )
    assert "secret" not in repr(AlertSettings(urls=("ntfy://secret",), command=("x", "secret")))


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        (SearchSettings, {"min_price": Decimal(5), "max_price": Decimal(3)}),
        (FetchSettings, {"attempts": 11}),
        (EngineSettings, {"workers": -1}),
        (WatchTerms, {"query": "x", "every": "5"}),
    ],
)
def test_a_part_is_checked_like_the_whole(part: type[Table], wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        part(**wrong)


def test_metadata_is_consistent() -> None:
    """A replay applies only what a recording keeps, a watch's identity consists of its settings, flags have owners."""
    for table in (Settings, ReportSettings, HistorySettings, AlertSettings, WatchTerms):
        for name, option in options_of(table).items():
            assert option.recorded or option.replay != "applied", name
            assert option.watch or not option.scope, name
            assert option.commands or not (option.flag or option.dest or option.replay != "refused"), name
