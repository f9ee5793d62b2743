"""A registry of report formats, one module for each: their names, file suffixes and charsets."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from crawler.errors import UsageError
from crawler.installation import install_command

__all__ = ["Format", "FormatTable"]


@dataclass(frozen=True, slots=True)
class Format:
    """A format of reports."""

    module: str
    """The full name of the module, imported when it is needed. Its `render` returns text, or bytes for a binary
    format."""
    suffixes: tuple[str, ...]
    """The file suffixes of this format; the first is the usual one."""
    encoding: str = "utf-8"
    """The charset of its files, if the format is text."""
    needs: tuple[str, ...] = ()
    """Third-party modules that its own module imports when it renders; they may be imported in advance."""
    extra: str | None = None
    """The extra of the distribution that installs those modules."""
    utf8: bool = False
    """True if it is UTF-8 everywhere, either by its standard or because it declares its charset."""
    binary: bool = False
    """True if it is bytes, which a terminal cannot show."""


class FormatTable(Mapping[str, Format]):
    """The formats of one kind of report, by name."""

    def __init__(self, formats: Mapping[str, Format]) -> None:
        self._formats = dict(formats)

    def __getitem__(self, name: str) -> Format:
        return self._formats[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._formats)

    def __len__(self) -> int:
        return len(self._formats)

    def format_of(self, path: str | os.PathLike[str]) -> str:
        """Return the format of a file's suffix, ignoring case. Raises UsageError for an unknown suffix."""
        suffix = Path(path).suffix.lower()
        for name, form in self.items():
            if suffix in form.suffixes:
                return name
        known = ", ".join(suffix for form in self.values() for suffix in form.suffixes)
        trouble = f"unknown format {suffix}" if suffix else "no suffix, so no format"
        raise UsageError(f"{os.fspath(path)}: {trouble}; use one of {known}")

    def check_installed(self, name: str) -> None:
        """Check that the format `name` exists and that its modules are installed.

        Raises UsageError that names the formats, or the extra to install.
        """
        if name not in self:
            raise UsageError(f"unknown format {name!r:.60}; use one of {', '.join(self)}")
        form = self[name]
        if form.extra and not all(map(importlib.util.find_spec, form.needs)):
            raise UsageError(
                f"{name} reports need an extra package; install it: {install_command(form.extra)}"
            )

    def module(self, name: str) -> ModuleType:
        """Import and return the module of a format."""
        return importlib.import_module(self[name].module)

    def encode(self, report: str | bytes, name: str) -> bytes:
        """Encode a report for its file."""
        return report if isinstance(report, bytes) else report.encode(self[name].encoding)
