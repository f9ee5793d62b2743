"""Deliver alerts to a command of the user's: the text on its stdin, the rest in its environment."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.alerts.alert import encoded
from crawler.alerts.processes import Stopped, run
from crawler.alerts.refusals import INTERRUPTED, FinalRefusal, Refusal
from crawler.clean import clean
from crawler.errors import SettingsError
from crawler.phrases import Phrase

if TYPE_CHECKING:
    from crawler.alerts.wording import Message

__all__ = ["CommandChannel", "command_channel"]

COMMAND_SECONDS = 60.0
"""The time limit for a command, in seconds."""


@dataclass(frozen=True, slots=True)
class CommandChannel:
    """A command that runs once for each message, without a shell; exit code 0 means that it accepted the message."""

    name: str
    """Contains only the program, because the arguments may contain a secret."""
    key: str
    command: tuple[str, ...] = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    seconds: float = COMMAND_SECONDS

    def deliver(self, message: Message, stopped: Callable[[], bool] = lambda: False) -> str | None:
        """Run the command; return None if it ends with 0, else a reason, which contains nothing that it printed."""
        environ = {
            **self.environ,
            "BOOKPRICE_TITLE": message.title,
            "BOOKPRICE_ALERTS": f"[{b','.join(encoded(message.alerts, message.say)).decode()}]",
        }
        try:
            code, _ = run(
                self.command,
                given=f"{message.text}\n".encode(),
                environ=environ,
                seconds=self.seconds,
                stopped=stopped,
            )
        except Stopped:
            return INTERRUPTED
        except subprocess.TimeoutExpired:
            return Phrase("command_killed", seconds=self.seconds)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else Phrase("unknown_error")
            why = Phrase("command_not_started", why=reason)
            return FinalRefusal(why) if error.errno == errno.E2BIG else why
        if code < 0:
            return Refusal(Phrase("command_signalled", n=-code))
        return Refusal(Phrase("command_exit", n=code)) if code else None


def command_channel(command: Sequence[str], environ: Mapping[str, str]) -> CommandChannel:
    """Return the channel for a command; find its program through the PATH in `environ`.

    Raises SettingsError for a program that is missing or cannot be run, and for text that cannot be an argument.
    """
    program = command[0]
    if any("\0" in word for word in command):
        raise SettingsError("command: an argument contains a NUL character; remove it")
    shown = clean(Path(program).name)
    if shutil.which(program, path=environ.get("PATH")) is None:
        raise SettingsError(f"command: no executable program {shown!r} found; give its full path")
    key = hashlib.sha256("\0".join(["command", *command]).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return CommandChannel(f"command {shown}", key, tuple(command), environ)
