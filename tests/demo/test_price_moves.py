"""The demo shop's prices: each product follows its story, the same on every machine, and within bounds."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.demo.books import discount_text, yuan
from crawler.demo.catalogue import catalogue
from crawler.demo.markup import render_search_page
from crawler.demo.price_moves import Phase, Story, on_day, phase_of, story_of
from crawler.prices.observation import Observation
from crawler.prices.price_history import RaisedThenCut, price_history
from parsers.dangdang import parse_search_page
from parsers.model import Listing
from tests.profiles import examples

QUERY = "渗透测试"
START = dt.date(2026, 1, 1)
PINNED = {
    Story.STILL: "94.00/123.80 94.00/123.80 94.00/123.80 94.00/123.80 94.00/123.80",
    Story.DRIFT: "6.48/15.30 6.58/15.30 6.70/15.30 6.68/15.30 6.59/15.30",
    Story.SALE: "55.90/98.10 40.08/98.10 55.90/98.10 55.90/98.10 38.01/98.10",
    Story.RAISED_PRICE: "44.70/82.90 44.70/82.90 44.70/82.90 52.25/82.90 43.62/82.90",
    Story.RAISED_LIST_PRICE: "42.80/73.80 42.80/73.80 42.80/73.80 43.65/90.00 43.65/90.00",
    Story.SOLD_OUT: "44.12/52.90 52.90/52.90 43.01/52.90 43.01/52.90 41.64/52.90",
}
"""Price and list price on five days of the first product of each story; every Python and machine must say the same."""

days = st.dates(min_value=dt.date(1990, 1, 1), max_value=dt.date(2100, 12, 31))


@cache
def everything() -> tuple[Listing, ...]:
    """Return all listings of one search: the shop's own goods, the marketplace's, and other goods."""
    return catalogue(QUERY, sellers="all", category="all")[:]


@cache
def living(story: Story) -> tuple[Listing, ...]:
    """Return the products that follow a story: they have a price and a list price, and are on sale."""
    return tuple(
        listing
        for listing in everything()
        if story_of(listing.product_id) is story
        and None not in {listing.price, listing.list_price}
        and not listing.sold_out
    )


def products() -> st.SearchStrategy[Listing]:
    return st.deferred(lambda: st.sampled_from(everything()))


def of_story(*stories: Story) -> st.SearchStrategy[Listing]:
    return st.sampled_from(stories).flatmap(lambda story: st.sampled_from(living(story)))


def from_day_to_day(listing: Listing, start: dt.date, number: int) -> list[Listing]:
    return [on_day(listing, start + dt.timedelta(days=n)) for n in range(number)]


@given(products(), days)
def test_a_day_has_possible_prices(listing: Listing, day: dt.date) -> None:
    """Prices are above 0, with two decimals at most, and not above the list price; every text says its number."""
    seen = on_day(listing, day)
    for amount, text in (seen.price, seen.price_text), (seen.list_price, seen.list_price_text):
        assert text == ("" if amount is None else yuan(int(amount * 100)))
        assert amount is None or amount > 0
        assert amount is None or amount == round(amount, 2)
    if seen.price is not None and seen.list_price is not None:
        assert seen.price <= seen.list_price
        assert seen.discount_text == discount_text(int(seen.price * 100), int(seen.list_price * 100))
    else:
        assert seen.discount_text == ""
    assert (seen.list_price is None) == (listing.list_price is None)
    assert seen.price is not None or seen.sold_out or listing.price is None


@given(products(), days)
def test_nothing_but_the_price_moves(listing: Listing, day: dt.date) -> None:
    """Title, e-book, seller, reviews and everything else except prices are the same every day."""
    moving = (
        "price", "price_text", "list_price", "list_price_text", "discount_text", "sold_out",
    )  # fmt: skip
    assert replace(on_day(listing, day), **{name: getattr(listing, name) for name in moving}) == listing


@given(products(), days)
def test_what_has_no_price_never_moves(listing: Listing, day: dt.date) -> None:
    """A product that is permanently sold out, has no price, or is only an e-book never changes."""
    gone = replace(listing, sold_out=True)
    assert on_day(gone, day) == gone
    priceless = replace(listing, price=None, price_text="", discount_text="")
    assert on_day(priceless, day) == priceless
    assert phase_of(priceless, day) is Phase.USUAL


@given(of_story(Story.STILL), days)
def test_still_is_still(listing: Listing, day: dt.date) -> None:
    assert on_day(listing, day) == listing


@given(of_story(Story.DRIFT), days)
def test_drift_is_slow_and_goes_far(listing: Listing, start: dt.date) -> None:
    """Within 37 days a price moves by less than 5 %, in 500 days by 8 % or more, and once a week at most."""
    year = from_day_to_day(listing, start, 500)
    prices = [seen.price or Decimal(0) for seen in year]
    for n in range(0, 460, 5):
        assert min(prices[n : n + 37]) > Decimal("0.95") * max(prices[n : n + 37])
    changes = [n for n in range(1, 500) if prices[n] != prices[n - 1]]
    assert all(later - earlier >= 7 for earlier, later in pairwise(changes))
    if listing.price and listing.list_price and listing.price < Decimal("0.9") * listing.list_price:
        assert min(prices) < Decimal("0.92") * max(prices)
    assert {seen.list_price for seen in year} == {listing.list_price}


@given(of_story(Story.SALE), days)
def test_a_true_sale_is_one(listing: Listing, start: dt.date) -> None:
    """Outside sales, the price is constant; in a sale it is at least a seventh lower, and sales are short."""
    assert listing.price is not None
    phases = Counter[Phase]()
    for n in range(130):
        day = start + dt.timedelta(days=n)
        price = on_day(listing, day).price
        phases[phase_of(listing, day)] += 1
        if phase_of(listing, day) is Phase.SALE:
            assert price is not None
            assert price <= Decimal("0.85") * listing.price
        else:
            assert price == listing.price
    assert phases.keys() == {Phase.SALE, Phase.USUAL}
    assert phases[Phase.SALE] <= 28


@given(of_story(Story.RAISED_PRICE), days)
def test_a_raised_price_is_cut_to_what_it_was(listing: Listing, start: dt.date) -> None:
    """It is at least a seventh above its level, then at its level again, with the same list price."""
    seen = {phase: set[Decimal]() for phase in Phase}
    for n in range(150):
        day = start + dt.timedelta(days=n)
        shown = on_day(listing, day)
        assert shown.price is not None
        assert shown.list_price == listing.list_price
        seen[phase_of(listing, day)].add(shown.price)
    assert len(seen[Phase.USUAL]) == 1
    usual = seen[Phase.USUAL].pop()
    cent = Decimal("0.01")
    assert min(seen[Phase.RAISED]) >= usual * Decimal("1.15") - cent
    back = seen[Phase.CUT] | seen[Phase.AFTER]
    assert all(usual * Decimal("0.97") - cent <= price <= usual * Decimal("1.05") for price in back)


@given(of_story(Story.RAISED_LIST_PRICE), days)
def test_a_raised_list_price_leaves_the_price(listing: Listing, start: dt.date) -> None:
    """The list price rises by a tenth or more while the price stays within 2 %, and returns."""
    assert listing.price is not None
    assert listing.list_price is not None
    phases = set()
    for n in range(200):
        day = start + dt.timedelta(days=n)
        shown = on_day(listing, day)
        assert shown.price is not None
        assert shown.list_price is not None
        phases.add(phase_of(listing, day))
        if phase_of(listing, day) is not Phase.USUAL:
            assert shown.list_price >= Decimal("1.1") * listing.list_price
            assert abs(shown.price - listing.price) <= Decimal("0.02") * listing.price + Decimal("0.01")
            assert shown.price < shown.list_price
        else:
            assert shown == listing
    assert {Phase.CUT, Phase.USUAL} <= phases <= {Phase.CUT, Phase.AFTER, Phase.USUAL}


@given(of_story(Story.SOLD_OUT), days)
def test_sold_out_spells_come_and_go(listing: Listing, start: dt.date) -> None:
    """It is sold out for days, with any price shown, and otherwise available at about its level."""
    assert listing.price is not None
    year = from_day_to_day(listing, start, 120)
    for seen in year:
        if not seen.sold_out:
            assert seen.price is not None
            assert abs(seen.price - listing.price) <= Decimal("0.03") * listing.price + Decimal("0.01")
    assert {seen.sold_out for seen in year} == {True, False}


def test_what_stands_beside_sold_out_varies() -> None:
    """The usual price, the list price, a lower one, or none: taking it for a price is wrong in both directions."""
    beside = Counter[str]()
    for listing in living(Story.SOLD_OUT):
        for seen in from_day_to_day(listing, START, 90):
            if seen.sold_out:
                price, usual = seen.price, listing.price or Decimal(0)
                low, high = Decimal("0.9") * usual, Decimal("1.1") * usual
                kind = (
                    "none"
                    if price is None
                    else "lower"
                    if price < low
                    else "higher"
                    if price > high
                    else "same"
                )
                beside[kind] += 1
    assert beside.keys() == {"none", "lower", "higher", "same"}


def on_five_days(listing: Listing) -> str:
    return " ".join(f"{seen.price}/{seen.list_price}" for seen in from_day_to_day(listing, START, 105)[::26])


def flags_of(
    listing: Listing, start: dt.date, number: int, every: int
) -> list[tuple[Phase, RaisedThenCut | None]]:
    """Return the phase and the flag of each observed day, for an observer who began at `start`."""
    past: list[Observation] = []
    flags = []
    for n in range(0, number, every):
        day = start + dt.timedelta(days=n)
        seen = on_day(listing, day)
        at = dt.datetime.combine(day, dt.time(8), dt.UTC)
        past.append(Observation("1", "书", at, seen.price, seen.list_price, sold_out=seen.sold_out))
        history = price_history(past)
        assert history is not None
        flags.append((phase_of(listing, day), history.raised_then_cut))
    return flags


@settings(max_examples=examples(60))
@given(of_story(Story.STILL, Story.DRIFT, Story.SALE, Story.SOLD_OUT), days, st.sampled_from([1, 7]))
def test_honest_stories_are_never_flagged(listing: Listing, start: dt.date, every: int) -> None:
    """Whenever observations begin, daily or weekly, no honest price looks like a trick."""
    assert {flag for _, flag in flags_of(listing, start, 220 if every == 1 else 500, every)} == {None}


@settings(max_examples=examples(60))
@given(of_story(Story.RAISED_PRICE, Story.RAISED_LIST_PRICE), days, st.sampled_from([1, 7]))
def test_tricks_are_flagged_while_they_last(listing: Listing, start: dt.date, every: int) -> None:
    """Once enough is known, every day of a trick is flagged correctly, and no other day."""
    flags = flags_of(listing, start, 220 if every == 1 else 500, every)
    enough = 35 if every == 1 else 10
    for number, (phase, flag) in enumerate(flags):
        assert flag is None or phase in {Phase.CUT, Phase.AFTER}
        assert flag is None or story_of(listing.product_id) == f"raised_{flag.kind}"
        assert flag is not None or phase is not Phase.CUT or number < enough
    assert any(flag is not None for _, flag in flags)


def test_every_story_is_told() -> None:
    """Each story has many products, and its share does not depend on the seller."""
    stories = Counter(story_of(listing.product_id) for listing in everything())
    assert stories.keys() == set(Story)
    assert min(stories.values()) > 0.08 * len(everything())


def test_the_same_on_every_machine() -> None:
    """Prices are pinned, for a product of each story: they depend only on number and day."""
    assert {story: on_five_days(living(story)[0]) for story in Story} == PINNED


@pytest.mark.parametrize("sellers", ["self", "all"])
def test_a_day_comes_back_from_its_page(sellers: str) -> None:
    """The parser reads from a page of a day what that day's catalogue has, including sold-out periods."""
    found = catalogue(QUERY, sellers=sellers, day=START)
    for number in range(1, 6):
        shown = found.page(number)
        body = render_search_page(
            shown, query=QUERY, page=number, pages=found.pages, total=found.total, layout=found.layout
        )
        read = parse_search_page(body, charset="GB2312", page=number).listings
        assert [(b.product_id, b.price, b.list_price, b.sold_out, b.ebook_only) for b in read] == [
            (b.product_id, b.price, b.list_price, b.sold_out, b.ebook_only) for b in shown
        ]
    sold_out_today = [b for b in found[:300] if b.sold_out and story_of(b.product_id) is Story.SOLD_OUT]
    assert len(sold_out_today) >= 3


def test_a_days_catalogue_has_the_same_products() -> None:
    """Unsorted and unbounded the products are the same ones every day, in the same order; only prices differ."""
    timeless, moved = catalogue(QUERY), catalogue(QUERY, day=START)
    assert [b.product_id for b in moved] == [b.product_id for b in timeless]
    assert 0.1 < sum(a.price != b.price for a, b in zip(moved, timeless, strict=True)) / len(timeless) < 0.9


@settings(max_examples=examples(10))
@given(days)
def test_order_and_bounds_are_those_of_the_day(day: dt.date) -> None:
    """Sorted by price, a day's list rises, and bounds select exactly the products with such a price on that day."""
    low, high = Decimal(20), Decimal(30)

    def price(listing: Listing) -> Decimal | None:
        return listing.ebook_price if listing.ebook_only else listing.price

    seen = {b.product_id: b for b in catalogue(QUERY, day=day)}
    bounded = catalogue(QUERY, sort="price", min_price=low, max_price=high, day=day)
    once = list(dict.fromkeys((price(b), b.product_id) for b in bounded))
    within = [
        (cost, b.product_id) for b in seen.values() if (cost := price(b)) is not None and low <= cost <= high
    ]
    assert sorted(within) == sorted(once)
    prices = [price(b) for b in bounded]
    assert sum(a > b for a, b in pairwise(prices) if a and b) <= len(prices) - len(once)
