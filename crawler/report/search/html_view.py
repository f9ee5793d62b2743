"""The content of a page that shows a result: answers, facts, charts, what was dropped and what failed.

The values are texts for a template that escapes them, except the drawings, which are SVG. The HTML report and the web
page show them alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crawler.books.offers import competes, is_used
from crawler.clean import clean, crop
from crawler.report.search.head import head_of, how_far, mark_of
from crawler.report.search.history_wording import past, raised_then_cut
from crawler.report.search.outcomes import outcome, page_numbers
from crawler.report.search.wording import (
    FRONTIER,
    discount,
    list_price,
    note,
    offer_price,
    price,
    product_link,
    quality,
    rating,
)
from parsers.model import Flag

if TYPE_CHECKING:
    from crawler.books.book import Book
    from crawler.labels import Labels
    from crawler.report.search.chart import Point
    from crawler.report.search.head import Answer
    from crawler.results import SearchResult
    from parsers.model import Listing

__all__ = ["KINDS", "Target", "kinds_in", "offer_values", "page_title", "page_values", "shortened", "trick"]

TITLE_LIMIT = 300
"""The maximum number of characters of a title or a name; no real title is longer."""

POINT_LIMIT = 100
"""The maximum number of characters of a title in the chart."""

Target = Callable[["Book"], "str | None"]
"""The link target of a book's name; None for no link."""

KINDS: dict[str, Callable[[Listing], bool]] = {
    "used": is_used,
    "sets": lambda listing: Flag.SET in listing.flags,
    "bundles": lambda listing: Flag.BUNDLE in listing.flags,
}
"""The kinds of books that a check box hides, by the name of its label, with the test that marks a row."""


def page_values(result: SearchResult, say: Labels, target: Target) -> dict[str, Any]:
    """Return everything about a result but the list of its books, by the names that the templates use."""
    head = head_of(result, say)
    cards = [_card(answer, target, say) for answer in head.answers]
    if cards[0]["price"]:  # the caveat is about the cheapest book
        cards[0]["caveat"] = say("and").join([say("caveat"), *how_far(result, say)])
    return {
        "head": head,
        "cards": cards,
        "cheaper": [_card(answer, target, say) for answer in head.cheaper],
        "facts": head.facts,
        "chart": _chart(result, target, say),
        "spread": _spread(result, say),
        "dropped": _dropped(result, say),
        "failed_heading": say("missing_pages" if result.not_read else "failed_pages"),
        "failed_counts": _failed_counts(result, say),
        "failed": [
            (page_numbers([page.page], say), outcome(page.verdict, page.detail, say), page.attempts)
            for page in result.failed
        ],
    }


def page_title(result: SearchResult, answer: Answer, say: Labels) -> str:
    """Return the title of the page: alarms, query and first answer."""
    marks = mark_of(result, say)
    mark = say("mark", marks=marks) if marks else ""
    words = answer.words if answer.book is None else f"{answer.label} {price(answer.book, say)}"
    return f"{mark}{crop(clean(result.query), POINT_LIMIT)} · {crop(words, POINT_LIMIT)}"


def kinds_in(books: Iterable[Book]) -> list[str]:
    """Return the kinds that occur among books."""
    listings = [book.listing for book in books]
    return [kind for kind, has in KINDS.items() if any(map(has, listings))]


def _failed_counts(result: SearchResult, say: Labels) -> str:
    left = len(result.not_read)
    failed = len(result.failed) - left
    counts = [say("failed", n=failed)] if failed else []
    return say("comma").join([*counts, *([say("left", n=left)] if left else [])])


def _card(answer: Answer, target: Target, say: Labels) -> dict[str, Any]:
    book = answer.book
    if book is None:
        return {"label": answer.label, "words": answer.words, "price": ""}
    return {
        "label": answer.label,
        "price": price(book, say),
        "list_price": list_price(book, say),
        "off": discount(book, say),
        "title": shortened(book.listing.title),
        "link": target(book),
        "credit": shortened(
            say("credit").join(filter(None, (say("comma").join(book.authors[:2]), book.publisher or "")))
        ),
        "rating": rating(book),
        "quality": quality(book),
        "note": note(book, say, raised=False),
        "trick": trick(book, say),
        "past": past(book, say),
        "frontier": book.frontier,
        "caveat": "",
    }


def _chart(result: SearchResult, target: Target, say: Labels) -> dict[str, Any] | None:
    """Return the drawing of the available and rated books, and the number left out; None without such books."""
    from crawler.report.common.axes import LogPriceAxis
    from crawler.report.search.chart import scatter, thinned

    points = list(_points(result, target, say))
    if not points:
        return None
    drawn = thinned(points)
    return {
        "svg": scatter(
            drawn,
            LogPriceAxis.around(map(float, _prices(result)), sign=say.currency_sign),
            name=say("price_and_quality"),
            price_axis=say("price_axis"),
            quality_axis=say("quality_axis"),
        ),
        "all": len(points),
        "drawn": len(drawn),
        "left_out": len(result.books) - len(points),
    }


def _points(result: SearchResult, target: Target, say: Labels) -> Iterator[Point]:
    from crawler.report.search.chart import Point

    labels: dict[int, list[str]] = {}
    for name, book in (("cheapest", result.cheapest), ("best", result.best), ("value", result.best_value)):
        if book is not None:
            labels.setdefault(book.rank, []).append(say(name))
    worth = say("quality")
    for book in result.books:
        stars, cost = book.quality, book.price
        if stars is None or not cost or book.rating is None or not _competes(result, book):
            continue
        star = f"{FRONTIER} " if book.frontier else ""
        yield Point(
            float(cost),
            stars,
            f"{star}{crop(clean(book.listing.title), POINT_LIMIT)}\n"
            f"{say.money(cost)} · {worth} {stars:.3f} · {rating(book)}",
            target(book),
            book.frontier,
            " · ".join(labels.get(book.rank, ())),
        )


def _spread(result: SearchResult, say: Labels) -> dict[str, Any] | None:
    """Return the histogram of the prices of available books, with its five numbers; None if no book is available."""
    from crawler.report.common.axes import LogPriceAxis, price_tick
    from crawler.report.search.chart import bars, five_numbers, spread

    prices = _prices(result)
    if not prices:
        return None
    numbers = [float(amount) for amount in prices]
    sign, five = say.currency_sign, five_numbers(prices)
    scale = LogPriceAxis.around(numbers, sign=sign)
    histogram = [
        (bar, say("bar", low=price_tick(bar.low, sign), high=price_tick(bar.high, sign), n=bar.count))
        for bar in bars(numbers, scale)
    ]
    names = ("lowest", "lower_quartile", "median", "upper_quartile", "highest")
    named = [(say(name), say.money(amount)) for name, amount in zip(names, five, strict=True)]
    spoken = say("comma").join(f"{name} {amount}" for name, amount in named)
    svg = spread(
        histogram,
        [float(amount) for amount in five],
        scale,
        name=say("answer", label=say("spread"), words=spoken),
    )
    return {"svg": svg, "five": named, "n": len(prices)}


def _prices(result: SearchResult) -> list[Decimal]:
    """Return the prices of available books, which determine the chart's axis."""
    return [book.price for book in result.books if book.price and _competes(result, book)]


def _competes(result: SearchResult, book: Book) -> bool:
    return competes(book.listing, goods=result.all_goods, used=result.options.get("condition") == "used")


def trick(book: Book, say: Labels) -> tuple[str, str] | None:
    """Return the label of a discount that followed a raise, and the numbers that show it; None for any other."""
    if book.history is None or (trick := book.history.raised_then_cut) is None:
        return None
    name, _, numbers = raised_then_cut(trick, say).partition(say("colon").strip())
    return name, numbers.strip()


def offer_values(result: SearchResult, offer: Listing, say: Labels) -> tuple[str, str, str | None, str]:
    """Return an offer's price, title, link and seller."""
    if offer.seller:
        seller = say("sold_by", seller=shortened(offer.seller))
    elif offer.self_operated is None:
        seller = ""
    else:
        seller = say("own_goods" if offer.self_operated else "marketplace")
    return (
        offer_price(offer, say),
        shortened(offer.title),
        product_link(result, offer),
        seller,
    )


def _dropped(result: SearchResult, say: Labels) -> list[tuple[str, list[tuple[str, str, str | None, str]]]]:
    """Return the dropped products by reason, in the order in which the counts list the reasons."""
    groups: dict[str, list[tuple[str, str, str | None, str]]] = {
        reason: [] for reason in result.counts.dropped
    }
    for reason, listing in result.dropped:
        groups.setdefault(reason, []).append(
            (
                offer_price(listing, say),
                shortened(listing.title),
                product_link(result, listing),
                say("place_words", page=listing.page, position=listing.position),
            )
        )
    return [(say.reason(reason), items) for reason, items in groups.items() if items]


def shortened(text: str) -> str:
    """Return a text of the shop on one line, cut to the length of a title."""
    return crop(clean(text), TITLE_LIMIT)
