"""Check the destinations of a search's report before the crawl, and write the report after it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.atomic_write import write_whole
from crawler.cli import console
from crawler.cli.named_files import named_files
from crawler.errors import OutputError, UsageError
from crawler.local_time import local_zone
from crawler.phrases import Phrase
from crawler.report import FORMATS, check_installed, encode, format_of, render
from crawler.report.search.files import check_writable, make_folder, prune, remove_if_empty, report_path

if TYPE_CHECKING:
    from crawler.results import SearchResult
    from crawler.settings import ReportSettings

__all__ = ["OutputPlan", "Written", "plan_outputs"]

FOR_PEOPLE = frozenset({"table", "md"})
"""Formats that the configured `top` shortens; the others contain every book unless --top is given."""

IN_FOLDER = {"md": ".md", "html": ".html"}
"""Formats in the reports folder, with their suffixes."""


def plan_outputs(
    files: Sequence[str],
    stdout_format: str | None,
    settings: ReportSettings,
    *,
    top_given: bool,
    show_dropped: bool = False,
    report_root: Path | None = None,
) -> OutputPlan:
    """Return the destinations of the report, after all checks that are possible before there is a report.

    `files` are those of `-o`, `stdout_format` is that of `--format`. `top_given` is True if `--top` was given, and
    `show_dropped` to list dropped products. No link may lead from the reports folder out of `report_root`. The reports
    folder is created: call the plan's `cleanup` at the end.

    Raises UsageError for a file that has an unknown format, is named twice, or cannot be written; for a format that is
    not installed; and for a binary format if stdout is a terminal.
    """
    if stdout_format is not None:
        check_installed(stdout_format)
        if FORMATS[stdout_format].binary and console.is_terminal(sys.stdout):
            raise UsageError(
                f"{stdout_format} cannot be shown on a terminal; write it to a file with -o FILE.{stdout_format}"
            )
    targets = named_files(files, format_of, check=_check_file)
    folder = None if files or stdout_format else Path(settings.dir)
    made: tuple[Path, ...] = ()
    if folder is not None:
        try:
            made = make_folder(folder, root=report_root)
        except OutputError as error:
            raise UsageError(f"the report folder {error}, with -o or with dir in [report]") from error
    return OutputPlan(
        stdout=stdout_format or "table",
        files=tuple(targets),
        folder=folder,
        report_root=report_root,
        made=made,
        top=settings.top,
        top_of_data=settings.top if top_given else None,
        lang=settings.lang,
        show_dropped=show_dropped,
        keep=settings.keep,
    )


def _check_file(path: Path, form: str) -> None:
    check_installed(form)
    check_writable(path)


@dataclass(frozen=True, slots=True)
class Written:
    """The outcome of writing the files."""

    reports: tuple[Path, ...] = ()
    """The reports written to the folder."""
    failure: OutputError | None = None
    """Why the first missing file could not be written."""


@dataclass(frozen=True, slots=True)
class OutputPlan:
    """The formats and files of a report."""

    stdout: str
    """The format for stdout."""
    files: tuple[tuple[Path, str], ...]
    """Files and their formats."""
    folder: Path | None
    """The folder for reports named by query and time; None for no such reports."""
    report_root: Path | None
    """The folder that links must not leave; None if a person named the reports folder."""
    made: tuple[Path, ...]
    """The folders created for this search, outermost first: the reports folder and its parents."""
    top: int
    """Maximum number of books in the formats for people."""
    top_of_data: int | None
    """Maximum number of books in the other formats; None means all."""
    lang: str
    """The language of the reports, or auto."""
    show_dropped: bool
    keep: int
    """How many reports of this query to keep in the folder; 0 keeps all."""

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules needed for writing, to be imported in advance."""
        forms = [self.stdout, *(form for _, form in self.files), *(IN_FOLDER if self.folder else ())]
        files = ("aiofiles",) if self.files or self.folder else ()
        own = {FORMATS[form].module for form in forms}
        return (*sorted(own), *dict.fromkeys(name for form in forms for name in FORMATS[form].needs), *files)

    async def write_files(self, result: SearchResult) -> Written:
        """Write all files that can be written; return a failure, do not raise it, so that stdout gets its report."""
        reports: tuple[Path, ...] = ()
        failure = None
        for path, form in self.files:
            try:
                await write_whole(path, encode(await self._render(result, form), form))
            except OutputError as error:
                failure = failure or error
        if self.folder is not None:
            try:
                reports = await self._write_reports(self.folder, result)
            except OutputError as error:
                failure = failure or error
        return Written(reports, failure)

    async def _write_reports(self, folder: Path, result: SearchResult) -> tuple[Path, ...]:
        import asyncio

        from crawler.atomic_write import check_inside

        if self.report_root is not None:
            check_inside(folder, self.report_root)  # again, because a run takes minutes
        try:
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                Phrase("folder_not_made", folder=str(folder), why=str(error.strerror))
            ) from error
        path = report_path(folder, result.query, result.started_at, *IN_FOLDER.values())
        written: list[Path] = []
        for form, suffix in IN_FOLDER.items():
            data = encode(await self._render(result, form), form)
            # The first file decides a race for the name; the second uses the same name.
            target = (written[0] if written else path).with_suffix(suffix)
            written.append(await write_whole(target, data, replace=False))
        if self.keep and result.complete:  # a partial report must not replace an earlier complete one
            await asyncio.to_thread(
                prune, folder, result.query, self.keep, source=result.marked_source, spare=written
            )
        return tuple(folder / file.name for file in written)

    def cleanup(self) -> None:
        """Remove folders that were created but stayed empty because nothing was written."""
        remove_if_empty(self.made)

    async def write_stdout(self, result: SearchResult) -> None:
        """Write the report to stdout. Raises OutputError if stdout cannot be written."""
        report = await self._render(
            result, self.stdout, width=console.columns(), color=console.wants_color(sys.stdout),
            lang=console.language(self.lang, sys.stdout),
        )  # fmt: skip
        console.write_report(report, utf8=FORMATS[self.stdout].utf8)

    async def _render(
        self,
        result: SearchResult,
        form: str,
        *,
        width: int | None = None,
        color: bool = False,
        lang: str | None = None,
    ) -> str | bytes:
        """Return the report; a thread makes it, because a thousand books take up to a second (a table of all)."""
        import asyncio

        top = self.top if form in FOR_PEOPLE else self.top_of_data
        return await asyncio.to_thread(
            render, result, form, top=top, lang=lang or self.lang, show_dropped=self.show_dropped, width=width,
            color=color, zone=local_zone(),
        )  # fmt: skip
