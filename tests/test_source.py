"""Whose prices are meant: one value decides, for results, the history, reports and alerts alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crawler.cli.source_words import with_option
from crawler.history.observations import observed
from crawler.labels import ENGLISH
from crawler.report.common.alarms import source_alarms
from crawler.report.common.wording import source_in_words
from crawler.source import Source, SourceKind
from parsers import SHOPS
from tests.factories import make_result

SHOP = SHOPS["dangdang"]
REPLICA = "http://127.0.0.1:8000"


@pytest.mark.parametrize("address", [None, "", SHOP.base_url, f"{SHOP.base_url}/"])
def test_the_shops_own_address_is_live(address: str | None) -> None:
    """Nobody names an address, or names the shop's own, with a slash or without: the shop itself is meant."""
    source = Source.at(address)
    assert source == Source(SHOP, SHOP.base_url, SourceKind.LIVE)
    assert (source.name, source.mark, source.is_live) == (SHOP.base_url, "", True)


@pytest.mark.parametrize("address", [REPLICA, f"{REPLICA}/", "http://search.dangdang.com"])
def test_any_other_address_is_a_replica(address: str) -> None:
    """Even the shop's host by another scheme is another server, whose prices are kept apart."""
    source = Source.at(address)
    assert source.kind is SourceKind.REPLICA
    assert source.name == source.mark == source.base_url == address.rstrip("/")


@pytest.mark.parametrize("address", [None, "http://127.0.0.1:1", "http://127.0.0.1:2/", SHOP.base_url])
def test_the_demo_shop_has_one_name_at_every_address(address: str | None) -> None:
    """It listens at another port in every run, and its prices belong together."""
    source = Source.at(address, demo=True)
    assert source.kind is SourceKind.DEMO
    assert (source.name, source.mark, source.is_live) == ("demo", "demo", False)


@pytest.mark.parametrize(
    "source", [Source.at(None), Source.at(REPLICA), Source.at(None, demo=True)], ids=lambda each: each.kind
)
def test_a_history_names_a_source_by_which_it_is_found_again(source: Source) -> None:
    """The name in a history leads back to the same source."""
    assert Source.named(source.name) == source


def test_sources_of_another_shop_are_its_own() -> None:
    """An address is live for the shop that it belongs to, and a replica for every other."""
    other = replace(SHOP, name="other", base_url="https://books.example")
    assert Source.at(None, shop=other) == Source(other, "https://books.example", SourceKind.LIVE)
    assert Source.at("https://books.example").kind is SourceKind.REPLICA
    assert Source.at(SHOP.base_url, shop=other).kind is SourceKind.REPLICA


@pytest.mark.parametrize(
    ("over", "name", "alarm", "words", "option"),
    [
        ({}, SHOP.base_url, [], "Dangdang 当当网", "the live shop"),
        ({"base_url": f"{SHOP.base_url}/"}, SHOP.base_url, [], "Dangdang 当当网", "the live shop"),
        ({"base_url": REPLICA}, REPLICA, ["REPLICA"], REPLICA, f"--base-url {REPLICA}"),
        ({"base_url": "http://127.0.0.1:9", "demo": True}, "demo", ["DEMO"], "demo shop", "--demo"),
    ],
)
def test_a_result_its_history_and_its_report_agree(
    over: dict[str, Any], name: str, alarm: list[str], words: str, option: str
) -> None:
    """What a result is marked with, what its prices are kept under, and what reports call it is one decision."""
    result = make_result(**over)
    run, _ = observed(result, "key")
    assert (run.source, result.marked_source, result.is_live) == (name, name if alarm else "", not alarm)
    assert [each.name for each in source_alarms(result.source, ENGLISH)] == alarm
    for source in (result.source, Source.named(run.source)):
        assert words in source_in_words(source, ENGLISH)
    assert option in with_option(run.source, ENGLISH, replica="ran_on_other")
