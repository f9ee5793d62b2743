"""The web application: its routes, its checks, and the OpenAPI document of its operations."""

from __future__ import annotations

from aiohttp import web

from crawler.webapp import pages, system_api, watches_api
from crawler.webapp.context import CONTEXT, WebContext
from crawler.webapp.endpoints import Endpoint, json_response
from crawler.webapp.language import language_middleware
from crawler.webapp.openapi import openapi_document
from crawler.webapp.problems import problems_middleware
from crawler.webapp.security import add_headers, security_middleware
from crawler.webapp.watch_service import WatchService
from crawler.webapp.watches_api import WATCHES

__all__ = ["create_app", "endpoints"]

_APIS = (system_api, watches_api)
"""The modules with operations of the API; a new one is added here."""

_PAGES = (pages,)
"""The modules with pages."""


def endpoints() -> list[Endpoint]:
    """Return every operation of the API."""
    return [endpoint for api in _APIS for endpoint in api.ENDPOINTS.found]


def create_app(context: WebContext) -> web.Application:
    """Return the application; `context.crawler` is an open engine."""
    app = web.Application(middlewares=[problems_middleware, security_middleware, language_middleware])
    app[CONTEXT] = context
    app[WATCHES] = WatchService(context)
    app.on_shutdown.append(_stop_watches)
    app.on_response_prepare.append(add_headers)
    for api in _APIS:
        app.add_routes(api.ENDPOINTS.routes())
    for module in _PAGES:
        app.add_routes(module.routes())
    app.router.add_get("/api/v1/openapi.json", _openapi)
    return app


async def _stop_watches(app: web.Application) -> None:
    await app[WATCHES].close()


async def _openapi(request: web.Request) -> web.Response:
    return json_response(openapi_document(endpoints()))
