"""Report files: safe names, a check before the crawl, and writing that leaves a complete file or none."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import stat
import sys
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.atomic_write import temporary_path, write_whole
from crawler.errors import OutputError, UsageError
from crawler.report.search import files
from crawler.report.search.files import (
    check_writable,
    make_folder,
    mark_query,
    prune,
    remove_if_empty,
    report_path,
)
from tests.factories import STARTED

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="permissions and links of POSIX")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_report_is_named_by_time_and_query(tmp_path: Path) -> None:
    """The name contains the time in UTC and the query in its own script."""
    china = dt.timezone(dt.timedelta(hours=8))
    path = report_path(tmp_path, "滲透 測試", STARTED.astimezone(china), ".md")
    assert path == tmp_path / "2026-01-31T080000Z_滲透-測試.md"


def test_names_sort_by_time(tmp_path: Path) -> None:
    """Whatever the query, a later report follows an earlier one."""
    queries = ["Z", "书", "a", "-"]
    times = [STARTED + dt.timedelta(seconds=997 * n) for n in range(len(queries))]
    paths = [report_path(tmp_path, query, time, ".md") for query, time in zip(queries, times, strict=True)]
    assert paths == sorted(paths)


@given(st.text(st.one_of(st.characters(), st.sampled_from('/\\:*?"<>|.~$ \x00\x1b')), max_size=60))
def test_a_name_is_safe_everywhere(query: str) -> None:
    """Any query gives one short name without characters that a system forbids, a shell interprets or nobody can see."""
    path = report_path("no-such-folder", query, STARTED, ".md")
    assert path.parent == Path("no-such-folder")
    part = path.name.removeprefix("2026-01-31T080000Z_").removesuffix(".md")
    assert 1 <= len(part.encode()) <= 80
    assert not set(part) & set('<>:"/\\|?*\x00 \n\x1b;&$`')
    assert part.strip(". -") == part


def test_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    """Reports of the same second and query coexist."""
    for expected in ("_书.md", "_书_2.md", "_书_3.md"):
        path = report_path(tmp_path, "书", STARTED, ".md")
        assert path.name == f"2026-01-31T080000Z{expected}"
        path.touch()


def test_a_name_is_free_with_every_suffix(tmp_path: Path) -> None:
    """A report of several files has one name: a number follows as soon as any of them is taken."""
    name = "2026-01-31T080000Z_书"
    assert report_path(tmp_path, "书", STARTED, ".md", ".html") == tmp_path / f"{name}.md"
    (tmp_path / f"{name}.html").touch()
    assert report_path(tmp_path, "书", STARTED, ".md", ".html") == tmp_path / f"{name}_2.md"
    assert report_path(tmp_path, "书", STARTED, ".html", ".md") == tmp_path / f"{name}_2.html"
    assert report_path(tmp_path, "书", STARTED, ".md") == tmp_path / f"{name}.md"
    (tmp_path / f"{name}_2.md").touch()
    assert report_path(tmp_path, "书", STARTED, ".md", ".html") == tmp_path / f"{name}_3.md"


def make_report(folder: Path, query: str, day: int, *suffixes: str, mark: str | None = None) -> list[str]:
    """Write a report's files as the command names them, and return their names."""
    path = report_path(folder, query, STARTED + dt.timedelta(days=day), *suffixes)
    text = f"# {query}\n\n{mark_query(query) if mark is None else mark}\n"
    for suffix in suffixes:
        path.with_suffix(suffix).write_text(text, encoding="utf-8")
    return [path.with_suffix(suffix).name for suffix in suffixes]


def test_old_reports_of_a_query_are_removed(tmp_path: Path) -> None:
    """The requested number of newest reports stays; Markdown and HTML with one name are one report."""
    reports = [make_report(tmp_path, "书", day, ".md", ".html") for day in range(5)]
    removed = prune(tmp_path, "书", 2)
    assert sorted(path.name for path in removed) == sorted(chain(*reports[:3]))
    assert names(tmp_path) == sorted(chain(*reports[3:]))
    assert prune(tmp_path, "书", 2) == ()
    assert len(prune(tmp_path, "书", 1)) == 2
    assert prune(tmp_path, "书", 10) == ()


def test_a_report_of_one_file_counts_as_one(tmp_path: Path) -> None:
    """If somebody has deleted the HTML, the Markdown alone is still a report."""
    make_report(tmp_path, "书", 0, ".md")
    make_report(tmp_path, "书", 1, ".html")
    make_report(tmp_path, "书", 2, ".md", ".html")
    assert [path.suffix for path in prune(tmp_path, "书", 2)] == [".md"]


def test_reports_of_one_second_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """The tenth is newer than the second, despite the alphabet."""
    written = [make_report(tmp_path, "书", 0, ".md")[0] for _ in range(11)]
    assert written[1].endswith("_书_2.md")
    assert written[10].endswith("_书_11.md")
    prune(tmp_path, "书", 3)
    assert names(tmp_path) == sorted(written[-3:])


@pytest.mark.parametrize(
    ("query", "other"),
    [
        ("a b", "a-b"),
        ("a b", "a:b"),
        ("a", "a_2"),
        ("a_2", "a"),
        ("a", "A"),
        ("书", "书籍"),
        ("书", "-书-"),
        ("C", "C++"),
        ("书" * 30, "书" * 31),
        ("search", "?"),
    ],
)
def test_reports_of_another_query_stay(tmp_path: Path, query: str, other: str) -> None:
    """Their marks distinguish queries that look alike in a file's name, or like a numbered one."""
    for day in range(3):
        for wanted in (query, other, other):
            make_report(tmp_path, wanted, day, ".md")
    everything = names(tmp_path)
    removed = prune(tmp_path, query, 1)
    assert len(removed) == 2
    assert len(names(tmp_path)) == len(everything) - 2
    marks = [(tmp_path / name).read_text(encoding="utf-8").splitlines()[-1] for name in names(tmp_path)]
    assert marks.count(mark_query(other)) == 6
    assert marks.count(mark_query(query)) == 1


def test_files_that_are_no_reports_stay(tmp_path: Path) -> None:
    """Files without the mark or with a different name, folders and other formats are not removed."""
    make_report(tmp_path, "书", 9, ".md")
    kept = make_report(tmp_path, "书", 0, ".md", mark="my own notes")
    kept += make_report(tmp_path, "书", 1, ".csv")
    for name in ("notes.md", "x2026-01-31T080000Z_书.md", "2026-01-31T080000Z_书.md.bak", "2026-01-31_书.md"):
        (tmp_path / name).write_text(mark_query("书"), encoding="utf-8")
        kept.append(name)
    (tmp_path / "2026-01-30T080000Z_书.md").mkdir()
    kept.append("2026-01-30T080000Z_书.md")
    removed = prune(tmp_path, "书", 0)
    assert len(removed) == 1
    assert names(tmp_path) == sorted(kept)


def test_a_file_that_cannot_be_read_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its query is unknown; the others are still pruned."""
    (closed, *_), *_ = (make_report(tmp_path, "书", day, ".md") for day in range(3))
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == closed:
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert len(prune(tmp_path, "书", 1)) == 1
    assert closed in names(tmp_path)


@POSIX
def test_a_link_is_not_followed_to_be_removed(tmp_path: Path) -> None:
    """Neither a link with a report's name nor its target is removed."""
    (tmp_path / "reports").mkdir()
    elsewhere = tmp_path / "elsewhere.md"
    elsewhere.write_text(mark_query("书"), encoding="utf-8")
    link = tmp_path / "reports" / "2026-01-31T080000Z_书.md"
    link.symlink_to(elsewhere)
    assert prune(tmp_path / "reports", "书", 0) == ()
    assert link.is_symlink()
    assert elsewhere.exists()


def test_a_report_that_cannot_be_removed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line names it, or the missing folder; a file that another run removed meanwhile is no error."""
    for day in range(3):
        make_report(tmp_path, "书", day, ".md")

    def refuse(_: Path, **__: bool) -> None:
        raise PermissionError(1, "Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(
            OutputError, match=r"the old report .*书\.md cannot be removed: Operation not perm"
        ):
            prune(tmp_path, "书", 1)

    unlink = Path.unlink

    def late(path: Path, **options: bool) -> None:
        unlink(path)
        unlink(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", late)
        prune(tmp_path, "书", 1)
    assert len(names(tmp_path)) == 1
    with pytest.raises(OutputError, match=r"cannot look for old reports in .*gone: No such file"):
        prune(tmp_path / "gone", "书", 1)


@given(st.text(max_size=40))
def test_a_mark_is_one_comment(query: str) -> None:
    """Whatever the query, the comment ends where it should, is one line of ASCII, and is unique."""
    mark = mark_query(query)
    assert mark.isascii()
    assert mark.isprintable()
    assert mark.startswith("<!-- ")
    assert "--" not in mark[4:-3]
    assert ">" not in mark[:-1]
    assert mark_query(f"{query}x") not in mark


async def test_a_file_is_written_whole(tmp_path: Path) -> None:
    """The bytes are there, with the permissions that the umask leaves, and no other file is."""
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
    """A report that others may not read stays so when it is replaced."""
    path = tmp_path / "a.md"
    path.write_text("old")
    path.chmod(0o600)
    await write_whole(path, b"new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@POSIX
async def test_a_link_is_followed(tmp_path: Path) -> None:
    """Writing through a link changes its target, in the target's folder; the link stays a link."""
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "a.md", tmp_path / "link.md"
    link.symlink_to(target)
    check_writable(link)
    assert await write_whole(link, b"new") == target
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


async def test_nothing_is_overwritten_on_demand(tmp_path: Path) -> None:
    """Many writers of one name each get a file of their own, and each file is complete."""
    contents = [f"{n}".encode() * 1000 for n in range(10)]
    written = await asyncio.gather(
        *(write_whole(tmp_path / "a.md", data, replace=False) for data in contents)
    )
    assert [path.read_bytes() for path in written] == contents
    assert names(tmp_path) == sorted(["a.md", *(f"a_{n}.md" for n in range(2, 11))])


async def test_where_links_are_missing_nothing_is_overwritten_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system without hard links, an empty file reserves the name."""

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
    """If the disk fills up at the last moment, the old report stays, no other file remains, and one line says why."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a.md").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"a\.md cannot be written: No space left on device"):
        await write_whole(tmp_path / "a.md", b"new", replace=replace)
    assert (tmp_path / "a.md").read_bytes() == b"old"
    assert names(tmp_path) == ["a.md"]


async def test_a_cancelled_write_leaves_what_was_there(tmp_path: Path) -> None:
    """A write that is cancelled at any step leaves the old file or the new one, and nothing beside it."""
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
    """A folder that vanished during the crawl is an OutputError of one line."""
    with pytest.raises(OutputError, match=r"gone/a\.md cannot be written: No such file") as caught:
        await write_whole(tmp_path / "gone" / "a.md", b"x")
    assert "\n" not in str(caught.value)


def test_a_good_place_is_left_as_it_was(tmp_path: Path) -> None:
    """The check leaves nothing behind, and changes no existing file."""
    (tmp_path / "old.csv").write_bytes(b"old")
    check_writable(tmp_path / "new.md")
    check_writable(tmp_path / "old.csv")
    assert names(tmp_path) == ["old.csv"]
    assert (tmp_path / "old.csv").read_bytes() == b"old"


def test_a_bad_place_is_told_in_one_line(tmp_path: Path) -> None:
    """A missing folder, a folder, a file as folder, a name too long: each message names the path and the remedy."""
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "file").touch()
    for name, words in {
        "missing/a.md": f"there is no folder {tmp_path / 'missing'}; create it first",
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
    with pytest.raises(UsageError, match="unknown format"):
        check_writable(tmp_path / "a.docx")


@POSIX
def test_a_special_file_is_refused(tmp_path: Path) -> None:
    """A pipe would be replaced by a file, and a link to itself leads nowhere."""
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    with pytest.raises(OutputError, match="a device or a pipe"):
        check_writable(tmp_path / "pipe.csv")
    with pytest.raises(OutputError, match="a link to itself"):
        check_writable(tmp_path / "loop.csv")


@POSIX
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_protected_place_is_refused(tmp_path: Path) -> None:
    """The check finds a read-only file and a read-only folder before the crawl."""
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
    """Missing folders are created and returned; only those that stay empty can be removed."""
    assert make_folder(tmp_path) == ()
    made = make_folder(tmp_path / "a" / "b")
    assert made == (tmp_path / "a", tmp_path / "a" / "b")
    assert names(tmp_path / "a" / "b") == []
    (tmp_path / "a" / "report.md").touch()
    remove_if_empty(made)
    assert names(tmp_path / "a") == ["report.md"]


def test_a_folder_that_cannot_be_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check finds a disk that accepts folders but no files, and removes the folders again."""

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
    """The temporary file's name does not grow with the target's, which may have the system's maximum length."""
    assert len(temporary_path(Path("x" * 255)).name) < 64


def test_a_report_just_written_is_never_pruned(tmp_path: Path) -> None:
    """A clock that was set back, or another run's later report, does not cost the current report."""
    for time in ("2026-01-01T000000Z", "2099-01-01T000000Z"):
        (tmp_path / f"{time}_书.md").write_text(files.mark_query("书"))
    new = tmp_path / "2026-01-01T000000Z_书.md"
    assert files.prune(tmp_path, "书", 1, spare=[new]) == ()
    assert files.prune(tmp_path, "书", 1, source="demo") == ()
    assert files.prune(tmp_path, "书", 1) == (new,)
