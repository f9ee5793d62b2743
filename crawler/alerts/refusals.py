"""Why a message was not taken: reasons that are about the message, apart from those about the way to the channel."""

from __future__ import annotations

__all__ = ["INTERRUPTED", "FinalRefusal", "Refusal"]

INTERRUPTED = "interrupted"
"""The reason of a delivery that the caller ended."""


class Refusal(str):
    """The reason of a channel that was reached and did not take the message: a status, an exit code.

    Any other reason says that nobody was reached, or took too long.
    """

    __slots__ = ()


class FinalRefusal(Refusal):
    """The reason of a channel that will not take the same message later either, as far as it says."""

    __slots__ = ()
