"""The intake: every line of the input is accounted for, however often it is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from crawler.bulk.intake import REJECTED, Intake, input_notes
from crawler.bulk.model import Finished, shard_of, store_path
from crawler.bulk.store import ShardStore, StoreError
from crawler.errors import OutputError, UsageError
from crawler.verdict import Verdict

ROOT = Path(__file__).parents[2]
SHARDS = 3


def listing(tmp_path: Path, text: str, name: str = "urls.txt") -> str:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return str(path)


def take_in(source: str, out: Path, **options: int | None) -> Mapping[str, int]:
    counts = Intake(source, out, SHARDS, **options).run()
    assert counts is not None
    kinds = ("blank", "comments", "header", "continued", "rejected", "duplicates", "targets")
    assert counts["lines"] == sum(counts[kind] for kind in kinds)
    return counts


def stored(out: Path) -> dict[int, str]:
    found = {}
    for shard in range(SHARDS):
        with ShardStore.open(store_path(out, shard), readonly=True) as store:
            for host in store.hosts(limit=10_000):
                assert shard_of(host, SHARDS) == shard
                for target in store.next_of(host, limit=100_000)[1]:
                    found[target.number] = target.url
    return found


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_targets_go_to_the_shards_of_their_hosts(tmp_path: Path, out: Path) -> None:
    urls = [f"http://h{n}.example/{n}" for n in range(1, 101)]
    counts = take_in(listing(tmp_path, "\n".join(urls)), out)
    assert counts["targets"] == 100
    assert stored(out) == dict(enumerate(urls, 1))
    assert not (out / REJECTED).exists()
    assert input_notes(counts) == []


def test_spellings_of_one_url_are_duplicates(tmp_path: Path, out: Path) -> None:
    text = "http://a.example\nHTTP://A.example:80/#x\nhttp:\\\\a.example\\.\\\nhttps://a.example/\n"
    counts = take_in(listing(tmp_path, text), out)
    assert (counts["targets"], counts["duplicates"]) == (2, 2)
    assert stored(out) == {1: "http://a.example/", 4: "https://a.example/"}


def test_rejected_lines_are_listed_without_secrets_and_control_characters(tmp_path: Path, out: Path) -> None:
    source = tmp_path / "urls.txt"
    lines = [
        b"http://a.example/",
        b"ftp://x\ty\\z",
        b"http://u:secret@b.example/",
        b"\xff\x1b[2J",
        "書".encode(),
    ]
    source.write_bytes(b"\n".join(lines))
    counts = take_in(str(source), out)
    assert counts["rejected"] == 4
    header, *rows = (out / REJECTED).read_text("utf-8").splitlines()
    assert header == "line\treason\ttext"
    assert [row.split("\t")[0] for row in rows] == ["2", "3", "4", "5"]
    assert [row.split("\t")[2] for row in rows] == [
        "ftp://x\\ty\\\\z", "http://***@b.example/", "\\xff\\x1b[2J", "書",
    ]  # fmt: skip
    assert all(row.replace("\t", "").isprintable() for row in rows)
    assert "secret" not in (out / REJECTED).read_text("utf-8")


@pytest.mark.parametrize(
    "line",
    [
        "http:u:secret@h.example/",
        "http:\\\\u:secret@h.example/",
        "http:/u:secret@h.example/",
        "http://u:my secret@h.example/",
        "http://u:my/secret@h.example/",
        "http://u:secret@x@h.example/",
        "u:secret@h.example",
        f"http://u:{'secret' * 99}@h.example/",
    ],
)
def test_no_rejected_line_has_a_password(tmp_path: Path, out: Path, line: str) -> None:
    assert take_in(listing(tmp_path, line), out)["rejected"] == 1
    ((_, text),) = [row.split("\t")[1:] for row in (out / REJECTED).read_text("utf-8").splitlines()[1:]]
    assert "secret" not in text
    assert "h.example" in text


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 5, 9])
def test_the_limit_counts_targets(tmp_path: Path, out: Path, limit: int) -> None:
    text = "http://a.example/1\nx\nhttp://a.example/1\nhttp://b.example/2\n\nhttp://c.example/3\n"
    source = listing(tmp_path, text)
    for _ in range(2):
        counts = take_in(source, out, limit=limit)
        assert counts["targets"] == min(limit, 3)
        assert len(stored(out)) == min(limit, 3)
        assert counts["limited"] == (limit <= 3)
    if limit <= 3:
        assert input_notes(counts) == [f"--limit ended the input after line {counts['lines']}"]


def test_a_second_intake_has_the_counts_of_the_first(tmp_path: Path, out: Path) -> None:
    text = "\n".join(f"http://h{n % 7}.example/{n % 50}" for n in range(200)) + "\nbad\n"
    source = listing(tmp_path, text)
    first = take_in(source, out)
    with ShardStore.open(store_path(out, shard_of("h1.example", SHARDS))) as store:
        _, targets = store.next_of("h1.example", limit=3)
        store.finish([Finished(each.number, each.host, Verdict.OK) for each in targets], [], {})
    rejected = (out / REJECTED).read_bytes()
    assert take_in(source, out) == first
    assert len(stored(out)) == first["targets"] - len(targets)
    assert (out / REJECTED).read_bytes() == rejected


def test_an_intake_that_was_stopped_is_completed_by_another(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.bulk.intake._BATCH", 10)
    source = listing(tmp_path, "bad\n" + "\n".join(f"http://h{n}.example/" for n in range(100)))
    intake = Intake(source, out, SHARDS)
    assert intake.run(lambda: intake.targets >= 30) is None
    assert 30 <= intake.targets < 100
    assert len(stored(out)) == intake.targets
    assert not (out / REJECTED).exists(), "an incomplete list of rejected lines would look complete"
    assert take_in(source, out)["targets"] == len(stored(out)) == 100
    assert (out / REJECTED).exists()


def test_another_input_is_noticed(tmp_path: Path, out: Path) -> None:
    take_in(listing(tmp_path, "http://a.example/1\nhttp://a.example/2\n"), out)
    with pytest.raises(StoreError, match="the input has changed"):
        take_in(listing(tmp_path, "http://a.example/1\nhttp://a.example/3\n"), out)


def test_damage_and_charsets_are_noted(tmp_path: Path, out: Path) -> None:
    source = tmp_path / "urls.gz"
    source.write_bytes(b"\x1f\x8b\x08")
    assert "damaged after line 0" in input_notes(take_in(str(source), out))[0]
    source = tmp_path / "urls.txt"
    source.write_bytes("http://a.example/书\n".encode("gbk"))
    assert "GB18030: 1" in input_notes(take_in(str(source), out))[0]


def test_an_input_that_cannot_be_read_leaves_no_rejected_lines(tmp_path: Path, out: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        Intake(str(tmp_path / "missing"), out, SHARDS).run()
    assert not (out / REJECTED).exists()


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, out: Path) -> None:
    (out / REJECTED).mkdir()
    with pytest.raises(OutputError) as caught:
        take_in(listing(tmp_path, "bad\n"), out)
    assert str(caught.value).isprintable()


def test_it_runs_in_a_thread_beside_a_process_that_finishes_targets(tmp_path: Path, out: Path) -> None:
    """Both write to the same stores, and nothing is lost."""
    source = listing(tmp_path, "\n".join(f"http://h{n % 20}.example/{n}" for n in range(30_000)))
    intake = Intake(source, out, SHARDS)
    results: list[Mapping[str, int] | None] = []
    thread = threading.Thread(target=lambda: results.append(intake.run()))
    thread.start()
    done: set[int] = set()
    stores = [ShardStore.open(store_path(out, shard)) for shard in range(SHARDS)]
    while True:
        was_reading = thread.is_alive()
        before = len(done)
        for store in stores:
            for host in store.hosts(limit=20):
                _, targets = store.next_of(host, limit=1_000)
                store.finish([Finished(each.number, each.host, Verdict.OK) for each in targets], [], {})
                assert done.isdisjoint(each.number for each in targets)
                done.update(each.number for each in targets)
        if not was_reading and len(done) == before:
            break
    thread.join()
    for store in stores:
        store.close()
    assert results[0] is not None
    assert done == set(range(1, 30_001))


def test_what_a_slow_pipe_brings_is_added_before_it_ends(tmp_path: Path, out: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    results: list[Mapping[str, int] | None] = []
    thread = threading.Thread(target=lambda: results.append(Intake(str(pipe), out, SHARDS).run()))
    thread.start()
    with pipe.open("wb", buffering=0) as file:
        for n in range(1, 4):
            file.write(f"http://a.example/{n}\nhttp://a.exam".encode())
            while size(out) < n:
                assert thread.is_alive()
            file.write(b"ple/\n")
    thread.join()
    assert results[0] is not None
    assert results[0]["targets"] == 4
    assert results[0]["duplicates"] == 2


KILLED = """
import sys
from pathlib import Path
from crawler.bulk import intake
intake._BATCH = 50
print("ready", flush=True)
intake.Intake(sys.argv[1], Path(sys.argv[2]), 3).run()
print("done", flush=True)
"""


def test_a_killed_intake_is_completed_by_another(tmp_path: Path, out: Path) -> None:
    source = listing(
        tmp_path, "bad\n" + "\n".join(f"http://h{n % 9}.example/{n % 18_900}" for n in range(20_000))
    )
    interrupted = 0
    for wanted in (100, 3_000, 9_000):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, source, str(out)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        while size(out) < wanted and process.poll() is None:
            pass  # a test's time limit ends a wait in vain
        process.send_signal(signal.SIGKILL)
        interrupted += b"done" not in process.stdout.read()
        process.stdout.close()
        process.wait()
    assert interrupted >= 2
    counts = take_in(source, out)
    assert (counts["targets"], counts["duplicates"], counts["rejected"]) == (18_900, 1_100, 1)
    assert len(stored(out)) == 18_900
    assert sorted(stored(out)) == list(range(2, 18_902))
    assert not list(out.glob(".bookprice-*"))


def size(out: Path) -> int:
    total = 0
    for shard in range(SHARDS):
        if store_path(out, shard).exists():
            with ShardStore.open(store_path(out, shard)) as store:
                total += store.counts().pending
    return total
