"""Watches and alerts in a configuration file."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from crawler import engine
from crawler.settings import options_of
from crawler.watching.watch import SEARCH_KEYS, WatchTerms
from tests.configuration.conftest import loaded, refusal

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


def test_watches_of_a_file_without_our_table_are_left_alone_with_a_word(folder: Path) -> None:
    (folder / "config.toml").write_text('[[watch]]\nquery = "x"\n')
    got = loaded(folder)
    assert got.watches == ()
    assert "has a [[watch]] but no [crawler] table" in got.warnings[0]


def test_the_watch_of_our_config_is_one() -> None:
    """Without comment signs, the example in config.toml is a watch with all its own keys."""
    text = (Path(__file__).parents[2] / "config.toml").read_text(encoding="utf-8")
    example = text[text.index("# [[watch]]") :]
    (table,) = tomllib.loads(re.sub(r"^# ", "", example, flags=re.MULTILINE))["watch"]
    assert table.keys() - set(SEARCH_KEYS) == set(options_of(WatchTerms))
    listed = set(
        re.findall(r"[a-z_]+", example.partition("this watch only: ")[2].partition(".")[0].replace("#", ""))
    )
    assert listed == set(SEARCH_KEYS)
    assert set(SEARCH_KEYS) == engine.SEARCH_OPTIONS - {"rank", "base_url"}
