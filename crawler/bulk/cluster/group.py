"""The batches of a crawl on a cluster: send them, take their results, send those of lost workers again."""

from __future__ import annotations

import queue
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crawler.atomic_write import translate_os_errors
from crawler.bulk.batch import Batch, BatchOutcome, batch_name, staging_name
from crawler.bulk.batch_choice import BatchChoice
from crawler.bulk.batch_runner import BatchCancelledError
from crawler.bulk.cluster.connection import CLOSE_SECONDS, Cluster, ClusterError
from crawler.bulk.cluster.tasks import crawl_batch, end_batches, stop_batches, topic_of
from crawler.bulk.destination import is_url, remove_lost
from crawler.bulk.model import BulkOptions, ShardProgress, shard_of, store_path
from crawler.bulk.process_group import ProcessesFailedError, ProcessEvent, is_open
from crawler.bulk.progress import Progress
from crawler.bulk.store import ShardStore, StoreCounts, deliver
from crawler.errors import CrawlerError
from crawler.phrases import Phrase
from crawler.verdict import Verdict

__all__ = ["ClusterGroup"]

BATCH_SECONDS = 60.0
"""The time for a batch, after which no further target is requested. It bounds what is lost with a worker."""

TAIL_SECONDS = 5.0
"""The time for the last tenth of a batch, if other targets of its shard wait."""

MOST_LOSSES = 4
"""A batch that was lost with so many workers ends the crawl: it may be what ends them."""

FEW_TARGETS, FILL_SECONDS = 1_000, 2.0
"""While the input is read, a batch waits so long for so many targets."""


@dataclass(slots=True)
class _Sent:
    """A batch that was sent."""

    batch: Batch
    worker: str
    future: Any
    losses: int = 0


class ClusterGroup:
    """The batches of a crawl on a cluster, in place of the `ProcessGroup` of one machine.

    `output` is the folder or URL for results and pages. The stores are in `options.out`. `run` counts the runs of the
    crawl, from 1.
    """

    def __init__(
        self,
        options: BulkOptions,
        cluster: Cluster,
        output: str,
        run: int,
        progress: Progress,
        *,
        on_event: Callable[[ProcessEvent], None],
        batch_targets: int | None = None,
    ) -> None:
        self._options = options
        self._cluster = cluster
        self._output = output
        self._run = run
        self._progress = progress
        self._on_event = on_event
        self._crawl = uuid.uuid4().hex[:12]
        self._stack = ExitStack()
        self._stores: dict[int, ShardStore] = {}
        self._choices = {shard: BatchChoice(batch_targets) for shard in range(options.shards)}
        self._news: queue.SimpleQueue[tuple[str, Any, Any]] = queue.SimpleQueue()
        self._sent: dict[int, _Sent] = {}
        self._workers: dict[int, str] = {}
        """By shard: the worker that had its last batch."""
        self._tried_at: dict[int, float] = {}
        self._batches = 0
        self._bytes = 0
        self._draining = False

    @property
    def is_done(self) -> bool:
        """True once every shard is drained, and nothing but its files is left."""
        return self._draining and not self._sent and not any(map(self._is_open, self._stores))

    def _is_open(self, shard: int) -> bool:
        return is_open(self.counts_of(shard))

    def counts_of(self, shard: int) -> StoreCounts:
        """Return the targets of a shard by state. Raises StoreError."""
        return self._stores[shard].counts()

    @property
    def output_bytes(self) -> int:
        """The size of all committed files."""
        return self._bytes

    def start(self) -> None:
        """Open the stores, and remove what earlier runs left in the output. Raises OutputError."""
        known: dict[str, int] = {}
        for shard in range(self._options.shards):
            path = store_path(self._options.out, shard)
            self._stores[shard] = self._stack.enter_context(ShardStore.open(path, cache_mib=4))
            known |= self._stores[shard].files()
        for store in self._stores.values():
            deliver(store, self._store_of)
        self._bytes = sum(known.values())
        remove_lost(self._output, known)
        if not is_url(self._output):
            folder = Path(self._output) / staging_name(self._crawl)
            with translate_os_errors(folder):
                folder.mkdir()
        self._cluster.client.subscribe_topic(topic_of(self._crawl), self._take_event)
        self._progress.processes = self._cluster.threads

    def _store_of(self, host: str) -> ShardStore:
        return self._stores[shard_of(host, self._options.shards)]

    def drain(self) -> None:
        """Let the group end once the stores have no pending targets."""
        self._draining = True

    def supervise(self, seconds: float) -> None:
        """Wait at most `seconds` for news; take results, send batches, and send those of lost workers again.

        Raises ProcessesFailedError if the cluster cannot be used any more, StoreError if a store cannot be used.
        """
        self._take_news(seconds)
        try:
            while not self._cluster.refused.empty():
                self._on_event(ProcessEvent("refused", detail=self._cluster.refused.get()))
            self._cluster.check()
            self._replace_lost()
            for shard in self._stores:
                if shard not in self._sent:
                    self._send_next(shard)
        except ClusterError as error:
            raise ProcessesFailedError(error) from error

    def _take_news(self, seconds: float) -> None:
        """Take what has arrived; wait at most `seconds` for the first."""
        with suppress(queue.Empty):
            what, subject, value = self._news.get(timeout=seconds)
            while True:
                if what == "progress":
                    self._take_progress(subject)
                else:
                    self._take_result(subject, value)
                what, subject, value = self._news.get_nowait()

    def _take_event(self, event: tuple[float, Any]) -> None:
        """Take an event of a worker, in the client's thread."""
        self._news.put(("progress", event[1], None))

    def _take_progress(self, plain: Mapping[str, Any]) -> None:
        sent = self._sent.get(plain["shard"])
        if sent is not None and sent.batch.name == plain["name"]:
            self._progress.report(
                ShardProgress(
                    plain["shard"],
                    finished=plain["finished"],
                    fetched_bytes=plain["fetched_bytes"],
                    verdicts={Verdict(verdict): n for verdict, n in plain["verdicts"].items()},
                    in_flight=plain["in_flight"],
                )
            )

    def _take_result(self, future: Any, result: BatchOutcome | BaseException) -> None:
        shard = next((shard for shard, sent in self._sent.items() if sent.future.key == future.key), None)
        if shard is None:
            return  # of a batch that was sent to another worker meanwhile
        if isinstance(result, BatchOutcome):
            self._commit(shard, self._sent.pop(shard), result)
            return
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker, NoValidWorkerError

        sent = self._sent[shard]
        if isinstance(
            result,
            FutureCancelledError | KilledWorker | NoValidWorkerError | BatchCancelledError | TimeoutError,
        ):
            sent.worker = ""  # `_replace_lost` sends it again
            return
        del self._sent[shard]
        error = result if isinstance(result, Exception) else RuntimeError(repr(result))
        raise ProcessesFailedError(error)

    def _commit(self, shard: int, sent: _Sent, outcome: BatchOutcome) -> None:
        """Record the results of a batch, whose files are in their place."""
        store = self._stores[shard]
        store.finish(outcome.finished, outcome.handed_over, outcome.files)
        if outcome.handed_over:
            deliver(store, self._store_of)
        for number, verdict in outcome.blamed.items():
            store.set_blame(number, verdict)
            self._on_event(ProcessEvent("blamed", number=number, detail=verdict))
        self._bytes += sum(outcome.files.values())
        self._workers[shard] = outcome.worker
        ended = {done.number for done in outcome.finished} | {each.number for each in outcome.handed_over}
        self._choices[shard].learn(sent.batch.targets, ended)
        self._progress.open_shard(shard, store.counts().finished)

    def _replace_lost(self) -> None:
        """Send the batches of workers that are gone again."""
        for shard, sent in list(self._sent.items()):
            if sent.worker in self._cluster.workers or not self._cluster.workers:
                continue
            if sent.losses + 1 >= MOST_LOSSES:
                raise ClusterError(Phrase("cluster_batch_lost", n=MOST_LOSSES, batch=sent.batch.name))
            future = sent.future
            self._cluster.apart(lambda future=future: future.cancel(force=True), 0.0)  # type: ignore[misc]
            self._progress.open_shard(shard, self.counts_of(shard).finished)
            self._send(shard, sent.batch, losses=sent.losses + 1)

    def _send_next(self, shard: int) -> None:
        """Send the next batch of a shard, if it has targets."""
        now = time.monotonic()
        counts = self.counts_of(shard)
        pending = counts.pending - counts.undelivered
        if not pending:
            self._progress.report(ShardProgress(shard, idle=True))
            return
        since = self._tried_at.setdefault(shard, now)
        if not self._progress.total_known and pending < FEW_TARGETS and now - since < FILL_SECONDS:
            return
        if not self._cluster.workers:
            return
        del self._tried_at[shard]
        store = self._stores[shard]
        targets = self._choices[shard].choose(store)
        self._batches += 1
        batch = Batch(
            self._crawl,
            shard,
            batch_name(shard, self._run, self._batches),
            targets,
            store.blame(),
            replace(self._options, out=Path()),
            self._output,
            BATCH_SECONDS,
            TAIL_SECONDS if pending > len(targets) else None,
        )
        self._progress.report(ShardProgress(shard, in_flight=len(targets)))
        self._send(shard, batch)

    def _send(self, shard: int, batch: Batch, *, losses: int = 0) -> None:
        worker = self._choose_worker(shard)
        future = self._cluster.client.submit(
            crawl_batch,
            batch,
            key=f"bookprice-{self._crawl}-{batch.name}-{losses}",
            pure=False,
            workers=[worker],
            allow_other_workers=False,
        )
        self._sent[shard] = _Sent(batch, worker, future, losses)
        future.add_done_callback(self._take_future)

    def _choose_worker(self, shard: int) -> str:
        """Return the worker for a shard's next batch: the one that had the last, unless another has more room."""
        load = Counter(sent.worker for each, sent in self._sent.items() if each != shard)
        workers = self._cluster.workers
        best = min(workers.values(), key=lambda worker: load[worker.address] / worker.threads)
        last = workers.get(self._workers.get(shard, ""))
        if last is not None and (load[last.address] < last.threads or load[best.address] >= best.threads):
            return last.address
        return best.address

    def _take_future(self, future: Any) -> None:
        """Take a task that has ended, in a thread of the client."""
        try:
            result = future.result()
        except BaseException as error:  # noqa: BLE001 – raised in the main thread
            result = error
        self._news.put(("result", future, result))

    def stop(self, seconds: float) -> Exception | None:
        """Let the batches end with what they have; give up those that take longer than `seconds`."""
        deadline = time.monotonic() + seconds
        client, workers = self._cluster.client, list(self._cluster.workers)
        if self._sent and client.status == "running":
            self._cluster.apart(
                lambda: client.run(stop_batches, self._crawl, workers=workers, on_error="ignore"), 0.0
            )
            while self._sent and (left := deadline - time.monotonic()) > 0:
                try:
                    self._take_news(min(left, 0.1))
                except (ProcessesFailedError, CrawlerError) as failure:
                    return failure.error if isinstance(failure, ProcessesFailedError) else failure
        return None

    def kill(self) -> None:
        """Do nothing: a worker ends its batches when this process is gone. What is committed stays."""

    def close(self) -> None:
        """Give up the batches that are left, and close the stores."""
        client, workers = self._cluster.client, list(self._cluster.workers)
        futures = [sent.future for sent in self._sent.values()]
        self._sent.clear()

        def end() -> None:
            if futures:
                client.cancel(futures, force=True)
            client.run(end_batches, self._crawl, workers=workers, on_error="ignore")

        if self._stores and client.status == "running":
            self._cluster.apart(end, CLOSE_SECONDS)
        if not is_url(self._output):
            shutil.rmtree(Path(self._output) / staging_name(self._crawl), ignore_errors=True)
        self._stores.clear()
        self._stack.close()
