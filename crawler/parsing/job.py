"""A page to parse, and why a page could not be parsed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from parsers.registry import Kind

__all__ = ["ParseFailure", "ParseFailureReason", "ParseJob", "ParseTask"]

V_co = TypeVar("V_co", covariant=True)

ParseTask = Callable[[str, str, bytes, "str | None", int], tuple[Any, ...]]
"""What a worker runs: `parsers.registry.parse_to_wire`, with the arguments of `ParseJob.call`."""


@dataclass(frozen=True, slots=True)
class ParseJob(Generic[V_co]):
    """A page to parse; `V_co` is the type of the parsed value."""

    package: str
    """The package with the parser: `Shop.module`, or `parsers` for a kind that any site's pages share.

    A worker process imports it, so a shop that only this process has registered is parsed there as well.
    """
    kind: Kind[V_co]
    body: bytes
    """As it came, decompressed."""
    charset: str | None = None
    """The one that the HTTP header names."""
    page: int = 1
    """The number that was asked for."""

    @property
    def call(self) -> tuple[str, str, bytes, str | None, int]:
        """The arguments of a `ParseTask`: plain values alone, which cost little to pickle."""
        return self.package, self.kind.name, self.body, self.charset, self.page


class ParseFailureReason(StrEnum):
    """Why a page could not be parsed."""

    CRASHED = "crashed"
    """The worker died on the page, could not start, or the parser raised."""
    TIMEOUT = "timeout"
    """The worker took too long."""


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """A page that no worker could parse."""

    reason: ParseFailureReason
    detail: str
