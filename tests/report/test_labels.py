"""The words of reports and alerts exist in three languages, each in its own script."""

from __future__ import annotations

import ast
import importlib
import itertools
import pkgutil
import string
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opencc import OpenCC

from crawler import labels, phrases
from crawler.alerts.alert import AlertKind
from crawler.books import DROP_REASONS, KEEPABLE
from crawler.books.ranking import RANKINGS
from crawler.labels import _WORDS, ENGLISH, LANGUAGES, Labels, labels_for
from crawler.phrases import PHRASES
from crawler.report.search.wording import _FLAG_WORDS
from crawler.verdict import Verdict
from parsers.model import Flag

ROOT = Path(__file__).parents[2]

TABLES: list[dict[str, tuple[str, str, str]]] = [
    importlib.import_module(f"crawler.labels.{module.name}").WORDS
    for module in pkgutil.iter_modules(labels.__path__)
]
"""The tables of labels, one in each module of the package."""

PHRASE_TABLES: list[dict[str, tuple[str, str, str]]] = [
    getattr(
        importlib.import_module(f"crawler.phrases.{module.name}"), module.name.removeprefix("of_").upper()
    )
    for module in pkgutil.iter_modules(phrases.__path__)
]
"""The tables of phrases, likewise."""

CHINESE = ("zh-Hans", "zh-Hant")

Row = tuple[str, ...]

ROWS: dict[str, Row] = {**{f"label {name}": words for name, words in _WORDS.items()}, **PHRASES}
"""Every text that people read: labels and phrases."""

ALLOWED_IN_TRADITIONAL = {"周", "布", "群", "核"}
"""OpenCC's `s2t` writes 週邊, 分佈, 羣 and 覈; 周邊 (of goods), 分布, 群 and 核 are usual in Taiwan and Hong Kong."""

TO_SIMPLIFIED, TO_TRADITIONAL = OpenCC("t2s"), OpenCC("s2t")

SAYING = {"say", "words", "self._words", "console.words()"}
"""The expressions by which code calls the labels of a language."""

BUILT = {
    *(f"sort_{order}" for order in ("sales", "rating", "newest", "price")),
    *(f"worker_{what}" for what in ("started", "lost", "killed", "stopped")),
    *(f"by_{rank}" for rank in RANKINGS),
    *(f"verdict_{verdict.value}" for verdict in Verdict),
    *(f"alert_{kind.value}" for kind in AlertKind),
    *(f"{reason}_differs" for reason in ("publisher", "author")),
    *DROP_REASONS,
}
"""Names that code builds, or that come from elsewhere."""


def test_no_name_stands_in_two_tables() -> None:
    """A name in two tables would silently take the words of the other."""
    for table in TABLES:
        for name, words in table.items():
            assert _WORDS[name] == words, name
    assert len(_WORDS) == sum(map(len, TABLES))
    assert len(PHRASES) == sum(map(len, PHRASE_TABLES))


def placeholders(words: str) -> set[str]:
    """Return the names in braces, with their format specifications."""
    return {f"{name}:{spec}" for _, name, spec, _ in string.Formatter().parse(words) if name is not None}


def names_in_code() -> Iterator[str]:
    """Yield every text in the place of a label's name: `say("…")`, `console.words()("…")`."""
    rooms = ("alerts", "bulk", "cli", "report", "watching")
    for path in sorted(path for room in rooms for path in (ROOT / "crawler" / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in SAYING and node.args:
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield part.value


def faulty(fault: Callable[[Row], object]) -> dict[str, Row]:
    """Return the rows in which something is wrong, by name: a test for each of a thousand rows costs seconds."""
    assert len(ROWS) > 1_000
    return {name: row for name, row in ROWS.items() if fault(row)}


def test_every_row_has_three_texts() -> None:
    """Each row has one text for each language, none empty or with trailing space, with the same placeholders."""
    assert len(LANGUAGES) == 3
    assert faulty(lambda row: len(row) != 3 or not all(word.strip() for word in row)) == {}
    assert faulty(lambda row: len({frozenset(placeholders(word)) for word in row}) != 1) == {}


def in_another_script(row: Row) -> bool:
    english, simplified, traditional = row
    turned = TO_TRADITIONAL.convert(traditional)
    differing = {was for was, became in zip(traditional, turned, strict=True) if was != became}
    return (
        any("\u3000" <= char <= "\uffef" for char in english)
        or TO_SIMPLIFIED.convert(simplified) != simplified
        or not differing <= ALLOWED_IN_TRADITIONAL
    )


def test_each_text_is_in_its_own_script() -> None:
    """English contains no Chinese, Simplified Chinese no Traditional characters, and the reverse."""
    assert faulty(in_another_script) == {}


def touching(row: Row) -> bool:
    return any(
        "\u4e00" <= han <= "\u9fff" and other.isascii() and other.isalnum()
        for words in row[1:]
        for before, after in itertools.pairwise(words)
        for han, other in ((before, after), (after, before))
    )


def test_chinese_and_latin_keep_their_distance() -> None:
    """A space separates a Chinese character from a letter, a digit or a value, as between words."""
    assert faulty(touching) == {}


def test_no_text_hides_another_of_its_name() -> None:
    """The tables are merged, so a name may be in only one of them."""
    for table in TABLES:
        assert all(_WORDS[name] is words for name, words in table.items())
    for table in PHRASE_TABLES:
        assert all(PHRASES[name] is words for name, words in table.items())


def test_every_name_that_code_uses_is_there() -> None:
    """No report stops at a missing word."""
    names = list(names_in_code())
    assert len(names) > 250
    whole = {name for name in names if not name.startswith("_") and not name.endswith("_")}
    assert whole <= set(_WORDS)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_whatever_can_happen_has_words(lang: str) -> None:
    """Every reason, verdict, ranking and flag has words in every language; those of reasons and rankings are unique."""
    say = Labels(lang)
    assert BUILT - {"publisher", "author"} <= set(_WORDS)
    assert len({say.reason(reason) for reason in DROP_REASONS}) == len(DROP_REASONS)
    assert len({say(f"by_{rank}") for rank in RANKINGS}) == len(RANKINGS)
    assert all(say(f"verdict_{verdict.value}") for verdict in Verdict)
    assert all(say(word) for word in _FLAG_WORDS.values())
    assert set(_FLAG_WORDS) | {Flag.SET} == set(Flag)
    assert all(say("kept", reason=say.reason(reason)) for reason in KEEPABLE)


def test_a_reason_is_no_heading() -> None:
    """Publisher and author are columns, too: as reasons they say that they differ."""
    assert ENGLISH.reason("publisher") == "from another publisher"
    assert ENGLISH.reason("author") == "by another author"
    assert (ENGLISH("publisher"), ENGLISH("author")) == ("Publisher", "Author")


def test_values_are_put_in() -> None:
    """Large numbers are grouped; braces in a value stay unchanged."""
    assert ENGLISH("from_reviews", n=12345) == "at least 12,345 reviews"
    assert ENGLISH("of_author", name="{n}{") == "author {n}{"
    with pytest.raises(KeyError):
        ENGLISH("no such name")
    with pytest.raises(ValueError, match="tuple"):
        Labels("de")


@pytest.mark.parametrize(
    ("lang", "query", "language"),
    [
        ("auto", "滲透測試", "zh-Hant"),
        ("auto", "渗透测试", "zh-Hans"),
        ("auto", "人工智慧", "zh-Hant"),
        ("auto", "Python", "en"),
        ("auto", "", "en"),
        ("en", "渗透测试", "en"),
        ("zh-Hant", "渗透测试", "zh-Hant"),
    ],
)
def test_auto_follows_the_query(lang: str, query: str, language: str) -> None:
    """A named language is used unchanged."""
    assert labels_for(lang, query).language == language
