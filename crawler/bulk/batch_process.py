"""The process that crawls the batches of a shard, one after the other, for a worker of a cluster.

One downloader serves all batches, so connections, robots.txt rules and the limits of hosts outlive a batch. The process
is started as a program and not by multiprocessing, because a worker of Dask may have no children of that kind. It ends
with its worker.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from crawler.bulk.batch import Batch, Saved
from crawler.bulk.control import Control
from crawler.bulk.model import BulkOptions, Finished, ShardProgress, Target
from crawler.bulk.output_files import OutputFiles
from crawler.bulk.ports import Entry
from crawler.bulk.pulse import Pulse
from crawler.bulk.runner import Part, collect_rarely, crawl, lookup_threads, loop_factory, new_downloader
from crawler.bulk.shard_process import Command, Failure, Reports, end_at_once_with_parent, pass_on_logs
from crawler.bulk.target_list import TargetList
from crawler.download.client import Downloader
from crawler.parsing import worker
from crawler.verdict import Verdict

__all__ = ["BatchEnd", "BatchOrder", "main"]

TAIL_SHARE = 0.9
"""Once so much of a batch has results, the time for the rest is limited: a few slow hosts must not delay the others."""


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """The order to crawl a batch, or the rest of one whose process died."""

    batch: Batch
    folder: Path
    """The folder for its files."""
    targets: Sequence[Target]
    blame: Mapping[int, Verdict]
    lengths: Mapping[str, int]
    """The lengths of the files so far by name."""


@dataclass(frozen=True, slots=True)
class BatchEnd:
    """The end of a batch: everything that it has is saved."""


class BatchSink:
    """The files of a batch; each `save` is reported to the worker."""

    def __init__(self, order: BatchOrder, reports: Reports) -> None:
        options = order.batch.options
        self._files = OutputFiles(
            order.folder, order.batch.name, order.lengths, roll_bytes=options.roll_bytes
        )
        self._reports = reports

    def save(self, entries: Sequence[Entry]) -> None:
        """Save results as the protocol `Sink` says."""
        lengths = self._files.append(entries)
        finished: list[Finished] = [entry.finished for entry in entries if entry.verdict is not None]
        handed_over = [entry.handed_over for entry in entries if entry.handed_over is not None]
        self._reports.send(Saved(finished, handed_over, lengths))

    def close(self) -> None:
        """Close the files."""
        self._files.close()


class _Batches:
    """The batches that the worker sends, and the one that runs."""

    def __init__(self, connection: Connection, pulse: Pulse) -> None:
        self._connection = connection
        self._pulse = pulse
        self.reports = Reports(connection)
        self._orders: asyncio.Queue[BatchOrder] = asyncio.Queue()
        self._control: Control | None = None

    def obey(self, loop: asyncio.AbstractEventLoop) -> None:
        """Pass on orders; end this process when the connection closes."""
        with suppress(EOFError, OSError):
            while True:
                message = self._connection.recv()
                if isinstance(message, BatchOrder):
                    loop.call_soon_threadsafe(self._orders.put_nowait, message)
                elif message == Command.STOP and self._control is not None:
                    self._control.stop()
        os._exit(0)

    async def run(self, options: BulkOptions) -> None:
        """Crawl batches for ever."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(lookup_threads())
        beating = asyncio.create_task(self._beat())
        async with new_downloader(options) as downloader:
            while not beating.done():
                await self._crawl(await self._orders.get(), downloader)
                self.reports.send(BatchEnd())

    async def _beat(self) -> None:
        """Record the heartbeat between two batches, too."""
        while True:
            self._pulse.beat()
            await asyncio.sleep(0.5)

    async def _crawl(self, order: BatchOrder, downloader: Downloader) -> None:
        loop = asyncio.get_running_loop()
        batch = order.batch
        control = self._control = Control(self._pulse)
        control.drain()
        timers = [loop.call_later(batch.seconds, control.wind_down)]

        def report(progress: ShardProgress) -> None:
            self.reports.send(progress)
            ended = progress.finished + progress.handed_over
            if (
                batch.tail_seconds is not None
                and len(timers) == 1
                and ended >= TAIL_SHARE * len(order.targets)
            ):
                timers.append(loop.call_later(batch.tail_seconds, control.wind_down))

        source, sink = TargetList(order.targets, blame=order.blame), BatchSink(order, self.reports)
        try:
            parts = {batch.shard: Part(source, sink)}
            await crawl(parts, batch.options, control, report, downloader=downloader)
        finally:
            sink.close()
            for timer in timers:
                timer.cancel()


def main() -> None:
    """Crawl batches until the worker ends; the only argument of the program is the descriptor of a socket to it."""
    connection = Connection(int(sys.argv[1]))
    reports = Reports(connection)
    try:
        worker.set_up(())
        end_at_once_with_parent()
        pass_on_logs(reports)
        options, pulse_path = connection.recv()
        with Pulse.open(pulse_path) as pulse:
            batches = _Batches(connection, pulse)
            collect_rarely()
            loop = (loop_factory() or asyncio.new_event_loop)()
            threading.Thread(target=batches.obey, args=(loop,), name="orders", daemon=True).start()
            loop.run_until_complete(batches.run(options))
    except Exception as error:  # noqa: BLE001 – the worker decides; nobody reads a traceback here
        reports.send(Failure(error))
    os._exit(1)  # no thread of a broken process may keep it
