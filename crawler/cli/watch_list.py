"""`bookprice watch --list`: list each watch with its alerts, last success, next run and problems."""

from __future__ import annotations

import datetime as dt
import io
import shutil
import sys
from typing import TYPE_CHECKING, Any

from crawler.cli import console

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from crawler.configuration import Loaded
    from crawler.labels import Labels
    from crawler.watching.overview import WatchOverview
    from crawler.watching.watch import Watch

__all__ = ["list_watches"]

TABLE_WIDTH = 100
"""Minimum width of a table in columns; a narrower terminal gets one block per watch instead."""

DATE_WIDTH = 16
"""Width of a date and time in columns; the zone is on the next line."""


def list_watches(args: argparse.Namespace, loaded: Loaded, watches: Sequence[Watch]) -> None:
    """Write the list to stdout; send no request, and create and change nothing. Raises HistoryError."""
    from contextlib import nullcontext

    from crawler.cli.source_words import with_option
    from crawler.history.recording import history_file
    from crawler.labels import labels_for
    from crawler.local_time import local_zone
    from crawler.source import Source
    from crawler.watching.overview import open_watch_store, overview
    from crawler.watching.run_watch import searched

    settings, now = loaded.settings, dt.datetime.now(dt.UTC)
    source = Source.at(settings.base_url, demo=args.demo).name
    reader = open_watch_store(history_file(settings.history.path))
    with nullcontext() if reader is None else reader:
        found = [overview(reader, watch, source, searched(watch, settings), now) for watch in watches]
        new = {each.watch.name for each in found if each.last_success is None and each.failed_at is None}
        elsewhere = () if reader is None else reader.sources_of(new)
    if args.format == "json":
        console.write_stdout(_json(found, settings.report.lang))
        return
    columns = shutil.get_terminal_size(fallback=(0, 0)).columns or None
    say = labels_for(console.language(settings.report.lang, sys.stdout), loaded.watched_queries, local_zone())
    console.write_stdout(_table(found, say, columns))
    if sources := [with_option(each, say, replica="ran_on_other") for each in elsewhere if each != source]:
        line = say("watch_elsewhere", sources=say("comma").join(sources))
        console.write_stdout(f"\n{console.one_line(line)}\n")


def _table(found: Sequence[WatchOverview], say: Labels, width: int | None) -> str:
    from rich.text import Text

    from crawler.report.common.layout import bare_table, finished, folded, pairs, print_table, text_console

    output = io.StringIO()
    to = text_console(output, width, color=console.wants_color(sys.stdout))
    rows = [_cells(each, say) for each in found]
    if to.width >= TABLE_WIDTH:
        table = bare_table(expand=False)
        dates = {say("watch_last_success"), say("watch_next_run")}
        rest = (to.width - len(dates) * DATE_WIDTH - 2 * len(rows[0])) // (len(rows[0]) - len(dates))
        widths = {name: DATE_WIDTH if name in dates else rest for name in rows[0]}
        for name, columns in widths.items():
            table.add_column(Text(folded(name, columns)), width=columns, overflow="fold")
        for row in rows:
            table.add_row(*(Text(folded(words, widths[name])) for name, words in row.items()))
        print_table(to, table)
    else:
        for number, row in enumerate(rows):
            if number:
                to.print()
            to.print(pairs(tuple((name, words) for name, words in row.items() if words), to.width))
    return finished(output)


def _cells(each: WatchOverview, say: Labels) -> dict[str, str]:
    """Return the cells of a watch, by heading."""
    from crawler.clean import clean
    from crawler.report.common.wording import minute
    from crawler.watching.wording import (
        conditions_in_words,
        interval_in_words,
        last_alert_in_words,
        problem_in_words,
    )

    terms = each.watch.terms
    name = [clean(each.watch.name)]
    if each.watch.name != terms.query:
        name.append(say("watch_searches", query=clean(terms.query)))
    name.append(interval_in_words(terms.every, say))
    next_run = say("watch_due") if each.next_run is None else minute(each.next_run, say)
    if terms.paused:
        next_run = say("watch_paused")
    return {
        say("watch_name"): say("comma").join(name),
        say("watch_tells"): say("comma").join(conditions_in_words(each.watch, say)),
        say("watch_last_success"): say("watch_never")
        if each.last_success is None
        else minute(each.last_success, say),
        say("watch_next_run"): next_run,
        say("watch_last_alert"): last_alert_in_words(each, say),
        say("watch_last_problem"): problem_in_words(each, say),
    }


def _json(found: Sequence[WatchOverview], lang: str) -> bytes:
    """Return the list as JSON with stable keys, times in UTC, prices with their digits, alerts in `lang`."""
    import msgspec

    from crawler.json_text import escape_controls

    encoder = msgspec.json.Encoder(decimal_format="number")
    return escape_controls(encoder.encode({"watches": [_plain(each, lang) for each in found]})) + b"\n"


def _plain(each: WatchOverview, lang: str) -> dict[str, Any]:
    from crawler.labels import labels_for
    from crawler.local_time import local_zone

    terms = each.watch.terms
    problem = None
    if each.failed_at is not None or each.undelivered:
        problem = {
            "failed_at": _moment(each.failed_at),
            "failed_pages": each.failed_pages,
            "undelivered": each.undelivered,
            "why_undelivered": str(each.why_undelivered),  # no phrase
        }
    return {
        "name": each.watch.name,
        "query": terms.query,
        "every": terms.every,
        "paused": terms.paused,
        "products": terms.products,
        "search": dict(each.watch.search),
        "target_price": terms.target_price,
        "drop_percent": terms.drop_percent,
        "new_lowest": terms.new_lowest,
        "new_lowest_days": terms.new_lowest_days,
        "new_books": terms.new_books,
        "back_in_stock": terms.back_in_stock,
        "last_success": _moment(each.last_success),
        "next_run": _moment(each.next_run),
        "last_alert": None
        if each.last_alert is None
        else each.last_alert.as_json(labels_for(lang, terms.query, local_zone())),
        "last_problem": problem,
    }


def _moment(at: dt.datetime | None) -> str | None:
    return None if at is None else at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
