"""The command's own process handles hostile texts of any length in time proportional to their length."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import pytest

from crawler.alerts.alert import encoded
from crawler.alerts.wording import text_of, title_of
from crawler.books import filters, identity
from crawler.books.topic import Topic
from crawler.clean import LONGEST, _cleaned, clean
from crawler.cli.console import LONGEST_LINE, one_line, visible
from crawler.json_text import escape_controls
from crawler.report import FORMATS, render
from crawler.report.search.markdown import escape
from parsers.text import nfkc
from tests.alerts.messages import make_alert
from tests.factories import make_listing, make_result

T = TypeVar("T")

LENGTH = 40_000
"""In characters: at this length quadratic work takes seconds, linear work a few hundredths of a second."""

UNMEASURABLE = 0.2
"""Seconds of CPU time, below which no text of `LENGTH` was processed more than a few hundred times."""

MOST_GROWTH = 9
"""The maximum factor for a text four times as long: linear work takes 4 times as long, quadratic work 16 times."""

REPEATED = {
    **{f"U+{number:04X}": chr(number) for number in [*range(0x20), *range(0x7F, 0xA0)]},
    "OSC": "\x1b]0;", "CSI": "\x1b[0", "C1 CSI": "\x9b0 ", "escape": "\x1b ", "ST": "\x9d\x1b",
    "strings": "\x90\x98\x9e\x9f", "openers": "([【〔", "one opener": "(", "closers": ")", "brackets": "()",
    "marks": "a\u0301\u0316", "mark": "\u0301", "bidi": "\u202e", "selectors": "\ufe0f", "tags": "\U000e0041",
    "digits": "9", "letters": "长", "private": "\ue000", "spaces": " ", "spaces and commas": " ,", "sellers": "正版",
    "all": "全", "volumes": "上、", "years": "2013年", "ordinals": "第", "sets": "套装 ", "editions": "第1版",
    "emoji": "👨\u200d", "expands": "\ufdfa", "dots": "a.", "dashes": "a-", "pluses": "+", "jamo": "\u1100\u1161",
    "links": "http:", "entities": "&", "emphasis": "_", "quotes": '"', "tags of HTML": "<", "cells": "|",
    "backslashes": "\\", "formulas": "=",
}  # fmt: skip
"""The repeated part of each text, by name."""


def texts(length: int) -> Iterator[tuple[str, str]]:
    """Yield hostile texts of a length, by name."""
    for name, part in REPEATED.items():
        yield name, (part * (length // len(part) + 1))[:length]
    half = length // 2
    yield "two classes of marks", "a" + "\u0301" * half + "\u0316" * half
    yield "openings that never end", "\x9d" * half + "x" * half
    yield "an opener that nothing closes", "(" * half + "x" * half
    yield "spaces inside", "正版" + " " * length + "x"
    yield "spaces before an edition", "x" + " " * length + "版"


FIELDS = ("title", "subtitle", "publisher", "contributors_text", "seller", "description")
"""The texts of a listing, which come from the shop."""


def report(form: str, texts: Sequence[str]) -> object:
    """Make a report of a listing with a text in each of its fields; start again with the first where texts end."""
    fields: dict[str, Any] = dict(zip(FIELDS, itertools.cycle(texts), strict=False))
    return render(make_result([make_listing(**fields)], query=texts[0][:50]), form)


def in_format(form: str) -> Callable[[str], object]:
    return lambda text: report(form, [text])


TOPIC = Topic("渗透测试 C")

WORK: dict[str, Callable[[str], object]] = {
    "clean": clean,
    "clean without its cut": _cleaned,
    "nfkc": nfkc,
    "title_key": identity.title_key.__wrapped__,
    "publisher_key": identity.publisher_key.__wrapped__,
    "name_keys": identity._name_forms.__wrapped__,
    "topic": lambda text: TOPIC.covers(make_listing(title="x", description=text, highlighted=False)),
    "filters": filters._plain,
    "one_line": one_line,
    "visible": visible,
    "escape_controls": lambda text: escape_controls(text.encode()),
    "markdown": escape,
    "an alert as JSON": lambda text: encoded(
        [make_alert(title=text, remarks=(text,) * 9, url=text, watch=text, source=text, product_id=text)]
    ),
    "an alert as text": lambda text: text_of(
        [make_alert(title=text, remarks=(text,), url=text, source=text)]
    ),
    "an alert's title": lambda text: title_of([make_alert(title=text, watch=text)]),
    **{f"report {form}": in_format(form) for form in FORMATS},
}
"""Everything that happens to a shop's text outside the parse processes."""


def seconds(work: Callable[[T], object], text: T) -> float:
    """Return the CPU time of some work, the lower of two attempts."""
    taken = []
    for _ in range(2):
        began = time.process_time()
        work(text)
        taken.append(time.process_time() - began)
        if taken[-1] < UNMEASURABLE:
            break
    return min(taken)


OTHER_CONTROLS = {
    f"U+{number:04X}"
    for number in (*range(0x01, 0x07), *range(0x0E, 0x1B), *range(0x80, 0x85), *range(0x86, 0x90))
}
"""Control characters that neither separate nor begin anything: U+0000 and U+009A represent them when time matters."""


def cases() -> Iterator[Any]:
    """Yield kinds of work, and whether the other controls are their texts; leave most of the time to slow tests."""
    for name in WORK:
        slow = pytest.mark.slow if name.startswith("report") else ()
        yield pytest.param(name, False, marks=slow, id=name)
        yield pytest.param(name, True, marks=pytest.mark.slow, id=f"{name}, other controls")


@pytest.mark.parametrize(("name", "every"), list(cases()))
def test_time_grows_with_the_length_and_not_with_its_square(name: str, every: bool) -> None:
    work = WORK[name]
    length = LENGTH // 2 if name.startswith("report") else LENGTH
    shorter = dict(texts(length // 4))
    for what, text in texts(length):
        if (what in OTHER_CONTROLS) != every:
            continue
        long = seconds(work, text)
        if long >= UNMEASURABLE:
            assert long < MOST_GROWTH * seconds(work, shorter[what]), what


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_of_several_long_texts_takes_no_longer_than_their_lengths(form: str) -> None:
    """Each text is in one field; the slow tests have each in every field."""
    longer, shorter = dict(texts(LENGTH // 2)), dict(texts(LENGTH // 8))
    names = [name for name in longer if name not in OTHER_CONTROLS]
    for start in range(0, len(names), len(FIELDS)):
        together = names[start : start + len(FIELDS)]
        long = seconds(partial(report, form), [longer[name] for name in together])
        if long >= UNMEASURABLE:
            short = seconds(partial(report, form), [shorter[name] for name in together])
            assert long < MOST_GROWTH * short, together


def test_a_text_is_cut_before_it_is_cleaned() -> None:
    """A reader sees that a text was cut; a text that is short enough stays whole."""
    assert clean("书" * LONGEST) == "书" * LONGEST
    assert clean("书" * 300_000) == clean(clean("书" * 300_000)) == "书" * (LONGEST - 1) + "…"
    assert clean("\x9d" * 300_000) == "…"
    assert len(one_line("\x9d" * 300_000)) <= 4 * LONGEST_LINE
