"""Where prices come from: a live shop, the demo shop, or a replica of a shop. Everything else asks a `Source`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from parsers import SHOPS, Shop
from parsers.registry import DEFAULT_SHOP

__all__ = ["Source", "SourceKind"]


class SourceKind(StrEnum):
    """Whose prices they are. Product numbers mean what they mean in the shop only where it is the shop itself."""

    LIVE = "live"
    DEMO = "demo"
    """The embedded demo shop, at whatever address it listens."""
    REPLICA = "replica"
    """Any other server that answers as the shop does."""


@dataclass(frozen=True, slots=True)
class Source:
    """A shop, and the server that is asked in its name."""

    shop: Shop
    base_url: str
    """Where requests go, without a slash at the end; '' for a demo shop that is not running."""
    kind: SourceKind

    @classmethod
    def at(cls, base_url: str | None, *, demo: bool = False, shop: Shop = DEFAULT_SHOP) -> Self:
        """Return the source at an address; None is the shop's own, or that of the demo shop, whatever it will be."""
        if demo:
            return cls(shop, (base_url or "").rstrip("/"), SourceKind.DEMO)
        address = (base_url or shop.base_url).rstrip("/")
        return cls(shop, address, SourceKind.LIVE if address == shop.base_url else SourceKind.REPLICA)

    @classmethod
    def named(cls, name: str) -> Self:
        """Return the source that a history calls `name`."""
        if name == SourceKind.DEMO:
            return cls.at(None, demo=True)
        shop = next((shop for shop in SHOPS.values() if shop.base_url == name), None)
        return cls(DEFAULT_SHOP, name, SourceKind.REPLICA) if shop is None else cls.at(None, shop=shop)

    @property
    def name(self) -> str:
        """What a history calls it, so that prices of a demo or a replica never mix with the shop's own."""
        return "demo" if self.is_demo else self.base_url

    @property
    def mark(self) -> str:
        """What reports and alerts are marked with: '' for a live shop, else `name`."""
        return "" if self.is_live else self.name

    @property
    def is_live(self) -> bool:
        """Whether it is the shop itself: no demo, no replica, no test."""
        return self.kind is SourceKind.LIVE

    @property
    def is_demo(self) -> bool:
        """Whether it is the demo shop."""
        return self.kind is SourceKind.DEMO
