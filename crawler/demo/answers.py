"""The demo shop's responses to searches: a healthy page, or one with a fault."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from functools import lru_cache

from aiohttp import web

from crawler.demo import pages, responses
from crawler.demo.catalogue import Catalogue, catalogue
from crawler.demo.faults import Fault, FaultKind
from crawler.demo.markup import render_search_page
from crawler.demo.page_chrome import ENCODING
from crawler.demo.search_request import SearchRequest

__all__ = ["NESTED_TAGS", "answer", "page_response", "planned_status"]

OTHER_QUERY = "山海经"
"""The query of the page for `FaultKind.OTHER_QUERY`."""

NESTED_TAGS = 60_000
"""The nesting depth of the page for `FaultKind.NESTED`."""

_catalogue = lru_cache(maxsize=4)(catalogue)  # a sorted one holds thousands of listings
_STATUSES = {FaultKind.STATUS: 503, FaultKind.RESET: 0, FaultKind.FIREWALL: 405, FaultKind.LOGIN: 302}
_UTF8_TYPE = "text/html; charset=utf-8"


def planned_status(fault: Fault | None) -> int:
    """Return the status to send; 0 if the connection is reset before one."""
    if fault is None:
        return 200
    return fault.status if fault.status is not None else _STATUSES.get(fault.kind, 200)


def page_response(
    body: bytes, *, status: int = 200, content_type: str = responses.PAGE_CONTENT_TYPE
) -> web.Response:
    """Return a complete page; `content_type` is sent unchanged, whatever the body's charset."""
    return web.Response(body=body, status=status, headers={"Content-Type": content_type})


async def answer(  # noqa: PLR0911 – one case per fault
    request: web.Request, search: SearchRequest, fault: Fault | None, *, day: dt.date | None = None
) -> web.StreamResponse:
    """Respond to a search with the prices of `day`, or with the timeless ones for None.

    Pages are rendered in a thread, so that a crawl on the same loop can continue.
    """
    if fault is None:
        gzip = responses.accepts_gzip(request.headers)
        response = page_response(await asyncio.to_thread(_rendered, search, day, gzip=gzip))
        if gzip:
            response.headers["Content-Encoding"] = "gzip"
        return response
    if (plain := _without_search(request, fault)) is not None:
        return plain
    body = await asyncio.to_thread(_with_fault, search, day, fault.kind)
    match fault.kind:
        case FaultKind.TRUNCATED | FaultKind.TRUNCATED_CHUNKED:
            chunked = fault.kind is FaultKind.TRUNCATED_CHUNKED
            return await responses.truncated(request, body, chunked=chunked)
        case FaultKind.CUT:
            return responses.cut(request, body)
        case FaultKind.ENDLESS:
            return await responses.endless(request, body)
        case FaultKind.TRICKLE:
            return await responses.trickle(request, body, 1.0 if fault.delay is None else fault.delay)
        case FaultKind.GZIP_BOMB:
            bomb = page_response(await asyncio.to_thread(responses.gzip_bomb))
            bomb.headers["Content-Encoding"] = "gzip"
            return bomb
        case FaultKind.WRONG_CHARSET:
            return page_response(body, content_type=f"text/html; charset={fault.charset}")
        case _:
            return page_response(body)


def _without_search(  # noqa: C901, PLR0911 – one case per fault
    request: web.Request, fault: Fault
) -> web.Response | None:
    """Return the response of a fault that does not depend on the search; None for other faults."""
    status = planned_status(fault)
    match fault.kind:
        case FaultKind.STATUS:
            headers = {"Content-Type": _UTF8_TYPE}
            if fault.retry_after is not None:
                headers["Retry-After"] = str(fault.retry_after)
            return web.Response(body=f"<h1>{status}</h1>".encode(), status=status, headers=headers)
        case FaultKind.RESET:
            return responses.reset(request)
        case FaultKind.LOGIN:
            return web.Response(status=status, headers={"Location": fault.location})
        case FaultKind.FIREWALL:
            return page_response(pages.firewall_page(), status=status, content_type=_UTF8_TYPE)
        case FaultKind.SLIDER:
            return page_response(pages.slider_page(), content_type=_UTF8_TYPE)
        case FaultKind.EMPTY:
            return page_response(b"")
        case FaultKind.SCRIPT_ONLY:
            return page_response(pages.script_only_page())
        case FaultKind.HOME:
            return page_response(pages.home_page())
        case FaultKind.NOT_FOUND:
            return page_response(pages.not_found_page())
        case _:
            return None


def _with_fault(  # noqa: PLR0911 – one case per fault
    search: SearchRequest, day: dt.date | None, kind: FaultKind
) -> bytes:
    match kind:
        case FaultKind.NO_RESULTS:
            return pages.render_no_result_page(search.query)
        case FaultKind.CHANGED_LAYOUT:
            return pages.changed_layout(_page(search, day))
        case FaultKind.PRICES_GONE:
            return _page(search, day, prices=False)
        case FaultKind.REPEATS:
            return _page(search, day, items_of=search.page - 1)
        case FaultKind.OTHER_QUERY:
            return _page(replace(search, query=OTHER_QUERY, page=1), day)
        case FaultKind.OTHER_PAGE:
            return _page(replace(search, page=_next_page(search, day)), day)
        case FaultKind.NESTED:
            return pages.nested(_page(search, day), NESTED_TAGS)
        case FaultKind.UTF8:
            return _page(search, day).decode(ENCODING).encode()
        case _:
            return _page(search, day)


def _next_page(search: SearchRequest, day: dt.date | None) -> int:
    """Return the page after the requested one, or the first."""
    found = _found(search, day)
    return search.page + 1 if found and search.page < found.pages else 1


@lru_cache(maxsize=64)
def _rendered(search: SearchRequest, day: dt.date | None, *, gzip: bool) -> bytes:
    body = _page(search, day)
    return responses.compressed(body) if gzip else body


def _page(
    search: SearchRequest, day: dt.date | None, *, items_of: int | None = None, prices: bool = True
) -> bytes:
    """Return a page of the search, or the no-result page.

    Beyond the end, a list repeats its last page; the pager shows the requested page and the true number of pages.
    `items_of` takes the items from another page.
    """
    found = _found(search, day)
    if not found:
        return pages.render_no_result_page(search.query)
    listings = found.page(min(max(items_of or search.page, 1), found.pages))
    return render_search_page(
        listings if prices else pages.prices_gone(listings),
        query=search.query,
        page=search.page,
        pages=found.pages,
        total=found.total,
        layout=found.layout,
    )


def _found(search: SearchRequest, day: dt.date | None) -> Catalogue | None:
    """Return the listings for a search; None if there are none, or if the query was unreadable."""
    if not search.understood:
        return None
    found = _catalogue(
        search.query,
        sellers=search.sellers,
        category=search.category,
        sort=search.sort,
        min_price=search.min_price,
        max_price=search.max_price,
        day=day,
    )
    return found or None
