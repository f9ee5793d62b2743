"""Configuration files that are refused, with one line that names the fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler import Settings
from tests.configuration.conftest import loaded, refusal

if TYPE_CHECKING:
    from pathlib import Path


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
