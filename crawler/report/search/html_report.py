"""The HTML report: one self-contained file, readable on a desktop, on a phone, in dark mode and without a script.

jinja2 escapes text from a shop, after `clean`; links lead to the shop's own product pages or to rows of this page. The
page makes no network requests, and its policy would block them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crawler.books.offers import competes, is_used, price_of
from crawler.clean import clean, crop
from crawler.report.search.files import mark_query
from crawler.report.search.head import head_of, how_far, mark_of, tail_of
from crawler.report.search.history_wording import past, raised_then_cut
from crawler.report.search.outcomes import outcome, page_numbers
from crawler.report.search.wording import (
    FRONTIER,
    credited,
    discount,
    list_price,
    month,
    note,
    offer_price,
    percent_off,
    price,
    product_link,
    quality,
    rating,
    value,
    volume_price,
)
from parsers.model import Flag

if TYPE_CHECKING:
    from crawler.books.book import Book
    from crawler.labels import Labels
    from crawler.report.search import Style
    from crawler.report.search.chart import Point
    from crawler.report.search.head import Answer
    from crawler.results import SearchResult
    from parsers.model import Listing

__all__ = ["render"]

TITLE_LIMIT = 300
"""The maximum number of characters of a title or a name; no real title is longer."""

POINT_LIMIT = 100
"""The maximum number of characters of a title in the chart."""

_COLUMNS = (
    # label, kind: text, number, or number to sort in descending order first
    ("rank", "n"), ("frontier_column", "h"), ("price", "n"), ("list_price", "n"), ("off", "h"), ("title", "t"),
    ("author", "t"), ("publisher", "t"), ("date", "h"), ("rating", "h"), ("quality", "h"), ("value_score", "h"),
)  # fmt: skip

_KINDS: dict[str, Callable[[Listing], bool]] = {
    "used": is_used,
    "sets": lambda listing: Flag.SET in listing.flags,
    "bundles": lambda listing: Flag.BUNDLE in listing.flags,
}
"""The kinds of books that a check box hides, by the name of its label, with the test that marks a row."""

_LABELLED = ("quality", "value_score", "volume_price")
"""Columns whose cells carry their label on a phone, where the table has no header."""


def render(result: SearchResult, style: Style) -> str:
    """Return the page; of `style`, only `top` and `lang` apply. It always lists dropped products."""
    from crawler.report.common.script_folding import folding
    from crawler.report.search.html_page import SCRIPT, STYLE, TEMPLATE, policy

    say = style.labels(result)
    head = head_of(result, say)
    shown = result.books[: style.top]
    by_volume = result.rank == "per-volume"
    words = _style_of_words(say)
    rows = [_row(result, book, say, by_volume=by_volume) for book in shown]
    cards = [_card(result, answer, len(shown), say) for answer in head.answers]
    if cards[0]["price"]:  # the caveat is about the cheapest book
        cards[0]["caveat"] = say("and").join([say("caveat"), *how_far(result, say)])
    return TEMPLATE.render(
        say=say,
        lang=say.language,
        policy=policy(STYLE, words, script=SCRIPT),
        style=STYLE,
        words=words,
        script=SCRIPT,
        mark=_markup(mark_query(result.query, result.marked_source)),
        title=_title(result, head.answers[0], say),
        query=clean(result.query),
        head=head,
        cards=cards,
        cheaper=[_card(result, answer, len(shown), say) for answer in head.cheaper],
        facts=head.facts,
        chart=_chart(result, len(shown), say),
        spread=_spread(result, say),
        columns=(*_COLUMNS, *([("volume_price", "n")] if by_volume else [])),
        rank=result.rank,
        by_volume=by_volume,
        rows=rows,
        fold=folding(_texts(rows)),
        kinds=[kind for kind, has in _KINDS.items() if any(has(book.listing) for book in shown)],
        tail=tail_of(result, style.top, say),
        dropped=_dropped(result, say),
        failed_heading=say("missing_pages" if result.not_read else "failed_pages"),
        failed_counts=_failed_counts(result, say),
        failed=[
            (page_numbers([page.page], say), outcome(page.verdict, page.detail, say), page.attempts)
            for page in result.failed
        ],
    )


def _failed_counts(result: SearchResult, say: Labels) -> str:
    left = len(result.not_read)
    failed = len(result.failed) - left
    counts = [say("failed", n=failed)] if failed else []
    return say("comma").join([*counts, *([say("left", n=left)] if left else [])])


def _texts(value: object) -> Iterator[str]:
    """Yield every text in the rows."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _texts(part)


def _markup(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 – only for text that is markup by construction


def _style_of_words(say: Labels) -> Any:
    """Return the style rules with the labels of cells in the report's language, so that cells need not carry them."""
    rules = "".join(f'--{name.replace("_", "-")}:"{say(name)} ";' for name in _LABELLED)
    return _markup(f":root{{{rules}}}")


def _title(result: SearchResult, answer: Answer, say: Labels) -> str:
    marks = mark_of(result, say)
    mark = say("mark", marks=marks) if marks else ""
    words = answer.words if answer.book is None else f"{answer.label} {price(answer.book, say)}"
    return f"{mark}{crop(clean(result.query), POINT_LIMIT)} · {crop(words, POINT_LIMIT)}"


def _target(result: SearchResult, book: Book, listed: int) -> str | None:
    """Return the link target of a book's name: its product page or, without one, its row in the list."""
    link = product_link(result, book.listing)
    return link or (f"#b{book.rank}" if book.rank <= listed else None)


def _card(result: SearchResult, answer: Answer, listed: int, say: Labels) -> dict[str, Any]:
    book = answer.book
    if book is None:
        return {"label": answer.label, "words": answer.words, "price": ""}
    return {
        "label": answer.label,
        "price": price(book, say),
        "list_price": list_price(book, say),
        "off": discount(book, say),
        "title": _text(book.listing.title),
        "link": _target(result, book, listed),
        "credit": _text(
            say("credit").join(filter(None, (say("comma").join(book.authors[:2]), book.publisher or "")))
        ),
        "rating": rating(book),
        "quality": quality(book),
        "note": note(book, say, raised=False),
        "trick": _trick(book, say),
        "past": past(book, say),
        "frontier": book.frontier,
        "caveat": "",
    }


def _chart(result: SearchResult, listed: int, say: Labels) -> dict[str, Any] | None:
    """Return the drawing of the available and rated books, and the number left out; None without such books."""
    from crawler.report.common.axes import LogPriceAxis
    from crawler.report.search.chart import scatter, thinned

    points = list(_points(result, listed, say))
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


def _points(result: SearchResult, listed: int, say: Labels) -> Iterator[Point]:
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
            _target(result, book, listed),
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


def _row(result: SearchResult, book: Book, say: Labels, *, by_volume: bool) -> tuple[Any, ...]:
    """Return a row as plain values, in the template's order; the first two are the rank and the numbers to sort by."""
    listing, special, offers = book.listing, note(book, say, raised=False), None
    if len(book.offers) > 1:
        # The last part of the note becomes the summary that unfolds the offers.
        dearest = price_of(book.offers[-1])
        if dearest is None:
            summary = say("offers_count")
        else:
            summary = say("offers", n=len(book.offers), price=say.money(dearest))
            special = special.removesuffix(summary).removesuffix(" · ")
        offers = (summary, [_offer(result, offer, say) for offer in book.offers])
    return (
        book.rank,
        _numbers(book, by_volume=by_volume),
        FRONTIER if book.frontier else "",
        price(book, say),
        list_price(book, say),
        discount(book, say),
        _text(listing.title),
        product_link(result, listing),
        special,
        offers,
        _text("; ".join(filter(None, (say("comma").join(book.authors), credited(book, say))))),
        _text(book.publisher or ""),
        month(book),
        rating(book),
        quality(book, result.rank),
        value(book),
        volume_price(book, say) if by_volume else "",
        past(book, say),
        _trick(book, say),
        " ".join(kind for kind, has in _KINDS.items() if has(listing)),
    )


def _trick(book: Book, say: Labels) -> tuple[str, str] | None:
    """Return the label of a discount that followed a raise, and the numbers that show it; None for any other."""
    if book.history is None or (trick := book.history.raised_then_cut) is None:
        return None
    name, _, numbers = raised_then_cut(trick, say).partition(say("colon").strip())
    return name, numbers.strip()


def _numbers(book: Book, *, by_volume: bool) -> str:
    """Return the numbers by which the script sorts, one for each column that is not text; '' for an unknown number."""
    listed = book.listing.list_price if list_price(book) else None
    rated = book.rating is not None
    numbers: list[object] = [
        book.price,
        listed,
        percent_off(book) or "",
        f"{book.published:%Y%m%d}" if book.published else "",
        book.rating,
        book.quality if rated else None,
        book.value if rated else None,
    ]
    if by_volume:
        numbers.append(book.price_per_volume)
    return ",".join("" if number is None else str(number) for number in numbers)


def _offer(result: SearchResult, offer: Listing, say: Labels) -> tuple[str, str, str | None, str]:
    if offer.seller:
        seller = say("sold_by", seller=_text(offer.seller))
    elif offer.self_operated is None:
        seller = ""
    else:
        seller = say("own_goods" if offer.self_operated else "marketplace")
    return (
        offer_price(offer, say),
        _text(offer.title),
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
                _text(listing.title),
                product_link(result, listing),
                say("place_words", page=listing.page, position=listing.position),
            )
        )
    return [(say.reason(reason), items) for reason, items in groups.items() if items]


def _text(text: str) -> str:
    return crop(clean(text), TITLE_LIMIT)
