"""A year of daily searches of a shop whose prices move: what is told of them, against the rows of the file alone.

The shop is the demo shop over real HTTP on a simulated clock, the history a real file. Nothing here is computed by
`crawler.prices`: every figure is found again from the raw rows, in whole hundredths of a yuan and microseconds.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple, TypeVar

import pytest

from crawler import Crawler, Settings
from crawler.books import KEEPABLE
from crawler.demo.catalogue import catalogue
from crawler.demo.price_moves import Phase, Story, phase_of, story_of
from crawler.demo.server import DemoShop
from crawler.events import SearchFinished
from crawler.history.reading import HistoryReader
from crawler.history.recording import record_and_annotate
from crawler.history.view_models import search_view
from crawler.prices.price_history import PriceHistory

DAYS = 365
START = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
DAILY, WEEKLY = "软体教程", "渗透测试"
"""The first has 25 products, which are looked at every day; of the second two pages are looked at once a week."""

HOURS = (
    dt.timedelta(hours=8),
    dt.timedelta(hours=23, minutes=59, seconds=59, milliseconds=990),  # its pages come on two days
    dt.timedelta(hours=2),
    dt.timedelta(hours=14, minutes=30),
    dt.timedelta(hours=19),
)
"""When a run begins, day after day."""

TWICE = 16
"""Every so many days there is a second run, at another hour."""

SHOP_ZONE = dt.timezone(dt.timedelta(hours=8))
"""Where the shop's day begins: at 16:00 UTC."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

T = TypeVar("T")

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
DAY = 86_400_000_000
"""Microseconds."""


def cents(yuan: Decimal) -> int:
    return int(yuan * 100)


def microseconds(at: dt.datetime) -> int:
    return (at - EPOCH) // dt.timedelta(microseconds=1)


def maybe(convert: Callable[[T], int], value: T | None) -> int | None:
    return None if value is None else convert(value)


class Clock:
    """A clock that is set by hand, and advances by 7 ms whenever it is read."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> dt.datetime:
        self.moment += dt.timedelta(milliseconds=7)
        return self.moment

    def shop_day(self) -> dt.date:
        return self.moment.astimezone(SHOP_ZONE).date()


class Row(NamedTuple):
    """An observation as stored in the file."""

    at: int
    """Unix time, microseconds."""
    price: int | None
    """Hundredths of a yuan, as is the next."""
    list_price: int | None
    sold_out: int

    @property
    def buyable(self) -> int | None:
        return None if self.sold_out else self.price


@dataclass
class Year:
    """The reports of the runs, and the rows in the file."""

    path: Path
    source: str = ""
    told: list[tuple[str, PriceHistory]] = field(default_factory=list)
    """A product number and its past, for every book of every run that knew one; in the order of the runs."""
    runs: int = 0
    rows: dict[str, list[Row]] = field(default_factory=dict)
    """By product number, in order of time."""

    def until(self, product_id: str, moment: dt.datetime) -> list[Row]:
        """Return the rows of a product up to a time, which is that of the last of them."""
        at = microseconds(moment)
        rows = self.rows[product_id]
        number = bisect_right(rows, at, key=lambda row: row.at)
        assert rows[number - 1].at == at
        return rows[:number]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    """Search every day of a year; record each run and keep its report's statements about the past."""
    year = Year(tmp_path_factory.mktemp("year") / "history.sqlite3")
    asyncio.run(live(year))
    with sqlite3.connect(year.path) as connection:
        found = connection.execute(
            "SELECT product_id, started_at + after * 1000, price, list_price, sold_out FROM observation"
            " JOIN product ON product.id = observation.product JOIN run ON run.id = observation.run ORDER BY 2"
        )
        for product_id, *row in found:
            year.rows.setdefault(product_id, []).append(Row(*row))
    connection.close()
    return year


async def live(year: Year) -> None:
    clock = Clock()
    with ThreadPoolExecutor(2) as pool:
        async with (
            DemoShop(today=clock.shop_day) as shop,
            Crawler(Settings(base_url=shop.base_url), executor=pool, now=clock) as crawler,
        ):
            year.source = shop.base_url

            async def run(query: str, pages: int, moment: dt.datetime) -> None:
                clock.moment = moment
                async for event in crawler.search(query, pages=pages, price_check=0, keep=KEEPABLE):
                    if isinstance(event, SearchFinished):
                        result = record_and_annotate(event.result, year.path)
                assert result.complete
                assert result.recorded
                year.runs += 1
                for book in result.books:
                    if book.history is not None:
                        year.told.append((book.listing.product_id, book.history))

            for moment, query, pages in timetable():
                await run(query, pages, moment)


def timetable() -> list[tuple[dt.datetime, str, int]]:
    """Return the schedule in order of time: what to search, and how many pages."""
    runs = []
    for number in range(DAYS):
        midnight = START + dt.timedelta(days=number)
        runs.append((midnight + HOURS[number % len(HOURS)], DAILY, 1))
        if number % TWICE == 0:
            runs.append((midnight + dt.timedelta(hours=21), DAILY, 1))
        if number % 7 == 0:
            runs.append((midnight + dt.timedelta(hours=22), WEEKLY, 2))
    return sorted(runs)


class Raise(NamedTuple):
    """A raise that produced a discount, in the same units."""

    kind: str
    before: int
    raised_to: int
    raised_at: int
    now: int
    usual_price: int


class Figures(NamedTuple):
    """The expected figures; amounts in hundredths of a yuan, times in microseconds."""

    since: int
    last_at: int
    days: int
    price: int | None
    lowest: int | None
    lowest_at: int | None
    median: int | None
    previous: int | None
    previous_at: int | None
    change: int | None
    lowest_in_days: int | None
    raised: Raise | None


def told(past: PriceHistory) -> Figures:
    """Convert the report's figures to the units of the file."""
    flag = past.raised_then_cut
    return Figures(
        since=microseconds(past.since),
        last_at=microseconds(past.last_at),
        days=past.days,
        price=maybe(cents, past.price),
        lowest=maybe(cents, past.lowest),
        lowest_at=maybe(microseconds, past.lowest_at),
        median=maybe(cents, past.median),
        previous=maybe(cents, past.previous),
        previous_at=maybe(microseconds, past.previous_at),
        change=maybe(cents, past.change),
        lowest_in_days=past.lowest_in_days,
        raised=None
        if flag is None
        else Raise(
            flag.kind.value,
            cents(flag.before),
            cents(flag.raised_to),
            microseconds(flag.raised_at),
            cents(flag.now),
            cents(flag.usual_price),
        ),
    )


def found_again(rows: list[Row]) -> Figures:
    """Compute the same figures from the rows, one by one."""
    last = rows[-1]
    now = last.buyable
    lowest = lowest_at = previous = previous_at = None
    by_day: dict[int, int] = {}
    for row in rows:
        price = row.buyable
        if price is None:
            continue
        by_day[row.at // DAY] = price
        if lowest is None or price <= lowest:
            lowest, lowest_at = price, row.at
        if row.at < last.at:
            previous, previous_at = price, row.at
    recent = {}
    for row in rows:
        if row.buyable is not None and last.at // DAY - row.at // DAY < 90:
            recent[row.at // DAY] = row.buyable
    return Figures(
        since=rows[0].at,
        last_at=last.at,
        days=len(by_day),
        price=now,
        lowest=lowest,
        lowest_at=lowest_at,
        median=round(median(recent.values())) if recent else None,
        previous=previous,
        previous_at=previous_at,
        change=None if now is None or previous is None else now - previous,
        lowest_in_days=lowest_in_days(rows),
        raised=raised(rows),
    )


def lowest_in_days(rows: list[Row]) -> int | None:
    """Go back from now to where it was cheaper, or to its first price, and check if it was more expensive in between.

    Go no further than a gap of two weeks, or four times the usual interval, without an observation.
    """
    now = rows[-1].buyable
    if now is None:
        return None
    days = sorted({row.at // DAY for row in rows})
    steps = sorted(later - earlier for earlier, later in pairwise(days))
    longest = max(14, 4 * steps[(len(steps) - 1) // 2]) * DAY if steps else 14 * DAY
    dearer, since, after = False, rows[-1].at, rows[-1].at
    for row in reversed(rows):
        if after - row.at > longest:
            break
        after = row.at
        if row.buyable is None:
            continue
        since = row.at
        if row.buyable < now:
            break
        dearer = dearer or row.buyable > now
    return rows[-1].at // DAY - since // DAY if dearer else None


def raised(rows: list[Row]) -> Raise | None:  # noqa: C901 – written down in one piece, unlike what it tests
    """Find a raise within 30 days, compared with the usual price in the 90 days before these."""
    last = rows[-1]
    now = last.buyable
    day_prices: dict[int, tuple[int, int]] = {}  # when, and what: the last of each day
    day_list_prices: dict[int, tuple[int, int]] = {}
    peak, peak_at = 0, 0
    for row in rows:
        if row.buyable is not None:
            day_prices[row.at // DAY] = (row.at, row.buyable)
            if last.at // DAY - row.at // DAY < 30 and row.buyable > peak:
                peak, peak_at = row.buyable, row.at
        if row.list_price is not None:
            day_list_prices[row.at // DAY] = (row.at, row.list_price)
    before = [price for at, price in day_prices.values() if 30 <= last.at // DAY - at // DAY < 120]
    if now is None or len(before) < 5:
        return None
    usual = round(median(before))
    if now * 100 < usual * 95:
        return None
    most = sorted(before)[-(len(before) // 5) - 1]
    if peak * 100 >= most * 110 and now * 100 <= peak * 95:
        return Raise("price", usual, peak, peak_at, now, usual)
    before = [price for at, price in day_list_prices.values() if 30 <= last.at // DAY - at // DAY < 120]
    if len(before) < 5 or last.list_price is None or last.list_price <= now:
        return None
    usual_list = round(median(before))
    if last.list_price * 100 < usual_list * 105 or before[-1] * 100 >= usual_list * 105:
        return None
    if now * 100 > usual * 105 or now * usual_list * 105 > usual * last.list_price * 100:
        return None
    first = next(
        row.at for row in rows if last.at // DAY - row.at // DAY < 30 and row.list_price == last.list_price
    )
    return Raise("list_price", usual_list, last.list_price, first, now, usual)


def test_every_figure_of_every_report_is_found_again(year: Year) -> None:
    """Every statement of a year's reports about a book's past follows from the rows up to that day."""
    wrong = [
        (product_id, said, again)
        for product_id, past in year.told
        if (said := told(past)) != (again := found_again(year.until(product_id, past.last_at)))
    ]
    assert wrong == []
    reports = Counter(product_id for product_id, _ in year.told)
    assert reports.keys() == year.rows.keys()
    assert sum(number >= DAYS for number in reports.values()) == 25


def test_every_product_on_record_is_shown_with_its_past(year: Year) -> None:
    """At the end, the history's own view includes each product, even those that no report ranks."""
    with HistoryReader(year.path) as history:
        views = [search_view(history, year.source, query, query, top=None) for query in (DAILY, WEEKLY)]
    products = [product for view in views if view is not None for product in view.products]
    assert {product.last.product_id for product in products} == year.rows.keys()
    assert len(products) == len(year.rows)
    for product in products:
        rows = year.rows[product.last.product_id]
        assert told(product.history) == found_again(rows)
        assert product.observations == len(rows)
        assert sum(period.observations for period in product.periods) == len(rows)
    assert year.runs == len(timetable())


class Judged(NamedTuple):
    """A report's statement about a product, and the shop's story on that day."""

    product_id: str
    story: Story
    phase: Phase
    enough: bool
    """Whether there are five days with a price in the 90 days before the last 30: with fewer nothing is said."""
    flag: str | None

    @property
    def is_right(self) -> bool:
        return self.flag is not None and self.story == f"raised_{self.flag}"


@pytest.fixture(scope="module")
def judged(year: Year) -> list[Judged]:
    """Return every report of the year with the story that the shop planted."""
    shelf = {book.product_id: book for query in (DAILY, WEEKLY) for book in catalogue(query)[:120]}
    judged = []
    for product_id, past in year.told:
        at = microseconds(past.last_at)
        days = {row.at // DAY: at - row.at for row in year.until(product_id, past.last_at) if row.buyable}
        enough = sum(30 * DAY <= age < 120 * DAY for age in days.values()) >= 5
        phase = phase_of(shelf[product_id], past.last_at.astimezone(SHOP_ZONE).date())
        flag = None if past.raised_then_cut is None else past.raised_then_cut.kind.value
        judged.append(Judged(product_id, story_of(product_id), phase, enough, flag))
    return judged


def test_no_honest_price_is_called_a_trick(judged: list[Judged]) -> None:
    """On no day is a product flagged whose story is honest, nor one with a trick on its honest days."""
    flagged = [each for each in judged if each.flag is not None]
    assert [each for each in flagged if not each.is_right] == []
    assert {each.phase for each in flagged} <= {Phase.CUT, Phase.AFTER}
    honest = {each.story for each in judged if each.flag is None and each.phase is not Phase.CUT}
    assert honest == set(Story)


def test_no_trick_is_missed(judged: list[Judged]) -> None:
    """Every discount produced by a raise is flagged correctly, from its first day to its last."""
    tricks = [each for each in judged if each.phase is Phase.CUT and each.enough]
    assert [each for each in tricks if not each.is_right] == []
    products = {story: len({each.product_id for each in tricks if each.story is story}) for story in Story}
    assert {story: number for story, number in products.items() if number} == {
        Story.RAISED_PRICE: 16,
        Story.RAISED_LIST_PRICE: 9,
    }
