"""The output files of a shard: cut after a kill at any point, rolled at a size, created when needed."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from crawler.bulk.model import Target
from crawler.bulk.output_files import OutputFiles, pages_name, results_name, unpriced_name
from crawler.bulk.ports import Entry
from crawler.bulk.result import result_line
from crawler.bulk.store import StoreError
from crawler.download.exchange import Exchange, HttpRecord
from crawler.errors import OutputError
from crawler.verdict import Verdict
from tests.bulk.sites import file_names, read_lines
from tests.bulk.warc_readers import read_records, responses

NOW = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)
PAGES, RESULTS = pages_name(3, 1), results_name(3, 1)


def entry(
    number: int, *, size: int = 300, stored: bool = True, content: Mapping[str, Any] = MappingProxyType({})
) -> Entry:
    """Return a finished target whose page cannot be compressed."""
    url = f"http://shop.example/{number}"
    target = Target(number, url, "shop.example", url)
    body = os.urandom(size)
    line = result_line(
        target,
        Verdict.OK,
        "",
        Exchange(url, url, 200, body=body),
        milliseconds=1,
        charset="",
        content=content,
    )
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    hop = HttpRecord(url, NOW, b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n", head, body)
    return Entry(target, Verdict.OK, line, [hop] if stored else [])


def write(
    folder: Path, entries: Sequence[Entry], committed: dict[str, int], *, roll: int = 10**9
) -> dict[str, int]:
    """Append entries as a process that begins with `committed` does; return the committed lengths after them."""
    files = OutputFiles(folder, 3, committed, roll_bytes=roll)
    try:
        return committed | files.append(entries)
    finally:
        files.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in file_names(folder)}


@pytest.mark.parametrize("name", [PAGES, RESULTS])
def test_what_is_not_committed_is_cut_wherever_the_writing_was_broken_off(tmp_path: Path, name: str) -> None:
    """For each length that a killed process may leave, opening restores the committed files to the byte."""
    committed = write(tmp_path, [entry(1), entry(2)], {})
    before = contents(tmp_path)
    write(tmp_path, [entry(3)], committed)
    after = contents(tmp_path)
    assert len(after[name]) > committed[name]
    for length in range(committed[name], len(after[name]) + 1):
        (tmp_path / name).write_bytes(after[name][:length])
        OutputFiles(tmp_path, 3, committed, roll_bytes=10**9).close()
        assert contents(tmp_path)[name] == before[name]
    again = write(tmp_path, [entry(3)], committed)
    assert [line["number"] for line in read_lines(tmp_path)] == [1, 2, 3]
    assert len(responses(tmp_path)) == 3
    assert again == {each: len(data) for each, data in contents(tmp_path).items()}


def test_files_that_no_commit_knows_are_removed_and_those_of_others_stay(tmp_path: Path) -> None:
    """A killed process may have begun a file; other shards' files, and the user's, are not ours."""
    committed = write(tmp_path, [entry(1)], {})
    others = [pages_name(4, 1), results_name(4, 1), "pages-003.txt", "results-003-001.jsonl.bak"]
    for name in [pages_name(3, 2), results_name(3, 2), *others]:
        (tmp_path / name).write_bytes(b"x")
    OutputFiles(tmp_path, 3, committed, roll_bytes=10**9).close()
    assert file_names(tmp_path) == sorted([PAGES, RESULTS, *others])


def test_nothing_is_created_before_there_is_something_to_write(tmp_path: Path) -> None:
    """Ten URLs must not leave two files for each of many shards; results alone leave no WARC file."""
    assert write(tmp_path, [], {}) == {}
    assert file_names(tmp_path) == []
    assert list(write(tmp_path, [entry(1, stored=False)], {})) == [RESULTS]
    assert file_names(tmp_path) == [RESULTS]


def test_warc_files_are_rolled_at_their_size(tmp_path: Path) -> None:
    """Each begins with a warcinfo record and is whole; lines name the file of their record; appending goes on."""
    committed: dict[str, int] = {}
    for number in range(1, 8):
        entries = [entry(10 * number + each, size=2_000) for each in range(3)]
        committed = write(tmp_path, entries, committed, roll=2_500)
    names = [name for name in file_names(tmp_path) if name.startswith("pages")]
    assert names == [pages_name(3, number) for number in range(1, len(names) + 1)]
    assert len(names) > 3
    assert [kind for kind, _, _ in read_records(tmp_path)].count("warcinfo") == len(names)
    assert len(responses(tmp_path)) == 21
    for line in read_lines(tmp_path):
        data = (tmp_path / line["warc"]).read_bytes()[line["warc_offset"] :]
        assert f"WARC-Target-URI: {line['url']}\r\n".encode() in gzip.decompress(data)[:500]


def test_rolled_files_are_closed(tmp_path: Path) -> None:
    """However often a process rolls, it has one WARC file open."""
    files = OutputFiles(tmp_path, 3, {}, roll_bytes=1)
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0  # noqa: PTH208 – of names alone
    for number in range(1, 30):
        files.append([entry(number), entry(100 + number)])
    after = len(os.listdir("/proc/self/fd")) if before else 0  # noqa: PTH208 – of names alone
    files.close()
    assert after - before <= 2


def test_a_file_that_lost_data_is_an_error_that_names_it(tmp_path: Path) -> None:
    """Appending to a shortened file would hide the loss; a finished WARC file may have been moved away."""
    committed = write(tmp_path, [entry(1), entry(2)], {}, roll=1)
    assert pages_name(3, 2) in committed
    (tmp_path / PAGES).unlink()
    committed = write(tmp_path, [entry(3)], committed, roll=1)
    (tmp_path / RESULTS).write_bytes((tmp_path / RESULTS).read_bytes()[:-1])
    with pytest.raises(OutputError, match=RESULTS):
        write(tmp_path, [entry(4)], committed)
    (tmp_path / RESULTS).unlink()
    with pytest.raises(OutputError, match=RESULTS):
        write(tmp_path, [entry(4)], committed)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("name", [PAGES, RESULTS])
def test_a_full_disk_is_said_and_cut_away(tmp_path: Path, name: str) -> None:
    """The error names the file and the remedy; afterwards the committed data is there, to the byte."""
    committed = write(tmp_path, [entry(1)], {}, roll=1)
    before = contents(tmp_path)
    files = OutputFiles(tmp_path, 3, committed, roll_bytes=1)
    full = name if name == RESULTS else pages_name(3, 2)
    if full == RESULTS:
        (tmp_path / full).rename(tmp_path / "kept")
    (tmp_path / full).symlink_to("/dev/full")
    with pytest.raises(StoreError, match=f"{full}: the disk is full; make room") as caught:
        files.append([entry(number) for number in range(2, 9)])
    files.close()
    assert caught.value.disk_full
    (tmp_path / full).unlink()
    if full == RESULTS:
        (tmp_path / "kept").rename(tmp_path / full)
    OutputFiles(tmp_path, 3, committed, roll_bytes=1).close()
    assert contents(tmp_path) == before


@pytest.mark.skipif(sys.platform != "linux", reason="sets a limit as Linux has it")
def test_a_disk_that_fills_while_lines_are_written_leaves_no_torn_line(tmp_path: Path) -> None:
    """The system writes the part that has room; it is taken back."""
    import resource

    with closing(OutputFiles(tmp_path, 3, {}, roll_bytes=2**20)) as files:
        files.append([entry(1, stored=False)])
        before = contents(tmp_path)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before[RESULTS]) + 50, limits[1]))
        try:
            with pytest.raises(OutputError, match=RESULTS):
                files.append([entry(number, stored=False) for number in range(2, 9)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert contents(tmp_path) == before


def test_a_new_generation_of_results_is_continued(tmp_path: Path) -> None:
    """After failed targets were put back, results go to the file that the store names."""
    (tmp_path / results_name(3, 2)).write_bytes(b'{"number":9}\n')
    write(tmp_path, [entry(1)], {results_name(3, 2): 13})
    assert [line["number"] for line in read_lines(tmp_path)] == [9, 1]
    assert file_names(tmp_path) == [PAGES, results_name(3, 2)]


def test_lines_before_the_first_price_have_a_file_of_their_own(tmp_path: Path) -> None:
    """Each process that begins anew continues the file that the shard had; both are cut to what was committed."""
    unpriced, priced = {"price": None}, {"price": 1.5}
    own = unpriced_name(3, 1)
    committed = write(tmp_path, [entry(1, stored=False, content=unpriced)], {})
    write(tmp_path, [entry(2, stored=False, content=unpriced)], committed)  # never committed
    committed = write(tmp_path, [entry(3, stored=False, content=unpriced)], committed)
    assert [*committed] == [own]
    later = [entry(4, stored=False, content=unpriced), entry(5, stored=False, content=priced)]
    write(tmp_path, later, committed)  # never committed
    assert file_names(tmp_path) == [RESULTS, own]
    committed = write(tmp_path, later, committed)
    committed = write(tmp_path, [entry(6, stored=False, content=unpriced)], committed)
    assert [line["number"] for line in read_lines(tmp_path)] == [5, 4, 6, 1, 3]
    assert committed == {name: len(data) for name, data in contents(tmp_path).items()}


@pytest.mark.parametrize("at_once", [1, 1_000, 2**20])
def test_a_batch_is_written_in_few_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """However much is written at once, the files and their committed lengths are the same."""
    calls: list[int] = []

    def counted(descriptor: int, data: memoryview) -> int:
        calls.append(len(data))
        return write_to(descriptor, data)

    write_to = os.write
    monkeypatch.setattr("crawler.bulk.output_files._WRITE_BYTES", at_once)
    monkeypatch.setattr("crawler.bulk.output_files.os.write", counted)
    committed = write(tmp_path, [entry(number) for number in range(20)], {}, roll=8_000)
    assert {name: len(data) for name, data in contents(tmp_path).items()} == committed
    assert sum(calls) == sum(committed.values())
    assert len(committed) > 2  # more than one WARC file
    assert len(responses(tmp_path)) == 20
    if at_once == 2**20:
        assert len(calls) == len(committed)
