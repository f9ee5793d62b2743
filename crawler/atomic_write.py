"""Write files that are either complete or absent: check first, then write a temporary file, fsync and rename it.

The check runs before the network is needed, so asyncio and aiofiles are imported only when an event loop writes its
first file.
"""

from __future__ import annotations

import itertools
import os
import re
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from crawler.clean import clean
from crawler.errors import OutputError
from crawler.file_lock import try_lock
from crawler.phrases import Phrase

__all__ = [
    "TemporaryFile",
    "atomic_write",
    "check_inside",
    "check_target",
    "commit",
    "followed",
    "leads_out",
    "numbered",
    "probe",
    "remove_abandoned",
    "replacing",
    "shown",
    "target_of",
    "temporary_file",
    "temporary_path",
    "translate_os_errors",
    "write_whole",
]

_TEMPORARY = re.compile(r"\.bookprice-[0-9a-f]{16}\.tmp")

_ABANDONED_SECONDS = 3_600
"""The age in seconds from which a temporary file counts as abandoned if the system has no locks."""


def target_of(path: str | os.PathLike[str]) -> Path:
    """Resolve the links of a path to the file that it leads to. Raises OutputError."""
    with translate_os_errors(path):
        return Path(os.path.realpath(path))


def leads_out(path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> bool:
    """Return True if a path leads out of a folder through links."""
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def followed(path: str | os.PathLike[str]) -> Path:
    """Return the file that a path leads to, unless a link leads out of its folder.

    Someone else may have replaced any part of a relative path with a link, so every part is checked; in an absolute
    path, only the last part is. A device or a pipe may be anywhere. Raises OutputError.
    """
    folder, target = Path(path).parent, target_of(path)
    with translate_os_errors(path):
        real, plain = os.path.realpath(folder), os.path.join(os.path.realpath("."), folder)  # noqa: PTH118 – keeps «..»
        is_led = not folder.is_absolute() and real != os.path.normpath(plain) and leads_out(folder, ".")
        if is_led or ((not target.exists() or target.is_file()) and leads_out(path, folder)):
            raise _leading_out(path)
    return target


def check_inside(path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> None:
    """Check that no link leads a path out of a folder. Raises OutputError."""
    if leads_out(path, folder):
        raise _leading_out(path)


def _leading_out(path: str | os.PathLike[str]) -> OutputError:
    return OutputError(_not_written(path, Phrase("choose_place", why=Phrase("leads_out"))))


def check_target(path: str | os.PathLike[str], *, no_file: str | None = None) -> None:
    """Check that a file can be written to `path`, by creating and removing one beside it.

    Permission bits say nothing about read-only and virtual file systems. `no_file` is the message for a device or a
    pipe. Raises OutputError.
    """
    target = target_of(path)
    with translate_os_errors(path):
        try:
            mode = target.lstat().st_mode
        except FileNotFoundError:
            mode = None
        if mode is not None:
            _check_existing(path, target, mode, no_file)
        if not target.parent.exists():
            raise OutputError(_not_written(path, Phrase("no_folder", folder=str(target.parent))))
        probe(temporary_path(target))


def probe(path: Path) -> None:
    """Create a file and remove it."""
    _swept(path.parent)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    path.unlink(missing_ok=True)  # another process may have removed it as abandoned


def temporary_path(target: Path) -> Path:
    """Return a new name in the target's folder, from which a rename to the target is atomic."""
    return target.with_name(f".bookprice-{os.urandom(8).hex()}.tmp")


@dataclass(frozen=True, slots=True)
class TemporaryFile:
    """A new file beside a target."""

    path: Path
    file: BinaryIO


@contextmanager
def temporary_file(target: Path) -> Iterator[TemporaryFile]:
    """Create a file in the target's folder for the block, after removing those of dead processes.

    A lock marks the file as in use. The end of the block removes the file unless it was renamed.
    """
    _swept(target.parent)
    # The user's umask applies, as with an ordinary program.
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with ExitStack() as stack:
        while True:
            path = temporary_path(target)
            descriptor = os.open(path, flags, 0o666)
            file = stack.enter_context(os.fdopen(descriptor, "wb"))
            stack.callback(_remove, path)
            if sys.platform == "win32":  # an open file can be neither removed nor renamed there
                break
            # The lock belongs to the open file; this descriptor holds it from the end of `file` to the rename.
            stack.callback(os.close, os.dup(descriptor))
            # Another process may have removed the file as abandoned before it was locked.
            if try_lock(descriptor) is not False and os.fstat(descriptor).st_nlink:
                break
        yield TemporaryFile(path, file)


def remove_abandoned(folder: Path) -> None:
    """Remove the temporary files of dead processes from a folder, and nothing else."""
    with suppress(OSError):
        for name in os.listdir(folder):  # noqa: PTH208 – only the names are needed
            if _TEMPORARY.fullmatch(name):
                with suppress(OSError):  # another process does the same
                    _remove_if_abandoned(folder / name)


@lru_cache(maxsize=64)
def _swept(folder: Path) -> None:
    """Remove the temporary files of dead processes, once per process, because a folder may hold very many files."""
    remove_abandoned(folder)


def _remove_if_abandoned(path: Path) -> None:
    before = path.lstat()
    if not stat.S_ISREG(before.st_mode) or (hasattr(os, "geteuid") and before.st_uid != os.geteuid()):
        return
    is_old = before.st_mtime < time.time() - _ABANDONED_SECONDS
    if sys.platform == "win32":
        if is_old:
            path.unlink()
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not os.path.samestat(before, os.fstat(descriptor)):
            return
        is_free = try_lock(descriptor)
        if is_free or (is_free is None and is_old):
            path.unlink()
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    with suppress(OSError):  # it was renamed, or an error was raised already
        path.unlink()


def commit(temporary: Path, target: Path) -> Path:
    """Rename a file to the target, with the permissions of an existing file; return the target."""
    with suppress(FileNotFoundError):
        temporary.chmod(stat.S_IMODE(target.stat().st_mode))
    return temporary.replace(target)


@contextmanager
def translate_os_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn an error of the operating system into a one-line OutputError that names the file."""
    try:
        yield
    except OSError as error:
        raise _failure(path, error) from error
    except ValueError as error:  # a NUL in the name
        raise OutputError(_not_written(path, str(error))) from error


def _failure(path: str | os.PathLike[str], error: OSError) -> OutputError:
    return OutputError(_not_written(path, Phrase("choose_place", why=error.strerror or str(error))))


def _not_written(path: str | os.PathLike[str], why: str) -> Phrase:
    return Phrase("not_written", path=shown(path), why=why)


def shown(path: str | os.PathLike[str]) -> str:
    """Return a path that is safe to show."""
    return clean(os.fspath(path))


def _check_existing(path: str | os.PathLike[str], target: Path, mode: int, no_file: str | None) -> None:
    trouble: str
    if stat.S_ISDIR(mode):
        trouble = Phrase("is_folder")
    elif stat.S_ISLNK(mode):
        trouble = Phrase("is_loop")
    elif not stat.S_ISREG(mode):
        trouble = Phrase("no_file") if no_file is None else no_file
    elif not os.access(target, os.W_OK):
        trouble = Phrase("write_protected")
    else:
        return
    raise OutputError(_not_written(path, trouble))


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """Write a file in the block that then replaces `target`, or a link in its place; on any failure nothing changes.

    The file lies beside the target until it is written and synced. An existing file keeps its permissions. Raises
    OSError if the file cannot be written.
    """
    with temporary_file(target) as temporary:
        with temporary.file as file:
            yield file
            _finish(file)
        commit(temporary.path, target)


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Write a file in the block that then replaces `path`; on any failure nothing changes.

    The function follows a link to its file; an existing file keeps its permissions. Raises OutputError if the file
    cannot be written. Other exceptions of the block pass through; an OSError counts as a failure to write.
    """
    target = target_of(path)
    try:
        with replacing(target) as file:
            yield file
    except OSError as error:
        raise _failure(path, error) from error


async def write_whole(path: str | os.PathLike[str], data: bytes, *, replace: bool = True) -> Path:
    """Write `data` to `path` from an event loop, as `atomic_write` does, and return the path written.

    With `replace` false, it overwrites nothing and follows no link: if the name is taken, it uses the first free name
    with a number («report_2.md»). Raises OutputError if the file cannot be written.
    """
    import asyncio

    target = target_of(path) if replace else target_of(Path(path).parent) / Path(path).name
    with translate_os_errors(path), temporary_file(target) as temporary:
        filling = asyncio.ensure_future(_fill(temporary.file, data))
        try:
            # The writing threads cannot be interrupted, so a cancelled task waits for them before it cleans up.
            await asyncio.shield(filling)
        finally:
            if not filling.done():
                await asyncio.wait([filling])
        return (commit if replace else _take_free_place)(temporary.path, target)


async def _fill(file: BinaryIO, data: bytes) -> None:
    import asyncio

    import aiofiles

    async with aiofiles.open(file.fileno(), "wb", closefd=False) as writer:
        await writer.write(data)
    await asyncio.to_thread(_finish, file)


def _take_free_place(temporary: Path, target: Path) -> Path:
    return next(path for path in numbered(target) if _claimed(temporary, path))


def _claimed(temporary: Path, path: Path) -> bool:
    """Rename a file to `path` unless that exists; return True if it was renamed."""
    try:
        os.link(temporary, path)  # unlike a rename, this fails if the name is taken
    except FileExistsError:
        return False
    except OSError:  # a file system without links: reserve the name with an empty file
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        try:
            temporary.replace(path)
        except OSError:
            path.unlink()
            raise
    return True


def numbered(path: Path) -> Iterator[Path]:
    """Yield `path`, then the same with _2, _3 … before its suffix."""
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.stem}_{number}{path.suffix}")


def _finish(file: BinaryIO) -> None:
    """Write a file's data to the disk and close it."""
    file.flush()
    os.fsync(file.fileno())
    file.close()
