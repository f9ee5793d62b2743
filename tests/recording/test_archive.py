"""The archive file: complete or absent, and refused early if it cannot be written."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from crawler.errors import OutputError, UsageError
from crawler.recording import archive
from crawler.recording.archive import check_archive_target, write_archive
from crawler.recording.gzip_member import gzip_member
from crawler.recording.reading import read_run
from crawler.recording.replay_model import RunEnd
from tests.recording import recorded_runs as runs
from tests.recording.recorded_runs import NOW

END = RunEnd(NOW, None, {1: ("ok", "")})


def made(folder: Path) -> Path:
    """Create and return a folder."""
    folder.mkdir()
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files in a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return a journal outside the folder of the archives."""
    return runs.write_run(made(tmp_path / "journals") / "run.warc", [runs.saved(1), runs.saved(2)], END)


@pytest.mark.parametrize("name", ["a.warc.gz", "a.warc"])
async def test_an_archive_is_what_the_journal_is(tmp_path: Path, journal: Path, name: str) -> None:
    """The same run is read from either, compressed or not, and no other file is left in the folder."""
    folder = made(tmp_path / "archives")
    await write_archive(journal, folder / name)
    assert read_run(folder / name) == read_run(journal)
    assert list(contents(folder)) == [name]
    same = contents(folder)[name] == contents(journal.parent)[journal.name]
    assert same == (name == "a.warc")


async def test_the_same_journal_makes_the_same_bytes(tmp_path: Path, journal: Path) -> None:
    """An archive does not contain the time of its writing."""
    await write_archive(journal, tmp_path / "a.warc.gz")
    await write_archive(journal, tmp_path / "b.warc.gz")
    files = contents(tmp_path)
    assert files["a.warc.gz"] == files["b.warc.gz"]


async def test_a_torn_record_is_left_out(tmp_path: Path, journal: Path) -> None:
    """If the journal ends within a record, the archive is complete all the same."""
    os.truncate(journal, os.path.getsize(journal) - 10)  # noqa: ASYNC240, PTH202 – one file
    await write_archive(journal, tmp_path / "a.warc.gz")
    run = read_run(tmp_path / "a.warc.gz")
    assert (list(run.pages), run.torn, run.ended) == (runs.keys(1, 2), False, None)


@pytest.mark.parametrize("existing", [True, False])
async def test_an_archive_is_absent_when_its_writing_is_cancelled(
    tmp_path: Path, existing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After cancellation in the middle, the old file is unchanged, no temporary file is left, and no thread goes on."""
    source = runs.write_run(
        tmp_path / "run.warc", [runs.saved(n, body=runs.body_of(n, 400_000)) for n in range(1, 60)]
    )
    folder = made(tmp_path / "archives")
    target = folder / "a.warc.gz"
    compress, compressed = gzip_member, []

    def counting(data: bytes) -> bytes:
        compressed.append(len(data))
        return compress(data)

    monkeypatch.setattr(archive, "gzip_member", counting)
    if existing:
        target.write_bytes(b"before")
    writing = asyncio.ensure_future(write_archive(source, target))
    while not any(name.endswith(".tmp") for name in os.listdir(folder)):  # noqa: PTH208 – of names alone
        assert not writing.done()
        await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert contents(folder) == ({"a.warc.gz": b"before"} if existing else {})
    assert len(compressed) < 170  # of 179: it did not go on to the end


async def test_an_existing_archive_keeps_its_permissions_and_its_link(tmp_path: Path, journal: Path) -> None:
    """A link is followed to its file, and the file keeps its permissions."""
    (tmp_path / "real.warc.gz").write_bytes(b"")
    (tmp_path / "real.warc.gz").chmod(0o640)
    (tmp_path / "a.warc.gz").symlink_to("real.warc.gz")
    await write_archive(journal, tmp_path / "a.warc.gz")
    assert (tmp_path / "a.warc.gz").is_symlink()
    assert stat.S_IMODE((tmp_path / "real.warc.gz").stat().st_mode) == 0o640
    assert read_run(tmp_path / "real.warc.gz") == read_run(journal)


@pytest.mark.parametrize("target", ["none/a.warc.gz", "\0.warc.gz", "a-folder"])
async def test_what_cannot_be_written_is_one_line(tmp_path: Path, journal: Path, target: str) -> None:
    """A missing folder, or an invalid name, is an OutputError that names the file."""
    made(tmp_path / "a-folder")
    with pytest.raises(OutputError, match="cannot be written") as caught:
        await write_archive(journal, tmp_path / target)
    assert str(caught.value).isprintable()
    assert contents(tmp_path) == {}


async def test_a_journal_that_is_gone_is_one_line(tmp_path: Path) -> None:
    """Without its journal, no archive is begun."""
    with pytest.raises(OutputError, match="No such file"):
        await write_archive(tmp_path / "none.warc", tmp_path / "a.warc.gz")
    assert contents(tmp_path) == {}


async def test_a_disk_that_fills_leaves_nothing(tmp_path: Path, journal: Path) -> None:
    """An archive that does not fit on the disk is absent, and the message says why."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
    try:
        with pytest.raises(OutputError, match="File too large"):
            await write_archive(journal, tmp_path / "a.warc.gz")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.zip", "must end in .warc.gz"),
        ("a.gz", "must end in .warc.gz"),
        ("none/a.warc.gz", "there is no folder"),
        ("folder.warc", "it is a folder"),
        ("pipe.warc", "it is not a regular file"),
        ("loop.warc", "cannot be written"),
        ("\0.warc", "cannot be written"),
    ],
)
def test_a_target_that_cannot_be_is_refused_before_the_crawl(tmp_path: Path, name: str, words: str) -> None:
    """Each gives one line with the reason, and leaves nothing behind."""
    (tmp_path / "folder.warc").mkdir()
    os.mkfifo(tmp_path / "pipe.warc")
    (tmp_path / "loop.warc").symlink_to("loop.warc")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UsageError, match=words) as caught:
        check_archive_target(tmp_path / name)
    assert str(caught.value).isprintable()
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["a.warc.gz", "a.warc", "there.warc.gz"])
def test_a_target_that_can_be_is_let_pass(tmp_path: Path, name: str) -> None:
    """Checking a valid target changes nothing, whether or not it exists."""
    (tmp_path / "there.warc.gz").write_bytes(b"before")
    check_archive_target(tmp_path / name)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]
