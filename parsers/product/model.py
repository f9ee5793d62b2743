"""The content of a product page: `ProductPage`, its offers, and the problems found on the page.

All are frozen values. Processes exchange them as plain tuples (`to_wire`, `from_wire`), as they do a `SearchPage`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

__all__ = ["Availability", "Condition", "Offer", "Problem", "ProblemCode", "ProductPage", "Source"]

Wire = tuple[Any, ...]


class Source(StrEnum):
    """The place on a page that a value comes from, in order of precedence."""

    JSON_LD = "json-ld"
    MICRODATA = "microdata"
    RDFA = "rdfa"
    OPENGRAPH = "opengraph"
    """`<meta property="og:…">`, `product:…` and `book:…`."""
    META = "meta"
    """Other `<meta>` elements: twitter:label and twitter:data, `name="author"`."""
    HTML = "html"
    """`<title>` and `<link rel="canonical">`."""


class Availability(StrEnum):
    """Availability of the goods: the values of schema.org's ItemAvailability."""

    IN_STOCK = "in_stock"
    LIMITED = "limited"
    ONLINE_ONLY = "online_only"
    IN_STORE_ONLY = "in_store_only"
    PREORDER = "preorder"
    BACKORDER = "backorder"
    MADE_TO_ORDER = "made_to_order"
    RESERVED = "reserved"
    OUT_OF_STOCK = "out_of_stock"
    SOLD_OUT = "sold_out"
    DISCONTINUED = "discontinued"

    @property
    def purchasable(self) -> bool:
        """True if an order is possible, at once or in advance."""
        return self not in _GONE


_GONE = frozenset(
    {Availability.OUT_OF_STOCK, Availability.SOLD_OUT, Availability.DISCONTINUED, Availability.RESERVED}
)


class Condition(StrEnum):
    """Condition of the goods: the values of schema.org's OfferItemCondition."""

    NEW = "new"
    REFURBISHED = "refurbished"
    USED = "used"
    DAMAGED = "damaged"


class ProblemCode(StrEnum):
    """The reason why a value is absent, doubtful or cut."""

    BROKEN_JSON = "broken_json"
    """A JSON-LD script could not be read; the other sources may still hold the product."""
    UNREADABLE_PRICE = "unreadable_price"
    """The price is not a number («free», NaN), holds several numbers, or is far too long."""
    PRICE_OUT_OF_RANGE = "price_out_of_range"
    """The price is zero, negative, or above `MAX_AMOUNT`."""
    AMBIGUOUS_PRICE = "ambiguous_price"
    """A separator can mean decimals or thousands («1.234»); the detail shows the value used."""
    PRICE_RANGE = "price_range"
    """The price is a range; its lower end counts."""
    SEVERAL_PRICES = "several_prices"
    """One offer states several prices; the lowest counts."""
    OTHER_CURRENCY = "other_currency"
    """The sign beside the amount contradicts the declared currency; the currency is absent."""
    UNKNOWN_CURRENCY = "unknown_currency"
    """The currency is not an ISO 4217 code, or is a sign of several currencies («$») and nothing shows which."""
    OFFERS_DIFFER = "offers_differ"
    """Several offers of a product have different prices or currencies."""
    SOURCES_DIFFER = "sources_differ"
    """Two sources state different values; the source of higher precedence counts."""
    SEVERAL_PRODUCTS = "several_products"
    """The page describes several products of equal rank; the first counts."""
    NOT_A_SALE = "not_a_sale"
    """An offer is left out because it leases or rents the product, or sells it only to members or in bulk."""
    BAD_IDENTIFIER = "bad_identifier"
    """An ISBN or GTIN has the wrong length or check digit."""
    UNKNOWN_VALUE = "unknown_value"
    """The parser does not know the word for an availability or condition, or the form of a date."""
    PAGE_CUT = "page_cut"
    """The page is larger than the parser's limit."""
    MARKUP_CUT = "markup_cut"
    """Tags are left out: too many, nested too deeply, or with too many attributes."""
    JSON_CUT = "json_cut"
    """A JSON-LD script is too large, or the page has too many."""
    OFFERS_CUT = "offers_cut"
    """The product has more offers than the parser keeps."""
    TEXT_CUT = "text_cut"
    """A text is longer than the parser keeps."""
    MORE_PROBLEMS = "more_problems"
    """There are more problems than the list holds."""


class Problem(NamedTuple):
    """A single problem on a page."""

    code: ProblemCode
    detail: str
    """The page's own words, shortened; '' if the code is enough."""
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer of a product. A value that is absent or unreadable is None or ''."""

    price: Decimal | None = None
    """The current price; for an aggregate, the lowest."""
    high_price: Decimal | None = None
    """The upper end of a range or an aggregate."""
    list_price: Decimal | None = None
    """The price before a reduction, if it is higher than `price`."""
    currency: str | None = None
    """ISO 4217 code."""
    availability: Availability | None = None
    condition: Condition | None = None
    seller: str = ""
    name: str = ""
    """The variant or edition on offer, if the offer names one."""
    isbn: str | None = None
    """The ISBN-13 of that edition."""
    url: str | None = None

    def to_wire(self) -> Wire:
        """Return the offer as a tuple of plain values, in field order."""
        return (
            _text(self.price), _text(self.high_price), _text(self.list_price), self.currency,
            _value(self.availability), _value(self.condition), self.seller, self.name, self.isbn, self.url,
        )  # fmt: skip

    @classmethod
    def from_wire(cls, wire: Wire) -> Offer:
        """Rebuild an offer from the result of `to_wire`."""
        price, high_price, list_price, currency, availability, condition, seller, name, isbn, url = wire
        return cls(
            _decimal(price), _decimal(high_price), _decimal(list_price), currency,
            None if availability is None else Availability(availability),
            None if condition is None else Condition(condition), seller, name, isbn, url,
        )  # fmt: skip


_STRUCTURED = frozenset({Source.JSON_LD, Source.MICRODATA, Source.RDFA})
_OF_GOODS = frozenset({"availability", "condition", "gtin", "authors", "brand", "publisher", "sku"})


@dataclass(frozen=True, slots=True)
class ProductPage:
    """The product data of a page.

    `price`, `high_price`, `list_price`, `currency`, `availability`, `condition` and `seller` are those of the leading
    offer. Among the offers with a price, those that can be ordered come first, then those of new goods, then those in
    the currency of the first offer; the cheapest of these leads. A value that is absent or unreadable is None or '':
    `problems` names it with the reason.
    """

    title: str = ""
    price: Decimal | None = None
    high_price: Decimal | None = None
    list_price: Decimal | None = None
    currency: str | None = None
    availability: Availability | None = None
    condition: Condition | None = None
    seller: str = ""
    authors: tuple[str, ...] = ()
    brand: str = ""
    publisher: str = ""
    isbn: str | None = None
    """ISBN-13; an ISBN-10 is converted."""
    gtin: str | None = None
    """GTIN-8, -13 or -14; a UPC becomes a GTIN-13."""
    sku: str = ""
    image: str | None = None
    language: str = ""
    """The language of the product as the page writes it, usually a code: «en», «zh-Hant»."""
    published: dt.date | None = None
    """A missing day or month becomes the first."""
    published_text: str = ""
    url: str | None = None
    """The address that the page gives for the product, otherwise the address of the page."""
    offers: tuple[Offer, ...] = ()
    """All offers of the source of the price, in page order."""
    offer_count: int | None = None
    """Number of offers according to the page."""
    sources: tuple[tuple[str, Source], ...] = ()
    """Field and source of every value, in field order."""
    problems: tuple[Problem, ...] = ()
    charset: str = "utf-8"
    """The charset used to decode the body."""
    undecodable: int = 0
    """Number of undecodable byte sequences, each replaced."""

    @property
    def has_product(self) -> bool:
        """True if the page describes a product: it has more than the title, address and picture of any page."""
        return any(
            source in _STRUCTURED
            or field in {"price", "isbn"}
            or (source is Source.OPENGRAPH and field in _OF_GOODS)
            for field, source in self.sources
        )

    def source_of(self, field: str) -> Source | None:
        """Return the source of a field's value; None for a field without a value."""
        return dict(self.sources).get(field)

    def to_wire(self) -> Wire:
        """Return the page as a tuple of plain values, its offers and problems as tuples inside."""
        return (
            self.title, _text(self.price), _text(self.high_price), _text(self.list_price), self.currency,
            _value(self.availability), _value(self.condition), self.seller, self.authors, self.brand,
            self.publisher, self.isbn, self.gtin, self.sku, self.image, self.language,
            None if self.published is None else self.published.toordinal(), self.published_text, self.url,
            tuple(offer.to_wire() for offer in self.offers), self.offer_count,
            tuple((field, source.value) for field, source in self.sources),
            tuple((problem.code.value, problem.detail, _value(problem.source)) for problem in self.problems),
            self.charset, self.undecodable,
        )  # fmt: skip

    @classmethod
    def from_wire(cls, wire: Wire) -> ProductPage:
        """Rebuild a page from the result of `to_wire`."""
        (
            title, price, high_price, list_price, currency, availability, condition, seller, authors, brand,
            publisher, isbn, gtin, sku, image, language, published, published_text, url,
            offers, offer_count, sources, problems, charset, undecodable,
        ) = wire  # fmt: skip
        return cls(
            title, _decimal(price), _decimal(high_price), _decimal(list_price), currency,
            None if availability is None else Availability(availability),
            None if condition is None else Condition(condition), seller, authors, brand,
            publisher, isbn, gtin, sku, image, language,
            None if published is None else dt.date.fromordinal(published), published_text, url,
            tuple(Offer.from_wire(offer) for offer in offers), offer_count,
            tuple((field, Source(source)) for field, source in sources),
            tuple(
                Problem(ProblemCode(code), detail, None if source is None else Source(source))
                for code, detail, source in problems
            ),
            charset, undecodable,
        )  # fmt: skip


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _value(member: StrEnum | None) -> str | None:
    return None if member is None else member.value


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
