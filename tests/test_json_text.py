"""JSON for a terminal: the same values, without characters that control it."""

from __future__ import annotations

import json
import re

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from crawler.alerts.alert import encoded
from crawler.json_text import escape_controls
from crawler.report import render
from tests.alerts.messages import make_alert
from tests.factories import make_listing, make_page, make_result

STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

ALL = "".join(
    map(chr, [*range(0x20), *range(0x7F, 0xA1), 0x61C, *range(0x200B, 0x2030), *range(0x2060, 0x2070)])
)
"""Every control, and their harmless neighbours."""

TEXT = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from(ALL)))


@given(st.dictionaries(TEXT, st.lists(TEXT)))
def test_values_stay_and_controls_go(value: dict[str, list[str]]) -> None:
    """For any key or text, with any neighbouring bytes."""
    data = escape_controls(msgspec.json.encode(value))
    assert not STEERING.search(data.decode())
    assert json.loads(data) == value


def test_neighbours_stay_readable() -> None:
    """Chinese, emoji with their joiners, and what looks like an escape already."""
    for text in ("三体 “引号” … — ‼", "👨\u200d👩", "\u200b\u2060\u00a0é؛؞", "\\u009d"):
        data = msgspec.json.encode(text)
        assert escape_controls(data) == data


def test_reports_and_alerts_hold_none() -> None:
    """In any field that a shop or a server fills, including the details of a failed page."""
    book = make_listing(
        title=ALL,
        subtitle=ALL,
        seller=ALL,
        publisher=ALL,
        url=ALL,
        image=ALL,
        product_id=ALL,
        description=ALL,
    )
    result = make_result([book], failed=[make_page(2, detail=ALL)], query=ALL, notes=(ALL,), stopped=ALL)
    report = render(result, "json")
    assert isinstance(report, str)
    assert not STEERING.search(report)
    assert json.loads(report)["books"][0]["title"] == ALL
    (line,) = encoded([make_alert(title=ALL, watch=ALL, remarks=(ALL,), url=ALL, source=ALL, product_id=ALL)])
    assert not STEERING.search(line.decode())
