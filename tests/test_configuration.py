"""The sources of settings, and their precedence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from crawler import Settings, SettingsError, engine
from crawler.configuration import TABLES, Loaded, load
from crawler.settings import ReportSettings, options_of
from crawler.watching.watch import SEARCH_KEYS, AlertSettings, WatchTerms

HERE = "[crawler]\npages = 5\nmin_price = 12.50\n[report]\ntop = 7\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working folder beside an empty user's configuration folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "users"))
    work = tmp_path / "work"
    work.mkdir()
    return work


def loaded(
    folder: Path,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    config: str | None = None,
) -> Loaded:
    return load(flags or {}, config=config, environ=environ or {}, cwd=folder)


def refusal(
    folder: Path,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    config: str | None = None,
) -> str:
    with pytest.raises(SettingsError) as caught:
        loaded(folder, flags, environ, config)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_nothing_anywhere_means_the_defaults(folder: Path) -> None:
    """Without a file, a variable and a flag the settings are the defaults."""
    assert loaded(folder) == Loaded(Settings(), None, (), report_root=folder)


def test_flags_go_over_environment_over_file(folder: Path) -> None:
    """Each source overrides the one below it, key by key."""
    (folder / "config.toml").write_text(HERE)
    environ = {"CRAWLER_PAGES": "6", "CRAWLER_SORT": "sales", "CRAWLER_REPORT_TOP": "8"}
    assert loaded(folder).settings.pages == 5
    assert loaded(folder, environ=environ).settings.pages == 6
    got = loaded(folder, {"pages": "7", "sort": None, "report.top": None}, environ)
    assert got.file == folder / "config.toml"
    assert (got.settings.pages, got.settings.sort, got.settings.report.top) == (7, "sales", 8)
    assert got.settings.min_price == Decimal("12.50")


def test_files_are_looked_for_in_order(folder: Path, tmp_path: Path) -> None:
    """--config precedes CRAWLER_CONFIG, ./config.toml and the user's file; a single file is read, not a mixture."""
    for number, path in enumerate(
        ["flag.toml", "variable.toml", "config.toml", "../users/bookprice-crawler/config.toml"], start=1
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(f"[crawler]\npages = {number}\n")
    environ = {"CRAWLER_CONFIG": "variable.toml"}
    assert loaded(folder, environ=environ, config="flag.toml").settings.pages == 1
    assert loaded(folder, environ=environ).settings.pages == 2
    assert loaded(folder).settings.pages == 3
    (folder / "config.toml").unlink()
    assert loaded(folder).settings.pages == 4
    assert loaded(folder).file == tmp_path / "users" / "bookprice-crawler" / "config.toml"


@pytest.mark.parametrize(
    "stranger",
    [
        "[tool.black]\nline = 5\n",
        "pages = 7\n",
        "[report]\ntop = 7\n",
        "[tool\nbroken",
        "# [crawler]\n= =",
    ],
)
def test_a_strangers_config_is_left_alone(folder: Path, stranger: str) -> None:
    """A config.toml of the working folder without a [crawler] table, valid or not, belongs to another program."""
    (folder / "config.toml").write_text(stranger)
    assert loaded(folder) == Loaded(Settings(), None, (), report_root=folder)


@pytest.mark.parametrize("text", ["crawler = 5\n", "[[crawler]]\npages = 5\n"])
def test_what_is_almost_the_table_is_mentioned(folder: Path, text: str) -> None:
    """A config.toml whose `crawler` is not a table may be ours: a warning gives the correction; it is not read."""
    (folder / "config.toml").write_text(text)
    words = f"{folder / 'config.toml'}: crawler is not a table; write [crawler]"
    assert loaded(folder) == Loaded(Settings(), None, (f"{words}; this file is ignored",), report_root=folder)
    assert refusal(folder, config="config.toml") == words


def test_an_unreadable_config_of_the_folder_is_mentioned(folder: Path) -> None:
    """A config.toml that is not text may be ours, so a warning names it."""
    (folder / "config.toml").write_bytes(b"\xff\xfe[crawler]")
    got = loaded(folder)
    assert got.file is None
    assert len(got.warnings) == 1
    assert str(folder / "config.toml") in got.warnings[0]


def test_an_editors_byte_order_mark_is_no_error(folder: Path) -> None:
    """A file saved with a byte order mark is read like any other."""
    (folder / "config.toml").write_bytes(b"\xef\xbb\xbf" + HERE.encode())
    assert loaded(folder).settings.pages == 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[crawler]\npagse = 5\n", "[crawler] unknown setting pagse; the nearest is pages"),
        ("[crawler]\nmin-price = 5\n", "[crawler] unknown setting min-price; the nearest is min_price"),
        ("[crawler]\ntop = 5\n", "[crawler] unknown setting top; it belongs in [report]"),
        ("[crawler.report]\ntop = 5\n", "[crawler] unknown setting report; [report] is a separate table"),
        ("report = 5\n[crawler]\n", "report is not a table; write [report]"),
        ("[crawler]\n[[report]]\ntop = 5\n", "report is not a table; write [report]"),
        ("[crawler]\n[repotr]\ntop = 5\n", "unknown table [repotr]; the nearest is [report]"),
        ("pages = 5\n[crawler]\n", "pages is outside any table; it belongs in [crawler]"),
        (
            "pagse = 5\n[crawler]\n",
            "pagse is outside any table; the nearest setting is pages in [crawler]",
        ),
        ("[crawler]\n[report]\ndri = 'x'\n", "[report] unknown setting dri; the nearest is dir"),
        ("[crawler]\npages = '5'\n", "[crawler] pages must be a whole number from 1 to 100, or all, not '5'"),
        ("[crawler]\npages = 5.0\n", "[crawler] pages must be a whole number from 1 to 100, or all, not 5.0"),
        (
            "[crawler]\npages = true\n",
            "[crawler] pages must be a whole number from 1 to 100, or all, not true",
        ),
        ("[crawler]\npages = 500\n", "[crawler] pages must be a whole number from 1 to 100, or all, not 500"),
        ("[crawler]\npages = 2026-01-31\n", "[crawler] pages must be a whole number"),
        ("[crawler]\nmin_price = 'x'\n", "[crawler] min_price must be an amount of yuan"),
        ("[crawler]\nmin_price = '5'\n", "[crawler] min_price must be an amount of yuan"),
        ("[crawler]\nmin_price = nan\n", "[crawler] min_price must be an amount of yuan"),
        ("[crawler]\nmax_seconds = inf\n", "[crawler] max_seconds must be a number of seconds"),
        ("[crawler]\nproxy = 'none'\n", "[crawler] proxy must be an http:// or https:// URL"),
        ("[crawler]\npages =\n", "is not valid TOML: "),
    ],
)
def test_what_is_wrong_in_a_file_is_named(folder: Path, text: str, expected: str) -> None:
    """An invalid file gets one line: the file, the key, the expected value, and the actual or nearest one."""
    (folder / "config.toml").write_text(text)
    message = refusal(folder)
    assert message.startswith(str(folder / "config.toml"))
    assert expected in message


def test_a_named_file_must_be_there_and_be_ours(folder: Path) -> None:
    """A named file is never ignored, whatever is wrong with it."""
    assert refusal(folder, config="nowhere.toml") == f"--config: there is no file {folder / 'nowhere.toml'}"
    assert refusal(folder, environ={"CRAWLER_CONFIG": "nowhere.toml"}).startswith(
        "CRAWLER_CONFIG: there is no file"
    )
    assert "Is a directory" in refusal(folder, config=".")
    assert refusal(folder, config="") == "--config must be the path of a file, not ''"
    (folder / "other.toml").write_text("[tool]\nx = 1\n")
    assert "unknown table [tool]" in refusal(folder, config="other.toml")
    (folder / "other.toml").write_bytes(b"[crawler]\xff")
    assert "is not valid UTF-8 at byte 9" in refusal(folder, config="other.toml")


def test_the_source_of_a_wrong_value_is_named(folder: Path) -> None:
    """The message is the same for every source, after the name of the source."""
    tail = " must be a whole number from 1 to 100, or all, not 'many'"
    assert refusal(folder, {"pages": "many"}) == f"--pages{tail}"
    assert refusal(folder, environ={"CRAWLER_PAGES": "many"}) == f"CRAWLER_PAGES{tail}"
    assert refusal(folder, {"report.top": "0"}).startswith("--top must be ")
    assert refusal(folder, environ={"CRAWLER_REPORT_DIR": "a\0b"}).startswith("CRAWLER_REPORT_DIR must be ")


def test_bounds_from_two_sources_are_both_named(folder: Path) -> None:
    """Contradictory price bounds name the two places that set them."""
    (folder / "config.toml").write_text(HERE)
    message = refusal(folder, {"max_price": "3"})
    assert "config.toml: [crawler] min_price must be at most --max-price (3), not 12.50" in message


def test_bounds_from_one_file_name_it_once(folder: Path) -> None:
    """Contradictory price bounds in one file are one short line."""
    (folder / "config.toml").write_text("[crawler]\nmin_price = 5\nmax_price = 3\n")
    path = folder / "config.toml"
    assert refusal(folder) == f"{path}: [crawler] min_price must be at most [crawler] max_price (3), not 5"
    environ = {"CRAWLER_MIN_PRICE": "5", "CRAWLER_MAX_PRICE": "3"}
    assert refusal(folder, environ=environ).startswith(
        "CRAWLER_MIN_PRICE must be at most CRAWLER_MAX_PRICE (3)"
    )


def test_a_working_folder_that_is_gone_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no working folder any more, the error says so."""

    def gone() -> Path:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "cwd", gone)
    with pytest.raises(SettingsError, match="the working folder no longer exists"):
        load({}, config=None, environ={})


def test_none_lifts_what_a_source_below_set(folder: Path) -> None:
    """«none» removes a bound of the file."""
    (folder / "config.toml").write_text(HERE)
    assert loaded(folder, {"min_price": "none", "max_price": "3"}).settings.min_price is None
    assert loaded(folder, environ={"CRAWLER_MIN_PRICE": "none"}).settings.min_price is None


def test_an_empty_variable_counts_as_not_set(folder: Path) -> None:
    """An empty variable is how a shell unsets one for a single command."""
    (folder / "config.toml").write_text(HERE)
    environ = {"CRAWLER_PAGES": "", "CRAWLER_CONFIG": "", "CRAWLER_REPORT_TOP": ""}
    assert loaded(folder, environ=environ) == loaded(folder)


def test_an_unknown_variable_is_a_warning(folder: Path) -> None:
    """An unknown CRAWLER_ variable stops nothing, but the message names the nearest one."""
    got = loaded(folder, environ={"CRAWLER_PAGSE": "5", "CRAWLERS": "x", "PAGES": "9"})
    assert got.settings == Settings()
    assert got.warnings == ("unknown variable CRAWLER_PAGSE, ignored; the nearest is CRAWLER_PAGES",)


WATCHES = """[crawler]
pages = 5
[[watch]]
query = "　三體 "
[[watch]]
name = "b"
query = "三体"
products = ["29220317"]
every = "90m"
target_price = 19.90
drop_percent = 12.5
new_lowest = true
pages = 2
keep = "sold_out"
"""


def test_watches_come_from_the_file(folder: Path) -> None:
    """Each with its own alert conditions, and settings that override those of [crawler]."""
    (folder / "config.toml").write_text(WATCHES, encoding="utf-8")
    first, second = loaded(folder, config="config.toml").watches
    assert (first.name, first.terms.query, first.search, first.tells) == ("三體", "三體", {}, False)
    assert first.every.total_seconds() == 86_400
    assert (second.name, second.every.total_seconds(), second.tells) == ("b", 5400, True)
    assert second.search == {"pages": 2, "keep": ("sold_out",)}
    assert (second.terms.target_price, second.terms.products) == (Decimal("19.90"), ("29220317",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[watch]\nquery = "x"\n', "write each watch as [[watch]]"),
        ("[[watch]]\npages = 2\n", "[[watch]] 1 has no query"),
        (
            '[[watch]]\nquery = "x"\nnew_lowest = true\nnew_lowest_days = 400\n',
            "[[watch]] 1: new_lowest_days must be a whole number from 0 to 366",
        ),
        (
            '[[watch]]\nquery = "x"\nnew_lowest_days = 3\n',
            "[[watch]] 1: new_lowest_days has no effect without new_lowest = true",
        ),
        ('[[watch]]\nquery = " "\n', "[[watch]] 1: "),
        ('[[watch]]\nquery = "x"\n[[watch]]\nquery = "x"\n', "[[watch]] 2 has the same name as watch 1, 'x'"),
        ('[[watch]]\nquery = "x"\ntarget = 5\n', "the nearest is target_price"),
        ('[[watch]]\nquery = "x"\nconcurrency = 5\n', "unknown key concurrency"),
        ('[[watch]]\nquery = "x"\npages = 101\n', "[[watch]] 1: pages must be a whole number from 1 to 100"),
        ('[[watch]]\nquery = "x"\nmin_price = 9\nmax_price = 5\n', "[[watch]] 1: min_price must be at most"),
        ('[[watch]]\nquery = "x"\nevery = "0h"\n', "a time such as 30m, 12h, 1d or 1w"),
        ('[[watch]]\nquery = "x"\nevery = "53w"\n', "at most a year"),
        ('[[watch]]\nquery = "x"\ndrop_percent = 100\n', "a percentage from 1 to 99"),
        ('[[watch]]\nquery = "x"\nproducts = [29220317]\n', "a list of at most 1000 product numbers"),
        ('[[watch]]\nquery = "x"\nnew_books = "yes"\n', "true or false"),
        ('[[watch]]\nname = ""\nquery = "x"\n', "a name of 1 to 100 characters"),
        ('[alerts]\nurl = "x"\n', "the nearest is urls"),
        ('[alerts]\ncommand = "rm -r /"\n', "a list of a program and its arguments"),
        ("[watches]\n", "the nearest is [[watch]]"),
    ],
)
def test_a_watch_that_cannot_be_is_one_line(folder: Path, text: str, words: str) -> None:
    (folder / "config.toml").write_text(f"[crawler]\n{text}", encoding="utf-8")
    assert words in refusal(folder, config="config.toml")


def test_no_message_shows_where_alerts_go(folder: Path) -> None:
    """A URL may contain a token, although it should not; so may a command."""
    (folder / "config.toml").write_text('[crawler]\n[alerts]\nurls = ["tgram://s3cr3t/1", 5]\n')
    assert "s3cr3t" not in refusal(folder)
    (folder / "config.toml").write_text(
        '[crawler]\n[alerts]\nurls = ["tgram://s3cr3t/1"]\ncommand = ["x", "s3cr3t"]\n'
    )
    assert "s3cr3t" not in repr(loaded(folder, config="config.toml"))


def test_urls_of_a_variable_stand_apart(folder: Path) -> None:
    """White space separates them, because URLs may contain commas; a command comes only from the file."""
    environ = {"CRAWLER_ALERTS_URLS": "mailto://a?to=b,c  ntfy://${T}", "CRAWLER_ALERTS_COMMAND": "rm -r /"}
    got = loaded(folder, environ=environ)
    assert got.alerts.urls == ("mailto://a?to=b,c", "ntfy://${T}")
    assert got.alerts.command == ()
    assert "unknown variable CRAWLER_ALERTS_COMMAND" in got.warnings[0]


HARMFUL = """[crawler]
base_url = "http://127.0.0.1:9"
proxy = "http://u:s3cr3t@127.0.0.1:9"
user_agent = "x"
cache_dir = "/tmp/x"
obey_robots = false
delay = 1.5
concurrency = 64
workers = 1
attempts = 10
max_seconds = 1
max_body_bytes = 2048
max_wait = 1
resume_max_age = 9
connect_timeout = 1
read_timeout = 1
request_timeout = 1
page_timeout = 1
parse_timeout = 1
[report]
keep = 1
dir = "/tmp/x"
[history]
path = "x"
record = "always"
[alerts]
urls = ["ntfy://s3cr3t"]
file = "x"
feed = "x.xml"
command = ["x", "s3cr3t"]
"""
"""Every key that counts only in a file that somebody named, with another value than its default."""

HARMLESS = """[crawler]
pages = 7
sellers = "all"
category = "all"
sort = "sales"
min_price = 1
max_price = 2
price_check = 6
rank = "best"
keep = ["ebook"]
condition = "new"
max_volume_price = 3
publisher = "a"
author = "b"
since = 1999
min_reviews = 4
[report]
top = 5
dir = "mine"
lang = "en"
"""


def keys(text: str) -> set[tuple[str, str]]:
    return {(table, key) for table, values in tomllib.loads(text).items() for key in values}


def changed(got: Loaded) -> set[tuple[str, str]]:
    """Return the keys whose values are not the default."""
    values = {
        "crawler": got.settings,
        "report": got.settings.report,
        "history": got.settings.history,
        "alerts": got.alerts,
    }
    return {
        (table, key)
        for table, struct in TABLES.items()
        for key in options_of(struct)
        if getattr(values[table], key) != getattr(struct(), key)
    }


def test_every_key_is_decided_upon() -> None:
    """A new key must be added to one of these two texts, and marked in its settings if it is harmless."""
    every = {(table, key) for table, struct in TABLES.items() for key in options_of(struct)}
    assert keys(HARMFUL) | keys(HARMLESS) | {("report", "dir")} == every
    assert keys(HARMFUL) & keys(HARMLESS) == {("report", "dir")}


def test_of_a_file_that_nobody_named_the_harmless_keys_count(folder: Path) -> None:
    """All of them, without a message."""
    (folder / "config.toml").write_text(HARMLESS)
    got = loaded(folder)
    assert got.notes == ()
    assert changed(got) == keys(HARMLESS)


def test_of_a_file_that_nobody_named_no_other_key_counts(folder: Path) -> None:
    """One line names each, with the remedy and without a secret; this includes watches."""
    (folder / "config.toml").write_text(HARMFUL + '[[watch]]\nquery = "x"\n')
    got = loaded(folder)
    assert (got.settings, got.alerts, got.watches) == (Settings(), AlertSettings(), ())
    (line,) = got.notes
    assert line.startswith(f"{folder / 'config.toml'}: ignored because")
    assert line.endswith("--config ./config.toml")
    assert all(f"[{table}] {key}" in line for table, key in keys(HARMFUL))
    assert "[[watch]]" in line
    assert line.isprintable()
    assert "s3cr3t" not in line


@pytest.mark.parametrize("how", ["flag", "variable", "own", "own through a link"])
def test_whoever_names_or_owns_the_file_is_trusted(folder: Path, tmp_path: Path, how: str) -> None:
    """With --config, CRAWLER_CONFIG, or the user's configuration folder, every key counts."""
    text = HARMFUL + '[[watch]]\nquery = "x"\n'
    users = tmp_path / "users" / "bookprice-crawler"
    users.mkdir(parents=True)
    place = users if how.startswith("own") else folder
    (place / "config.toml").write_text(text)
    config, environ = None, {}
    if how == "flag":
        config = "config.toml"
    elif how == "variable":
        environ = {"CRAWLER_CONFIG": "config.toml"}
    elif how == "own through a link":
        (folder / "config.toml").symlink_to(users / "config.toml")
    got = loaded(users if how == "own" else folder, environ=environ, config=config)
    assert got.notes == ()
    assert changed(got) == keys(HARMFUL)
    assert [watch.name for watch in got.watches] == ["x"]
    assert got.report_root is None


def test_flags_and_variables_go_over_what_is_not_used(folder: Path, tmp_path: Path) -> None:
    """They are the user's own; the user's own file, which is not read then, is mentioned."""
    users = tmp_path / "users" / "bookprice-crawler"
    users.mkdir(parents=True)
    (users / "config.toml").write_text("")
    (folder / "config.toml").write_text(HARMFUL)
    got = loaded(folder, {"base_url": "http://127.0.0.1:1"}, {"CRAWLER_REPORT_DIR": "/opt/mine"})
    assert got.settings == Settings(base_url="http://127.0.0.1:1", report=ReportSettings(dir="/opt/mine"))
    assert (got.report_root, got.overlooked) == (None, users / "config.toml")


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("a", True),
        ("a/../b", True),
        (".", True),
        ("..", False),
        ("a/../../b", False),
        ("/opt", False),
        ("link", False),
        ("link/a", False),
        ("link/../b", False),
        ("inner", True),
    ],
)
def test_a_folder_for_reports_lies_inside_the_working_folder(
    folder: Path, tmp_path: Path, name: str, counts: bool
) -> None:
    """By its real path: a link that leads outside does not count as inside."""
    (tmp_path / "elsewhere").mkdir()
    (folder / "a").mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "inner").symlink_to(folder / "a")
    (folder / "config.toml").write_text(f'[crawler]\n[report]\ndir = "{name}"\n')
    got = loaded(folder)
    assert got.settings.report.dir == (name if counts else "reports")
    assert got.unused == (() if counts else ("[report] dir",))
    assert got.report_root == folder


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"pages = {'1' * 5000}", "is not valid TOML: Exceeds the limit"),
        ("delay = 1e99999999999999999999", "is not valid TOML: it contains a number that is too large"),
        (f"pages = 0x{'f' * 5000}", "not a value too long to show"),
        (f"pages = {'[' * 100_000}", "is not valid TOML: "),
        (f"pages = {'[' * 300}{']' * 300}", "[crawler] pages must be a whole number"),
    ],
)
def test_no_number_and_no_nesting_is_too_much(folder: Path, line: str, words: str) -> None:
    (folder / "config.toml").write_text(f"[crawler]\n{line}\n")
    assert words in refusal(folder)


@pytest.mark.parametrize("text", [f"a{'.b' * 50_000} = 1\n", "#" * 300_000])
def test_a_file_that_would_take_much_memory_is_left_alone(folder: Path, text: str) -> None:
    """The memory for a key grows with the square of its parts."""
    (folder / "config.toml").write_text(f"[crawler]\npages = 9\n{text}")
    got = loaded(folder)
    assert got.settings == Settings()
    assert "this file is ignored" in got.notes[0]


def test_watches_of_a_file_without_our_table_are_left_alone_with_a_word(folder: Path) -> None:
    (folder / "config.toml").write_text('[[watch]]\nquery = "x"\n')
    got = loaded(folder)
    assert got.watches == ()
    assert "has a [[watch]] but no [crawler] table" in got.warnings[0]


def test_the_watch_of_our_config_is_one() -> None:
    """Without comment signs, the example in config.toml is a watch with all its own keys."""
    text = (Path(__file__).parents[1] / "config.toml").read_text(encoding="utf-8")
    example = text[text.index("# [[watch]]") :]
    (table,) = tomllib.loads(re.sub(r"^# ", "", example, flags=re.MULTILINE))["watch"]
    assert table.keys() - set(SEARCH_KEYS) == set(options_of(WatchTerms))
    listed = set(
        re.findall(r"[a-z_]+", example.partition("this watch only: ")[2].partition(".")[0].replace("#", ""))
    )
    assert listed == set(SEARCH_KEYS)
    assert set(SEARCH_KEYS) == engine.SEARCH_OPTIONS - {"rank", "base_url"}


def test_our_config_holds_the_defaults() -> None:
    """A copy of config.toml with one changed line changes only that setting."""
    file = Path(__file__).parents[1] / "config.toml"
    got = load({}, config=str(file), environ={})
    assert got == Loaded(Settings(), file, ())
    assert load({}, config=None, environ={}, cwd=file.parent).notes == ()
