"""Measure parts of the work: parsing a page, a fetch, a replay, the event loop, and the start of the program."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.arithmetic import Spread, in_turns, ratios
from benchmarks.jobs import LONG_QUERY, full_queries
from benchmarks.measured_runs import CONTENDERS, ROOT, Bench
from benchmarks.results import Row, Section, figure, spread_cells, table

PARSED_PAGES = 100
FETCHES = 2_000


def parse(bench: Bench) -> Section:
    """Measure the CPU time of parsing one page."""
    folder = bench.folder / "parsed"
    folder.mkdir(exist_ok=True)
    for page in range(1, PARSED_PAGES + 1):
        (folder / f"{page:03}.html").write_bytes(bench.shop.body(LONG_QUERY, page))
    names = {"ours": "ours", "lxml": "lxml", "parsel": "parsel", "bs4": "BeautifulSoup (lxml)",
             "floor": "floor: decode and Lexbor"}  # fmt: skip

    def command(name: str) -> list[str]:
        python = sys.executable if name in {"ours", "floor"} else bench.peers
        return [python, str(CONTENDERS / "parse_pages.py"), name, str(folder), "4", "once"]

    results = in_turns({name: partial(bench.output_of, command(name)) for name in names}, bench.rounds)
    figures = {name: [run["ms"] for run in runs] for name, runs in results.items()}
    items = sum(map(len, bench.shop.expected([(LONG_QUERY, PARSED_PAGES)])))
    found = {name: min(run["items"] for run in runs) for name, runs in results.items()}
    found["floor"] = items  # it reads no items

    def row(against: str, one: str, other: str, bound: float, *, at_least: bool = True) -> Row:
        void = "" if found[one] == found[other] == items else "items are missing"
        measured = ratios(figures[one], figures[other])
        return Row("parse one page, full record", against, measured, bound, at_least, void=void)

    lines = [
        (
            names[name],
            *spread_cells(figures[name]),
            figure(ratios(figures[name], figures["ours"]).median),
            "–" if name == "floor" else f"{found[name]:,} of {items:,} items",
        )
        for name in names
    ]
    return Section(
        "Parsing a page",
        f"CPU time of one process for {PARSED_PAGES} pages of a search, each parsed once: after the first fifth, which "
        "warms up, the mean of each fifth, and of these the median. The records of the others have 18 fields as the "
        "page writes them; ours has 27, and interprets them (volumes, names and roles, flags).",
        [
            row("lxml ÷ ours", "lxml", "ours", 3),
            row("parsel ÷ ours", "parsel", "ours", 5),
            row("BeautifulSoup ÷ ours", "bs4", "ours", 25),
            row("ours ÷ decode + Lexbor", "ours", "floor", 1.6, at_least=False),
        ],
        [table(("Parser", "CPU ms ", "Spread ", "÷ ours ", "Proof"), lines)],
    )


def fetch(bench: Bench) -> Section:
    """Measure the CPU time of a fetch."""
    script, port = str(ROOT / "benchmarks" / "fetch.py"), str(urlsplit(bench.server.fast).port)
    ours = {"raw aiohttp": "aiohttp", "ours": "downloader", "ours, with WARC": "warc"}
    commands = {
        name: [sys.executable, script, "--one", way, port, "--fetches", str(FETCHES)]
        for name, way in ours.items()
    }
    commands["Scrapy, tuned, without WARC"] = [
        bench.peers, str(CONTENDERS / "scrapy_fetch.py"), bench.server.fast, str(FETCHES), "10",
    ]  # fmt: skip
    results = in_turns(
        {name: partial(bench.output_of, command) for name, command in commands.items()}, bench.rounds
    )
    figures = {name: [1e6 * run["cpu"] / FETCHES for run in runs] for name, runs in results.items()}
    fetched = {name: min(run["fetched"] for run in runs) for name, runs in results.items()}

    def row(work: str, against: str, one: str, other: str, bound: float, *, at_least: bool) -> Row:
        void = "" if fetched[one] == fetched[other] == FETCHES else "fetches are missing"
        return Row(work, against, ratios(figures[one], figures[other]), bound, at_least, void=void)

    work = "a fetch of 10 KB, CPU"
    raw, own, warc, scrapy = commands
    lines = [
        (name, *spread_cells(figures[name]), figure(ratios(figures[name], figures[raw]).median),
         f"{fetched[name]:,} of {FETCHES:,} fetches")
        for name in commands
    ]  # fmt: skip
    return Section(
        "A fetch",
        f"CPU time of the client process for {FETCHES:,} fetches of 10 KB over 10 connections. Ours obeys "
        "robots.txt, as in a search. With WARC the time includes the journal and the compressed archive that is "
        "made of it.",
        [
            row(work, "ours ÷ raw aiohttp", own, raw, 1.6, at_least=False),
            row(work, "ours with WARC ÷ raw aiohttp", warc, raw, 2.3, at_least=False),
            row("the same with WARC", "Scrapy without ÷ ours", scrapy, warc, 7, at_least=True),
        ],
        [table(("Client", "CPU µs ", "Spread ", "÷ raw ", "Proof"), lines)],
    )


def make_archive(bench: Bench, pages: int) -> Path:
    """Archive a search of `pages` pages with the command, and return the file."""
    archive = bench.folder / f"{pages}-pages.warc.gz"
    if not archive.exists():
        command = [
            sys.executable, "-m", "crawler", LONG_QUERY, "--pages", str(pages), "--base-url", bench.server.fast,
            "--price-check", "0", "--archive", str(archive), "--format", "json",
        ]  # fmt: skip
        bench.run(command)
    return archive


def replay_command(mode: str, times: int, archive: Path) -> list[str]:
    """Return the command that replays an archive `times` times."""
    return [sys.executable, str(ROOT / "benchmarks" / "replay_once.py"), mode, "2", str(times), str(archive)]


def replay(bench: Bench) -> Section:
    """Measure the gain of a pool of two over inline parsing, without any network."""
    archive = make_archive(bench, 100)
    results = in_turns(
        {mode: partial(bench.output_of, replay_command(mode, 20, archive)) for mode in ("pool", "inline")},
        bench.rounds,
    )
    figures = {mode: [run["seconds"] for run in runs] for mode, runs in results.items()}
    found = {mode: min((run["pages"], run["items"]) for run in runs) for mode, runs in results.items()}
    items = 20 * sum(map(len, bench.shop.expected([(LONG_QUERY, 100)])))
    void = "" if set(found.values()) == {(2_000, items)} else "pages or items are missing"
    lines = [
        (
            mode,
            *spread_cells(figures[mode]),
            f"{found[mode][0]:,} of 2,000 pages, {found[mode][1]:,} of {items:,} items",
        )
        for mode in figures
    ]
    return Section(
        "Replaying 2,000 archived pages",
        "An archive of 100 pages, read once and replayed 20 times, two replays at a time; the seconds of the "
        "replays alone.",
        [
            Row("2,000 archived pages replayed, two workers", "pool ÷ inline",
                ratios(figures["pool"], figures["inline"]), 0.70, at_least=False, void=void)
        ],
        [table(("Parsing", "Seconds ", "Spread ", "Proof"), lines)],
    )  # fmt: skip


def loop(bench: Bench) -> Section:
    """Measure the largest lag of the event loop."""
    queries = full_queries(bench, 50)
    command = [sys.executable, str(ROOT / "benchmarks" / "loop_lag.py"), bench.server.fast, "20", *queries]
    runs = in_turns({"lag": partial(bench.output_of, command)}, bench.rounds)["lag"]
    items = sum(map(len, bench.shop.expected([(query, 20) for query in queries])))
    found = min(run["items"] for run in runs)
    void = "" if found == items else "items are missing"
    lags, own = [run["lag"] for run in runs], [run["cpu"] for run in runs]
    lines = [("largest lag", *spread_cells(lags)), ("most CPU between two wake-ups", *spread_cells(own))]
    return Section(
        "The event loop",
        "50 searches of 20 pages on one `Crawler`, without latency, beside a task that wakes every 5 ms. The second "
        "line is what the loop's own thread computed in one go: other processes on the machine do not add to it. "
        f"{found:,} of {items:,} items came.",
        [Row("event loop, 50 searches of 20 pages", "largest lag", Spread.of(lags), 50, at_least=False, unit=" ms",
             void=void)],
        [table(("", "ms ", "Spread "), lines)],
    )  # fmt: skip


def startup(bench: Bench) -> Section:
    """Measure how long `--help` takes."""
    commands = {
        "help": [sys.executable, "-m", "crawler", "--help"],
        "bare": [sys.executable, "-c", "pass"],
    }
    rounds = 3 * bench.rounds  # each is short
    results = in_turns({name: partial(bench.run, command) for name, command in commands.items()}, rounds)
    figures = {name: [1000 * cost.seconds for cost in costs] for name, costs in results.items()}
    more = Spread.of([one - other for one, other in zip(figures["help"], figures["bare"], strict=True)])
    lines = [
        ("`--help`", *spread_cells(figures["help"])),
        ("`python -c pass`", *spread_cells(figures["bare"])),
    ]
    return Section(
        "The start",
        f"Whole processes, {rounds} rounds.",
        [Row("`--help`, whole process", "more than `python -c pass`", more, 40, at_least=False, unit=" ms")],
        [table(("Command", "ms ", "Spread "), lines)],
    )
