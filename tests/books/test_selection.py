"""Which listings count: one per product, the reasons for the rest, and independence of the order of arrival."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.books import DROP_REASONS
from crawler.books.pipeline import SelectionCriteria, build_books
from crawler.books.selection import Selector, drop_reason, select
from parsers.model import Flag, Listing
from tests.factories import make_listing

PRICES = st.none() | st.integers(1, 999).map(lambda cents: Decimal(cents) / 100)


@st.composite
def drawn_pages(draw: st.DrawFn) -> dict[tuple[bool, int], tuple[Listing, ...]]:
    """Draw a few pages of both lists and a few products, so that a product is on several pages with differences."""
    pages = {}
    for page in range(1, draw(st.integers(1, 4)) + 1):
        ids = draw(st.lists(st.integers(1, 8), max_size=6))
        price_order = draw(st.booleans())
        pages[price_order, page] = tuple(
            make_listing(
                product_id=str(product_id), page=page, position=position, price=draw(PRICES),
                sold_out=draw(st.booleans()), ebook_only=draw(st.booleans()), price_order=price_order,
            )
            for position, product_id in enumerate(ids, start=1)
        )  # fmt: skip
    return pages


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"ebook_only": True, "price": None}, "ebook"),
        ({"sold_out": True}, "sold_out"),
        ({"price": None}, "no_price"),
        ({"ebook_only": True, "sold_out": True, "price": None}, "ebook"),
        ({"sold_out": True, "price": None}, "sold_out"),
        ({"flags": frozenset({Flag.ACCESSORY})}, "accessory"),
        ({"flags": frozenset({Flag.ACCESSORY}), "price": None}, "no_price"),
        ({"flags": frozenset({Flag.SECOND_HAND})}, None),
    ],
)
def test_the_first_reason_that_applies_is_given(fields: dict[str, object], reason: str | None) -> None:
    """Of several reasons, e-book comes before sold out, and that before a missing price."""
    assert drop_reason(make_listing(**fields)) == reason


def test_among_all_kinds_of_goods_an_accessory_counts() -> None:
    """A search for all goods includes bookmarks, too; unavailable products are dropped all the same."""
    bookmark = make_listing(flags=frozenset({Flag.ACCESSORY}))
    assert drop_reason(bookmark, goods=True) is None
    assert drop_reason(make_listing(sold_out=True), goods=True) == "sold_out"
    selection = select([(1, [bookmark])], goods=True)
    assert (selection.kept, selection.dropped) == ((bookmark,), ())


def test_the_searchs_own_list_comes_first() -> None:
    """A product that is also in the price order is taken from its place in the search's own list."""
    own = make_listing(product_id="7", page=3, position=60)
    early = make_listing(product_id="7", page=1, position=1, price_order=True)
    assert select([(early.page_key, [early]), (own.page_key, [own])]).kept == (own,)
    cheaper = make_listing(product_id="7", page=1, position=1, price_order=True, price=Decimal("1.00"))
    times = {own.page_key: LATER, cheaper.page_key: NOON}
    book_list = build_books(
        [(cheaper.page_key, [cheaper]), (own.page_key, [own])], SelectionCriteria(), fetched_at=times
    )
    assert [book.price for book in book_list.books] == [own.price]
    assert "¥1.00 on page 1 of the price order, ¥39.00 on page 3; the later one counts" in book_list.notes[0]


def test_a_product_counts_once_where_it_stands_first() -> None:
    """Of a product on two pages, the one on the lower page is taken, even if the other page was given first."""
    early = make_listing(product_id="7", page=1, position=60)
    late = make_listing(product_id="7", page=2, position=1)
    selection = select([(2, [late]), (1, [early])])
    assert selection.kept == (early,)
    assert (selection.listings, selection.unique, selection.replaced) == (2, 1, ())


NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
LATER = NOON + dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("fetched_at", "price"),
    [
        ({(False, 1): NOON, (False, 2): LATER}, "9.00"),
        ({(False, 1): LATER, (False, 2): NOON}, "90.00"),
        ({(False, 1): NOON, (False, 2): NOON}, "9.00"),
        ({}, "9.00"),
    ],
)
def test_of_two_prices_the_later_counts(fetched_at: dict[tuple[bool, int], dt.datetime], price: str) -> None:
    """The page fetched last is right; without times, the higher page; and a note mentions both prices."""
    dear = make_listing(product_id="7", page=1, position=60, price=Decimal("90.00"))
    cheap = make_listing(product_id="7", page=2, position=1, price=Decimal("9.00"))
    book_list = build_books([(2, [cheap]), (1, [dear])], SelectionCriteria(), fetched_at=fetched_at)
    assert [book.price for book in book_list.books] == [Decimal(price)]
    [note] = book_list.notes
    assert "product 7" in note
    assert note.index("¥90.00" if price == "9.00" else "¥9.00") < note.index(f"¥{price}")
    selector = Selector()
    selector.add(dear.page_key, [dear], fetched_at.get(dear.page_key))
    selector.add(cheap.page_key, [cheap], fetched_at.get(cheap.page_key))
    assert selector.cheapest == Decimal(price)


def test_a_product_that_sold_out_meanwhile_is_sold_out() -> None:
    """The later page says that it is sold out: it is no longer an offer, whatever the earlier one showed."""
    there = make_listing(product_id="7", page=1)
    gone = make_listing(product_id="7", page=2, sold_out=True)
    book_list = build_books(
        [(1, [there]), (2, [gone])], SelectionCriteria(), fetched_at={(False, 1): NOON, (False, 2): LATER}
    )
    assert (book_list.books, book_list.dropped) == ((), (("sold_out", gone),))
    assert "sold out" in book_list.notes[0]


def test_many_products_with_two_prices_are_counted() -> None:
    """Three are named, the others counted."""
    first = [make_listing(product_id=f"{n}", page=1, position=n) for n in range(1, 6)]
    second = [make_listing(product_id=f"{n}", page=2, position=n, price=Decimal(n)) for n in range(1, 6)]
    notes = build_books([(1, first), (2, second)], SelectionCriteria()).notes
    assert len(notes) == 4
    assert notes[3].startswith("2 more products")


def test_what_is_dropped_is_counted_under_every_reason() -> None:
    """Each reason has its count, even 0, and the dropped listings can be listed."""
    gone = make_listing(product_id="1", sold_out=True)
    book_list = build_books([(1, [gone, make_listing(product_id="2")])], SelectionCriteria())
    assert book_list.dropped == (("sold_out", gone),)
    assert book_list.counts.dropped == dict.fromkeys(DROP_REASONS, 0) | {"sold_out": 1}
    assert tuple(book_list.counts.dropped) == DROP_REASONS


def test_what_is_kept_on_request_is_not_dropped() -> None:
    """A reason in `keep` leaves its listings among the kept ones, in their places."""
    gone, plain = make_listing(product_id="1", sold_out=True), make_listing(product_id="2", position=2)
    bare = make_listing(product_id="3", position=3, price=None)
    selection = select([(1, [gone, plain, bare])], {"sold_out"})
    assert selection.kept == (gone, plain)
    assert selection.dropped == (("no_price", bare),)


@given(drawn_pages())
def test_every_listing_is_accounted_for(pages: dict[tuple[bool, int], tuple[Listing, ...]]) -> None:
    """Kept and dropped together are the unique products, each once, in page order; kept ones have a price."""
    selection = select(pages.items())
    everything = [*selection.kept, *(listing for _, listing in selection.dropped)]
    ids = [listing.product_id for listing in everything]
    assert sorted(ids) == sorted({listing.product_id for page in pages.values() for listing in page})
    assert selection.unique == len(ids)
    assert selection.listings == sum(map(len, pages.values()))
    assert all(listing.price is not None for listing in selection.kept)
    assert all(a.place < b.place for a, b in pairwise(selection.kept))


@given(drawn_pages(), st.data())
def test_progress_and_answer_do_not_depend_on_arrival(
    pages: dict[tuple[bool, int], tuple[Listing, ...]], data: st.DataObject
) -> None:
    """Whatever the order of the pages, and even if some come twice, a Selector agrees with `select` at each step."""
    arrivals = data.draw(st.permutations([*pages.items(), *pages.items()]))
    selector, given_so_far = Selector(), {}
    for page, listings in arrivals:
        selector.add(page, listings)
        given_so_far[page] = listings
        expected = select(given_so_far.items())
        assert select(selector.pages.items()) == expected
        assert selector.kept_count == len(expected.kept)
        assert selector.cheapest == min((x.price for x in expected.kept if x.price is not None), default=None)


def test_a_page_can_be_taken_back() -> None:
    """A page replaced by an empty one, because it turned out to be past the end, leaves nothing behind."""
    selector = Selector()
    selector.add((False, 1), [make_listing(product_id="1", price=Decimal("20.00"))])
    selector.add((False, 2), [make_listing(product_id="2", price=Decimal("5.00"))])
    selector.add((False, 2), ())
    assert selector.cheapest == Decimal("20.00")
    assert selector.kept_count == 1
    assert select(selector.pages.items()).listings == 1


def test_nothing_given_is_an_empty_selection() -> None:
    """Without pages, there is no cheapest price and nothing is counted."""
    selector = Selector()
    assert (selector.cheapest, selector.kept_count) == (None, 0)
    assert selector.pages == {}


def test_progress_leaves_out_what_is_off_topic() -> None:
    """A cheap bookmark among the books is neither counted nor the cheapest, even on a replaced page."""
    selector = Selector(covers=lambda listing: listing.title != "书签")
    page = [
        make_listing(product_id="1", title="书签", price=Decimal("2.00")),
        make_listing(product_id="2", price=Decimal("20.00")),
    ]
    for _ in range(2):
        selector.add((False, 1), page)
        assert (selector.kept_count, selector.cheapest) == (1, Decimal("20.00"))


def test_progress_counts_what_is_kept_on_request() -> None:
    """A sold-out book that is kept counts; a kept e-book's own price can be the cheapest."""
    selector = Selector(keep={"sold_out", "ebook"})
    selector.add((False, 1), [make_listing(product_id="1", sold_out=True, price=Decimal("20.00"))])
    selector.add(
        (False, 2), [make_listing(product_id="2", ebook_only=True, price=None, ebook_price=Decimal("8.00"))]
    )
    assert (selector.kept_count, selector.cheapest) == (2, Decimal("8.00"))
