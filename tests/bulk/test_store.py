"""The state of a shard: exact against a model, whole after a kill, one line for a file that is not ours."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from crawler.bulk.manifest import new_manifest
from crawler.bulk.model import Finished, Parse, Store, Target, store_path
from crawler.bulk.status import read_status
from crawler.bulk.store import ShardStore, StoreError, deliver
from crawler.verdict import Verdict
from tests.profiles import examples

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
        store.add([target(4, host="a.example")])
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
        assert (a.counts().pending, a.counts().undelivered, a.counts().handed_over) == (1, 1, 1)
        assert deliver(a, stores.__getitem__) == 1
        assert b.next_of("b.example", limit=9)[1] == [there]
        b.finish([], [back], {})
        for _ in range(2):  # as after a kill between the two steps
            a.take_over(b.outbox())
        assert deliver(b, stores.__getitem__) == 1
        assert a.next_of("a.example", limit=9)[1] == [back]
        assert a.counts().handed_over == 0
        b.take_over([there])
        assert pending(b) == [], "it was there before, and has gone on"
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


class StoresAgainstAModel(RuleBasedStateMachine):
    """Two shards, whose stores may be closed and opened at any time, do what dicts do."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.stores = {name: self.opened(name) for name in "ab"}
        self.urls: dict[str, int] = {}
        self.pending: dict[str, dict[int, Target]] = {"a": {}, "b": {}}
        self.finished: dict[int, tuple[str, Verdict]] = {}
        self.targets: dict[int, Target] = {}
        self.outbox: dict[str, dict[int, Target]] = {"a": {}, "b": {}}
        self.files: dict[str, dict[str, int]] = {"a": {}, "b": {}}
        self.number = 0

    def opened(self, name: str) -> ShardStore:
        return ShardStore.open(Path(self.folder.name) / name, durable=False)

    def teardown(self) -> None:
        for store in self.stores.values():
            store.close()
        self.folder.cleanup()

    @rule(
        name=st.sampled_from("ab"),
        paths=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), max_size=6),
    )
    def add(self, name: str, paths: list[tuple[int, int]]) -> None:
        targets, accepted = [], 0
        for path, host in paths:
            self.number += 1
            one = target(self.number, str(path), f"{name}{host}")
            targets.append(one)
            if one.url not in self.urls:
                self.urls[one.url] = one.number
                self.pending[name][one.number] = self.targets[one.number] = one
                accepted += 1
        assert self.stores[name].add(targets) == accepted
        assert self.stores[name].add(targets) == accepted, "an intake may run again"

    @rule(name=st.sampled_from("ab"), data=st.data(), verdict=st.sampled_from([Verdict.OK, Verdict.BLOCKED]))
    def finish(self, name: str, data: st.DataObject, verdict: Verdict) -> None:
        queue = self.pending[name]
        if not queue:
            return
        numbers = data.draw(st.lists(st.sampled_from(sorted(queue)), unique=True, max_size=4))
        moved = data.draw(st.lists(st.sampled_from(numbers), unique=True)) if numbers else []
        other = "b" if name == "a" else "a"
        onward = [
            replace(queue[n], url=f"http://{other}9/{n}", host=f"{other}9", redirects=queue[n].redirects + 1)
            for n in moved
        ]
        done = [Finished(n, queue[n].host, verdict) for n in numbers if n not in moved]
        length = data.draw(st.integers(0, 99))
        self.stores[name].finish(done, onward, {"r": length})
        self.files[name]["r"] = length
        for each in done:
            self.targets[each.number] = queue.pop(each.number)
            self.finished[each.number] = (name, verdict)
        for moving in onward:
            del queue[moving.number]
            self.outbox[name][moving.number] = moving

    @rule(name=st.sampled_from("ab"), killed=st.booleans())
    def deliver(self, name: str, killed: bool) -> None:
        other = "b" if name == "a" else "a"
        if killed:  # after the first of two steps
            self.stores[other].take_over(self.stores[name].outbox())
        deliver(self.stores[name], lambda _: self.stores[other])
        self.pending[other].update(self.outbox[name])
        self.outbox[name].clear()

    @rule(name=st.sampled_from("ab"))
    def requeue(self, name: str) -> None:
        failed = [n for n, (where, v) in self.finished.items() if where == name and v is Verdict.BLOCKED]
        assert self.stores[name].requeue_failed(files={"r2": 5}, removed=["r"]) == len(failed)
        for number in failed:
            del self.finished[number]
            self.pending[name][number] = replace(self.targets[number], attempts=0)
        self.files[name].pop("r", None)
        self.files[name]["r2"] = 5

    @rule(name=st.sampled_from("ab"))
    def reopen(self, name: str) -> None:
        self.stores[name].close()
        self.stores[name] = self.opened(name)

    @invariant()
    def agrees(self) -> None:
        for name, store in self.stores.items():
            queue = self.pending[name]
            counts = store.counts()
            assert counts.pending == len(queue) + len(self.outbox[name])
            assert counts.undelivered == len(self.outbox[name])
            verdicts = [v for where, v in self.finished.values() if where == name]
            assert counts.finished == {v: verdicts.count(v) for v in set(verdicts)}
            assert counts.done == len(verdicts)
            assert store.files() == self.files[name]
            assert {each.number: each for each in store.outbox()} == self.outbox[name]
            hosts = store.hosts(limit=99)
            assert set(hosts) == {each.host for each in queue.values()}
            found = [each for host in hosts for each in store.next_of(host, limit=99)[1]]
            assert {each.number: each for each in found} == queue
            assert len(found) == len(queue)


TestStoresAgainstAModel = StoresAgainstAModel.TestCase
TestStoresAgainstAModel.settings = settings(max_examples=examples(100), stateful_step_count=20)


def test_pages_of_a_queue_come_one_after_the_other(tmp_path: Path) -> None:
    """A target that is taken over comes last, though its number is smaller."""
    with ShardStore.open(tmp_path / "s.sqlite") as store:
        store.add([target(n) for n in range(10, 15)])
        cursor, targets = store.next_of("a.example", limit=3)
        assert [each.number for each in targets] == [10, 11, 12]
        store.take_over([Target(3, "http://a.example/3", "a.example", "http://b.example/3", redirects=1)])
        cursor, targets = store.next_of("a.example", after=cursor, limit=3)
        assert [each.number for each in targets] == [13, 14, 3]
        assert store.next_of("a.example", after=cursor, limit=3) == (cursor, [])
        assert store.next_of("unknown", limit=3) == (0, [])


# Files that are not ours, and disks that are full


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE book (id)")


def newer(path: Path) -> None:
    ShardStore.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")


def with_trigger(path: Path) -> None:
    ShardStore.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON target BEGIN DELETE FROM target; END")


def text(path: Path) -> None:
    path.write_text("no database, but long enough to have a header of one hundred bytes " * 9, "utf-8")


def torn(path: Path) -> None:
    with ShardStore.open(path) as store:
        store.add([target(n) for n in range(500)])
    data = path.read_bytes()
    path.write_bytes(data[:8192] + os.urandom(len(data) - 8192))


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [foreign, newer, with_trigger, text, torn, folder])
def test_a_file_that_is_no_store_is_one_line_and_stays(tmp_path: Path, make: object) -> None:
    path = tmp_path / "s.sqlite"
    assert callable(make)
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(StoreError) as caught, ShardStore.open(path) as store:  # noqa: PT012 – either may find it
        store.add([target(1_000)])
        pending(store)
        store.counts()
    assert str(caught.value).isprintable()
    assert str(path) in str(caught.value)
    assert not caught.value.disk_full
    if make is not torn:
        assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_value_that_this_program_does_not_write_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with ShardStore.open(path) as store:
        store.add([target(1)])
        store.finish([Finished(1, "a.example", Verdict.OK)], [], {})
        store.add([replace(target(2), columns={"k": "v"})])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE tally SET name = 'splendid' WHERE name = 'ok'")
        connection.execute("UPDATE target SET columns = '[' WHERE number = 2")
        connection.execute("INSERT INTO host (name, pending) VALUES (CAST(x'ff0a' AS TEXT), 1)")
    with ShardStore.open(path) as store:
        for attempt in (
            store.counts,
            lambda: store.next_of("a.example", limit=9),
            lambda: store.hosts(limit=9),
        ):
            with pytest.raises(StoreError, match="is damaged") as caught:
                attempt()
            assert str(caught.value).isprintable()


def test_a_reader_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        ShardStore.open(tmp_path / "state" / "s.sqlite", readonly=True)
    (tmp_path / "empty").touch()
    with pytest.raises(StoreError, match="is empty"):
        ShardStore.open(tmp_path / "empty", readonly=True)
    assert not (tmp_path / "state").exists()


def test_a_reader_sees_what_a_writer_commits(tmp_path: Path) -> None:
    with ShardStore.open(tmp_path / "s") as store, ShardStore.open(tmp_path / "s", readonly=True) as reader:
        store.add([target(1)])
        assert reader.counts().pending == 1
        with pytest.raises(StoreError):
            reader.add([target(2)])


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be opened"):
        ShardStore.open(tmp_path / "file" / "s.sqlite")


def test_a_full_disk_changes_nothing_and_is_said(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with ShardStore.open(path) as store:
        store.add([target(1)])
        store._connection.execute("PRAGMA max_page_count = 20")  # SQLite reports it as it does a full disk
        with pytest.raises(StoreError, match="disk is full") as caught:
            store.add([target(n, host=f"h{n}") for n in range(2, 5_000)])
        assert caught.value.disk_full
        assert pending(store) == [1]
        store._connection.execute("PRAGMA max_page_count = 100000")
        assert store.add([target(n, host=f"h{n}") for n in range(2, 5_000)]) == 4_998
        assert store.counts().pending == 4_999


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_a_write_that_the_system_refuses_changes_nothing_and_is_said(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "s.sqlite"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with ShardStore.open(path) as store:
        store.add([target(1)])
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))  # as a quota does
        try:
            with pytest.raises(StoreError, match="make room") as caught:
                store.add([target(n, host=f"h{n}") for n in range(2, 5_000)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert caught.value.disk_full
        assert pending(store) == [1]
        assert store.add([target(n, host=f"h{n}") for n in range(2, 5_000)]) == 4_998


# Several processes


def test_many_may_create_and_fill_a_store_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    ready = threading.Barrier(6)
    failures: list[BaseException] = []

    def fill(first: int) -> None:
        try:
            ready.wait()
            with ShardStore.open(path, durable=False) as store:
                for number in range(first, first + 60, 20):
                    store.add([target(n, host=f"h{n % 5}") for n in range(number, number + 20)])
        except BaseException as error:  # noqa: BLE001 – raised below
            failures.append(error)

    threads = [threading.Thread(target=fill, args=(1 + 100 * n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with ShardStore.open(path) as store:
        assert store.counts().pending == len(pending(store)) == 6 * 60


WRITER = """
import sys
from pathlib import Path
from crawler.bulk.model import Finished, Target
from crawler.bulk.store import ShardStore
from crawler.verdict import Verdict

with ShardStore.open(Path(sys.argv[1])) as store:
    print("ready", flush=True)
    while targets := store.next_of("a.example", limit=7)[1]:
        finished = [Finished(each.number, each.host, Verdict.OK) for each in targets[:-1]]
        moved = targets[-1]
        moved = Target(moved.number, "http://b.example/", "b.example", moved.source_url, redirects=1)
        store.finish(finished, [moved], {"results": 1_000 * (7_000 - store.counts().pending)})
"""


def test_a_kill_at_any_moment_leaves_whole_transactions(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with ShardStore.open(path) as store:
        store.add([target(n) for n in range(7_000)])
    for pause in (0.0, 0.004, 0.011, 0.03):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        with suppress(subprocess.TimeoutExpired):
            process.wait(pause)
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        process.wait()
        with ShardStore.open(path) as store:
            counts = store.counts()
            left = pending(store)
            assert counts.pending == len(left) + counts.undelivered
            assert counts.done == 6 * counts.undelivered == 6 * len(store.outbox())
            assert counts.done + counts.pending == 7_000
            assert len(left) % 7 == 0


def test_a_target_in_the_outbox_is_pending_once(tmp_path: Path) -> None:
    """The status of a crawl that was killed between two steps of a handover has as many targets as the input."""
    url = "http://a.example/1"
    manifest = new_manifest("-", None, shards=1, parse=Parse.NONE, store=Store.NONE, limit=None)
    with ShardStore.open(store_path(tmp_path, 0)) as store:
        store.add([Target(1, url, "a.example", url)])
        store.finish([], [Target(1, "http://b.example/", "b.example", url, {}, 1, 1)], {})
        assert read_status(tmp_path, manifest).pending == 1
