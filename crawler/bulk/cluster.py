"""Crawl on the workers of a running Dask scheduler; the only module that knows Dask (extra `cluster`).

    with Cluster.connect("tcp://10.0.0.1:8786") as cluster:
        group = ClusterGroup(options, cluster, output, …)       # what a ProcessGroup is for one machine

The coordinator keeps all state. It sends batches of a shard's targets as tasks, one batch of a shard at a time, to the
same worker while that lives: there a process of the shard keeps connections and the limits of its hosts. Which worker
gets a batch is decided here and not by Dask, because workers with another version must get none.
"""

from __future__ import annotations

import logging
import queue
import shutil
import threading
import time
import uuid
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crawler.atomic_write import shown, translate_os_errors
from crawler.bulk.batch import THIS_PROGRAM, Batch, BatchOutcome, batch_name, staging_name
from crawler.bulk.batch_choice import BatchChoice
from crawler.bulk.batch_runner import PROCESSES, BatchCancelledError
from crawler.bulk.destination import is_url, remove_lost
from crawler.bulk.model import BulkOptions, ShardProgress, shard_of, store_path
from crawler.bulk.process_group import ProcessesFailedError, ProcessEvent, is_open
from crawler.bulk.progress import Progress
from crawler.bulk.store import ShardStore, StoreCounts, deliver
from crawler.clean import clean
from crawler.errors import CrawlerError, OutputError, UsageError
from crawler.installation import install_command
from crawler.verdict import Verdict

__all__ = ["Cluster", "ClusterError", "ClusterGroup"]

CONNECT_SECONDS = 5.0

WORKERS_SECONDS = 10.0
"""How long a crawl waits for the first worker, and for another one when the last is lost."""

WATCH_SECONDS = 1.0
"""The time between two looks at the workers of the scheduler."""

LOST_SECONDS = 2.0
"""A scheduler without a connection for so long is lost."""

BATCH_SECONDS = 60.0
"""The time for a batch, after which no further target is requested. It bounds what is lost with a worker."""

TAIL_SECONDS = 5.0
"""The time for the last tenth of a batch, if other targets of its shard wait."""

MOST_LOSSES = 4
"""A batch that was lost with so many workers ends the crawl: it may be what ends them."""

FEW_TARGETS, FILL_SECONDS = 1_000, 2.0
"""While the input is read, a batch waits so long for so many targets."""

CLOSE_SECONDS = 0.6

_LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application")


class ClusterError(OutputError):
    """The scheduler or its workers cannot be used; a crawl can be resumed."""


@dataclass(frozen=True, slots=True)
class _Worker:
    """A worker that may get batches."""

    address: str
    threads: int


class Cluster:
    """A connection to a scheduler, and its workers of this version; a context manager."""

    def __init__(self, client: Any, address: str) -> None:
        self.client = client
        self.address = address
        self.workers: dict[str, _Worker] = {}
        """The workers that may get batches, by address; a new dictionary for each change."""
        self.refused: queue.SimpleQueue[str] = queue.SimpleQueue()
        """A line for each worker that is refused."""
        self._known: set[str] = set()
        self._closing = threading.Event()
        self._lost_at: float | None = None
        self._empty_at: float | None = None

    @classmethod
    def connect(cls, address: str) -> Self:
        """Connect to a scheduler, and wait for a worker of this version.

        Raises UsageError if Dask is not installed, ClusterError if the scheduler or a worker is missing.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import distributed
        except ImportError as error:
            raise UsageError(f"--cluster needs the extra cluster: {install_command('cluster')}") from error
        for name in _LOGGERS:  # what they log is reported here in one line, or concerns nobody
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of other versions of Dask's own packages
                new_client: Any = distributed.Client
                client = new_client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, RuntimeError) as error:
            why = clean(" ".join(str(error).split()))[:200]
            raise ClusterError(
                f"no scheduler answers at {address} ({why}); start it with: dask scheduler"
            ) from error
        cluster = cls(client, address)
        try:
            cluster._wait_for_workers()
        except BaseException:
            cluster.close()
            raise
        threading.Thread(target=cluster._watch, name="cluster-watch", daemon=True).start()
        return cluster

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def threads(self) -> int:
        """The number of batches that run at a time."""
        return sum(worker.threads for worker in self.workers.values())

    def check(self) -> None:
        """Raise ClusterError if the scheduler is lost, or all workers have been missing for long."""
        now = time.monotonic()
        if self.client.status == "running":
            self._lost_at = None
        else:
            self._lost_at = self._lost_at or now
            if now - self._lost_at > LOST_SECONDS:
                raise ClusterError(
                    f"the connection to the scheduler {self.address} is lost; start it and its workers again"
                )
        if self.workers:
            self._empty_at = None
        else:
            self._empty_at = self._empty_at or now
            if now - self._empty_at > WORKERS_SECONDS:
                raise self._no_workers()

    def apart(self, call: Callable[[], object], seconds: float) -> None:
        """Call a function that may wait for the network in a thread; wait for it at most `seconds`."""

        def guarded() -> None:
            with suppress(Exception):  # a scheduler that is gone
                call()

        thread = threading.Thread(target=guarded, name="cluster-call", daemon=True)
        thread.start()
        thread.join(seconds)

    def close(self) -> None:
        """Close the connection; further calls do nothing."""
        if not self._closing.is_set():
            self._closing.set()
            self.apart(lambda: self.client.close(timeout=CLOSE_SECONDS), CLOSE_SECONDS)

    def _no_workers(self) -> ClusterError:
        return ClusterError(
            f"the scheduler {self.address} has no worker that can be used; start one with: dask worker {self.address}"
        )

    def _wait_for_workers(self) -> None:
        deadline = time.monotonic() + WORKERS_SECONDS
        while not self.workers:
            self._look()
            if not self.workers:
                if self._known or time.monotonic() > deadline:
                    raise ClusterError(self.refused.get()) if not self.refused.empty() else self._no_workers()
                time.sleep(0.2)

    def _watch(self) -> None:
        while not self._closing.wait(WATCH_SECONDS):
            # `check` notices a scheduler that is gone.
            with suppress(Exception):
                self._look()

    def _look(self) -> None:
        """Look which workers there are, and check the new ones."""
        found = self.client.scheduler_info(n_workers=-1)["workers"]
        workers = {address: worker for address, worker in self.workers.items() if address in found}
        new = [address for address in found if address not in self._known]
        if new:
            for address, program in self._describe(new).items():
                if program == THIS_PROGRAM:
                    workers[address] = _Worker(address, max(1, int(found[address]["nthreads"])))
                else:
                    self.refused.put(
                        f"the worker {address} is refused: it has {program}, and the crawl runs with "
                        f"bookprice-crawler {THIS_PROGRAM}; install that there"
                    )
                self._known.add(address)
        self._known &= set(found)
        self.workers = workers

    def _describe(self, addresses: list[str]) -> dict[str, str]:
        """Return the version of the program that each worker has."""

        # A nested function travels by value: a worker without this program can run it.
        def describe() -> str:
            import platform

            python = ".".join(platform.python_version_tuple()[:2])
            try:
                from crawler.version import __version__
            except ImportError:
                return f"no bookprice-crawler on Python {python}"
            return f"{__version__} on Python {python}"

        answers = self.client.run(describe, workers=addresses, on_error="return")
        return {
            address: answer if isinstance(answer, str) else f"an unknown program ({type(answer).__name__})"
            for address, answer in answers.items()
        }


# On a worker


def crawl_batch(batch: Batch) -> BatchOutcome:
    """Crawl a batch; the task."""
    from distributed import get_worker

    worker: Any = get_worker()
    key = worker.get_current_task()
    if batch.program != THIS_PROGRAM:
        raise ClusterError(
            f"the worker {worker.address} has bookprice-crawler {THIS_PROGRAM}, and the crawl runs with "
            f"{batch.program}; install that there"
        )
    folder = Path(worker.local_directory) if is_url(batch.output) else Path(batch.output)
    if not is_url(batch.output):
        folder /= staging_name(batch.crawl)
        if not folder.is_dir():
            raise ClusterError(
                f"the worker {worker.address} does not see the folder {shown(batch.output)}: share it under the same "
                "path, or give a URL such as s3://bucket/crawl for --out"
            )

    def is_wanted() -> bool:
        task = worker.state.tasks.get(key)
        return (
            task is not None and task.state != "cancelled" and worker.status.name not in {"closed", "failed"}
        )

    reported_at = 0.0

    def report(progress: ShardProgress) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at >= 1.0:
            reported_at = time.monotonic()
            plain = {
                "name": batch.name,
                "shard": progress.shard,
                "finished": progress.finished,
                "fetched_bytes": progress.fetched_bytes,
                "verdicts": {verdict.value: n for verdict, n in progress.verdicts.items()},
                "in_flight": progress.in_flight,
            }
            worker.log_event(_topic(batch.crawl), plain)

    outcome = PROCESSES.run(batch, folder, is_wanted=is_wanted, report=report)
    outcome.worker = worker.address
    return outcome


def stop_batches(crawl: str) -> None:
    """End the batches of a crawl with what they have; called on each worker."""
    PROCESSES.stop(crawl)


def end_batches(crawl: str) -> None:
    """End the idle processes of a crawl; called on each worker."""
    PROCESSES.end(crawl)


def _topic(crawl: str) -> str:
    return f"bookprice-{crawl}"


# Here


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
        self._cluster.client.subscribe_topic(_topic(self._crawl), self._take_event)
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
                raise ClusterError(
                    f"{MOST_LOSSES} workers were lost while they crawled the same batch {sent.batch.name}; see their "
                    "logs"
                )
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
