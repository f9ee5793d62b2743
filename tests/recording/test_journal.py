"""The journal: writing, failures, pruning, and finding pages again."""

from __future__ import annotations

import asyncio
import datetime as dt
import fcntl
import os
import re
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.file_lock import try_lock
from crawler.recording import journal as journal_module
from crawler.recording.journal import Journal, open_journal, prune, saved_pages
from crawler.recording.reading import read_run
from crawler.recording.replay_model import RunEnd, RunParameters, SavedPage
from tests.recording import recorded_runs as runs
from tests.recording.recorded_runs import NOW

END = RunEnd(NOW, None, {})
HOUR = 3600.0


async def keep(
    folder: Path, *pages: SavedPage, asked: RunParameters | None = None, now: dt.datetime = NOW
) -> Path:
    """Record a run that fetched `pages` and return its journal."""
    asked = asked or runs.parameters()
    journal = open_journal(folder, asked, now=now)
    journal.begin(asked)
    for page in pages:
        await journal.page(page)
    await journal.end(END)
    journal.close()
    assert journal.failure is None
    os.utime(journal.path, (now.timestamp(), now.timestamp()))
    return journal.path


async def test_a_page_is_on_the_disk_when_its_recording_returns(tmp_path: Path) -> None:
    """A page is in the file once its recording has returned, while the journal is still open."""
    asked = runs.parameters()
    journal = open_journal(tmp_path, asked, now=NOW)
    journal.begin(asked)
    for number in range(1, 4):
        await journal.page(runs.saved(number))
        assert read_run(journal.path).pages == {runs.key(n): runs.saved(n) for n in range(1, number + 1)}
    journal.close()


async def test_records_that_nobody_waits_for_are_written_together() -> None:
    """Requests are written with the page that someone waits for, in order and with one call."""
    reader, writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # each write is a message
    journal = Journal(Path("socket"), writer.detach())
    journal.begin(runs.parameters())
    for number in range(1, 4):
        journal.hop(runs.key(number), runs.hop_of(number, runs.body_of(number)))
    await journal.page(runs.saved(1))
    journal.close()
    with reader:
        first = reader.recv(1_000_000)
        assert reader.recv(1) == b""
    kinds = re.findall(rb"WARC-Type: (\w+)", first)
    assert kinds[:8] == [b"warcinfo", b"metadata", *(b"request", b"response") * 3]
    assert kinds[-1] == b"metadata"


async def test_a_record_that_nobody_waits_for_is_written_soon(tmp_path: Path) -> None:
    """A request is in the file a moment later, although nothing follows it."""
    journal = open_journal(tmp_path, runs.parameters(), now=NOW)
    journal.begin(runs.parameters())
    journal.hop(runs.key(1), runs.hop_of(1, runs.body_of(1)))
    async with asyncio.timeout(30):
        while b"WARC-Type: response" not in journal.path.read_bytes():  # noqa: ASYNC110 – a thread writes it
            await asyncio.sleep(0.01)
    journal.close()


async def test_a_defect_costs_no_record_before_it(tmp_path: Path) -> None:
    """The records that are written together with a defective one, but come before it, are kept."""
    journal = open_journal(tmp_path, runs.parameters(), now=NOW)
    journal.begin(runs.parameters())
    journal.hop(runs.key(1), runs.hop_of(1, runs.body_of(1)))
    await journal.page(replace(runs.saved(1), fetched_at=None))  # type: ignore[arg-type]  # the defect
    assert journal.failure is not None
    journal.close()
    assert journal.path.read_bytes().count(b"WARC-Type: response") == 1


async def test_a_journal_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Nobody else may read the pages, whatever the umask."""
    old = os.umask(0)
    try:
        path = await keep(tmp_path / "a" / "journals", runs.saved(1))
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_closed_journal_leaves_no_thread_and_no_file_open(tmp_path: Path) -> None:
    """Closing works repeatedly and before any write, and writes everything queued."""
    await asyncio.to_thread(int)  # the loop's own threads are there before and after
    before = runs.open_files()
    open_journal(tmp_path, runs.parameters(), now=NOW).close()
    journal = open_journal(tmp_path, runs.parameters(), now=NOW)
    journal.begin(runs.parameters())
    journal.hop(runs.key(1), runs.hop_of(1, runs.body_of(1)))
    journal.fetched(runs.key(1), runs.exchange_of(1, runs.body_of(1)), NOW)
    journal.close()
    journal.close()
    assert runs.open_files() == before
    assert list(read_run(journal.path).pages) == runs.keys(1)
    await journal.page(runs.saved(2))  # what comes late is neither written nor waited for
    journal.hop(runs.key(3), runs.hop_of(3, b""))
    assert list(read_run(journal.path).pages) == runs.keys(1)
    with pytest.raises(ValueError, match="not open"):
        journal.fileno()


async def test_a_waiter_that_is_cancelled_costs_nothing(tmp_path: Path) -> None:
    """The page of a cancelled task is written all the same, and the journal continues."""
    journal = open_journal(tmp_path, runs.parameters(), now=NOW)
    journal.begin(runs.parameters())
    waiting = asyncio.ensure_future(journal.page(runs.saved(1)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await journal.page(runs.saved(2))
    journal.close()
    assert list(read_run(journal.path).pages) == runs.keys(1, 2)


async def test_a_disk_that_hangs_holds_up_neither_loop_nor_end() -> None:
    """While a write hangs, the loop runs, and closing gives up; once it returns, the file is closed."""
    read, write = os.pipe()  # full after 64 KiB, and nobody reads
    journal = Journal(Path("pipe"), write)
    journal.begin(runs.parameters())
    waiting = asyncio.ensure_future(journal.page(runs.saved(1, body=runs.body_of(1, 500_000))))
    for _ in range(3):
        await asyncio.sleep(0.01)
    assert not waiting.done()
    journal.close()
    with open(read, "rb") as drain:  # noqa: ASYNC230, PTH123 – a pipe, which has an end once the journal closed it
        assert len(await asyncio.to_thread(drain.read)) > 500_000
    await waiting
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(write)


@pytest.mark.parametrize("name", ["a file/journals", "a file", "\0"])
async def test_a_folder_that_cannot_be_made_fails_no_search(tmp_path: Path, name: str) -> None:
    """If the journal cannot be created, its failure gives the reason in one line, and every method returns."""
    (tmp_path / "a file").write_bytes(b"")
    journal = open_journal(tmp_path / name, runs.parameters(), now=NOW)
    assert journal.failure is not None
    assert "cannot be written" in journal.failure
    assert journal.failure.isprintable()
    journal.begin(runs.parameters())
    journal.hop(runs.key(1), runs.hop_of(1, b""))
    await journal.page(runs.saved(1))
    await journal.end(END)
    journal.close()


async def test_a_defect_in_recording_fails_no_search(tmp_path: Path) -> None:
    """Any error while writing ends the recording with a message, and nobody waits forever."""
    journal = open_journal(tmp_path, runs.parameters(), now=NOW)
    journal.begin(runs.parameters())
    await journal.page(runs.saved(1))
    await journal.page(replace(runs.saved(2), fetched_at=None))  # type: ignore[arg-type]  # the defect
    await journal.page(runs.saved(3))
    assert journal.failure is not None
    journal.close()
    assert list(read_run(journal.path).pages) == runs.keys(1)


async def test_a_folder_that_goes_away_takes_nothing_from_the_archive(tmp_path: Path) -> None:
    """A run whose journal was removed continues, and its pages can still be read by the descriptor."""
    from crawler.recording.archive import write_archive

    journal = open_journal(tmp_path, runs.parameters(), now=NOW)
    journal.begin(runs.parameters())
    await journal.page(runs.saved(1))
    journal.path.unlink()
    await journal.page(runs.saved(2))
    await write_archive(journal.fileno(), tmp_path / "a.warc.gz")
    await journal.end(END)  # reading it moved nothing that is written
    assert journal.failure is None
    await write_archive(journal.fileno(), tmp_path / "b.warc.gz")
    journal.close()
    assert read_run(tmp_path / "a.warc.gz").pages == {runs.key(1): runs.saved(1), runs.key(2): runs.saved(2)}
    assert read_run(tmp_path / "b.warc.gz").ended == END


async def test_of_each_page_the_newest_good_copy_is_taken(tmp_path: Path) -> None:
    """The newest copy of a page that did not fail is used, whatever the order of the journals."""
    early, late = NOW - dt.timedelta(minutes=30), NOW - dt.timedelta(minutes=5)
    old = [runs.saved(n, at=early, body=b"old") for n in (1, 2, 3)]
    new = [
        runs.saved(1, at=late, body=b"new"),
        runs.saved(2, at=late, body=b"new", verdict="blocked"),
        runs.saved(4, at=late, body=b"", verdict="network_error"),
        runs.saved(5, at=late, verdict="no_results"),
        runs.saved(6, at=late, verdict="past_end"),
        runs.saved(7, at=late, verdict="a verdict of tomorrow"),
    ]
    await keep(tmp_path, *new, now=late)
    await keep(tmp_path, *old)  # written later, as by a run that took them over
    pages, skipped = saved_pages(tmp_path, runs.parameters(), now=NOW, fresh_seconds=HOUR)
    assert skipped == ()
    assert list(pages.items()) == [(page.key, page) for page in (new[0], old[1], old[2], new[3], new[4])]


async def test_a_page_has_an_age_of_its_own(tmp_path: Path) -> None:
    """A page's age is its own, and kept when the page is reused; a page from the future is not fresh."""
    ages = {1: 3599, 2: 3601, 3: -59, 4: -61}
    await keep(tmp_path, *(runs.saved(n, at=NOW - dt.timedelta(seconds=age)) for n, age in ages.items()))
    pages, _ = saved_pages(tmp_path, runs.parameters(), now=NOW, fresh_seconds=HOUR)
    assert list(pages) == runs.keys(1, 3)
    await keep(tmp_path, *pages.values(), now=NOW + dt.timedelta(seconds=30))
    pages, _ = saved_pages(
        tmp_path, runs.parameters(), now=NOW + dt.timedelta(seconds=30), fresh_seconds=HOUR
    )
    assert list(pages) == runs.keys(3, 4)


async def test_a_page_that_was_never_judged_is_taken_if_it_came(tmp_path: Path) -> None:
    """A page fetched with 200 before its run was killed is used; any other response is not."""
    asked, good, bad = runs.parameters(), runs.body_of(1), runs.body_of(2)
    journal = open_journal(tmp_path, asked, now=NOW)
    journal.begin(asked)
    journal.hop(runs.key(1), runs.hop_of(1, good))
    journal.fetched(runs.key(1), runs.exchange_of(1, good), NOW)
    journal.hop(runs.key(2), runs.hop_of(2, bad, status=503))
    journal.fetched(runs.key(2), runs.exchange_of(2, bad, status=503), NOW)
    journal.close()
    os.utime(journal.path, (NOW.timestamp(), NOW.timestamp()))
    pages, _ = saved_pages(tmp_path, asked, now=NOW, fresh_seconds=HOUR)
    assert pages == {runs.key(1): runs.saved(1, verdict="")}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (replace(runs.parameters(), settings={"pages": 100, "rank": "best"}, version="9", query="滲透測試"), True),
        (runs.parameters("别的"), False),
        (runs.parameters(base_url="http://127.0.0.1:1"), False),
        (replace(runs.parameters(), shop="another"), False),
        (replace(runs.parameters(), first_url=f"{runs.url_of(1)}&sort=price"), False),
    ],
)  # fmt: skip
async def test_the_same_search_is_what_asks_the_shop_the_same(
    tmp_path: Path, other: RunParameters, same: bool
) -> None:
    """Pages, order and filters may differ; shop, address and query may not."""
    await keep(tmp_path, runs.saved(1))
    pages, _ = saved_pages(tmp_path, other, now=NOW, fresh_seconds=HOUR)
    assert list(pages) == (runs.keys(1) if same else [])


async def test_a_demo_is_the_same_at_any_port(tmp_path: Path) -> None:
    """The demo shop has a different port in each run; another shop at a different port is a different shop."""
    here, there = (runs.parameters(base_url=f"http://127.0.0.1:{port}", demo=True) for port in (1, 2))
    await keep(tmp_path, runs.saved(1), asked=here)
    assert list(saved_pages(tmp_path, there, now=NOW, fresh_seconds=HOUR)[0]) == runs.keys(1)
    there = replace(there, demo=False)
    assert saved_pages(tmp_path, there, now=NOW, fresh_seconds=HOUR) == ({}, ())


async def test_a_journal_that_cannot_be_read_is_told_and_passed_over(tmp_path: Path) -> None:
    """A damaged journal only loses its own pages, and a journal that pretends to belong to this search yields none."""
    good = await keep(tmp_path, runs.saved(1))
    damaged = await keep(tmp_path, runs.saved(2))
    data = bytearray(damaged.read_bytes())
    data[data.index(b"HTTP/1.1 200 X") + 3] ^= 1
    damaged.write_bytes(data)
    other = await keep(tmp_path, runs.saved(3), asked=runs.parameters("别的"))
    other.rename(good.with_name(f"{good.name[:16]}-20260131T080000Z-{'0' * 16}.warc"))
    os.utime(damaged, (NOW.timestamp(), NOW.timestamp()))
    pages, skipped = saved_pages(tmp_path, runs.parameters(), now=NOW, fresh_seconds=HOUR)
    assert list(pages) == runs.keys(1)
    assert [damaged.name in line and "is damaged" in line for line in skipped] == [True]


def test_no_folder_has_no_pages(tmp_path: Path) -> None:
    """A first run has no earlier pages; that is not an error."""
    assert saved_pages(tmp_path / "none", runs.parameters(), now=NOW, fresh_seconds=HOUR) == ({}, ())


def journal_file(folder: Path, number: int, *, age: float, size: int = 0) -> Path:
    """Make a file that is named like a journal."""
    path = folder / f"{number:016x}-20260131T080000Z-{number:016x}.warc"
    path.write_bytes(bytes(size))
    os.utime(path, (NOW.timestamp() - age, NOW.timestamp() - age))
    return path


def test_the_old_and_the_oldest_beyond_the_size_are_pruned(tmp_path: Path) -> None:
    """A journal is removed a day after its last record, or earlier if newer ones exceed the size limit."""
    files = [journal_file(tmp_path, n, age=age, size=100) for n, age in enumerate((90_000, 50, 40, 30, 20))]
    assert set(prune(tmp_path, now=NOW, max_bytes=250)) == {*files[:3]}
    assert sorted(tmp_path.iterdir()) == files[3:]
    assert prune(tmp_path, now=NOW, max_bytes=250) == ()


def test_what_is_not_named_like_a_journal_is_never_pruned(tmp_path: Path) -> None:
    """Other files, links and folders stay, whatever their age and size."""
    own = journal_file(tmp_path, 1, age=90_000)
    target = tmp_path / "mine.txt"
    target.write_bytes(b"mine")
    (tmp_path / own.name.replace(".warc", ".warc.gz")).write_bytes(b"")
    (tmp_path / f"x{own.name}").write_bytes(b"")
    (tmp_path / f"{2:016x}-20260131T080000Z-{2:016x}.warc").symlink_to(target)
    (tmp_path / f"{3:016x}-20260131T080000Z-{3:016x}.warc").mkdir()
    others = set(tmp_path.iterdir()) - {own}
    for path in others:
        os.utime(path, (0, 0), follow_symlinks=False)
    assert prune(tmp_path, now=NOW, max_bytes=0) == (own,)
    assert set(tmp_path.iterdir()) == others


def test_a_journal_that_is_held_is_never_pruned(tmp_path: Path) -> None:
    """Neither age nor size removes a journal that a run holds; once released, it may be removed."""
    journal = open_journal(tmp_path, runs.parameters(), now=NOW)
    os.utime(journal.path, (0, 0))
    assert prune(tmp_path, now=NOW, max_bytes=0) == ()
    again = open_journal(tmp_path, runs.parameters(), now=NOW, max_age=0, max_bytes=0)
    assert journal.path.exists()
    again.close()
    journal.close()
    os.utime(journal.path, (0, 0))
    assert set(prune(tmp_path, now=NOW)) >= {journal.path}


def test_a_journal_that_is_pruned_before_it_is_held_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run may prune between creating and locking: the returned journal has a file and its lock."""
    lock = try_lock
    removed: list[Path] = []

    def late(fd: int) -> bool | None:
        if not removed:
            removed.extend(prune(tmp_path, now=NOW, max_age=-1e12))
            assert removed
        return lock(fd)

    def pruning(path: Path) -> bool:
        path.unlink()
        return True

    monkeypatch.setattr(journal_module, "try_lock", late)
    monkeypatch.setattr(journal_module, "_remove", pruning)
    journal = open_journal(tmp_path, runs.parameters(), now=NOW)
    assert list(tmp_path.iterdir()) == [journal.path]
    assert journal.path != removed[0]
    with journal.path.open("rb") as file:
        assert not lock(file.fileno())
    journal.close()


def test_opening_a_journal_prunes(tmp_path: Path) -> None:
    """Every run leaves the folder bounded, since every run opens a journal."""
    files = [journal_file(tmp_path, n, age=10 + n, size=100) for n in range(4)]
    journal = open_journal(tmp_path, runs.parameters(), now=NOW, max_bytes=200)
    assert sorted(tmp_path.iterdir()) == sorted([*files[:2], journal.path])
    journal.close()


def test_the_lock_is_one_that_other_programs_see(tmp_path: Path) -> None:
    """The lock is that of flock, held while the journal is open."""
    journal = open_journal(tmp_path, runs.parameters(), now=NOW)
    with journal.path.open("rb") as file:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        journal.close()
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


async def test_an_address_that_is_none_belongs_to_no_search(tmp_path: Path) -> None:
    """A journal may come from anybody; its address tells it from those of other searches."""
    strange = await keep(
        tmp_path / "a", runs.saved(1), asked=replace(runs.parameters(), first_url="http://[")
    )
    own = await keep(tmp_path / "b", runs.saved(1))
    strange.replace(own)
    assert saved_pages(tmp_path / "b", runs.parameters(), now=NOW, fresh_seconds=10**9) == ({}, ())
