"""Runs that fail in every way, reported in Chinese: only names, units and texts of servers or libraries are English."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import pytest
from openpyxl import load_workbook
from selectolax.lexbor import LexborHTMLParser

from crawler import Crawler, SearchFinished, SearchResult, Settings, Verdict
from crawler.cli.progress import ProgressReporter
from crawler.cli.summary import summary
from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop
from crawler.engine_events import PaceChanged, RobotsNoted, WorkerEvent
from crawler.events import Event, PageFinished
from crawler.labels import LANGUAGES, Labels
from crawler.phrases import Phrase
from crawler.report import render
from crawler.report.search.head import head_of
from crawler.report.search.outcomes import outcome
from crawler.results import PriceCheck
from parsers.model import Listing
from tests.test_verdict import SINGLE_PAGES

CHINESE = ("zh-Hant", "zh-Hans")

KINDS = tuple(
    kind for kind in FaultKind if kind not in {FaultKind.LATENCY, FaultKind.UTF8, FaultKind.SCRIPT_ONLY}
)
"""Every fault; one more blocked page would make five in a row, which end a search."""

ALLOWED = frozenset(
    """
    DEMO PARTIAL REPLICA FAILED CP Dangdang Tab auto
    HTTP HTML JavaScript KB MiB UTC TLS IP ID href https http html txt robots Errno
    """.split()  # noqa: SIM905 – a table of words
)
"""Names of the program's alarms and of the shop; formats, protocols and units."""

SAID_BY_OTHERS = re.compile(
    r"503 Service Unavailable|405 Method Not Allowed|200 OK|Reason|its sign|https?://\S+|--[a-z-]+"
    r"|Connection reset by peer|Connect call failed|Connection refused|Name or service not known"
    r"|Temporary failure in name resolution|No address associated with hostname"
)
"""Texts of a server or the system, addresses, and options that a reader may type."""

WORD = re.compile(r"[A-Za-z_]{2,}")


def foreign(text: str, known: Collection[str] = ()) -> set[str]:
    """Return the English words of a text that are neither allowed nor `known`."""
    return set(WORD.findall(SAID_BY_OTHERS.sub("", text))) - ALLOWED - set(known)


def of_the_shop(result: SearchResult) -> set[str]:
    """Return the words in which the shop describes its goods."""
    listings: list[Listing] = [offer for book in result.books for offer in book.offers]
    listings += [listing for _, listing in result.dropped]
    return {word for listing in listings for word in WORD.findall(repr(listing))}


def texts_of(report: str | bytes, form: str) -> str:
    """Return the visible text of a report."""
    if isinstance(report, bytes):
        book = load_workbook(io.BytesIO(report))
        cells = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]
        return "\n".join(map(str, filter(None, cells)))
    if form == "html":
        page = LexborHTMLParser(report)
        page.strip_tags(["script", "style"])
        return page.body.text(separator="\n") if page.body else ""
    return re.sub(r"<!--.*-->", "", report).replace("\\", "")  # a comment marks old reports


async def partial_run(**options: Any) -> tuple[SearchResult, list[Event]]:
    """Search a shop where every page but three has a fault of its own."""
    faults = [Fault(kind, pages={number}, delay=1.0) for number, kind in enumerate(KINDS, start=2)]
    last = len(KINDS) + 2
    faults.append(Fault(FaultKind.STATUS, status=503, retry_after=3600, pages={last}))
    wanted = {
        "pages": last, "request_timeout": 3.0, "page_timeout": 8.0, "attempts": 2, "parse_timeout": 3.0,
        "max_body_bytes": 2**21, "price_check": 2,
    } | options  # fmt: skip
    async with (
        DemoShop(faults=faults) as shop,
        Crawler(Settings(base_url=shop.base_url, **wanted)) as crawler,
    ):
        events = [event async for event in crawler.search("滲透測試", sort="sales", min_price=1)]
    assert isinstance(events[-1], SearchFinished)
    return events[-1].result, events


@pytest.fixture(scope="module")
def run() -> tuple[SearchResult, list[Event]]:
    """Return a run with every fault, created once."""
    return asyncio.run(partial_run())


def test_the_run_has_failed_in_many_ways(run: tuple[SearchResult, list[Event]]) -> None:
    """The run of the following tests does not have just one kind of failure."""
    result, _ = run
    assert result.had_a_page
    assert len({page.verdict for page in result.failed}) >= 8
    assert len({page.detail for page in result.failed}) >= 14


@pytest.mark.parametrize("form", ["table", "md", "html", "xlsx"])
@pytest.mark.parametrize("lang", CHINESE)
def test_a_partial_report_is_in_one_language(
    run: tuple[SearchResult, list[Event]], lang: str, form: str
) -> None:
    """Details, notes, facts and remarks of a run with every fault are in the reader's language."""
    result, _ = run
    shown = texts_of(render(result, form, lang=lang, show_dropped=True, width=400), form)
    assert foreign(shown, of_the_shop(result)) == set()


@pytest.mark.parametrize("lang", CHINESE)
async def test_progress_is_in_one_language(
    run: tuple[SearchResult, list[Event]], lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """So is every line of a search, with --verbose and without."""
    result, events = run
    more: list[Event] = [
        PaceChanged("x", 3, Phrase("limits_rate")),
        PaceChanged("x", 3, Phrase("nothing_served", seconds=10.0), 0.0),
        RobotsNoted("x", Phrase("robots_delay_cut")),
        *(WorkerEvent(what, 7, Phrase("process_died")) for what in ("started", "lost", "killed", "stopped")),
        WorkerEvent("lost", None, ""),
        PageFinished(2, Verdict.PAST_END, Phrase("states_pages", pages=1), 0, None, 0, revised=True),
    ]
    for verbose in (True, False):
        reporter = ProgressReporter(bar=False, verbose=verbose, words=Labels(lang))
        for event in [*events[:-1], *more, events[-1]]:
            await reporter.handle(event)
    lines = capsys.readouterr().err
    assert lines.count("\n") > 2 * len(result.failed)
    names = {verdict.value for verdict in Verdict} | {"spawn", "forkserver", "fork"}
    assert foreign(lines, names) == set()


def test_in_english_the_report_is_as_the_json_has_it(run: tuple[SearchResult, list[Event]]) -> None:
    """JSON keeps the English details as plain text; the English report shows the same."""
    result, _ = run
    values = result.as_dict()
    details = {page["page"]: page["detail"] for page in values["pages"]["failed"]}
    assert {type(detail) for detail in details.values()} == {str}
    assert not any(
        "\u4e00" <= char <= "\u9fff"
        for detail in details.values()
        for char in re.sub("«.*?»|title .*", "", detail)
    )
    shown = texts_of(render(result, "html", lang="en"), "html")
    assert all(detail in shown for detail in details.values())


def judged() -> Iterator[tuple[Verdict, str]]:
    """Yield the judgement of each case in the verdicts' table."""
    from crawler.search.judging import judge_search

    for exchange, parsed, *_ in SINGLE_PAGES:
        judgement = judge_search(exchange, parsed, query="渗透测试", number=5)
        yield judgement.verdict, judgement.detail
        yield from ((judgement.verdict, note) for note in judgement.notes)


@pytest.mark.parametrize("lang", CHINESE)
def test_every_case_of_the_verdicts_has_words(lang: str) -> None:
    """Every reason for a verdict has words, except texts of the shop or of a library."""
    # The table uses these plain texts in place of messages of a download or a parser.
    given = {"silent", "for", "larger", "denied", "private", "rest", "died", "slow"}
    for verdict, detail in judged():
        shown = outcome(verdict, detail, Labels(lang))
        assert foreign(shown, given) == set(), shown


@pytest.mark.parametrize("lang", CHINESE)
@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "http://127.0.0.1:9"},  # nothing listens there
        {"base_url": "http://127.0.0.1:9", "proxy": "http://127.0.0.1:9"},
        {"base_url": "http://nowhere.invalid"},
        {"base_url": "https://127.0.0.1:9"},
    ],
    ids=["closed port", "proxy", "no such host", "tls"],
)
async def test_a_shop_that_cannot_be_reached(lang: str, options: dict[str, Any]) -> None:
    """The only line is in the reader's language; it contains the system's own words."""
    settings = Settings(pages=1, price_check=0, attempts=1, **options)
    async with Crawler(settings) as crawler:
        events = [event async for event in crawler.search("書")]
    assert isinstance(events[-1], SearchFinished)
    word = summary(events[-1].result, Labels(lang)) or ""
    assert foreign(word, {"nowhere", "invalid"}) == set()
    assert word != summary(events[-1].result, Labels("en"))


STOPPED = (
    Phrase("interrupted"),
    Phrase("deadline", seconds=30.0),
    Phrase("blocked_in_a_row", n=5, minutes=15, at="08:00 UTC"),
    Phrase("blocked_in_a_row_with", n=5, detail=Phrase("sign_to_login"), minutes=15, at="08:00 UTC"),
    Phrase("run_was_killed"),
)  # fmt: skip


@pytest.mark.parametrize("reason", STOPPED, ids=str)
@pytest.mark.parametrize("lang", CHINESE)
def test_why_a_search_was_stopped(run: tuple[SearchResult, list[Event]], lang: str, reason: str) -> None:
    """Head, alarms and last line say it in the reader's language, with remaining pages and without."""
    result, _ = run
    say = Labels(lang)
    left = replace(result.failed[0], verdict=Verdict.NOT_ASKED, detail=reason)
    for pages in ((*result.pages[:1], left), result.pages[:1], (left,)):
        stopped = replace(result, stopped=reason, pages=pages, price_pages=())
        head = head_of(stopped, say)
        words = [text for fact in head.facts for text in fact]
        words += [text for alarm in head.alarms for pair in alarm.details for text in (alarm.text, *pair)]
        words.append(summary(stopped, say) or "")
        assert foreign(" ".join(words), of_the_shop(result)) == set()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_reason_of_the_price_check_has_words(run: tuple[SearchResult, list[Event]], lang: str) -> None:
    """Each language says why a price is not proven."""
    result, _ = run
    for reason in ("failed", "unreadable", "disorder", "not_passed", "stopped", "no_book"):
        check = PriceCheck(result.pages, in_order=False, proven=False, up_to=None, total=None, reason=reason)
        facts = dict(head_of(replace(result, price_check=check), Labels(lang)).facts)
        assert Labels(lang)("price_check") in facts
