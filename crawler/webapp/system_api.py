"""The health of the process, its metrics, the OpenAPI document, and the secret that a script needs for changes."""

from __future__ import annotations

import msgspec
from aiohttp import web

from crawler.version import __version__
from crawler.webapp.context import CONTEXT
from crawler.webapp.endpoints import Endpoints
from crawler.webapp.metrics import CONTENT_TYPE, Family, exposition
from crawler.webapp.state import STATE

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints("system")


class Health(msgspec.Struct):
    """The state of the process."""

    status: str
    """«ok» while it answers."""
    version: str


class Session(msgspec.Struct):
    """The secret that requests need to change something."""

    csrf_token: str
    """The value of the header X-CSRF-Token."""


@ENDPOINTS("GET", "/healthz")
async def health(request: web.Request) -> Health:
    """State that the process answers; needs no access token."""
    return Health("ok", __version__)


@ENDPOINTS("GET", "/api/v1/session")
async def session(request: web.Request) -> Session:
    """Return the CSRF token, which every state change carries in the header X-CSRF-Token."""
    return Session(request.app[CONTEXT].access.csrf_token)


@ENDPOINTS("GET", "/metrics", media_type="text/plain")
async def metrics(request: web.Request) -> web.Response:
    """Return the metrics of the process in the text format of Prometheus."""
    state = request.app[STATE]
    searches = state.searches
    families: list[Family] = [
        *state.metrics.families(),
        ("bookprice_searches_running", "gauge", "Searches that run.", [("", {}, searches.running)]),
        ("bookprice_searches_started_total", "counter", "Searches started.", [("", {}, searches.started)]),
        (
            "bookprice_searches_finished_total",
            "counter",
            "Searches that ended.",
            [("", {}, searches.finished)],
        ),
        (
            "bookprice_searches_partial_total",
            "counter",
            "Searches that ended without some of their pages.",
            [("", {}, searches.partial)],
        ),
        (
            "bookprice_searches_unrecorded_total",
            "counter",
            "Finished searches that the history could not record.",
            [("", {}, searches.unrecorded)],
        ),
        ("bookprice_event_streams_open", "gauge", "Open streams of events.", [("", {}, state.streams.open)]),
    ]
    return web.Response(body=exposition(families).encode(), headers={"Content-Type": CONTENT_TYPE})
