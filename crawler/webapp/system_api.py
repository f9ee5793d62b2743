"""The health of the process, its metrics, the OpenAPI document, and the secret that a script needs for changes."""

from __future__ import annotations

import msgspec
from aiohttp import web

from crawler.version import __version__
from crawler.webapp.context import CONTEXT
from crawler.webapp.endpoints import Endpoints

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints("system")


class Health(msgspec.Struct):
    """The state of the process."""

    status: str
    """«ok» while it answers."""
    version: str


class Session(msgspec.Struct):
    """What a client needs for requests that change something."""

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
