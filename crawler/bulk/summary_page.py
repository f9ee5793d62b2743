"""The HTML summary of a bulk crawl: throughput over time, verdicts, slowest hosts; one file without requests.

It needs no script. jinja2 escapes all text, after `clean`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from crawler.atomic_write import atomic_write
from crawler.bulk.input import STDIN
from crawler.bulk.status import State
from crawler.bulk.summary import MOST_HOSTS, PASSES, Summary
from crawler.bulk.wording import duration, rate, size, verdict_name
from crawler.clean import clean, crop
from crawler.local_time import offset_name
from crawler.report.common.alarms import Alarm, source_alarms
from crawler.report.common.axes import PriceAxis, TimeAxis, tick_below, tick_beside
from crawler.report.common.wording import minute
from crawler.source import Source

if TYPE_CHECKING:
    from crawler.labels import Labels

__all__ = ["input_lines", "render", "write_page"]

BOX = 1_000
"""The width and height of the chart's inner box, which is stretched to the plot."""

MOST_FILES = 100
NAME_LIMIT = 100
"""The maximum number of characters of a host or a file name."""


def write_page(summary: Summary, say: Labels) -> Path:
    """Write `summary.html` and return its path. Raises OutputError."""
    path = summary.options.out / "summary.html"
    with atomic_write(path) as file:
        file.write(render(summary, say).encode())
    return path


def render(summary: Summary, say: Labels) -> str:
    """Return the page."""
    from crawler.report.common.pages import asset, policy, template

    style = asset("page.css", "bulk.css")
    alarms = [*_alarms(summary, say)]
    heading = f"{say('bulk_title')} · {crop(clean(summary.options.out.resolve().name), NAME_LIMIT)}"
    points = summary.figures.throughput()
    return template("bulk.html").render(
        say=say,
        lang=say.language,
        style=style,
        policy=policy(style),
        title="".join(say("mark", marks=alarm.name) for alarm in alarms) + heading,
        heading=heading,
        alarms=alarms,
        facts=[*_facts(summary, say)],
        chart=throughput_chart(points, summary.figures.width, say) if points else None,
        chart_help=_chart_help(points, summary, say) if points else "",
        verdicts=[*_verdicts(summary, say)],
        hosts=[
            (
                crop(clean(host), NAME_LIMIT), f"{each.pages:,}", f"{each.failed:,}",
                say("bulk_milliseconds", n=each.mean), say("bulk_milliseconds", n=each.slowest),
            )
            for host, each in summary.figures.slowest_hosts(MOST_HOSTS)
        ],
        forgotten=summary.figures.forgotten,
        files=[(crop(clean(name), NAME_LIMIT), size(count)) for name, count in [*summary.files.items()][:MOST_FILES]],
        more_files=max(len(summary.files) - MOST_FILES, 0),
    )  # fmt: skip


def _alarms(summary: Summary, say: Labels) -> Iterator[Alarm]:
    if summary.manifest.demo:
        yield from source_alarms(Source.at(None, demo=True), say)
    if summary.state is not State.FINISHED:
        details = [(f"{summary.pending:,}", say("bulk_not_crawled"))]
        if not summary.figures.complete:
            words = say("bulk_partly_read", n=summary.figures.lines, all=summary.done)
            details.append((f"{summary.figures.lines:,}", words))
        yield Alarm(say("PARTIAL"), say.text(summary.stopped) or say("bulk_stopped"), tuple(details))


def _facts(summary: Summary, say: Labels) -> Iterator[tuple[str, str]]:
    manifest = summary.manifest
    state = say("bulk_finished") if summary.state is State.FINISHED else say("bulk_stopped")
    yield say("bulk_state"), state
    yield say("bulk_input"), say("bulk_stdin") if manifest.input == STDIN else clean(manifest.input)
    yield say("bulk_lines"), input_lines(manifest.intake, say)
    total = say(
        "bulk_total" if manifest.intake_complete else "bulk_total_so_far", n=summary.done + summary.pending
    )
    yield say("bulk_progress"), say("bulk_done", done=f"{summary.done:,}", total=total)
    yield say("bulk_failed"), f"{summary.failed:,}"
    yield say("bulk_started"), minute(summary.started_at, say)
    yield say("bulk_ended"), minute(summary.ended_at, say)
    yield say("bulk_time"), duration(summary.seconds, say)
    if summary.seconds:
        yield say("bulk_speed"), say("bulk_pages_per_second", n=rate(summary.done / summary.seconds))
    yield say("bulk_processes"), f"{summary.processes:,}"
    yield say("bulk_bodies"), size(summary.figures.bytes)
    yield say("bulk_disk_label"), size(summary.disk_used)


def input_lines(intake: Any, say: Labels) -> str:
    """Return the lines of the input by kind."""
    if not intake:
        return say("bulk_lines_unread")
    return say(
        "bulk_lines_of", lines=intake.get("lines", 0), targets=intake.get("targets", 0),
        duplicates=intake.get("duplicates", 0), rejected=intake.get("rejected", 0),
        skipped=intake.get("blank", 0) + intake.get("comments", 0),
    )  # fmt: skip


def _verdicts(summary: Summary, say: Labels) -> Iterator[tuple[str, str, str, str, bool]]:
    """Yield a row for each verdict: words, name, number, share in percent, True for a failure."""
    for verdict, n in summary.verdicts.items():
        if n:
            share = 100 * n / summary.done
            yield verdict_name(verdict, say), verdict, f"{n:,}", f"{share:.1f}", verdict not in PASSES


def _chart_help(points: Sequence[tuple[dt.datetime, float]], summary: Summary, say: Labels) -> str:
    zone = offset_name(points[0][0].astimezone(say.zone))
    return say("bulk_throughput_help", seconds=f"{summary.figures.width:,}", zone=zone)


def throughput_chart(points: Sequence[tuple[dt.datetime, float]], width: int, say: Labels) -> Markup:
    """Draw the throughput: for each interval of `width` seconds, its pages per second; `points` is not empty."""
    start, end = points[0][0], points[-1][0] + dt.timedelta(seconds=width)
    time = TimeAxis(start, end, say.zone)
    highest = max(height for _, height in points)
    axis = PriceAxis.around([0.0, highest])
    d = ""
    for moment, height in points:
        left, right = (time.at(at) * BOX / 100 for at in (moment, moment + dt.timedelta(seconds=width)))
        d += f"M{left:.1f} {BOX}V{axis.at(height) * BOX / 100:.1f}H{right:.1f}V{BOX}z"
    name = say("bulk_throughput_name", start=minute(start, say), end=minute(end, say), most=rate(highest))
    ticks = time.clock_ticks(8)
    parts = [
        f'<svg class="plot" role="img" aria-label="{escape(name)}">',
        *(tick_beside(axis.at(value), words) for value, words in axis.ticks("")),
        *(
            tick_below(
                time.at(at),
                words,
                side="end" if time.at(at) > 94 else "middle",
                kind="minor" if n % 2 else "",
            )
            for n, (at, words) in enumerate(ticks)
        ),
        f'<svg viewBox="0 0 {BOX} {BOX}" preserveAspectRatio="none"><path class="throughput" d="{d}"/></svg>',
        "</svg>",
    ]
    return Markup("".join(parts))  # noqa: S704 – every text in it is escaped
