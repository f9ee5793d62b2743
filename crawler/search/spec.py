"""What is searched, where, and how far; how a record keeps that, and how it comes back from one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Unpack

from crawler.errors import UsageError
from crawler.options import ReplayOptions
from crawler.query import Query
from crawler.recording.replay_model import RunParameters
from crawler.settings import Settings, checked, options_of
from crawler.source import Source
from crawler.version import __version__
from parsers import SHOPS

__all__ = ["SearchSpec", "replayed_spec"]

RECORDED = tuple(name for name, option in options_of(Settings).items() if option.recorded)
"""The settings that decide what a report says, given the pages."""


@dataclass(frozen=True, slots=True)
class SearchSpec:
    """What is searched, where, and how far."""

    query: str
    """As the user typed it, white space folded."""
    query_sent: str
    """In Simplified Chinese."""
    source: Source
    settings: Settings

    def __post_init__(self) -> None:
        """Raise UsageError for a setting that the shop cannot serve."""
        shop, wanted = self.source.shop, self.settings
        if wanted.sort not in shop.sorts:
            offered = ", ".join(sorted(shop.sorts))
            raise UsageError(f"{shop.name} cannot sort by {wanted.sort}; use one of {offered}")
        if not shop.price_filter and (wanted.min_price is not None or wanted.max_price is not None):
            raise UsageError(f"{shop.name} cannot search by price; omit min_price and max_price")

    @property
    def pages(self) -> int:
        """Pages of the search's own list to ask for: no more than the shop serves."""
        return min(self.settings.pages, self.source.shop.max_pages)

    @property
    def price_pages(self) -> int:
        """Pages of the list in price order to read beside it, at most."""
        wanted = self.settings
        # A list that is in price order proves itself.
        if wanted.sort == "price" or "price" not in self.source.shop.sorts:
            return 0
        return min(wanted.price_check, self.source.shop.max_pages)

    def url(self, page: int, *, price_order: bool = False) -> str:
        """Return the address of result page `page`, in the search's own order or in that of prices."""
        wanted = self.settings
        sort = "price" if price_order else wanted.sort
        return self.source.shop.search_url(
            self.query_sent, page, sellers=wanted.sellers, category=wanted.category, sort=sort,
            min_price=wanted.min_price, max_price=wanted.max_price, base_url=self.source.base_url,
        )  # fmt: skip

    def parameters(self, started_at: dt.datetime) -> RunParameters:
        """Return what a record of this search says of it."""
        source = self.source
        return RunParameters(
            query=self.query, query_sent=self.query_sent, shop=source.shop.name, base_url=source.base_url,
            demo=source.is_demo, settings=_recorded(self.settings), first_url=self.url(1),
            started_at=started_at, version=__version__,
        )  # fmt: skip


def _recorded(settings: Settings) -> dict[str, Any]:
    """Return the settings that a record holds, as JSON values; amounts as strings."""
    values = {name: getattr(settings, name) for name in RECORDED}
    return {
        name: str(value) if isinstance(value, Decimal) else list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
    }


def replayed_spec(recorded: RunParameters, **options: Unpack[ReplayOptions]) -> SearchSpec:
    """Return the search that a record tells of, with `options` in place of its settings.

    A record may come from anywhere. Raises UsageError for a query, a shop, an address or a setting that cannot be.
    """
    settings = Settings().replace(base_url=recorded.base_url)
    values = {
        name: checked(Settings, name, value, label=f"{name} in the recording", text=isinstance(value, str))
        for name, value in recorded.settings.items()
        if name in RECORDED
    }
    values.setdefault("price_check", 0)  # a record of a version that had none
    if recorded.shop not in SHOPS:
        raise UsageError(f"the recording is of an unknown shop: {recorded.shop!r:.60}")
    typed, sent = Query(recorded.query), Query(recorded.query_sent)
    chosen = settings.replace(**(values | options))
    source = Source.at(recorded.base_url, demo=recorded.demo, shop=SHOPS[recorded.shop])
    return SearchSpec(str(typed), str(sent), source, chosen)
