"""Alerts to stdout, where no table [alerts] names a place: as sure as to any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.cli import console
from crawler.errors import OutputError
from crawler.phrases import Phrase, reason_of

if TYPE_CHECKING:
    from crawler.alerts.wording import Message

__all__ = ["STDOUT", "StdoutChannel"]

STDOUT = "stdout"


@dataclass(frozen=True, slots=True)
class StdoutChannel:
    """The command's own stdout; what cannot be written there is kept for the next time."""

    name: str = STDOUT
    key: str = STDOUT

    def deliver(self, message: Message, stopped: Callable[[], bool] = lambda: False) -> str | None:  # noqa: ARG002
        """Write the message; return None when it was, else why not."""
        try:
            written = console.write_stdout(f"{message.title}\n{message.text}\n\n")
        except OutputError as error:
            return reason_of(error)
        return None if written else Phrase("stdout_unread")
