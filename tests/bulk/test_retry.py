"""Failed targets again: the switch to a new file of results loses nothing in silence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crawler.bulk.model import Finished, Target, store_path
from crawler.bulk.output_files import results_name, unpriced_name
from crawler.bulk.retry import requeue_failed
from crawler.bulk.store import ShardStore
from crawler.errors import OutputError
from crawler.verdict import Verdict

PASSED = b'{"number":1,"verdict":"ok"}\n'
FAILED = b'{"number":2,"verdict":"network_error"}\n'
OLD, NEW, LOST = results_name(0, 1), results_name(0, 2), unpriced_name(0, 1)


@pytest.fixture
def crawl(tmp_path: Path) -> Path:
    """Return the folder of a crawl of two targets, of which the second failed."""
    (tmp_path / OLD).write_bytes(PASSED + FAILED)
    with ShardStore.open(store_path(tmp_path, 0)) as store:
        store.add([Target(n, f"http://a.example/{n}", "a.example", "") for n in (1, 2)])
        finished = [
            Finished(1, "a.example", Verdict.OK),
            Finished(2, "a.example", Verdict.NETWORK_ERROR),
        ]
        store.finish(finished, [], {OLD: len(PASSED + FAILED)})
    return tmp_path


def committed(crawl: Path) -> dict[str, int]:
    with ShardStore.open(store_path(crawl, 0), readonly=True) as store:
        return store.files()


def test_the_failed_lines_go_and_their_targets_are_pending(crawl: Path) -> None:
    with (crawl / OLD).open("ab") as file:
        file.write(b'{"number":3')  # as a kill leaves it, behind what is committed
    assert requeue_failed(crawl, 1) == 1
    assert not (crawl / OLD).exists()
    assert (crawl / NEW).read_bytes() == PASSED
    assert committed(crawl) == {NEW: len(PASSED)}


def test_nothing_is_left_of_a_file_with_failed_lines_alone(crawl: Path) -> None:
    """Libraries refuse an empty file."""
    with ShardStore.open(store_path(crawl, 0)) as store:
        store.add([Target(3, "http://a.example/3", "a.example", "")])
        store.finish([Finished(3, "a.example", Verdict.NETWORK_ERROR)], [], {LOST: len(FAILED)})
    (crawl / LOST).write_bytes(FAILED)
    assert requeue_failed(crawl, 1) == 2
    assert committed(crawl) == {NEW: len(PASSED)}
    assert sorted(path.name for path in crawl.glob("results-*")) == [NEW]


@pytest.mark.parametrize(
    "left", [PASSED, b"", PASSED + FAILED[:-9], PASSED + b"\0" * len(FAILED), None], ids=repr
)
def test_results_that_are_lost_are_told_and_nothing_is_switched(crawl: Path, left: bytes | None) -> None:
    if left is None:
        (crawl / OLD).unlink()
    else:
        (crawl / OLD).write_bytes(left)
    with pytest.raises(OutputError, match=OLD):
        requeue_failed(crawl, 1)
    assert committed(crawl) == {OLD: len(PASSED + FAILED)}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")
def test_the_name_of_the_new_file_is_durable_before_the_store_names_it(
    crawl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[Path, list[str]]] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        synced.append((Path(f"/proc/self/fd/{descriptor}").resolve(), [*committed(crawl)]))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    requeue_failed(crawl, 1)
    assert synced[:2] == [(crawl / NEW, [OLD]), (crawl, [OLD])]
