"""Name a source in words, with the option that selects it."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from crawler.source import Source, SourceKind

if TYPE_CHECKING:
    from crawler.labels import Labels

__all__ = ["with_option"]


def with_option(name: str, say: Labels, *, replica: str) -> str:
    """Return the source that a history calls `name`, with its option: «the demo shop (--demo)».

    `replica` is the label for a replica, whose option differs by command.
    """
    match Source.named(name).kind:
        case SourceKind.DEMO:
            return say("source_demo")
        case SourceKind.LIVE:
            return say("source_live")
        case SourceKind.REPLICA:
            return say(replica, source=name)
        case other:
            assert_never(other)
