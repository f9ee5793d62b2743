"""The functions that run on a worker: the task that crawls a batch, and the calls that end batches."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from crawler.atomic_write import shown
from crawler.bulk.batch import THIS_PROGRAM, Batch, BatchOutcome, staging_name
from crawler.bulk.batch_runner import PROCESSES
from crawler.bulk.cluster.connection import ClusterError
from crawler.bulk.destination import is_url
from crawler.bulk.model import ShardProgress
from crawler.phrases import Phrase

__all__ = ["crawl_batch", "end_batches", "stop_batches", "topic_of"]


def crawl_batch(batch: Batch) -> BatchOutcome:
    """Crawl a batch; the task."""
    from distributed import get_worker

    worker: Any = get_worker()
    key = worker.get_current_task()
    if batch.program != THIS_PROGRAM:
        raise ClusterError(
            Phrase("cluster_worker_refused", worker=worker.address, found=THIS_PROGRAM, wanted=batch.program)
        )
    folder = Path(worker.local_directory) if is_url(batch.output) else Path(batch.output)
    if not is_url(batch.output):
        folder /= staging_name(batch.crawl)
        if not folder.is_dir():
            raise ClusterError(
                Phrase("cluster_folder_unseen", worker=worker.address, folder=shown(batch.output))
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
            worker.log_event(topic_of(batch.crawl), plain)

    outcome = PROCESSES.run(batch, folder, is_wanted=is_wanted, report=report)
    outcome.worker = worker.address
    return outcome


def stop_batches(crawl: str) -> None:
    """End the batches of a crawl with what they have; called on each worker."""
    PROCESSES.stop(crawl)


def end_batches(crawl: str) -> None:
    """End the idle processes of a crawl; called on each worker."""
    PROCESSES.end(crawl)


def topic_of(crawl: str) -> str:
    """Return the topic of the events by which a crawl's batches report their progress."""
    return f"bookprice-{crawl}"
