"""Where the files of batches go: a folder, or any URL that fsspec knows, such as s3://bucket/crawl.

A file appears whole under its name: by a rename in a folder, by one put on an object store. The same name written again
replaces the file.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from crawler.atomic_write import shown, translate_os_errors
from crawler.bulk.batch import BATCH_FILE, staging_name
from crawler.clean import clean
from crawler.errors import CrawlerError, OutputError, UsageError
from crawler.installation import install_command

__all__ = ["Destination", "is_url", "open_destination", "remove_lost"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class Destination(Protocol):
    """A place for files. Every method raises OutputError if it fails."""

    def put(self, path: Path, name: str) -> None:
        """Move a whole, synced file to its final name."""

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
            raise OutputError(
                f"{name} in {shown(output)} is missing or has changed since it was written; put it back, or begin a "
                "new crawl elsewhere"
            )


class _Folder:
    """A folder; unfinished files are in a folder within it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, path: Path, name: str) -> None:
        with translate_os_errors(self._folder / name):
            path.replace(self._folder / name)

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
            remedy = "give a folder" if scheme != "memory" else "its files would be gone with each worker"
            raise UsageError(f"--out does not take {scheme}://: {remedy}")
        try:
            import fsspec  # type: ignore[import-untyped]  # it has no types
        except ImportError as error:
            raise UsageError(
                f"a URL for --out needs the extra cluster: {install_command('cluster')}"
            ) from error
        try:
            self._files: Any
            self._files, self._folder = fsspec.core.url_to_fs(self._url)
        except (ImportError, ValueError) as error:  # the package of a protocol is missing; unknown protocol
            raise UsageError(f"{shown(url)}: {_words(error)}") from error

    def put(self, path: Path, name: str) -> None:
        with self._translating(name):
            self._files.put_file(str(path), f"{self._folder}/{name}")

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
            raise OutputError(f"{shown(place)} cannot be used: {_words(error)}") from error


def _words(error: Exception) -> str:
    return clean(" ".join(str(error).split()))[:300] or type(error).__name__
