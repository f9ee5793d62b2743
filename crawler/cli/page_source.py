"""The source of a command's pages: the shop, recorded in a journal, or the recording of an earlier run."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from crawler.atomic_write import leads_out
from crawler.cli import console
from crawler.errors import HistoryError, OutputError, UsageError
from crawler.phrases import Phrase
from crawler.source import Source

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    from crawler.engine import Crawler
    from crawler.events import Event
    from crawler.page_key import PageKey
    from crawler.parsing.page_parser import PageParser
    from crawler.recording.journal import Journal
    from crawler.recording.replay_model import RunParameters, SavedPage
    from crawler.settings import EngineSettings, HistorySettings, Settings

__all__ = ["LiveRun", "Replay", "Run", "cache_folder"]


def cache_folder(settings: EngineSettings) -> Path:
    """Return the folder for data that runs keep for later runs.

    Raises UsageError if part of a named folder is a link that leads out of it: it may be a stranger's.
    """
    if settings.cache_dir is not None:
        folder = Path(settings.cache_dir)
        for part in ("robots", "journals"):
            if leads_out(folder / part, folder):
                raise UsageError(
                    f"{folder / part} is a link that points outside the cache folder; remove it, or set cache_dir to "
                    "another folder"
                )
        return folder
    from platformdirs import user_cache_path

    return user_cache_path("bookprice-crawler", appauthor=False)


def _checked_history(settings: HistorySettings, *, live: bool) -> Path | None:
    """Return the history file that records a run; None if the run is not recorded.

    The file is opened once, before any request. Raises UsageError if that fails.
    """
    record = settings.record
    if record == "never" or (record == "live" and not live):
        return None
    from crawler.history.recording import history_file
    from crawler.history.store import History

    path = history_file(settings.path)
    try:
        History(path).close()
    except HistoryError as error:
        raise UsageError(f"{error}; or add --no-history to search without it") from error
    return path


class Run(Protocol):
    """A search that a command runs or replays."""

    settings: Settings
    pages: int
    """Maximum number of pages to parse."""
    query: str
    """As typed."""
    history: Path | None
    """The file that records its observations; None for none."""
    modules: tuple[str, ...]
    """The modules that it needs once pages arrive, to be imported in advance."""
    preload_delay: float
    """Seconds to wait with that."""

    @property
    def resumable(self) -> bool:
        """True if `--resume` would find pages of it."""

    def crawler(self, pool: PageParser) -> Crawler:
        """Return an engine for it, not opened yet; it parses in `pool`."""

    def events(self, crawler: Crawler) -> AsyncGenerator[Event, None]:
        """Yield the events of the search."""

    async def finish(self) -> OutputError | None:
        """Save its recordings; return the error if something could not be written."""


class LiveRun:
    """A search of the shop, the demo shop or a replica."""

    modules: tuple[str, ...] = ("crawler.books.pipeline", "crawler.results", "crawler.recording.writing")
    preload_delay = 0.03  # by then the first requests are out

    def __init__(
        self, query: str, settings: Settings, *, demo: bool, resume: bool, archive: str | None
    ) -> None:
        """`archive` is the file for all exchanges. Raises UsageError if it or the history cannot be written."""
        self.settings = settings
        self.pages = settings.pages
        self.query = query
        self._demo = demo
        self._resume = resume
        self._archive = None if archive is None else Path(archive)
        self._cache = cache_folder(settings)
        self._journal: Journal | None = None
        self._elsewhere: TemporaryDirectory[str] | None = None
        self._has_read = False
        if self._archive is not None:
            from crawler.recording.archive import check_archive_target

            check_archive_target(self._archive)
        live = Source.at(settings.base_url, demo=demo).is_live
        self.history = _checked_history(settings.history, live=live)

    @property
    def resumable(self) -> bool:
        """True if a page was read and is in the journal."""
        journal = self._journal
        return self._has_read and journal is not None and journal.failure is None and self._elsewhere is None

    def crawler(self, pool: PageParser) -> Crawler:
        """Return an engine that keeps robots.txt in the cache folder."""
        from crawler.engine import Crawler

        return Crawler(self.settings, pool=pool, demo=self._demo, robots_folder=self._cache / "robots")

    async def events(self, crawler: Crawler) -> AsyncGenerator[Event, None]:
        """Search and write a journal; to resume, use the pages of earlier journals."""
        from crawler.events import PageFinished
        from crawler.recording.journal import open_journal

        now, folder = dt.datetime.now(dt.UTC), self._cache / "journals"
        parameters = crawler.spec(self.query).parameters(now)
        saved = await self._saved_pages(folder, parameters) if self._resume else None
        # Not in a thread: this creates a file and reads a short list of names, and the first request waits for it.
        self._journal = open_journal(folder, parameters, now=now)
        if self._archive is not None and self._journal.failure is not None:
            self._journal = self._journal_elsewhere(parameters, self._journal.failure)
        search = crawler.search(self.query, recorder=self._journal, saved=saved)
        async with aclosing(search) as events:
            async for event in events:
                self._has_read |= isinstance(event, PageFinished) and not event.verdict.failed
                yield event

    def _journal_elsewhere(self, parameters: RunParameters, failure: str) -> Journal:
        """Return a journal only for the archive, in a folder that is deleted after the run."""
        from tempfile import TemporaryDirectory

        from crawler.recording.journal import open_journal

        console.error(Phrase("cannot_resume", words=failure))
        self._elsewhere = TemporaryDirectory(prefix="bookprice-")
        return open_journal(Path(self._elsewhere.name), parameters, now=parameters.started_at)

    async def _saved_pages(self, folder: Path, parameters: RunParameters) -> dict[PageKey, SavedPage]:
        from crawler.recording.journal import saved_pages

        saved, unreadable = await asyncio.to_thread(
            saved_pages, folder, parameters, now=parameters.started_at,
            fresh_seconds=self.settings.resume_max_age, max_bytes=self.settings.max_body_bytes,
        )  # fmt: skip
        for words in unreadable:
            console.error(Phrase("fetched_anew", words=words))
        return saved

    async def finish(self) -> OutputError | None:
        """Write the archive and close the journal; report a failed journal on stderr."""
        journal = self._journal
        if journal is None:
            return None
        try:
            if self._archive is not None:
                from crawler.recording.archive import write_archive

                if journal.failure is not None:
                    return OutputError(
                        Phrase("archive_not_written", path=str(self._archive), why=journal.failure)
                    )
                await write_archive(journal.fileno(), self._archive)
            elif journal.failure is not None:
                console.error(journal.failure)
        except OutputError as error:
            return error
        finally:
            journal.close()
            if self._elsewhere is not None:
                self._elsewhere.cleanup()
        return None


class Replay:
    """A recorded search, repeated without a network."""

    resumable = False
    modules: tuple[str, ...] = ("crawler.books.pipeline", "crawler.results")
    preload_delay = 0.0

    def __init__(self, file: str, settings: Settings, chosen: dict[str, Any]) -> None:
        """`chosen` are settings that replace recorded ones.

        Raises ArchiveError if the file cannot be read, and UsageError if the history cannot be written.
        """
        from crawler.recording.reading import read_run

        self.settings = settings
        self._chosen = chosen
        self._run = read_run(Path(file), max_bytes=settings.max_body_bytes)
        self.pages = max(1, len(self._run.pages))
        self.query = self._run.parameters.query
        self.history = _checked_history(settings.history, live=False)

    def crawler(self, pool: PageParser) -> Crawler:
        """Return an engine that sends no requests."""
        from crawler.engine import Crawler

        return Crawler(self.settings, pool=pool)

    async def events(self, crawler: Crawler) -> AsyncGenerator[Event, None]:
        """Yield the events of the recorded search."""
        async with aclosing(crawler.replay(self._run, **self._chosen)) as events:
            async for event in events:
                yield event

    async def finish(self) -> OutputError | None:
        """Do nothing: a replay records nothing."""
        return None
