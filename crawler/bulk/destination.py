"""Where the files of batches go: a folder, or any URL that fsspec knows, such as s3://bucket/crawl.

A file appears whole under its name: by a rename in a folder, by one put on an object store. The same name written again
replaces the file.
"""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from crawler.atomic_write import shown, translate_os_errors
from crawler.bulk.batch import BATCH_FILE, staging_name
from crawler.clean import clean
from crawler.errors import CrawlerError, OutputError, UsageError
from crawler.installation import install_command
from crawler.phrases import Phrase

__all__ = ["Destination", "MissingFileError", "is_url", "open_destination", "remove_lost"]

READ_BYTES = 4 * 2**20
"""How much of a remote file is requested at a time."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class MissingFileError(OutputError):
    """A file to read does not exist."""


class Destination(Protocol):
    """A place for files. Every method raises OutputError if it fails."""

    def put(self, path: Path, name: str) -> None:
        """Move a whole, synced file to its final name."""

    def staging(self) -> AbstractContextManager[Path]:
        """Provide a local folder for the block, in which to write files for `put`."""

    def reading(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for the block. Raises MissingFileError if it does not exist."""

    def sizes(self) -> dict[str, int]:
        """Return the sizes of the files by name."""

    def remove(self, name: str) -> None:
        """Remove a file; do nothing if it is gone."""


def is_url(output: str) -> bool:
    """Return True if an output is a URL and not a folder."""
    return _URL.match(output) is not None


def open_destination(output: str) -> Destination:
    """Return the destination for an output. Raises UsageError for a URL that cannot be used."""
    return _Remote(output) if is_url(output) else _Folder(Path(output))


def remove_lost(output: str, known: Mapping[str, int]) -> None:
    """Remove the files of batches that no store knows: they were lost before their results counted.

    `known` are the committed sizes by name. Raises OutputError if results that a store knows are gone.
    """
    if not is_url(output):
        for folder in Path(output).glob(staging_name("*")):
            shutil.rmtree(folder, ignore_errors=True)
    destination = open_destination(output)
    sizes = destination.sizes()
    for name in sizes:
        if BATCH_FILE.fullmatch(name) and name not in known:
            destination.remove(name)
    for name, length in known.items():
        if name.startswith("results-") and BATCH_FILE.fullmatch(name) and sizes.get(name) != length:
            raise OutputError(Phrase("bulk_file_changed", name=name, place=shown(output)))


class _Folder:
    """A folder; unfinished files are in a folder within it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, path: Path, name: str) -> None:
        with translate_os_errors(self._folder / name):
            path.replace(self._folder / name)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        yield self._folder

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        path = self._folder / name
        try:
            file = path.open("rb")
        except OSError as error:
            kind = MissingFileError if isinstance(error, FileNotFoundError) else OutputError
            why = error.strerror or str(error)
            raise kind(Phrase("bulk_place_unreadable", place=shown(path), why=why)) from error
        with file:
            yield file

    def sizes(self) -> dict[str, int]:
        with translate_os_errors(self._folder):
            return {path.name: path.stat().st_size for path in self._folder.iterdir() if path.is_file()}

    def remove(self, name: str) -> None:
        with translate_os_errors(self._folder / name), suppress(FileNotFoundError):
            (self._folder / name).unlink()


class _Remote:
    """A URL of a file system that fsspec knows."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        scheme = url.partition("://")[0].lower()
        if scheme in {"memory", "file", "local"}:
            remedy = "give a folder" if scheme != "memory" else "its files are gone with each process"
            raise UsageError(f"no crawl can be at a URL with {scheme}://: {remedy}")
        try:
            import fsspec  # type: ignore[import-untyped]  # it has no types
        except ImportError as error:
            raise UsageError(
                f"{shown(url)}: a URL needs the extra cluster: {install_command('cluster')}"
            ) from error
        try:
            self._files: Any
            self._files, self._folder = fsspec.core.url_to_fs(self._url)
        except (ImportError, ValueError) as error:  # the package of a protocol is missing; unknown protocol
            raise UsageError(f"{shown(url)}: {_words(error)}") from error
        self._files.invalidate_cache()  # fsspec shares it within the process, and others write there too

    def put(self, path: Path, name: str) -> None:
        with self._translating(name):
            self._files.put_file(str(path), f"{self._folder}/{name}")

    @contextmanager
    def staging(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="bookprice-") as folder:
            yield Path(folder)

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        with self._translating(name):
            try:
                file = self._files.open(f"{self._folder}/{name}", "rb", block_size=READ_BYTES)
            except FileNotFoundError as error:
                place = shown(f"{self._url}/{name}")
                why = error.strerror or "No such file"
                raise MissingFileError(Phrase("bulk_place_unreadable", place=place, why=why)) from error
        try:
            with io.BufferedReader(_RemoteFile(file, lambda: self._translating(name)), READ_BYTES) as reader:
                yield reader
        finally:
            with suppress(Exception):
                file.close()

    def sizes(self) -> dict[str, int]:
        with self._translating():
            self._files.invalidate_cache()
            try:
                found = self._files.ls(self._folder, detail=True)
            except FileNotFoundError:  # an object store has no empty folders
                return {}
            return {
                str(each["name"]).rpartition("/")[2]: int(each["size"] or 0)
                for each in found
                if each["type"] == "file"
            }

    def remove(self, name: str) -> None:
        with self._translating(name), suppress(FileNotFoundError):
            self._files.rm_file(f"{self._folder}/{name}")

    @contextmanager
    def _translating(self, name: str = "") -> Iterator[None]:
        try:
            yield
        except CrawlerError:
            raise
        except Exception as error:  # each file system has its own errors
            place = f"{self._url}/{name}" if name else self._url
            raise OutputError(Phrase("bulk_place_unusable", place=shown(place), why=_words(error))) from error


class _RemoteFile(io.RawIOBase):
    """A file of fsspec whose errors are translated, also those while it is read."""

    def __init__(self, file: Any, translating: Callable[[], AbstractContextManager[None]]) -> None:
        self._file = file
        self._translating = translating

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._translating():
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _words(error: Exception) -> str:
    return clean(" ".join(str(error).split()))[:300] or type(error).__name__
