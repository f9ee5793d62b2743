"""Cleaning removes from a stranger's text everything that a screen should not get."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.clean import clean, crop, redacted_url
from tests.report.hostile import HOSTILE

NASTY = st.text(
    st.one_of(st.characters(), st.sampled_from("\x1b\x9b[]m;\x07\\ \t\n\u202e\u200d\ufe0f\u2028\x9d")),
    max_size=40,
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ansi", "red bold"),
        ("osc", "title link"),
        ("bidi", "price 00.1 x y"),
        ("lines", "one two three four five"),
        ("rich", HOSTILE["rich"]),
        ("marks", "书 🙂 㐀\U0002ebf0"),
        ("halves", "\ufffdx\ufffd\ufffd"),
    ],
)
def test_tricks_are_taken_out(name: str, shown: str) -> None:
    """Whole escape sequences and invisible characters disappear, line ends become spaces, and words stay."""
    assert clean(HOSTILE[name]) == shown


@given(NASTY)
def test_nothing_invisible_is_left(text: str) -> None:
    """No control, format, surrogate or private character is left, and no white space but single spaces inside."""
    cleaned = clean(text)
    assert not {unicodedata.category(char) for char in cleaned} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert cleaned == " ".join(cleaned.split())


@given(NASTY)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """The text left of an escape sequence does not form another."""
    assert clean(clean(text)) == clean(text)


@given(st.text(st.characters(categories=["Lu", "Ll", "Nd", "Lo"]), max_size=40))
def test_words_are_left_alone(text: str) -> None:
    """Letters and digits of every script pass unchanged."""
    assert clean(text) == text


def test_an_unfinished_sequence_hides_nothing() -> None:
    """A title that opens a terminal command and never closes it is shown, without the command's sign."""
    assert clean("\x1b]0;渗透测试") == "0;渗透测试"


def test_a_long_text_is_cropped_with_an_ellipsis() -> None:
    """The limit includes the ellipsis, and a text of exactly that length stays whole."""
    assert crop("渗透测试", 4) == "渗透测试"
    assert crop("渗透 测试", 4) == "渗透…"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:secret@a.example/b?c#d", "http://***@a.example/b?c#d"),
        ("https://user:se@cret@a.example:8080/", "https://***@a.example:8080/"),
        ("//user:secret@a.example/", "//***@a.example/"),
        ("http://user@a.example/", "http://***@a.example/"),
        ("http://user:se/cret@a.example/", "http://***@a.example/"),
        ("http://user:se?cret@a.example/", "http://***@a.example/"),
        ("http:/user:secret@a.example/", "http:/***@a.example/"),
        ("user:secret@a.example", "***@a.example"),
        ("ftp://user:secret@a.example/", "ftp://***@a.example/"),
        (
            "http://a.example/?next=http://user:secret@b.example/",
            "http://a.example/?next=http://***@b.example/",
        ),
        (
            "http://a.example/?next=http%3A%2F%2Fuser%3Asecret%40b%2F",
            "http://a.example/?next=http%3A%2F%2F***%40b%2F",
        ),
        ("http://a.example/@user/a@2x.jpg", "http://a.example/@user/a@2x.jpg"),
        ("http://a.example:80/a@b", "http://a.example:80/a@b"),
        ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ("http://a.example/?mail=a%40b.example", "http://a.example/?mail=a%40b.example"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_its_user(url: str, shown: str) -> None:
    """User names and passwords are hidden, wherever the URL has them; every other «@» stays."""
    assert redacted_url(url) == shown


@given(st.text("@:/?#[]%2Fab\\.", max_size=40))
def test_no_password_of_any_url_is_shown(rest: str) -> None:
    """Whatever follows a user name and password at the start, both are hidden."""
    shown = redacted_url(f"http://user:secret@{rest}")
    assert shown.startswith("http://***@")
    assert "secret" not in shown
