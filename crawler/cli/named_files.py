"""Check the files that `-o` names, before there is anything to write to them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from crawler.errors import OutputError, UsageError

__all__ = ["named_files"]


def named_files(
    names: Sequence[str],
    format_of: Callable[[str], str],
    *,
    check: Callable[[Path, str], None] | None = None,
) -> list[tuple[Path, str]]:
    """Return files with their formats, in the order of `names`.

    `check` is called with each file and its format, and raises OutputError or UsageError if it cannot be written; by
    default it is `crawler.atomic_write.check_target`.

    Raises UsageError for a file that has an unknown format, is named twice, or cannot be written.
    """
    files: dict[str, tuple[Path, str]] = {}
    for name in names:
        if not name:
            raise UsageError("-o requires the name of a file")
        form, real = format_of(name), os.path.realpath(name)
        if real in files:
            raise UsageError(f"-o {name}: this file is named twice")
        try:
            (check or _check_target)(Path(name), form)
        except OutputError as error:
            raise UsageError(str(error)) from error
        files[real] = (Path(name), form)
    return list(files.values())


def _check_target(path: Path, _form: str) -> None:
    from crawler.atomic_write import check_target

    check_target(path, no_file="it is a device or a pipe; for a pipe use --format")
