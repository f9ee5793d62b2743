"""The reasons why a message was not delivered: those about the message, and those about the connection."""

from __future__ import annotations

from typing import Self

from crawler.phrases import Phrase

__all__ = ["INTERRUPTED", "FinalRefusal", "Refusal"]

INTERRUPTED = Phrase("delivery_interrupted")
"""The reason of a delivery that the caller aborted."""


class Refusal(str):
    """The reason of a channel that was reached and did not accept the message: a status, an exit code.

    Any other reason means that the channel was not reached, or took too long.
    """

    __slots__ = ("reason",)
    reason: str
    """The same reason; a phrase if it was given as one."""

    def __new__(cls, reason: str) -> Self:
        """Store `reason` beside its text."""
        refusal = super().__new__(cls, reason)
        refusal.reason = reason
        return refusal


class FinalRefusal(Refusal):
    """The reason of a channel that, as far as it says, will never accept the same message."""

    __slots__ = ()
