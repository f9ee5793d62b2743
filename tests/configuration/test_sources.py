"""The sources of settings, and their precedence."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from crawler import Settings, SettingsError
from crawler.configuration import Loaded, load
from tests.configuration.conftest import loaded, refusal

HERE = "[crawler]\npages = 5\nmin_price = 12.50\n[report]\ntop = 7\n"


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


def test_our_config_holds_the_defaults() -> None:
    """A copy of config.toml with one changed line changes only that setting."""
    file = Path(__file__).parents[2] / "config.toml"
    got = load({}, config=str(file), environ={})
    assert got == Loaded(Settings(), file, ())
    assert load({}, config=None, environ={}, cwd=file.parent).notes == ()
