"""Measure the cost by amount of work: pages, queries, replayed pages, and ranked books, with a chart of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks.arithmetic import Spread, in_turns
from benchmarks.jobs import CLASSIC, CONNECTIONS, GEVENT, LONG_QUERY, OURS, POOL, TUNED, full_queries
from benchmarks.line_chart import line_chart
from benchmarks.measured_runs import Bench, Work
from benchmarks.parts import make_archive, replay_command
from benchmarks.ranking import measure
from benchmarks.results import Section, figure, table

PAGES = (1, 5, 20, 50, 100)
QUERIES = (1, 3, 10, 30, 100)
REPLAYED = (20, 200, 2_000, 20_000)
BOOKS = (60, 1_000, 10_000, 100_000, 1_000_000)
CHARTS = "charts"


def _part(
    output: Path, file: str, title: str, x_label: str, series: Mapping[str, list[tuple[int, Spread]]]
) -> str:
    """Draw a chart; return a link to it and its figures as Markdown."""
    (output / CHARTS).mkdir(exist_ok=True)
    (output / CHARTS / file).write_text(line_chart(title, x_label, "seconds", series), encoding="utf-8")
    sizes = [size for size, _ in next(iter(series.values()))]
    rows = [
        (
            name,
            *(f"{figure(spread.median)} ({1000 * spread.median / size:,.3g})" for size, spread in points),
        )
        for name, points in series.items()
    ]
    header = (x_label, *(f"{size:,} " for size in sizes))
    return (
        f"### {title}\n\n![{title}]({CHARTS}/{file})\n\nSeconds (milliseconds each).\n\n{table(header, rows)}"
    )


def pages(bench: Bench, output: Path, rounds: int) -> str:
    """Measure searches with a growing number of pages."""
    contenders = (OURS, TUNED, GEVENT, CLASSIC)
    tasks = {}
    for contender in contenders:
        for count in PAGES:
            work = Work("scale", bench.server.slow, contender.connections, ((LONG_QUERY, count),))
            tasks[f"{contender.name} {count}"] = partial(contender.run, bench, work)
    results = in_turns(tasks, rounds)
    series: dict[str, list[tuple[int, Spread]]] = {}
    for contender in contenders:
        series[contender.name] = []
        for count in PAGES:
            runs = results[f"{contender.name} {count}"]
            assert all(proof.complete for _, proof in runs), (contender.name, count)
            series[contender.name].append((count, Spread.of([cost.seconds for cost, _ in runs])))
    return _part(output, "pages.svg", "A search of 1 to 100 pages, 200 ms latency", "pages", series)


def _points(sizes: tuple[int, ...], measured: Callable[[int], list[float]]) -> list[tuple[int, Spread]]:
    return [(size, Spread.of(measured(size))) for size in sizes]


def queries(bench: Bench, output: Path) -> str:
    """Measure growing numbers of searches of twenty pages on one engine."""
    names = full_queries(bench, QUERIES[-1])

    def seconds(count: int) -> list[float]:
        searches = tuple((query, 20) for query in names[:count])
        cost, proof = POOL.run(bench, Work("queries", bench.server.fast, CONNECTIONS, searches))
        assert proof.complete, proof
        return [cost.seconds]

    series = {POOL.name: _points(QUERIES, seconds)}
    return _part(output, "queries.svg", "1 to 100 searches of 20 pages on one engine", "searches", series)


def replayed(bench: Bench, output: Path) -> str:
    """Measure replays of growing numbers of pages."""

    def seconds(mode: str, count: int) -> list[float]:
        archive = make_archive(bench, min(100, count))
        times = max(1, count // 100)
        run = bench.output_of(replay_command(mode, times, archive))
        assert run["pages"] == count, run
        return [run["seconds"]]

    series = {"ours: pool of two": _points(REPLAYED, partial(seconds, "pool"))}
    series["ours: inline"] = _points(REPLAYED[:-1], partial(seconds, "inline"))
    return _part(output, "replayed.svg", "20 to 20,000 archived pages replayed", "pages", series)


def books(output: Path) -> str:
    """Measure the ranking of growing numbers of books."""
    series = {"ours: cheapest": _points(BOOKS, lambda count: [measure("cheapest", count)["seconds"]])}
    return _part(output, "books.svg", "60 to 1,000,000 books ranked", "books", series)


def scale(bench: Bench, output: Path) -> Section:
    """Measure all four."""
    return Section(
        "Scale",
        "The first chart compares whole processes, the median of up to three rounds. The others measure once, because "
        "they are long: whole processes for searches, the replays and the ranking alone for the last two.",
        [],
        [
            pages(bench, output, min(3, bench.rounds)),
            queries(bench, output),
            replayed(bench, output),
            books(output),
        ],
    )
