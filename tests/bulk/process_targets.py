"""Shard processes with a parser that hangs or crashes on some pages, and processes that cannot work at all."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

from crawler.bulk.model import BulkOptions
from crawler.bulk.pulse import Pulse
from crawler.bulk.shard_process import pulse_path, run_process

HANG, CRASH = b"<!-- hang -->", b"<!-- crash -->"


def _replace_parser(act: Callable[[bytes], None]) -> None:
    from parsers.product import page

    parse = page.parse_product_page

    def parse_product_page(body: bytes, **options: Any) -> Any:
        act(body)
        return parse(body, **options)

    page.parse_product_page = parse_product_page


def replace_by_evil_parser() -> None:
    """Replace the parser by one that hangs on one kind of page, and crashes on another."""

    def act(body: bytes) -> None:
        if HANG in body:
            time.sleep(1_000)
        if CRASH in body:
            os.kill(os.getpid(), signal.SIGSEGV)

    _replace_parser(act)


def with_evil_pages(slot: int, shards: Sequence[int], options: BulkOptions, connection: Connection) -> None:
    """Hang on one kind of page, crash on another."""
    replace_by_evil_parser()
    run_process(slot, shards, options, connection)


def killed_once_while_parsing(
    slot: int, shards: Sequence[int], options: BulkOptions, connection: Connection
) -> None:
    """Die of the first page that is parsed, as if somebody had killed the process then; work from then on."""

    def act(body: bytes) -> None:
        marker = options.out / "killed"
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    _replace_parser(act)
    run_process(slot, shards, options, connection)


def dying(slot: int, shards: Sequence[int], options: BulkOptions, connection: Connection) -> None:
    """End at once."""
    os._exit(7)


def failing(slot: int, shards: Sequence[int], options: BulkOptions, connection: Connection) -> None:
    """Fail before anything is fetched."""
    from crawler.bulk import runner

    def fail(*_: object) -> None:
        raise LookupError("no such luck")

    vars(runner)["run_in_new_loop"] = fail
    run_process(slot, shards, options, connection)


def stuck_once(slot: int, shards: Sequence[int], options: BulkOptions, connection: Connection) -> None:
    """Stand still before the event loop runs, once; work from then on."""
    marker = options.out / "stuck"
    if not marker.exists():
        marker.touch()
        time.sleep(1_000)
    run_process(slot, shards, options, connection)


def parsing(slot: int, shards: Sequence[int], options: BulkOptions, connection: Connection) -> None:
    """Parse the page of the first target for ever."""
    with Pulse.open(pulse_path(options.out, slot)) as pulse:
        pulse.begin(shards[0], 1)
        connection.recv()
