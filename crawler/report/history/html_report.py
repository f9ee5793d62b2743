"""Prices over time as an HTML page: a chart for each product, in one file that makes no network requests.

It needs no script, because this module draws the charts. With a script, the products of a search can be filtered,
sorted and paged. jinja2 escapes text from a shop, after `clean`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.clean import clean, crop
from crawler.history.view_models import Overview
from crawler.local_time import offset_name
from crawler.prices.price_history import MEDIAN_DAYS, RaiseKind
from crawler.report.common.axes import TimeAxis
from crawler.report.common.wording import UNKNOWN
from crawler.report.history.compare_chart import CompareChart, ComparedPrices
from crawler.report.history.price_chart import Mark, PriceChart
from crawler.report.history.price_lines import Level, cut_after_raise, sold_out_times, thinned
from crawler.report.history.wording import (
    TITLE_LIMIT,
    against_median,
    alarms_of,
    day,
    head_of,
    is_cheap,
    lowest,
    median,
    overview_head,
    period_price,
    price_now,
    product_address,
    product_facts,
    raised,
    remarks,
    source_name,
    title_of,
)

if TYPE_CHECKING:
    from decimal import Decimal

    from crawler.history.view_models import SearchPast, View
    from crawler.labels import Labels
    from crawler.prices.price_periods import PricePeriod, ProductPast
    from crawler.report.history import HistoryStyle

__all__ = ["compared_values", "product_values", "render"]

NAME_LIMIT = 100
"""The maximum number of characters of a title or query in a window's title and in the name of a chart."""


@dataclass(frozen=True, slots=True)
class _Size:
    """How much of a product to show."""

    drawn: int
    """The approximate maximum number of periods in the chart."""
    listed: int
    """The maximum number of periods in the list, the newest."""
    dates: int
    """The maximum number of days marked on the axis."""
    detailed: bool = False
    """True to draw the median, and to show the facts of each period in the chart to a pointer."""


_SMALL = _Size(drawn=400, listed=20, dates=4)
"""For one of up to hundreds of products on a page: about 3 to 9 KB."""

_LARGE = _Size(drawn=1_000, listed=500, dates=8, detailed=True)
"""For the only product on a page."""


def render(view: View, style: HistoryStyle) -> str:
    """Return the page of the view; of `style`, only the language applies."""
    from crawler.report.history.html_page import SCRIPT, STYLE, TEMPLATE, policy

    say = style.labels(view)
    page: dict[str, Any] = {
        "say": say, "lang": say.language, "style": STYLE, "script": SCRIPT, "fold": "", "alarms": (), "facts": (),
        "searches": None, "products": None, "zone": "", "product": None, "left": "", "dropped": (),
        "dropped_left": "",
    }  # fmt: skip
    if isinstance(view, Overview):
        page |= _overview(view, say)
    elif view.search is None:
        page |= product_values(view, view.products[0], say)
    else:
        page |= _of_search(view, say)
    page["policy"] = policy(STYLE, script=SCRIPT if page["fold"] else None)
    marks = "".join(say("mark", marks=alarm.name) for alarm in page["alarms"])
    page["title"] = marks + page["title"]
    return TEMPLATE.render(page)


def _overview(view: Overview, say: Labels) -> dict[str, Any]:
    searches = [
        (
            source_name(search.source, say), crop(clean(search.query), TITLE_LIMIT), f"{search.runs:,}",
            f"{search.products:,}", f"{search.observations:,}", day(search.first_run, say), day(search.last_run, say),
        )
        for search in view.searches
    ]  # fmt: skip
    heading = say("past_title")
    return {"title": heading, "heading": heading, "facts": overview_head(view, say), "searches": searches}


def _of_search(view: SearchPast, say: Labels) -> dict[str, Any]:
    query = clean(view.query or "")
    ends = [view.search.first_run, view.search.last_run] if view.search else []
    seen = [at for product in view.products for at in (product.history.since, product.history.last_at)]
    time = TimeAxis.around([*ends, *seen], say.zone)
    left = view.kept - len(view.products)
    products = [
        {"place": place, **_product(view, product, time, _SMALL, say)}
        for place, product in enumerate(view.products, 1)
    ]
    return {
        "title": f"{crop(query, NAME_LIMIT)} · {say('past_title')}",
        "heading": crop(query, TITLE_LIMIT),
        "zone": _zone_words(time),
        "alarms": alarms_of(view.source, say),
        "facts": head_of(view, say),
        "products": products,
        "fold": _fold(products) if len(products) > 1 else "",
        "left": say("past_more", n=left, all=view.kept) if left > 0 else "",
        "dropped": _dropped(view, say),
        "dropped_left": _dropped_left(view, say),
    }


def _dropped(view: SearchPast, say: Labels) -> list[tuple[str, str, list[tuple[str, str, str | None, str]]]]:
    """Return the dropped products: reason, count, and price, title and number of those that fit."""
    groups = []
    for reason, count in view.dropped.items():
        items = [
            (
                price_now(product, say),
                title_of(product),
                product_address(view.source, product.last.product_id),
                clean(product.last.product_id),
            )
            for product in view.dropped_products
            if product.dropped == reason
        ]
        if count:
            groups.append((say.reason(reason), f"{count:,}", items))
    return groups


def _dropped_left(view: SearchPast, say: Labels) -> str:
    number = sum(view.dropped.values())
    left = number - len(view.dropped_products)
    return say("past_more", n=left, all=number) if left > 0 else ""


def product_values(view: SearchPast, product: ProductPast, say: Labels) -> dict[str, Any]:
    """Return the content of a page on one product, by the names that the templates use."""
    time = TimeAxis.around([product.history.since, product.history.last_at], say.zone)
    shown = _product(view, product, time, _LARGE, say)
    return {
        "title": f"{crop(shown['title'], NAME_LIMIT)} · {shown['price']}",
        "heading": shown["title"],
        "zone": _zone_words(time),
        "alarms": alarms_of(view.source, say),
        "facts": [shown["facts"][0], *head_of(view, say), *shown["facts"][1:]],
        "figures": [(say("past_median"), median(product, say)), (say("past_lowest"), lowest(product, say))],
        "product": shown,
    }


def compared_values(source: str, products: Sequence[ProductPast], say: Labels) -> dict[str, Any]:
    """Return the content of a page that compares products, by the names that the templates use; at least one."""
    moments = [at for product in products for at in (product.history.since, product.history.last_at)]
    time = TimeAxis.around(moments, say.zone)
    titles = [crop(title_of(product), NAME_LIMIT) for product in products]
    chart = CompareChart(
        [
            ComparedPrices(
                say(
                    "past_mark",
                    name=f"{number} {title}",
                    price=price_now(product, say),
                    on=day(product.last.at, say),
                ),
                thinned(product.periods, _SMALL.drawn),
            )
            for number, (product, title) in enumerate(zip(products, titles, strict=True), 1)
        ],
        time,
    )
    name = say("past_compared", products=say("and").join(titles))
    return {
        "zone": _zone_words(time),
        "svg": chart.svg(name=name, dates=_LARGE.dates, sign=say.currency_sign) if chart.drawable else None,
        "products": [
            {
                "number": clean(product.last.product_id),
                "title": title_of(product),
                "link": product_address(source, product.last.product_id),
                "price": price_now(product, say),
                "against": _against(product, say),
                "lowest": lowest(product, say),
                "median": median(product, say),
                "since": day(product.history.since, say),
                "last": day(product.history.last_at, say),
                "trick": "" if (cut := product.history.raised_then_cut) is None else raised(cut, say),
            }
            for product in products
        ],
    }


def _fold(products: list[dict[str, Any]]) -> str:
    """Return the character pairs for the filter; never empty if there is a filter."""
    from crawler.report.common.script_folding import folding

    return folding(text for product in products for text in (product["title"], product["seller"])) or "書书"


def _number(amount: Decimal | None) -> str:
    return "" if amount is None else str(amount)


def _zone_words(time: TimeAxis) -> str:
    """Return the time zone of an axis: «UTC+8», or «UTC-5/UTC-4» if the clock changes within it."""
    moments = (time.start, time.start + (time.end - time.start) / 2, time.end)
    return "/".join(dict.fromkeys(offset_name(moment.astimezone(time.zone)) for moment in moments))


def _product(
    view: SearchPast, product: ProductPast, time: TimeAxis, size: _Size, say: Labels
) -> dict[str, Any]:
    past = product.history
    trick = "" if past.raised_then_cut is None else raised(past.raised_then_cut, say)
    listed = product.periods[-size.listed :]
    left = len(product.periods) - len(listed)
    number = clean(product.last.product_id)
    seller = product.last.seller
    return {
        "title": title_of(product),
        "link": product_address(view.source, product.last.product_id),
        "price": price_now(product, say),
        "priced": past.price is not None,
        "against": _against(product, say),
        "cheap": is_cheap(view, product),
        "number": number,
        "numbers": f"{_number(past.price)},{_number(past.change)}",
        "seller": say("sold_by", seller=crop(clean(seller), NAME_LIMIT)) if seller else "",
        "facts": [(say("product"), number), *product_facts(product, say)],
        "trick": trick,
        "remarks": [words for words in remarks(view, product, say) if words != trick],
        "chart": _chart(product, time, size, say),
        "periods": [_period(period, say) for period in reversed(listed)],
        "count": say("past_changes_count", n=len(product.periods)),
        "left": _left(left, number, say, whole=size is _LARGE) if left else "",
    }


def _against(product: ProductPast, say: Labels) -> str:
    percent = against_median(product)
    if percent == UNKNOWN:
        return ""
    return say("past_at_median") if percent == "0%" else say("past_against_words", percent=percent)


def _left(number: int, product_id: str, say: Labels, *, whole: bool) -> str:
    """Return the sentence that says where to find the periods that are not listed."""
    if whole:
        return say("past_changes_more", n=number)
    return say("past_changes_elsewhere", n=number, product=product_id)


def _period(period: PricePeriod, say: Labels) -> tuple[str, str, bool, str, str, str]:
    """Return a row of the list: days, price, True if it is a price, list price, observations, remark."""
    since, until = day(period.since, say), day(period.until, say)
    return (
        since if since == until else f"{since} – {until}",
        period_price(period, say),
        period.available_price is not None,
        UNKNOWN if period.list_price is None else say.money(period.list_price),
        f"{period.observations:,}",
        say("past_gap") if period.after_gap else "",
    )


def _chart(product: ProductPast, time: TimeAxis, size: _Size, say: Labels) -> dict[str, Any] | None:
    """Return the drawing and the remarks that it needs; None if there never was a price."""
    periods = thinned(product.periods, size.drawn)
    usual = _median_line(product) if size.detailed else None
    chart = PriceChart(periods, time, tuple(_marks(product, say)), sold_out_times(product.periods), usual)
    if not chart.drawable:
        return None
    spoken = [(period, _spoken(period, say)) for period in periods] if size.detailed else []
    svg = chart.svg(
        name=_name(product, say), dates=size.dates, sold_out=say("past_sold_out"), sign=say.currency_sign,
        spoken=spoken,
    )  # fmt: skip
    words = []
    if chart.list_left_out is not None:
        words.append(say("past_list_left_out", price=say.money(chart.list_left_out)))
    if len(periods) < len(product.periods):
        words.append(say("past_chart_thinned", n=len(periods), all=len(product.periods)))
    return {"svg": svg, "words": words, "median": usual is not None}


def _median_line(product: ProductPast) -> Level | None:
    """Return the 90-day median over its days; None if it is unknown, or based on too few days to mean anything."""
    past = product.history
    if past.median is None or past.sparse:
        return None
    return Level(max(past.since, past.last_at - dt.timedelta(days=MEDIAN_DAYS)), past.last_at, past.median)


def _marks(product: ProductPast, say: Labels) -> Iterator[Mark]:
    """Yield the marks: the lowest price, a raise and the cut after it, and the price now."""
    past = product.history
    if past.price is not None:
        words = say("past_mark", name=say("past_now"), price=say.money(past.price), on=day(past.last_at, say))
        yield Mark("now", past.last_at, past.price, words)
    if past.lowest is not None and past.lowest_at is not None:
        label = say("past_lowest_on", price=say.money(past.lowest), on=day(past.lowest_at, say))
        words = say(
            "past_mark",
            name=say("past_key_lowest"),
            price=say.money(past.lowest),
            on=day(past.lowest_at, say),
        )
        yield Mark("lowest", past.lowest_at, past.lowest, words, label)
    if (trick := past.raised_then_cut) is None:
        return
    label, words = (
        say("past_mark", name=say(name), price=say.money(trick.raised_to), on=day(trick.raised_at, say))
        for name in ("past_mark_raise", "past_mark_list_raise")
    )
    yield Mark(
        "raise", trick.raised_at, trick.raised_to, label if trick.kind is RaiseKind.PRICE else words, label
    )
    cut = cut_after_raise(product)
    if cut is not None and cut.available_price is not None:
        words = say(
            "past_mark",
            name=say("past_mark_cut"),
            price=say.money(cut.available_price),
            on=day(cut.since, say),
        )
        yield Mark("cut", cut.since, cut.available_price, words, words)


def _spoken(period: PricePeriod, say: Labels) -> str:
    return say(
        "past_price_period",
        price=period_price(period, say),
        since=day(period.since, say),
        until=day(period.until, say),
    )


def _name(product: ProductPast, say: Labels) -> str:
    """Describe a chart in words, for readers who cannot see it."""
    past = product.history
    prices = [price for period in product.periods if (price := period.available_price) is not None]
    if product.observations == 1:
        shown = say("past_chart_of_one", on=day(past.since, say), price=say.money(prices[0]))
    else:
        shown = say(
            "past_chart", since=day(past.since, say), last=day(past.last_at, say), low=say.money(min(prices)),
            high=say.money(max(prices)),
        )  # fmt: skip
    told = [shown, f"{say('past_now')}{say('colon')}{price_now(product, say)}"]
    if product.observations > 1:
        told.append(f"{say('past_lowest')}{say('colon')}{lowest(product, say)}")
    if past.raised_then_cut is not None:
        told.append(raised(past.raised_then_cut, say))
    for name, number in (
        ("past_chart_out", _stretches([period.sold_out for period in product.periods])),
        ("past_chart_gaps", sum(period.after_gap for period in product.periods)),
    ):
        if number:
            told.append(say(name, n=number))
    return f"{crop(title_of(product), NAME_LIMIT)}{say('colon')}{say('and').join(told)}"


def _stretches(flags: Sequence[bool]) -> int:
    """Count the runs of True in a row of flags."""
    return sum(flag and not before for flag, before in zip(flags, [False, *flags], strict=False))
