"""Parse jobs, and the reasons why a page could not be parsed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from parsers.registry import Kind

__all__ = ["ParseFailure", "ParseFailureReason", "ParseJob", "ParseTask"]

V_co = TypeVar("V_co", covariant=True)

ParseTask = Callable[..., tuple[Any, ...]]
"""The function that a worker runs: `parsers.registry.parse_to_wire`, with the arguments of `ParseJob.call`."""


@dataclass(frozen=True, slots=True)
class ParseJob(Generic[V_co]):
    """A page to parse; `V_co` is the type of the parsed value."""

    package: str
    """The package with the parser: `Shop.module`, or `parsers` for a kind of page that is the same on every site.

    A worker process imports it, so it can also parse for a shop that is registered only in this process."""
    kind: Kind[V_co]
    body: bytes
    """As received, decompressed."""
    charset: str | None = None
    """The charset in the HTTP header."""
    page: int = 1
    """The number of the requested page."""
    url: str = ""
    """The address of the page, the base of relative addresses, for a parser that needs it."""

    @property
    def call(self) -> tuple[Any, ...]:
        """The arguments of a `ParseTask`: plain values, which are cheap to pickle; the URL only if there is one."""
        values = self.package, self.kind.name, self.body, self.charset, self.page
        return (*values, self.url) if self.url else values


class ParseFailureReason(StrEnum):
    """The reason why a page could not be parsed."""

    CRASHED = "crashed"
    """The worker died on the page or could not start, or the parser raised an exception."""
    TIMEOUT = "timeout"
    """The worker took too long."""


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """A page that no worker could parse."""

    reason: ParseFailureReason
    detail: str
