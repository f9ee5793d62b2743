"""The specification of a search: its query, source and settings, and how recordings store and restore them."""

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
"""The settings that determine the report, given the pages."""


@dataclass(frozen=True, slots=True)
class SearchSpec:
    """The query, source and settings of a search."""

    query: str
    """As the user typed it, with white space folded."""
    query_sent: str
    """As sent to the shop: in Simplified Chinese."""
    source: Source
    settings: Settings

    def __post_init__(self) -> None:
        """Raise UsageError for a setting that the shop does not support."""
        shop, wanted = self.source.shop, self.settings
        if wanted.sort not in shop.sorts:
            offered = ", ".join(sorted(shop.sorts))
            raise UsageError(f"{shop.name} cannot sort by {wanted.sort}; use one of {offered}")
        if not shop.price_filter and (wanted.min_price is not None or wanted.max_price is not None):
            raise UsageError(f"{shop.name} cannot search by price; omit min_price and max_price")

    @property
    def pages(self) -> int:
        """The number of pages to request from the search's own list: at most as many as the shop serves."""
        return min(self.settings.pages, self.source.shop.max_pages)

    @property
    def price_pages(self) -> int:
        """The maximum number of pages to read from the list in price order."""
        wanted = self.settings
        # A list in price order needs no other list as proof.
        if wanted.sort == "price" or "price" not in self.source.shop.sorts:
            return 0
        return min(wanted.price_check, self.source.shop.max_pages)

    def url(self, page: int, *, price_order: bool = False) -> str:
        """Return the address of result page `page`, in the search's own order or in price order."""
        wanted = self.settings
        sort = "price" if price_order else wanted.sort
        return self.source.shop.search_url(
            self.query_sent, page, sellers=wanted.sellers, category=wanted.category, sort=sort,
            min_price=wanted.min_price, max_price=wanted.max_price, base_url=self.source.base_url,
        )  # fmt: skip

    def parameters(self, started_at: dt.datetime) -> RunParameters:
        """Return the parameters of this search for its recording."""
        source = self.source
        return RunParameters(
            query=self.query, query_sent=self.query_sent, shop=source.shop.name, base_url=source.base_url,
            demo=source.is_demo, settings=_recorded(self.settings), first_url=self.url(1),
            started_at=started_at, version=__version__,
        )  # fmt: skip


def _recorded(settings: Settings) -> dict[str, Any]:
    """Return the settings that a recording stores as JSON values, with amounts as strings."""
    values = {name: getattr(settings, name) for name in RECORDED}
    return {
        name: str(value) if isinstance(value, Decimal) else list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
    }


def replayed_spec(recorded: RunParameters, **options: Unpack[ReplayOptions]) -> SearchSpec:
    """Restore the search of a recording, with `options` in place of its settings.

    A recording may come from anywhere. Raises UsageError for an impossible query, shop, address or setting.
    """
    settings = Settings().replace(base_url=recorded.base_url)
    values = {
        name: checked(Settings, name, value, label=f"{name} in the recording", text=isinstance(value, str))
        for name, value in recorded.settings.items()
        if name in RECORDED
    }
    values.setdefault("price_check", 0)  # recordings of older versions have no price check
    if recorded.shop not in SHOPS:
        raise UsageError(f"the recording is of an unknown shop: {recorded.shop!r:.60}")
    typed, sent = Query(recorded.query), Query(recorded.query_sent)
    chosen = settings.replace(**(values | options))
    source = Source.at(recorded.base_url, demo=recorded.demo, shop=SHOPS[recorded.shop])
    return SearchSpec(str(typed), str(sent), source, chosen)
