"""Send alerts to stdout if the table [alerts] names no place; delivery is as reliable as elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.cli import console
from crawler.errors import OutputError
from crawler.phrases import reason_of

if TYPE_CHECKING:
    from crawler.alerts.wording import Message

__all__ = ["STDOUT", "StdoutChannel"]

STDOUT = "stdout"


@dataclass(frozen=True, slots=True)
class StdoutChannel:
    """The command's own stdout; an alert that cannot be written is kept for the next time."""

    name: str = STDOUT
    key: str = STDOUT

    def deliver(self, message: Message, stopped: Callable[[], bool] = lambda: False) -> str | None:  # noqa: ARG002
        """Write the message; return None, or the reason if that failed."""
        try:
            written = console.write_stdout(f"{message.title}\n{message.text}\n\n")
        except OutputError as error:
            return reason_of(error)
        return None if written else console.why_stdout_is_lost()
