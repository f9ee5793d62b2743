"""Prices over time in words, shared by the history's reports for people."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from crawler.clean import clean, crop
from crawler.prices.observation import NOT_DROPPED
from crawler.report.common import wording
from crawler.report.common.alarms import Alarm, source_alarms
from crawler.report.common.wording import UNKNOWN, day, source_in_words
from crawler.source import Source

if TYPE_CHECKING:
    from crawler.history.view_models import Overview, SearchPast
    from crawler.labels import Labels
    from crawler.prices.price_history import RaisedThenCut
    from crawler.prices.price_periods import PricePeriod, ProductPast

__all__ = [
    "against_median",
    "alarms_of",
    "binary_size",
    "change",
    "day",
    "head_of",
    "is_cheap",
    "lowest",
    "median",
    "overview_head",
    "period_price",
    "price_now",
    "product_address",
    "product_facts",
    "raised",
    "relative",
    "remarks",
    "source_name",
    "title_of",
]

TITLE_LIMIT = 300
"""The maximum number of characters of a title; no real title is longer."""


def binary_size(number: int) -> str:
    """Return a number of bytes as «17 B», «3.1 KiB», «156.0 MiB»."""
    size, unit = float(number), "B"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"


def source_name(source: str, say: Labels) -> str:
    """Name the source of the prices."""
    return source_in_words(Source.named(source), say)


def alarms_of(source: str, say: Labels) -> tuple[Alarm, ...]:
    """Return the alarms for prices that are not those of the live shop."""
    return source_alarms(Source.named(source), say)


def product_address(source: str, product_id: str) -> str | None:
    """Return the URL of a product's page; None for a demo or a replica, whose numbers are not the shop's."""
    asked = Source.named(source)
    return asked.shop.product_url(product_id) if asked.is_live else None


def title_of(product: ProductPast) -> str:
    """Return a product's title."""
    return crop(clean(product.last.title), TITLE_LIMIT)


def price_now(product: ProductPast, say: Labels) -> str:
    """Return the price at the last observation, or the reason for its absence."""
    if product.last.sold_out:
        return say("past_sold_out")
    return say("past_no_price_short") if product.last.price is None else say.money(product.last.price)


def period_price(period: PricePeriod, say: Labels) -> str:
    """Return the price in a period, or the reason for its absence."""
    if period.sold_out:
        return say("past_sold_out")
    return say("past_no_price_short") if period.price is None else say.money(period.price)


def relative(product: ProductPast) -> Decimal | None:
    """Return the price divided by the 90-day median, with two digits: 0.80 is a fifth below. None without both."""
    price, usual = product.history.price, product.history.median
    return None if price is None or not usual else (price / usual).quantize(Decimal("0.01"))


def against_median(product: ProductPast) -> str:
    """Return the same as «-20%»; «–» if it is unknown, or based on too few days to mean anything."""
    return wording.against_median(product.history)


def is_cheap(view: SearchPast, product: ProductPast) -> bool:
    """Return True if the last run saw the product below its median."""
    return against_median(product).startswith("-") and view.days_unseen(product) is None


def median(product: ProductPast, say: Labels) -> str:
    """Return the 90-day median; «–» if there is none."""
    return UNKNOWN if product.history.median is None else say.money(product.history.median)


def lowest(product: ProductPast, say: Labels) -> str:
    """Return the lowest price ever, and when it was last seen; «–» if there never was a price."""
    past = product.history
    if past.lowest is None or past.lowest_at is None:
        return UNKNOWN
    return say("past_lowest_on", price=say.money(past.lowest), on=day(past.lowest_at, say))


def change(product: ProductPast, say: Labels) -> str:
    """Return the change since the previous run, as «-¥3.00»; «–» if it is unknown or zero."""
    amount = product.history.change
    if not amount:
        return UNKNOWN
    return f"{'-' if amount < 0 else '+'}{say.money(abs(amount))}"


def raised(raise_: RaisedThenCut, say: Labels) -> str:
    """Describe the raise behind a discount, with the numbers that show it."""
    return say(
        f"past_raised_{raise_.kind.value}",
        usual=say.money(raise_.usual_price),
        before=say.money(raise_.before),
        raised=say.money(raise_.raised_to),
        on=day(raise_.raised_at, say),
        now=say.money(raise_.now),
    )


def remarks(view: SearchPast, product: ProductPast, say: Labels) -> list[str]:
    """Return remarks on a price besides its figures, the most important first."""
    past, words = product.history, []
    if past.raised_then_cut is not None:
        words.append(raised(past.raised_then_cut, say))
    if product.dropped is not None and product.dropped != NOT_DROPPED:
        words.append(say("kept", reason=say.reason(product.dropped)))
    if product.last.price is None and not product.last.sold_out:
        words.append(say("past_no_price"))
    unseen = view.days_unseen(product, say.zone)
    if unseen is not None:
        name = "past_last_seen" if unseen else "past_last_seen_today"
        words.append(say(name, on=day(product.last.at, say), n=unseen))
    is_low = (
        past.below_usual and past.raised_then_cut is None and unseen is None
    )  # a low caused by a raise is no low
    if past.lowest_in_days is not None and is_low:
        low = past.lowest_in_days
        if past.price == past.lowest:
            words.append(say("lowest_ever_now"))
        else:
            words.append(say("past_low_in_long", n=low) if low else say("past_low_today"))
    if past.sparse:
        name = {0: "past_few_none", 1: "past_few_one"}.get(past.days, "past_few")
        words.append(say(name, n=past.days))
    return words


def product_facts(product: ProductPast, say: Labels) -> list[tuple[str, str]]:
    """Return the figures of a product's history, each with its name."""
    past = product.history
    facts = [(say("past_median_long"), f"{median(product, say)} ({against_median(product)})")]
    if past.price is None or past.median is None or past.sparse:
        facts = [(say("past_median_long"), median(product, say))]
    facts.append((say("past_lowest"), lowest(product, say)))
    if past.previous is not None and past.previous_at is not None and past.change is not None:
        name = "past_change_since" if past.change else "past_no_change_since"
        facts.append(
            (say("past_change"), say(name, change=change(product, say), on=day(past.previous_at, say)))
        )
    observed = say(
        "past_observed_words" if product.observations > 1 else "past_observed_once",
        n=product.observations,
        since=day(past.since, say),
        last=day(past.last_at, say),
        on=day(past.last_at, say),
        days=past.days,
    )
    return [*facts, (say("past_observed"), observed)]


def head_of(view: SearchPast, say: Labels) -> list[tuple[str, str]]:
    """Return the search and its results as labels and words."""
    facts = [(say("shop"), source_name(view.source, say))]
    if view.search is None:
        return facts
    sent, typed = clean(view.search.query), clean(view.query or "")
    facts.insert(0, (say("query"), typed if typed == sent else say("sent_as", query=typed, sent=sent)))
    name = "past_of_search" if view.search.runs > 1 else "past_of_search_once"
    runs = say(
        name,
        runs=view.search.runs,
        first=day(view.search.first_run, say),
        last=day(view.search.last_run, say),
    )
    facts.append((say("past_runs"), runs))
    facts.append((say("past_products"), _found(view, say)))
    if dropped := dropped_counts(view, say):
        facts.append((say("dropped"), dropped))
    if view.unjudged:
        facts.append((say("note"), say("past_unjudged", n=view.unjudged)))
    return facts


def dropped_counts(view: SearchPast, say: Labels) -> str:
    """Return the number of products that the report of the search dropped, by reason; '' for none."""
    counted = say("comma").join(
        say("count_of", n=number, what=say.reason(reason))
        for reason, number in view.dropped.items()
        if number
    )
    if not counted or view.dropped_products:
        return counted
    return say("past_dropped", dropped=counted)


def _found(view: SearchPast, say: Labels) -> str:
    if not view.found:
        return say("past_nothing")
    if not view.kept:
        return say("past_all_dropped", found=view.found)
    shown = len(view.products)
    return say("past_found_all" if shown == view.kept else "past_found", found=view.kept, shown=shown)


def overview_head(view: Overview, say: Labels) -> list[tuple[str, str]]:
    """Return the file and its size."""
    size = say(
        "past_size",
        size=binary_size(view.size.main),
        products=view.products,
        observations=sum(search.observations for search in view.searches),
    )
    if view.size.log:
        size += say("past_log", size=binary_size(view.size.log))
    return [(say("past_file"), clean(str(view.path))), (say("past_size_name"), size)]
