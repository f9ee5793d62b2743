"""Read the offers of a product and their prices."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from parsers.product.amounts import Amount, read_amount
from parsers.product.currencies import CODES, currencies_of, currency_of
from parsers.product.identifiers import read_isbn
from parsers.product.model import Availability, Condition, Offer, ProblemCode
from parsers.product.nodes import OFFERS, Graph, Node, Properties, Reader, properties, types_of
from parsers.product.vocabulary import absolute, read_availability, read_condition

__all__ = ["MAX_OFFERS", "PriceStatement", "offer_of", "offers_in", "read_price", "read_states"]

MAX_OFFERS = 200
"""Limit on the offers kept for a product."""
MAX_DEPTH = 3
"""Limit on the nesting of aggregate offers; no shop nests them more deeply."""

_OFFERED = ("offers", "offer", "offerdetails")
"""Properties that hold offers; the last belongs to data-vocabulary.org, the predecessor of schema.org."""

_LIST_PRICES = frozenset(
    """
    listprice srp msrp suggestedretailprice manufacturersuggestedretailprice strikethroughprice regularprice
    originalprice
    """.split()  # noqa: SIM905 (a table of words is read more easily than quoted strings)
)
_NO_GOODS_PRICES = frozenset(
    {"deliverychargespecification", "paymentchargespecification", "pricecomponent", "shippingdeliverytime"}
)
_NO_SALE = frozenset(
    {"leaseout", "rent", "dispose", "repair", "maintain", "buy", "provideservice", "constructioninstallation"}
)


class PriceStatement:
    """Prices of one offer during reading."""

    __slots__ = ("currency", "high", "list_price", "price")

    def __init__(self) -> None:
        self.price: Decimal | None = None
        self.high: Decimal | None = None
        self.list_price: Decimal | None = None
        self.currency: str | None = None


def read_price(reader: Reader, values: list[Any], declared: str) -> tuple[Amount, str | None]:  # noqa: C901 – one branch for each form of a price
    """Return the lowest price in `values`, and its currency.

    `declared` is the currency that the page declares beside the price. If a sign beside the amount contradicts it, the
    price has no currency, because either may be wrong.
    """
    currency = _declared_currency(reader, declared)
    amounts: list[Amount] = []
    for value in values:
        text = value if isinstance(value, str) else reader.text(value)
        if not text:
            continue
        amount = read_amount(text, currency=currency, language=reader.language)
        if amount.fault is not None:
            reader.problem(
                amount.fault, text if amount.value is None else f"{text[:40]} read as {amount.value}"
            )
        if amount.value is not None:
            amounts.append(amount)
    if not amounts:
        return Amount(), currency
    lowest = min(amounts, key=lambda amount: amount.value or 0)
    if len({amount.value for amount in amounts}) > 1:
        reader.problem(ProblemCode.SEVERAL_PRICES, ", ".join(str(amount.value) for amount in amounts[:6]))
    if lowest.sign:
        possible = currencies_of(lowest.sign)
        if currency is None:
            currency = currency_of(lowest.sign, reader.language)
            if currency is None:
                reader.problem(ProblemCode.UNKNOWN_CURRENCY, lowest.sign)
        elif currency not in possible:
            reader.problem(ProblemCode.OTHER_CURRENCY, f"{declared}, {lowest.sign}")
            currency = None
    return lowest, currency


def _declared_currency(reader: Reader, declared: str) -> str | None:
    if not declared:
        return None
    if declared in CODES:
        return declared
    currency = currency_of(declared, reader.language)
    if currency is None:
        reader.problem(ProblemCode.UNKNOWN_CURRENCY, declared)
    return currency


def offers_in(
    reader: Reader, graph: Graph, found: Properties, depth: int = 0
) -> tuple[list[Offer], int | None]:
    """Return the offers in a product's properties, and their number according to the page."""
    offers: list[Offer] = []
    stated: int | None = None
    too_many = found.cut
    for value in [v for name in _OFFERED for v in found.get(name, ())]:
        node = graph.resolve(value)
        if not isinstance(node, dict):
            continue
        if len(offers) >= MAX_OFFERS or reader.offers_left <= 0:
            too_many += 1
            continue
        reader.offers_left -= 1
        more, count = _offers_of(reader, graph, node, depth)
        offers += more
        stated = count if stated is None else stated
    if len(offers) > MAX_OFFERS:
        too_many += len(offers) - MAX_OFFERS
        del offers[MAX_OFFERS:]
    if too_many:
        reader.problem(ProblemCode.OFFERS_CUT, f"{too_many} left out")
    return offers, stated


def _offers_of(reader: Reader, graph: Graph, node: Node, depth: int) -> tuple[list[Offer], int | None]:
    """Return the offers of a node: one, or the members of an aggregate, or the aggregate itself if it lists none."""
    found = properties(node)
    inner: list[Offer] = []
    if depth < MAX_DEPTH and not found.keys().isdisjoint(_OFFERED):
        inner, _ = offers_in(reader, graph, found, depth + 1)
    count = _count(reader, found)
    if any(offer.price is not None for offer in inner):
        low, currency = read_price(reader, found.get("lowprice", []), _currency_text(reader, found))
        lowest = min(offer.price for offer in inner if offer.price is not None)
        if low.value is not None and low.value != lowest:
            reader.problem(ProblemCode.OFFERS_DIFFER, f"lowPrice {low.value}, lowest offer {lowest}")
        if currency is not None:
            inner = [
                replace(offer, currency=currency)
                if offer.price is not None and offer.currency is None
                else offer
                for offer in inner
            ]
        return inner, count
    own = offer_of(reader, graph, node, found)
    return [*([own] if own is not None else []), *inner], count


def offer_of(reader: Reader, graph: Graph, node: Node, found: Properties) -> Offer | None:
    """Return the offer that a node's own properties describe; None if it sells nothing."""
    function = reader.text(next(iter(found.get("businessfunction", ())), ""))
    if function and function.rpartition("#")[2].rpartition("/")[2].lower() in _NO_SALE:
        reader.problem(ProblemCode.NOT_A_SALE, function)
        return None
    prices = _prices(reader, graph, found)
    availability, condition = read_states(reader, found)
    item = next((v for v in map(graph.resolve, found.get("itemoffered", ())) if isinstance(v, dict)), {})
    named = properties(item)
    isbn = next(
        (i for i in map(read_isbn, _texts(reader, named, "isbn", "gtin13", "gtin")) if i is not None), None
    )
    seller = next(iter(_texts(reader, found, "seller", "offeredby")), "") or _referenced(reader, graph, found)
    offer = Offer(
        price=prices.price,
        high_price=prices.high,
        list_price=prices.list_price,
        currency=prices.currency if prices.price is not None else None,
        availability=availability,
        condition=condition,
        seller=seller,
        name=next(iter(_texts(reader, named, "name")), "") or _own_name(reader, node, found),
        isbn=isbn,
        url=next((u for u in (absolute(t, reader.base) for t in _texts(reader, found, "url")) if u), None),
    )
    return offer if offer != Offer() else None


def _own_name(reader: Reader, node: Node, found: Properties) -> str:
    """Return the name of an offer; '' for a product that is its own offer."""
    return next(iter(_texts(reader, found, "name")), "") if types_of(node) & OFFERS else ""


def _referenced(reader: Reader, graph: Graph, found: Properties) -> str:
    """Return the name of a seller described elsewhere on the page."""
    for value in [*found.get("seller", ()), *found.get("offeredby", ())]:
        name = reader.text(graph.resolve(value))
        if name:
            return name
    return ""


def _prices(reader: Reader, graph: Graph, found: Properties) -> PriceStatement:
    prices = PriceStatement()
    declared = _currency_text(reader, found)
    own = [value for value in found.get("price", ()) if not isinstance(value, dict) or "@value" in value]
    amount, prices.currency = read_price(reader, own or found.get("lowprice", []), declared)
    prices.price, prices.high = amount.value, amount.high
    specifications = [
        v for v in map(graph.resolve, found.get("pricespecification", ())) if isinstance(v, dict)
    ]
    specifications += [
        value for value in found.get("price", ()) if isinstance(value, dict) and "@value" not in value
    ]
    _read_specifications(reader, specifications, prices, declared)
    if "highprice" in found and prices.price is not None:
        high, _ = read_price(reader, found["highprice"], declared)
        if high.value is not None and high.value >= prices.price:
            prices.high = high.value
    if prices.price is None or (prices.list_price is not None and prices.list_price <= prices.price):
        prices.list_price = None
    return prices


def _read_specifications(  # noqa: C901 – one branch for each kind of specification
    reader: Reader, specifications: list[Node], prices: PriceStatement, declared: str
) -> None:
    """Read the list price from `priceSpecification`, and the price if the offer itself has none."""
    selling: list[tuple[Decimal, str | None, Decimal | None, bool]] = []
    before: list[tuple[Decimal, str | None]] = []
    for node in specifications:
        found = properties(node)
        if types_of(node) & _NO_GOODS_PRICES:
            continue
        values = found.get("price") or found.get("minprice") or []
        amount, currency = read_price(reader, values, _currency_text(reader, found) or declared)
        if amount.value is None:
            continue
        kind = (
            next(iter(_texts(reader, found, "pricetype", "name")), "")
            .rpartition("/")[2]
            .lower()
            .replace(" ", "")
        )
        if kind in _LIST_PRICES:
            before.append((amount.value, currency))
        elif _is_conditional(reader, found):
            reader.problem(ProblemCode.NOT_A_SALE, f"price {amount.value}")
        else:
            high = read_price(reader, found.get("maxprice", []), declared)[0].value or amount.high
            untaxed = "false" in [text.lower() for text in _texts(reader, found, "valueaddedtaxincluded")]
            selling.append(
                (amount.value, currency, high, untaxed or node.get("valueAddedTaxIncluded") is False)
            )
    taxed = [entry for entry in selling if not entry[3]] or selling
    if prices.price is None and taxed:
        if len({entry[0] for entry in taxed}) > 1:
            reader.problem(ProblemCode.SEVERAL_PRICES, ", ".join(str(entry[0]) for entry in taxed[:6]))
        prices.price, prices.currency, prices.high, _ = min(taxed, key=lambda entry: entry[0])
    elif prices.price is None and before:
        prices.price, prices.currency = min(before, key=lambda entry: entry[0])
    if prices.currency is None and prices.price is not None and not declared:
        # The offer has an amount without a currency, and its specification has the same amount with one.
        prices.currency = next((entry[1] for entry in selling if entry[0] == prices.price), None)
    same = [value for value, currency in before if currency == prices.currency]
    if same:
        prices.list_price = max(same)


def _is_conditional(reader: Reader, found: Properties) -> bool:
    """Return True if a price is for members, for several copies, or for a unit of measure (100 g)."""
    if "validformembertier" in found or "referencequantity" in found:
        return True
    for value in found.get("eligiblequantity", ()):
        if isinstance(value, dict):
            inner = properties(value)
            least = next(iter(_texts(reader, inner, "minvalue", "value")), "")
            if least.isdecimal() and len(least) < 10 and int(least) > 1:
                return True
    return False


def _count(reader: Reader, found: Properties) -> int | None:
    text = next(iter(_texts(reader, found, "offercount")), "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else None


def _currency_text(reader: Reader, found: Properties) -> str:
    return next(iter(_texts(reader, found, "pricecurrency", "currency")), "")


def _texts(reader: Reader, found: Properties, *names: str) -> list[str]:
    """Return the texts of the named properties, in the order of `names`."""
    return [text for name in names for text in map(reader.text, found.get(name, ())) if text]


def read_states(reader: Reader, found: Properties) -> tuple[Availability | None, Condition | None]:
    """Return availability and condition, and record a problem for an unknown word."""
    availability = condition = None
    for text in _words(reader, found, "availability"):
        availability = read_availability(text)
        if availability is not None:
            break
        reader.problem(ProblemCode.UNKNOWN_VALUE, f"availability {text}")
    for text in _words(reader, found, "itemcondition", "condition"):
        condition = read_condition(text)
        if condition is not None:
            break
        reader.problem(ProblemCode.UNKNOWN_VALUE, f"condition {text}")
    return availability, condition


def _words(reader: Reader, found: Properties, *names: str) -> list[str]:
    """Return the texts of properties whose values are names from schema.org; for an object, its `@id`."""
    words = []
    for name in names:
        for value in found.get(name, ()):
            if isinstance(value, dict) and isinstance(value.get("@id"), str):
                words.append(value["@id"][:200])
            elif text := reader.text(value):
                words.append(text)
    return words[:5]
