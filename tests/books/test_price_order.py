"""What a list in price order proves about the listings behind it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.books.price_order import MARGIN, OrderCheck, check_order
from parsers.model import Listing
from tests.factories import make_listing


def listings(*prices: str | None, **over: object) -> list[Listing]:
    return [
        make_listing(product_id=f"{n}", price=None if price is None else Decimal(price), **over)
        for n, price in enumerate(prices, start=1)
    ]


FIVE = ("20", "21", "22", "23", "24")


def test_what_five_listings_have_passed_is_read() -> None:
    """The list was read up to the price that five listings reach, and proves cheaper prices."""
    check = check_order(listings("9", "10", *FIVE))
    assert check == OrderCheck(Decimal(20), in_order=True, unknown_from=None)
    assert check.proves(Decimal("19.99"))
    assert not check.proves(Decimal(20))


def test_a_dear_listing_at_the_end_proves_nothing() -> None:
    """One that is out of place at the end does not prove that everything below it was read."""
    check = check_order(listings("9", "10", "11", "12", "900"))
    assert check.up_to == Decimal(9)
    assert check_order(listings(*FIVE[: MARGIN - 1])).up_to is None
    assert check_order([]) == OrderCheck(None, in_order=True, unknown_from=None)


@pytest.mark.parametrize("at", range(7))
def test_no_disorder_is_allowed(at: int) -> None:
    """A listing behind a more expensive one shows that the list is not in order, wherever it is."""
    prices = ["10", "11", *FIVE]
    prices.insert(at + 1, "9")
    check = check_order(listings(*prices))
    assert not check.in_order
    assert not check.proves(Decimal(8))


def test_a_listing_that_the_shop_repeats_is_no_disorder() -> None:
    """Shops repeat listings; a repetition hides nothing cheaper, proves nothing, and may cost no less than before."""
    read = listings("9", "10", *FIVE)
    assert check_order([*read, read[0]]) == check_order(read)
    assert check_order([*read[:6], *read[5:6] * MARGIN]).up_to == check_order(read[:6]).up_to
    cheaper = make_listing(product_id="2", price=Decimal(8))
    assert not check_order([*read, cheaper]).in_order


def test_equal_prices_are_in_order() -> None:
    assert check_order(listings(*["9"] * 9)).in_order


def test_a_book_may_stand_at_the_price_of_its_ebook() -> None:
    """The shop sorts by the lowest of several prices, or by the book's own: both positions are in order."""
    both = make_listing(product_id="7", price=Decimal(39), ebook_price=Decimal(2))
    cheap, dear = listings("1", "2"), listings("30", "40", "41", "42", "43", "44")
    assert check_order([*cheap, both, *dear]).in_order
    assert check_order([*cheap, dear[0], both, *dear[1:]]).in_order
    assert not check_order([*cheap, *dear, both]).in_order


def test_what_is_sold_out_has_no_place() -> None:
    gone = listings("99", sold_out=True)
    assert check_order([*gone, *listings(*FIVE), *gone]) == check_order(listings(*FIVE))


def test_a_price_that_cannot_be_read_may_be_as_low_as_its_place() -> None:
    """A listing without a price may be the cheapest, unless it follows a more expensive one."""
    check = check_order([*listings("9", "10"), *listings(None), *listings(*FIVE)])
    assert check.unknown_from == Decimal(10)
    assert check.proves(Decimal("9.50"))
    assert not check.proves(Decimal("10.50"))


@given(st.lists(st.integers(1, 999), min_size=MARGIN, max_size=60), st.data())
def test_of_a_sorted_list_nothing_behind_is_cheaper(prices: list[int], data: st.DataObject) -> None:
    """Nothing in the rest of a sorted list is cheaper than a price proven by its first part."""
    cents = sorted(prices)
    read = data.draw(st.integers(0, len(cents)))
    check = check_order(listings(*(str(cent) for cent in cents[:read])))
    assert check.in_order
    if check.up_to is not None and read < len(cents):
        assert check.up_to <= cents[read]
