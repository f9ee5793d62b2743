"""The arithmetic of `python -m benchmarks`, and its checks that contenders are complete."""

from __future__ import annotations

import gzip
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from benchmarks import quick
from benchmarks.arithmetic import Spread, in_turns, ratios, regressions, slopes
from benchmarks.line_chart import _ticks, line_chart
from benchmarks.measured_runs import proof_of_records, proof_of_reports
from benchmarks.plain_server import answer
from benchmarks.results import Row, Section, markdown
from benchmarks.shop import Prices, Shop
from crawler.demo.catalogue import catalogue
from crawler.demo.markup import render_search_page
from parsers.dangdang import search_url

EXPECTED: list[Prices] = [{"1": 10.0, "2": None}, {"3": 5.5}]


def record(page: int, product_id: str, price: float | None) -> dict[str, Any]:
    return {"page": page, "product_id": product_id, "price": price}


WHOLE = [record(0, "1", 10.0), record(0, "2", None), record(1, "3", 5.5)]


def test_contenders_take_turns_after_a_round_that_warms_up() -> None:
    done: list[str] = []

    def work(name: str) -> int:
        done.append(name)
        return len(done)

    results = in_turns({"A": lambda: work("A"), "B": lambda: work("B")}, 2)
    assert "".join(done) == "ABABAB"
    assert results == {"A": [3, 5], "B": [4, 6]}


def test_ratios_are_of_figures_of_the_same_round() -> None:
    """A disturbance of a whole round does not show."""
    assert ratios([2.0, 20.0, 4.0], [1.0, 10.0, 1.0]) == Spread(2.0, 2.0, 4.0)


def test_a_slope_is_the_cost_of_one_step_more() -> None:
    assert slopes([1.0, 2.0], [3.0, 8.0], 2) == [1.0, 3.0]


def test_a_comparison_subtracts_what_the_start_costs() -> None:
    one = quick.Comparison("parse", ("ours",), ("floor",), ("ours", "less"), ("floor", "less"))
    costs = {("ours",): 10.0, ("floor",): 5.0, ("ours", "less"): 4.0, ("floor", "less"): 3.0}
    assert one.ratio(costs) == 3.0
    assert quick.Comparison("start", ("ours",), ("floor",)).ratio(costs) == 2.0


@pytest.mark.parametrize(
    ("now", "slower"),
    [({"a": 2.3}, []), ({"a": 2.31}, ["a"]), ({"a": 1.0}, []), ({}, ["a"]), ({"a": 2.0, "new": 9.0}, [])],
)
def test_a_regression_is_more_than_the_tolerance(now: dict[str, float], slower: list[str]) -> None:
    """A missing ratio counts as a regression, because it could hide one."""
    assert regressions(now, {"a": 2.0}, 0.15) == slower


def test_the_quick_form_fails_on_a_regression(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names them; ratios in another unit, or without a stored value, are not compared."""
    monkeypatch.setattr(quick, "BASELINE", tmp_path / "baseline.json")
    assert quick.judge("cpu", {"parse": 9.0}, store=False) == 0
    assert "has no ratios" in capsys.readouterr().out
    assert quick.judge("instructions", {"parse": 2.0, "fetch": 1.5}, store=True) == 0
    assert quick.judge("cpu", {"parse": 9.0}, store=True) == 0
    assert quick.judge("instructions", {"parse": 2.2, "fetch": 1.0}, store=False) == 0
    assert capsys.readouterr().out == ""
    assert quick.judge("instructions", {"parse": 2.4, "fetch": 1.5}, store=False) == 1
    assert capsys.readouterr().out.endswith(": parse\n")


@pytest.mark.parametrize(
    ("median", "at_least", "void", "met"),
    [(3.0, True, "", True), (2.9, True, "", False), (3.0, False, "", True), (3.1, False, "", False),
     (9.0, True, "B did not get everything", False)],
)  # fmt: skip
def test_a_target_is_met_by_the_median(median: float, at_least: bool, void: str, met: bool) -> None:
    row = Row("work", "A ÷ B", Spread(median, 0.1, 99.0), 3.0, at_least, void=void)
    assert row.met is met
    text = markdown([("Rounds", "7")], "", [Section("Part", "Words.", [row])])
    assert f"{int(met)} of 1 targets are met" in text
    assert void in text


@pytest.mark.parametrize(
    ("records", "words"),
    [
        (WHOLE, "2 of 2 pages, 3 of 3 items"),
        (WHOLE[:2], "**INCOMPLETE**: 1 of 2 pages, 2 of 3 items"),
        ([*WHOLE[:2], record(1, "3", 5.0)], "**INCOMPLETE**: 1 of 2 pages, 2 of 3 items, 1 wrong"),
        ([*WHOLE, record(1, "4", 1.0)], "**INCOMPLETE**: 2 of 2 pages, 3 of 3 items, 1 wrong"),
        ([{"page": one["page"], "product_id": one["product_id"]} for one in WHOLE], "2 of 2 pages, 3 of 3 items"),
        ([], "**INCOMPLETE**: 0 of 2 pages, 0 of 3 items"),
    ],
)  # fmt: skip
def test_records_are_compared_with_what_the_pages_show(records: list[dict[str, Any]], words: str) -> None:
    """Prices are compared only if the contender reads them."""
    proof = proof_of_records(records, EXPECTED)
    assert str(proof) == words
    assert proof.complete is ("INCOMPLETE" not in words)


def report(pages: int, prices: dict[str, float | None], repeated: int) -> dict[str, Any]:
    offers = [{"product_id": product, "price": price} for product, price in prices.items()]
    return {
        "pages": {"ok": pages},
        "counts": {"listings": len(prices) + repeated, "unique": len(prices)},
        "books": [{"offers": offers[:1]}],
        "dropped": offers[1:],
    }


def test_our_report_has_each_product_once() -> None:
    """A product that a search lists twice counts twice; a price that no page shows is wrong."""
    pages: list[Prices] = [{"1": 10.0, "2": None}, {"1": 10.0}]
    assert proof_of_reports([report(2, {"1": 10.0, "2": None}, 1)], [pages]).complete
    assert not proof_of_reports([report(2, {"1": 10.0}, 1)], [pages]).complete
    assert proof_of_reports([report(2, {"1": 11.0, "2": None}, 1)], [pages]).wrong == 1


def test_a_saved_page_is_served_as_it_was(tmp_path: Path) -> None:
    """A page is found by its address, whose key stays encoded; its products and prices are known."""
    listings = catalogue("渗透测试").page(2)
    body = render_search_page(listings, query="渗透测试", page=2, pages=36, total=2131)
    shop = Shop(tmp_path)
    shop.add("渗透测试", 2, body)
    response = answer(tmp_path, search_url("渗透测试", 2, base_url=""))
    head, _, sent = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert gzip.decompress(sent) == body
    assert answer(tmp_path, search_url("渗透测试", 3, base_url="")).startswith(b"HTTP/1.1 404 ")
    prices = {one.product_id: None if one.price is None else float(one.price) for one in listings}
    assert shop.truth["渗透测试", 2] == prices


def test_a_chart_is_well_formed() -> None:
    series = {
        "ours <1>": [(1, Spread.of([0.5])), (100, Spread.of([2.0, 3.0]))],
        "one": [(1, Spread.of([1.0]))],
    }
    root = ET.fromstring(line_chart("Pages & seconds", "pages", "seconds", series))  # noqa: S314 – our own
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Pages & seconds", "ours <1>", "one"} <= set(texts)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [([0.6, 3.0], [0.5, 1, 2, 5]), ([1.0, 10.0], [1, 2, 5, 10]), ([2.0], [2]),
     ([0.0004, 8.0], [0.0001, 0.001, 0.01, 0.1, 1, 10])],
)  # fmt: skip
def test_a_scale_has_round_numbers_around_its_values(values: list[float], ticks: list[float]) -> None:
    assert _ticks(values) == ticks
