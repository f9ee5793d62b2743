"""The state of a shard: exact against a model, whole after a kill, one line for a file that is not ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.bulk.model import Finished, Target
from crawler.bulk.store import ShardStore, StoreError, deliver
from crawler.verdict import Verdict

ROOT = Path(__file__).parents[2]


def target(number: int, path: str = "", host: str = "a.example") -> Target:
    url = f"http://{host}/{path or number}"
    return Target(number, url, host, url)


def pending(store: ShardStore) -> list[int]:
    found = []
    for host in store.hosts(limit=1_000):
        cursor = 0
        while True:
            cursor, targets = store.next_of(host, after=cursor, limit=2)
            if not targets:
                break
            found += [each.number for each in targets]
    return sorted(found)


def test_a_url_is_stored_once_under_its_first_line(tmp_path: Path) -> None:
    with ShardStore.open(tmp_path / "s.sqlite") as store:
        assert store.add([target(1, "x"), target(2, "x"), target(3, "y")]) == 2
        assert store.add([target(4, "x"), target(5, "z")]) == 1
        assert pending(store) == [1, 3, 5]


def test_an_interrupted_intake_that_runs_again_changes_nothing(tmp_path: Path) -> None:
    targets = [target(1, "x"), target(2, "x"), target(3, "y")]
    with ShardStore.open(tmp_path / "s.sqlite") as store:
        assert store.add(targets) == 2
        store.finish([Finished(1, "a.example", Verdict.OK)], [], {})
        assert store.add(targets) == 2
        assert pending(store) == [3]


def test_a_line_with_another_url_than_before_is_an_error(tmp_path: Path) -> None:
    with ShardStore.open(tmp_path / "s.sqlite") as store:
        store.add([target(1, "x")])
        with pytest.raises(StoreError, match="the input has changed"):
            store.add([target(2, "y"), target(1, "z", "b.example")])
        assert pending(store) == [1]
        assert store.add([target(2, "y"), target(3, "z", "b.example")]) == 2
        assert store.hosts(limit=9) == ["a.example", "b.example"]


def test_hosts_come_in_the_order_of_their_first_pending_targets(tmp_path: Path) -> None:
    with ShardStore.open(tmp_path / "s.sqlite") as store:
        store.add([target(1, host="a.example"), target(2, host="b.example"), target(3, host="a.example")])
        assert store.hosts(limit=9) == ["a.example", "b.example"]
        assert store.hosts(excluding={"a.example"}, limit=9) == ["b.example"]
        assert store.hosts(limit=1) == ["a.example"]
        store.finish([Finished(1, "a.example", Verdict.OK)], [], {})
        assert store.hosts(limit=9) == ["b.example", "a.example"]


def test_a_target_keeps_its_columns(tmp_path: Path) -> None:
    url = "http://a.example/1"
    first = Target(1, url, "a.example", url, {"书名": '红"楼梦\n', "empty": ""})
    with ShardStore.open(tmp_path / "s.sqlite") as store:
        store.add([first])
        assert store.next_of("a.example", limit=9)[1] == [first]


def test_a_second_result_for_a_target_is_refused(tmp_path: Path) -> None:
    with ShardStore.open(tmp_path / "s.sqlite") as store:
        store.add([target(1), target(2)])
        store.finish([Finished(1, "a.example", Verdict.OK)], [], {"r": 10})
        with pytest.raises(StoreError, match="target 1 is not pending"):
            store.finish(
                [Finished(2, "a.example", Verdict.OK), Finished(1, "a.example", Verdict.OK)], [], {"r": 20}
            )
        assert store.files() == {"r": 10}
        assert pending(store) == [2]
        assert store.counts().finished == {Verdict.OK: 1}


def test_a_redirect_there_and_back_loses_nothing(tmp_path: Path) -> None:
    there = Target(1, "http://b.example/", "b.example", "http://a.example/1", {"k": "v"}, 1, 2)
    back = Target(1, "http://a.example/login", "a.example", "http://a.example/1", {"k": "v"}, 2, 3)
    with ShardStore.open(tmp_path / "a") as a, ShardStore.open(tmp_path / "b") as b:
        stores = {"a.example": a, "b.example": b}
        url = "http://a.example/1"
        a.add([Target(1, url, "a.example", url, {"k": "v"})])
        a.finish([], [there], {})
        assert a.outbox() == [there]
        assert (a.counts().pending, a.counts().undelivered, a.counts().handed_over) == (0, 1, 1)
        assert deliver(a, stores.__getitem__) == 1
        assert b.next_of("b.example", limit=9)[1] == [there]
        b.finish([], [back], {})
        for _ in range(2):  # as after a kill between the two steps
            a.take_over(b.outbox())
        assert deliver(b, stores.__getitem__) == 1
        assert a.next_of("a.example", limit=9)[1] == [back]
        assert a.counts().handed_over == 0
        a.finish([Finished(1, "a.example", Verdict.OK)], [], {})
        a.take_over([back])
        assert pending(a) == pending(b) == []
        assert deliver(a, stores.__getitem__) == deliver(b, stores.__getitem__) == 0


def test_blame_lasts_until_the_target_is_finished(tmp_path: Path) -> None:
    with ShardStore.open(tmp_path / "s.sqlite") as store:
        store.add([target(1), target(2)])
        store.set_blame(1, Verdict.PARSE_CRASHED)
    with ShardStore.open(tmp_path / "s.sqlite") as store:
        assert store.blame() == {1: Verdict.PARSE_CRASHED}
        store.finish([Finished(1, "a.example", Verdict.PARSE_CRASHED)], [], {})
        assert store.blame() == {}
        assert store.requeue_failed() == 1
        assert store.blame() == {}


def test_failed_targets_are_requeued_with_the_switch_of_files(tmp_path: Path) -> None:
    with ShardStore.open(tmp_path / "s.sqlite") as store:
        store.add([target(n, host=f"{'ab'[n % 2]}.example") for n in range(1, 5)])
        verdicts = [Verdict.OK, Verdict.NETWORK_ERROR, Verdict.BLOCKED, Verdict.NO_RESULTS]
        finished = [Finished(n, f"{'ab'[n % 2]}.example", v) for n, v in enumerate(verdicts, 1)]
        store.finish(finished, [], {"results-000-001.jsonl": 400, "pages-000-00001.warc.gz": 9})
        assert store.hosts(limit=9) == []
        assert (
            store.requeue_failed(files={"results-000-002.jsonl": 200}, removed=["results-000-001.jsonl"]) == 2
        )
        assert store.files() == {"pages-000-00001.warc.gz": 9, "results-000-002.jsonl": 200}
        assert pending(store) == [2, 3]
        assert store.hosts(limit=9) == ["a.example", "b.example"]
        assert store.counts().finished == {Verdict.OK: 1, Verdict.NO_RESULTS: 1}
        assert store.counts().pending == 2
