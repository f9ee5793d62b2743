"""The source of prices: a live shop, the demo shop, or a replica of a shop."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from parsers import SHOPS, Shop
from parsers.registry import DEFAULT_SHOP

__all__ = ["Source", "SourceKind"]


class SourceKind(StrEnum):
    """The kinds of sources. A product number means the same only in the shop itself."""

    LIVE = "live"
    DEMO = "demo"
    """The embedded demo shop, at any address."""
    REPLICA = "replica"
    """Any other server that answers like the shop."""


@dataclass(frozen=True, slots=True)
class Source:
    """A shop, and the server that receives its requests."""

    shop: Shop
    base_url: str
    """The address of requests, without a trailing slash; '' for a demo shop that is not running."""
    kind: SourceKind

    @classmethod
    def at(cls, base_url: str | None, *, demo: bool = False, shop: Shop = DEFAULT_SHOP) -> Self:
        """Return the source at an address; None means the shop's own address, or the future one of the demo shop."""
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
        """Its name in a history, so that prices of a demo or a replica never mix with the shop's own."""
        return "demo" if self.is_demo else self.base_url

    @property
    def mark(self) -> str:
        """Its mark in reports and alerts: '' for a live shop, else `name`."""
        return "" if self.is_live else self.name

    @property
    def is_live(self) -> bool:
        """True for the shop itself, not for a demo, a replica or a test."""
        return self.kind is SourceKind.LIVE

    @property
    def is_demo(self) -> bool:
        """True for the demo shop."""
        return self.kind is SourceKind.DEMO
