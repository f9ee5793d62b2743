"""Temporary files: those of dead processes are removed by the next run, and no other file is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crawler.atomic_write import atomic_write, remove_abandoned, replacing, temporary_file
from crawler.errors import OutputError
from crawler.file_lock import try_lock

pytestmark = pytest.mark.skipif(os.name != "posix", reason="locks and kills")

ROOT = Path(__file__).parent.parent

WRITERS = {
    "atomic_write": "with atomic_write(target) as file: pause()",
    "report": "_fill = module._fill\nasync def fill(*a):\n    await _fill(*a)\n    pause()\nmodule._fill = fill\n"
    "asyncio.run(module.write_whole(target, b'x'))",
    "feed": "feed_channel._encoded = lambda *_: pause()\nfeed_channel._write(target, None, '')",
    "robots": "robots_store.json.dumps = lambda _: pause()\n"
    "robots_store.Store(target.parent).write(target.name, robots_store.Kept(dt.datetime.now(dt.UTC), 200, b''), "
    "dt.datetime.now(dt.UTC))",
    "archive": "archive.RecordReader = lambda journal: pause()\n"
    "asyncio.run(archive.write_archive(Path('none'), target))",
}
"""What is killed while it writes a file: each calls `pause` in the middle."""

SCRIPT = """
import asyncio, sys, time
import datetime as dt
from pathlib import Path
from crawler import atomic_write as module
from crawler.alerts import feed_channel
from crawler.atomic_write import atomic_write
from crawler.download import robots_store
from crawler.recording import archive

def pause():
    print("writing", flush=True)
    time.sleep(1000)

target = Path(sys.argv[1])
"""


@contextmanager
def writing(target: Path, writer: str) -> Iterator[subprocess.Popen[bytes]]:
    """Make another process write a file without ever finishing it."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT + WRITERS[writer], target],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"writing\n"
            yield process
        finally:
            process.kill()


def temporaries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob(".bookprice-*.tmp"))


@pytest.mark.parametrize("writer", WRITERS)
def test_what_a_killed_process_left_goes_and_what_a_living_one_writes_stays(
    tmp_path: Path, writer: str
) -> None:
    """Immediately, whatever its age."""
    with writing(tmp_path / "a.md", writer) as killed:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert len(temporaries(tmp_path)) == 1
        with writing(tmp_path / "b.md", writer):
            # It has removed the first one, when it began to write.
            (alive,) = temporaries(tmp_path)
            remove_abandoned(tmp_path)
            assert temporaries(tmp_path) == [alive]
            os.utime(tmp_path / alive, (0, 0))
            remove_abandoned(tmp_path)
            assert temporaries(tmp_path) == [alive]
    remove_abandoned(tmp_path)
    assert temporaries(tmp_path) == []


def test_a_file_is_held_until_it_has_its_name(tmp_path: Path) -> None:
    """Even between its end and the rename."""
    with temporary_file(tmp_path / "a") as temporary:
        temporary.file.close()
        remove_abandoned(tmp_path)
        assert temporaries(tmp_path) == [temporary.path.name]
    assert temporaries(tmp_path) == []


def test_nothing_else_goes(tmp_path: Path) -> None:
    """Neither another name, nor a link or its target, nor a folder, a pipe, or a foreign file."""
    stay = [
        ".bookprice-0123456789abcde.tmp", ".bookprice-0123456789abcdef.tmp2", "x.bookprice-0123456789abcdef.tmp",
        ".bookprice-0123456789ABCDEF.tmp", ".bookprice-0123456789abcdef", "bookprice-0123456789abcdef.tmp",
        ".bookprice-0123456789abcdef.tmp\n",
    ]  # fmt: skip
    for name in stay:
        (tmp_path / name).write_bytes(b"mine")
    document = tmp_path / "elsewhere"
    document.write_bytes(b"mine")
    link, folder, pipe, foreign = (tmp_path / f".bookprice-{digit * 16}.tmp" for digit in "abcd")
    link.symlink_to(document)
    folder.mkdir()
    os.mkfifo(pipe)
    stay += [document.name, link.name, folder.name, pipe.name]
    if os.geteuid() == 0:
        foreign.write_bytes(b"somebody else's")
        os.chown(foreign, 12345, 12345)
        stay.append(foreign.name)
    (tmp_path / f".bookprice-{'e' * 16}.tmp").write_bytes(b"left")
    for path in tmp_path.iterdir():
        if not path.is_symlink():
            os.utime(path, (0, 0))
    remove_abandoned(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(stay)
    assert document.read_bytes() == b"mine"


def test_a_folder_that_cannot_be_read_is_no_trouble(tmp_path: Path) -> None:
    remove_abandoned(tmp_path / "none")


def test_without_locks_age_alone_can_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a network file system."""
    import fcntl

    def none(*_: object) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    old, young = (tmp_path / f".bookprice-{digit * 16}.tmp" for digit in "ab")
    for path in (old, young):
        path.write_bytes(b"")
    os.utime(old, (time.time() - 3_700,) * 2)
    os.utime(young, (time.time() - 3_500,) * 2)
    remove_abandoned(tmp_path)
    assert temporaries(tmp_path) == [young.name]
    with atomic_write(tmp_path / "a") as file:
        file.write(b"whole")
    assert (tmp_path / "a").read_bytes() == b"whole"


class BugError(ValueError):
    """An exception that says nothing of the file."""


@pytest.mark.parametrize(
    ("raised", "expected"), [(OSError(28, "No space left"), OutputError), (BugError("x"), BugError)]
)
def test_a_failing_block_changes_nothing(
    tmp_path: Path, raised: Exception, expected: type[Exception]
) -> None:
    """An error of the system becomes one line that names the file, whenever it comes; a bug stays one."""
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail() -> None:
        with atomic_write(path) as file:
            file.write(b"new")
            raise raised

    with pytest.raises(expected) as caught:
        fail()
    if expected is OutputError:
        assert str(caught.value) == f"{path} cannot be written: No space left; choose another place"
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_what_replaces_a_file_replaces_a_link_in_its_place(tmp_path: Path) -> None:
    """A link that somebody puts there while the file is written leads nobody to its target."""
    elsewhere, path = tmp_path / "elsewhere", tmp_path / "a"
    elsewhere.write_bytes(b"mine")
    with replacing(path) as file:
        file.write(b"new")
        path.symlink_to(elsewhere)
    assert (path.is_symlink(), path.read_bytes(), elsewhere.read_bytes()) == (False, b"new", b"mine")


def test_a_lock_is_held_until_the_file_is_closed(tmp_path: Path) -> None:
    """Another descriptor of the same file finds it taken until then."""
    path = tmp_path / "a"
    path.write_bytes(b"")
    with path.open("rb") as mine, path.open("rb") as other:
        assert try_lock(mine.fileno()) is True
        assert try_lock(other.fileno()) is False
        mine.close()
        assert try_lock(other.fileno()) is True
