"""The pages of the watches and of the wish lists."""

from __future__ import annotations

from aiohttp import web

from crawler.report.common.wording import minute
from crawler.watching.wording import interval_in_words
from crawler.webapp.context import CONTEXT
from crawler.webapp.language import labels_of
from crawler.webapp.pages import page
from crawler.webapp.templating import words_for
from crawler.webapp.watches_api import undeliverable, watch_list
from crawler.webapp.wishes.reading import MOST_WISHES
from crawler.webapp.wishes.store import UnknownListError
from crawler.webapp.wishlist_api import WISHES, view_of

__all__ = ["routes"]

_EVERY = ("1h", "6h", "12h", "1d", "1w")
"""The intervals that the form offers."""

_WATCH_WORDS = (
    "watch_running",
    "watch_ran",
    "watch_ran_problem",
    "watch_delete_sure",
    "watch_test_ok",
    "watch_test_failed",
)
_WISH_WORDS = ("wish_connection_lost",)
"""The texts of the scripts."""


def routes() -> list[web.RouteDef]:
    """Return the routes of the pages."""
    return [web.get("/watches", show_watches), web.get("/wishlist", show_wish_list)]


async def show_watches(request: web.Request) -> web.Response:
    """Show the watches, and the form to add one; the query string may fill it."""
    say = labels_of(request)
    found = await watch_list(request)
    given = {name: request.query.get(name, "")[:100] for name in ("query", "name", "product", "target_price")}
    return page(
        request, "watches.html", list=found, given=given,
        intervals=[(name, interval_in_words(name, say)) for name in _EVERY],
        minute=lambda moment: minute(moment, say), words=words_for(say, *_WATCH_WORDS),
        undeliverable=await undeliverable(request),
    )  # fmt: skip


async def show_wish_list(request: web.Request) -> web.Response:
    """Show the form for a wish list, and the list that `?list=` names."""
    say, store, wanted = labels_of(request), request.app[WISHES], request.query.get("list", "")
    shown, gone = None, False
    if wanted:
        try:
            shown = view_of(store.get(wanted), say, request.app[CONTEXT])
        except UnknownListError:
            gone = True
    earlier = [
        (each.id, minute(each.started_at, say), len(each.reading.wishes))
        for each in store
        if each.id != wanted
    ]
    return page(
        request, "wishlist.html", list=shown, gone=gone, earlier=earlier, most=MOST_WISHES,
        words=words_for(say, *_WISH_WORDS),
    )  # fmt: skip
