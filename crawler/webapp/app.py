"""The web application: its routes, its checks, and the OpenAPI document of its operations."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from crawler.phrases import Phrase
from crawler.webapp import (
    feed_api,
    history_api,
    history_pages,
    pages,
    search_pages,
    searches_api,
    system_api,
    watch_pages,
    watches_api,
    wishlist_api,
)
from crawler.webapp.context import CONTEXT, WebContext
from crawler.webapp.endpoints import Endpoint, json_response
from crawler.webapp.language import language_middleware
from crawler.webapp.openapi import openapi_document
from crawler.webapp.problems import problems_middleware
from crawler.webapp.security import add_headers, security_middleware
from crawler.webapp.state import STATE, WebState
from crawler.webapp.watch_service import WatchService
from crawler.webapp.watches_api import WATCHES
from crawler.webapp.wishes.store import WishListStore
from crawler.webapp.wishlist_api import WISHES

__all__ = ["create_app", "endpoints"]

_APIS = (system_api, searches_api, watches_api, history_api, wishlist_api, feed_api)
"""The modules with operations of the API; a new one is added here."""

_PAGES = (pages, search_pages, watch_pages, history_pages)
"""The modules with pages."""


def endpoints() -> list[Endpoint]:
    """Return every operation of the API."""
    return [endpoint for api in _APIS for endpoint in api.ENDPOINTS.found]


def create_app(context: WebContext) -> web.Application:
    """Return the application; `context.crawler` is an open engine."""
    app = web.Application(
        middlewares=[_count_requests, problems_middleware, security_middleware, language_middleware]
    )
    app[CONTEXT] = context
    app[STATE] = WebState(context)
    app.on_shutdown.append(_stop_searches)
    app.on_cleanup.append(_close_state)  # by then every response has been sent
    app[WATCHES] = WatchService(context)
    app[WISHES] = WishListStore(context)
    app.on_startup.append(_start_watches)
    app.on_shutdown.append(_stop_watches)
    app.on_response_prepare.append(add_headers)
    for api in _APIS:
        app.add_routes(api.ENDPOINTS.routes())
    for module in _PAGES:
        app.add_routes(module.routes())
    app.router.add_get("/api/v1/openapi.json", _openapi)
    return app


async def _stop_searches(app: web.Application) -> None:
    await app[STATE].searches.close(Phrase("terminated"))


async def _close_state(app: web.Application) -> None:
    app[STATE].close()


@web.middleware
async def _count_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    started = asyncio.get_running_loop().time()
    response = await handler(request)
    seconds = asyncio.get_running_loop().time() - started
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "unmatched"
    is_stream = response.content_type == "text/event-stream"
    request.app[STATE].metrics.note(request.method, route, response.status, None if is_stream else seconds)
    return response


async def _start_watches(app: web.Application) -> None:
    if app[CONTEXT].run_watches:
        app[WATCHES].schedule(on=True)


async def _stop_watches(app: web.Application) -> None:
    await app[WISHES].close()
    await app[WATCHES].close()


async def _openapi(request: web.Request) -> web.Response:
    return json_response(openapi_document(endpoints()))
