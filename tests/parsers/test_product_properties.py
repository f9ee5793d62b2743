"""Properties that hold for every product, and for any bytes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.product import Availability, Condition, Offer, ProductPage, parse_product_page
from parsers.product.amounts import MAX_AMOUNT, Number, read_amount
from parsers.product.identifiers import read_gtin, read_isbn
from parsers.product.vocabulary import clean
from tests.parsers.product_forms import FORMS
from tests.parsers.product_rendering import as_json_ld, as_microdata, as_opengraph, as_rdfa

_CHARACTERS = st.one_of(
    st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="|"),
    st.sampled_from("<>\"'&;/*,[]{} \\"),
)
TEXTS = (
    st.text(_CHARACTERS, min_size=1, max_size=40)
    .map(clean)
    .filter(lambda text: text and clean(text) == text and "://" not in text and "\ufffd" not in text)
)
AMOUNTS = st.decimals(min_value="0.01", max_value=999_999, places=2)
CURRENCIES = st.sampled_from(["EUR", "USD", "CNY", "TWD", "JPY", "KWD", "CHF"])
ISBNS = st.integers(0, 10**9 - 1).map(lambda number: _with_check_digit(f"978{number:09}"))
ADDRESSES = st.from_regex(r"https://[a-z]{1,8}\.org/[a-zA-Z0-9_~&=?-]{0,20}", fullmatch=True)


def _with_check_digit(digits: str) -> str:
    total = sum(int(digit) * (1, 3)[at % 2] for at, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


@st.composite
def offers(draw: st.DrawFn, currency: str) -> Offer:
    price = draw(AMOUNTS)
    reduced = draw(st.booleans())
    return Offer(
        price=price,
        list_price=price + draw(AMOUNTS) if reduced else None,
        currency=currency,
        availability=draw(st.none() | st.sampled_from(Availability)),
        condition=draw(st.none() | st.sampled_from(Condition)),
        seller=draw(st.just("") | TEXTS),
    )


@st.composite
def products(draw: st.DrawFn, most_offers: int = 4) -> ProductPage:
    """Draw a product in one currency, with the leading offer according to the rule in `ProductPage`."""
    currency = draw(CURRENCIES)
    some = draw(st.lists(offers(currency), min_size=1, max_size=most_offers))
    published = draw(st.none() | st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)))
    isbn = draw(st.none() | ISBNS)
    can_be_ordered = [o for o in some if o.availability is None or o.availability.purchasable] or some
    new = [o for o in can_be_ordered if o.condition in {None, Condition.NEW}] or can_be_ordered
    lead = min(new, key=lambda offer: offer.price or 0)
    return ProductPage(
        title=draw(TEXTS),
        price=lead.price,
        list_price=lead.list_price,
        currency=currency,
        availability=lead.availability,
        condition=lead.condition,
        seller=lead.seller,
        authors=tuple(draw(st.lists(TEXTS, max_size=3, unique=True))),
        brand=draw(st.just("") | TEXTS),
        publisher=draw(st.just("") | TEXTS),
        isbn=isbn,
        gtin=draw(st.none() | st.just(isbn)),
        sku=draw(st.just("") | st.from_regex(r"[A-Z]{2}[0-9]{1,8}", fullmatch=True)),
        image=draw(st.none() | ADDRESSES),
        language=draw(st.sampled_from(["", "en", "zh-Hant"])),
        published=published,
        published_text="" if published is None else published.isoformat(),
        url=draw(ADDRESSES),
        offers=tuple(some),
    )


def without_provenance(page: ProductPage) -> ProductPage:
    """Return a page without the fields that describe how it was read."""
    return replace(page, sources=(), problems=(), charset="utf-8", undecodable=0)


@pytest.mark.parametrize("render", [as_json_ld, as_microdata, as_rdfa])
@given(page=products())
def test_a_product_is_read_back(render: Callable[[ProductPage], str], page: ProductPage) -> None:
    """Any values of a product, in any syntax, are read back equal."""
    read = parse_product_page(render(page).encode())
    assert without_provenance(read) == page
    assert ProductPage.from_wire(read.to_wire()) == read


@given(products(most_offers=1))
def test_a_product_in_opengraph_is_read_back(page: ProductPage) -> None:
    """OpenGraph has room for one offer, whose values are read back equal."""
    assert without_provenance(parse_product_page(as_opengraph(page).encode())) == page


@given(products(), st.sampled_from(["gb18030", "utf-16", "utf-8-sig"]))
def test_a_product_in_another_charset(page: ProductPage, codec: str) -> None:
    """A charset that contains every character changes nothing, declared or not."""
    read = parse_product_page(as_microdata(page).encode(codec), charset=codec)
    assert without_provenance(read) == page


@given(st.binary(max_size=400), st.none() | st.text(max_size=12), st.text(max_size=30))
def test_any_bytes_give_a_page(body: bytes, charset: str | None, url: str) -> None:
    assert isinstance(parse_product_page(body, charset=charset, url=url), ProductPage)


_PIECES = sorted(
    {piece for form in FORMS for piece in re.findall(r"<[^>]*>|[^<>]+|[{}\[\],:]|\"[^\"]*\"", form.markup)}
)
FRAGMENTS = st.lists(
    st.sampled_from(
        [*_PIECES, "<!--", "-->", '"', "'", "\x00", "&#xD800;", r'"\ud800"', "<script>", "<title>"]
    ),
    max_size=30,
)


@given(FRAGMENTS, st.sampled_from(["utf-8", "gb18030", "utf-16"]))
def test_any_markup_gives_a_page(fragments: list[str], codec: str) -> None:
    """Pieces of product pages in any order give a page that can be sent and encoded, without a price of 0."""
    page = parse_product_page("".join(fragments).encode(codec, "replace"))
    assert ProductPage.from_wire(page.to_wire()) == page
    str(page).encode()
    for amount in (page.price, page.list_price, *(offer.price for offer in page.offers)):
        assert amount is None or 0 < amount <= MAX_AMOUNT


@given(st.sampled_from(FORMS), st.integers(0, 600), st.integers(1, 200))
def test_a_page_with_a_piece_removed(form: object, start: int, length: int) -> None:
    """The price of a damaged page is one of the numbers that remain on it."""
    markup: str = form.markup  # type: ignore[attr-defined]
    rest = markup[:start] + markup[start + length :]
    page = parse_product_page(rest.encode())
    if page.price is not None and "superscript" not in form.name:  # type: ignore[attr-defined]
        digits = re.sub(r"[^0-9]", "", rest)
        assert re.sub(r"[^0-9]", "", str(page.price)).rstrip("0") in digits


@given(st.text(max_size=60) | st.from_regex(r"[€$¥ ]?[-0-9.,' ]{1,16}( ?(EUR|元|kr))?", fullmatch=True))
def test_an_amount_consists_of_digits_in_the_text(text: str) -> None:
    """An amount is above 0, within bounds, and consists of digits in the text."""
    amount = read_amount(text)
    if amount.value is None:
        assert amount.fault is not None
    else:
        assert 0 < amount.value <= MAX_AMOUNT


@given(
    st.decimals(min_value="0.01", max_value=10**9, places=2),
    st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'")]),
)
def test_separators_never_change_an_amount(value: Decimal, marks: tuple[str, str]) -> None:
    """With two decimals, no separator is ambiguous, whatever separates the thousands."""
    decimal_mark, group = marks
    text = f"{value:,.2f}".replace(",", "_").replace(".", decimal_mark).replace("_", group)
    assert read_amount(text).value == value
    assert read_amount(Number(value)).value == value


@given(ISBNS)
def test_an_isbn_in_any_form(isbn: str) -> None:
    """An ISBN with hyphens, a prefix or ten digits gives the same ISBN-13; a wrong check digit gives none."""
    body = isbn[3:12]
    check = -sum((10 - at) * int(digit) for at, digit in enumerate(body)) % 11
    isbn_10 = body + ("X" if check == 10 else str(check))
    for text in (
        isbn,
        f"{isbn[:3]}-{isbn[3]}-{isbn[4:]}",
        f"ISBN: {isbn}",
        f"urn:isbn:{isbn}",
        isbn_10,
        f"ISBN-10 {isbn_10}",
    ):
        assert read_isbn(text) == isbn
    wrong = isbn[:-1] + str((int(isbn[-1]) + 1) % 10)
    assert read_isbn(wrong) is None
    assert read_gtin(wrong) is None
    assert read_gtin(isbn) == read_gtin(f"0{isbn}") == isbn
