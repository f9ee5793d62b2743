"""Files of reports: safe names, a check before the crawl, and writing that leaves a whole file or none."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import OutputError, UsageError
from crawler.report import files
from crawler.report.files import check_writable, make_folder, remove_if_empty, report_path, write_whole
from tests.factories import STARTED

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="permissions and links of POSIX")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_report_is_named_by_time_and_query(tmp_path: Path) -> None:
    """The name holds the time in UTC and the query in its own script."""
    china = dt.timezone(dt.timedelta(hours=8))
    path = report_path(tmp_path, "滲透 測試", STARTED.astimezone(china), ".md")
    assert path == tmp_path / "2026-01-31T080000Z_滲透-測試.md"


def test_names_sort_by_time(tmp_path: Path) -> None:
    """Whatever is searched for, a later report stands after an earlier one."""
    queries = ["Z", "书", "a", "-"]
    times = [STARTED + dt.timedelta(seconds=997 * n) for n in range(len(queries))]
    paths = [report_path(tmp_path, query, time, ".md") for query, time in zip(queries, times, strict=True)]
    assert paths == sorted(paths)


@given(st.text(st.one_of(st.characters(), st.sampled_from('/\\:*?"<>|.~$ \x00\x1b')), max_size=60))
def test_a_name_is_safe_everywhere(query: str) -> None:
    """Any query gives one short name, without what a system forbids, a shell reads or an eye cannot see."""
    path = report_path("no-such-folder", query, STARTED, ".md")
    assert path.parent == Path("no-such-folder")
    part = path.name.removeprefix("2026-01-31T080000Z_").removesuffix(".md")
    assert 1 <= len(part.encode()) <= 80
    assert not set(part) & set('<>:"/\\|?*\x00 \n\x1b;&$`')
    assert part.strip(". -") == part


def test_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    """Reports of one second and query stand beside each other."""
    for expected in ("_书.md", "_书_2.md", "_书_3.md"):
        path = report_path(tmp_path, "书", STARTED, ".md")
        assert path.name == f"2026-01-31T080000Z{expected}"
        path.touch()


async def test_a_file_is_written_whole(tmp_path: Path) -> None:
    """The bytes are there, with the permissions that the umask leaves, and nothing else is."""
    umask = os.umask(0o027)
    try:
        assert await write_whole(tmp_path / "书.csv", b"\xef\xbb\xbf1\r\n") == tmp_path / "书.csv"
    finally:
        os.umask(umask)
    assert (tmp_path / "书.csv").read_bytes() == b"\xef\xbb\xbf1\r\n"
    assert names(tmp_path) == ["书.csv"]
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "书.csv").stat().st_mode) == 0o640


@POSIX
async def test_an_existing_file_keeps_its_permissions(tmp_path: Path) -> None:
    """A report that others may not read stays so when it is written anew."""
    path = tmp_path / "a.md"
    path.write_text("old")
    path.chmod(0o600)
    await write_whole(path, b"new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@POSIX
async def test_a_link_is_followed(tmp_path: Path) -> None:
    """Writing through a link changes the file it leads to, in that file's folder; the link stays one."""
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "a.md", tmp_path / "link.md"
    link.symlink_to(target)
    check_writable(link)
    assert await write_whole(link, b"new") == target
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


async def test_nothing_is_overwritten_on_demand(tmp_path: Path) -> None:
    """Many writers of one name each get a file of their own, and each file is whole."""
    contents = [f"{n}".encode() * 1000 for n in range(10)]
    written = await asyncio.gather(
        *(write_whole(tmp_path / "a.md", data, replace=False) for data in contents)
    )
    assert [path.read_bytes() for path in written] == contents
    assert names(tmp_path) == sorted(["a.md", *(f"a_{n}.md" for n in range(2, 11))])


async def test_where_links_are_missing_nothing_is_overwritten_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system without hard links the name is held by an empty file first."""

    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    (tmp_path / "a.md").write_bytes(b"old")
    assert await write_whole(tmp_path / "a.md", b"new", replace=False) == tmp_path / "a_2.md"
    assert (tmp_path / "a.md").read_bytes() == b"old"
    assert (tmp_path / "a_2.md").read_bytes() == b"new"
    assert names(tmp_path) == ["a.md", "a_2.md"]


@pytest.mark.parametrize("replace", [True, False])
async def test_a_failure_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replace: bool
) -> None:
    """A disk that is full at the last moment: the old report is untouched, no other file is left, one line says why."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a.md").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"a\.md cannot be written: No space left on device"):
        await write_whole(tmp_path / "a.md", b"new", replace=replace)
    assert (tmp_path / "a.md").read_bytes() == b"old"
    assert names(tmp_path) == ["a.md"]


async def test_a_cancelled_write_leaves_what_was_there(tmp_path: Path) -> None:
    """Cancelled at any step of the way, a write leaves the old file or the new one, and nothing beside it."""
    path = tmp_path / "a.md"
    for steps in range(12):
        path.write_bytes(b"old")
        writing = asyncio.create_task(write_whole(path, b"new"))
        for _ in range(steps):
            await asyncio.sleep(0)
        writing.cancel()
        outcome = await asyncio.gather(writing, return_exceptions=True)
        cancelled = isinstance(outcome[0], asyncio.CancelledError)
        assert path.read_bytes() == (b"old" if cancelled else b"new")
        assert names(tmp_path) == ["a.md"]


async def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    """A folder that vanished during the crawl is an OutputError in one line."""
    with pytest.raises(OutputError, match=r"gone/a\.md cannot be written: No such file") as caught:
        await write_whole(tmp_path / "gone" / "a.md", b"x")
    assert "\n" not in str(caught.value)


def test_a_good_place_is_left_as_it_was(tmp_path: Path) -> None:
    """The check makes nothing that stays, and touches no file that is there."""
    (tmp_path / "old.csv").write_bytes(b"old")
    check_writable(tmp_path / "new.md")
    check_writable(tmp_path / "old.csv")
    assert names(tmp_path) == ["old.csv"]
    assert (tmp_path / "old.csv").read_bytes() == b"old"


def test_a_bad_place_is_told_in_one_line(tmp_path: Path) -> None:
    """No folder, a folder itself, a file as folder, a name too long: each names the path and what to do."""
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "file").touch()
    for name, words in {
        "missing/a.md": f"there is no folder {tmp_path / 'missing'}; make it first",
        "folder.md": "it is a folder; name a file in it",
        "file/a.md": "Not a directory; choose another place",
        f"{'书' * 100}.md": "File name too long; choose another place",
        "nul\x00.md": "null",
    }.items():
        with pytest.raises(OutputError) as caught:
            check_writable(tmp_path / name)
        message = str(caught.value)
        assert words in message
        assert "cannot be written" in message
        assert message.isprintable()
    with pytest.raises(UsageError, match="says nothing of the format"):
        check_writable(tmp_path / "a.docx")


@POSIX
def test_a_special_file_is_refused(tmp_path: Path) -> None:
    """A pipe would be replaced by a file, a link to itself leads nowhere."""
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    with pytest.raises(OutputError, match="a device or a pipe"):
        check_writable(tmp_path / "pipe.csv")
    with pytest.raises(OutputError, match="leads to itself"):
        check_writable(tmp_path / "loop.csv")


@POSIX
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_protected_place_is_refused(tmp_path: Path) -> None:
    """A read-only file and a read-only folder are found before the crawl."""
    protected = tmp_path / "a.md"
    protected.touch(mode=0o400)
    with pytest.raises(OutputError, match="write-protected"):
        check_writable(protected)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="Permission denied"):
            check_writable(tmp_path / "b.md")
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_is_made_with_what_is_above_it(tmp_path: Path) -> None:
    """What was missing is made and returned; of it, what has remained empty can be removed, and nothing else."""
    assert make_folder(tmp_path) == ()
    made = make_folder(tmp_path / "a" / "b")
    assert made == (tmp_path / "a", tmp_path / "a" / "b")
    assert names(tmp_path / "a" / "b") == []
    (tmp_path / "a" / "report.md").touch()
    remove_if_empty(made)
    assert names(tmp_path / "a") == ["report.md"]


def test_a_folder_that_cannot_be_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that takes folders and no files is found, and the folders are gone again."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(
        OutputError, match="b cannot be written: No space left on device; choose another place"
    ):
        make_folder(tmp_path / "a" / "b")
    monkeypatch.undo()
    assert names(tmp_path) == []


def test_a_temporary_name_fits_beside_any_target() -> None:
    """The temporary file's name does not grow with the target's, which may be as long as the system takes."""
    assert len(files._beside(Path("x" * 255)).name) < 64
