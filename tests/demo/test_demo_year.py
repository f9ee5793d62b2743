"""The demo's year equals the recorded searches of the demo shop, day by day."""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from crawler import Crawler, Settings
from crawler.cli.app import run_command
from crawler.demo import year as demo_year
from crawler.demo.catalogue import catalogue
from crawler.demo.price_moves import Phase, Story, phase_of, story_of
from crawler.demo.server import DemoShop
from crawler.demo.year import DAYS, LAST_DAY, QUERY, year
from crawler.events import SearchFinished
from crawler.history.reading import HistoryReader
from crawler.history.recording import record_and_annotate
from crawler.history.store import History
from crawler.history.view_models import search_view
from crawler.prices.observation import Observation
from crawler.query import simplified

SENT = simplified(QUERY)
NOON = dt.time(12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a history of the demo's year."""
    path = tmp_path_factory.mktemp("year") / "history.sqlite3"
    with History(path) as history:
        history.record_all(year())
    return path


async def crawl_days(days: list[dt.date], file: Path) -> None:
    """Search the demo shop over HTTP on each of the days, and record the observations."""
    today = [*days]
    async with (
        DemoShop(today=lambda: today[0]) as shop,
        Crawler(Settings(base_url=shop.base_url), now=lambda: dt.datetime.combine(today[0], NOON)) as crawler,
    ):
        while today:
            async for event in crawler.search(QUERY, price_check=0):
                if isinstance(event, SearchFinished):
                    record_and_annotate(event.result, file)
            del today[0]


def by_day(file: Path, source: str | None = None) -> tuple[dict[dt.date, list[Observation]], dict[str, str]]:
    """Return the observations of each day, by product number, and the reasons for drops."""
    with HistoryReader(file) as history:
        (search,) = history.searches()
        assert source in {None, search.source}
        assert search.query == SENT
        days: dict[dt.date, list[Observation]] = {}
        with closing(sqlite3.connect(file)) as connection:
            dropped = dict(
                connection.execute("SELECT product_id, dropped FROM found JOIN product ON id = found.product")
            )
        for past in history.series(search.source, list(dropped)).values():
            for seen in past:
                days.setdefault(seen.at.date(), []).append(seen)
    return {day: sorted(seen, key=lambda each: each.product_id) for day, seen in days.items()}, dropped


def test_its_days_are_what_a_crawl_records(file: Path, tmp_path: Path) -> None:
    """The same products, titles, sellers and figures, and the same judgement at the end."""
    days = [LAST_DAY - dt.timedelta(days=back) for back in (DAYS - 1, 200, 33, 0)]
    asyncio.run(crawl_days(days, tmp_path / "crawled.sqlite3"))
    crawled, crawled_dropped = by_day(tmp_path / "crawled.sqlite3")
    made_up, dropped = by_day(file, "demo")
    assert len(made_up) == DAYS
    assert crawled == {day: made_up[day] for day in days}
    assert crawled_dropped == dropped
    assert {"no", "accessory", "off_topic", "ebook"} == set(dropped.values())


def test_every_story_of_the_shop_is_in_it(file: Path) -> None:
    """Even tricks in progress at its end, which the history recognizes."""
    shelf = {listing.product_id: listing for listing in catalogue(SENT)[:180]}
    with HistoryReader(file) as history:
        past = search_view(history, "demo", QUERY, SENT, top=None)
    assert past is not None
    assert {story_of(product.last.product_id) for product in past.products} == set(Story)
    flagged = {
        product.last.product_id for product in past.products if product.history.raised_then_cut is not None
    }
    tricks = {number for number, listing in shelf.items() if phase_of(listing, LAST_DAY) is Phase.CUT}
    assert tricks
    assert tricks <= flagged
    best = past.products[0].history
    assert best.median is not None
    assert best.price is not None
    assert best.price < best.median


def test_it_is_recorded_once(file: Path) -> None:
    """A second time nothing is added; the runs are made anew."""
    with HistoryReader(file) as history:
        before = history.searches()
    with History(file) as history:
        assert history.record_all(islice(year(), 60)) == 0
    with HistoryReader(file) as history:
        assert history.searches() == before
    assert [(each.source, each.runs, each.observations) for each in before] == [("demo", DAYS, DAYS * 180)]


def test_a_run_that_fails_leaves_none_of_them(tmp_path: Path) -> None:
    """Several runs are one transaction."""
    runs = [*islice(year(), 31)]
    last, seen = runs[-1]
    bad = replace(seen[0], reviews=2**70)
    with History(tmp_path / "h.sqlite3") as history:
        with pytest.raises(OverflowError):
            history.record_all([*runs[:-1], (last, [bad, *seen[1:]])])
        with HistoryReader(tmp_path / "h.sqlite3") as reader:
            assert (reader.searches(), reader.products()) == ((), 0)
        assert history.record_all(runs) == 31 * 180


def test_the_command_records_it_and_says_what_to_type_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the named file; only once, however often it runs; and the command that it prints shows the year."""
    file = tmp_path / "a b.sqlite3"
    monkeypatch.setattr(demo_year, "DAYS", 40)
    monkeypatch.setenv("CRAWLER_REPORT_LANG", "en")
    assert run_command(["demo", "--history", "--history-file", str(file)]) == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "7,200 observations recorded" in said
    assert said.endswith(f"history {QUERY!r} --demo --history-file '{file}'\n")
    assert run_command(["demo", "--history", "--history-file", str(file)]) == 0
    assert "already recorded" in capsys.readouterr().out
    assert run_command(["history", QUERY, "--demo", "--history-file", str(file)]) == 0
    assert "40 runs, 2025-11-22 to 2025-12-31" in capsys.readouterr().out
    assert run_command(["history", QUERY, "--history-file", str(file)]) == 0
    assert "no history for" in capsys.readouterr().out


@pytest.mark.parametrize("made", ["nothing", "a file"])
@pytest.mark.parametrize("words", [[], [QUERY], ["--format", "json"], ["--source", "demo"]])
def test_an_empty_history_of_the_demo_names_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], made: str, words: list[str]
) -> None:
    file = tmp_path / "h.sqlite3"
    if made == "a file":
        History(file).close()
    which = [] if "--source" in words else ["--demo"]
    assert run_command(["history", *words, *which, "--history-file", str(file)]) == 0
    said = capsys.readouterr()
    assert "demo --history records a made-up year" in said.err if "json" in words else said.out
    assert file.exists() == (made == "a file")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--history", "--port", "8080"], "--port"),
        (["--history", "--latency", "1"], "--latency"),
        (["--history", "--day", "2025-01-01"], "--day"),
        (["--history-file", "h.sqlite3"], "--history-file requires --history"),
        (["--config", "c.toml"], "--config requires --history"),
    ],
)
def test_what_does_not_go_together_is_one_line(
    capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    assert run_command(["demo", *words]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1
