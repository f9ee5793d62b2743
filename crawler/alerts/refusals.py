"""Why a message was not taken: reasons that are about the message, apart from those about the way to the channel."""

from __future__ import annotations

from typing import Self

from crawler.phrases import Phrase

__all__ = ["INTERRUPTED", "FinalRefusal", "Refusal"]

INTERRUPTED = Phrase("delivery_interrupted")
"""The reason of a delivery that the caller ended."""


class Refusal(str):
    """The reason of a channel that was reached and did not take the message: a status, an exit code.

    Any other reason says that nobody was reached, or took too long.
    """

    __slots__ = ("reason",)
    reason: str
    """The same, as a phrase where it is one."""

    def __new__(cls, reason: str) -> Self:
        """Keep `reason` beside its text."""
        refusal = super().__new__(cls, reason)
        refusal.reason = reason
        return refusal


class FinalRefusal(Refusal):
    """The reason of a channel that will not take the same message later either, as far as it says."""

    __slots__ = ()
