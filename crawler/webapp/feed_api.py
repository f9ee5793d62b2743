"""The Atom feed of alerts, for a feed reader."""

from __future__ import annotations

import asyncio
import hashlib

import msgspec
from aiohttp import web

from crawler.alerts.feed_channel import MOST_ENTRIES, feed_document
from crawler.watching.overview import open_watch_store
from crawler.webapp.context import CONTEXT
from crawler.webapp.endpoints import Endpoints
from crawler.webapp.language import labels_of

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints("feed")


class FeedAccess(msgspec.Struct):
    """The access of a feed reader, which keeps no cookies."""

    token: str | None = None
    """The access token, if the server was started with one."""


@ENDPOINTS("GET", "/alerts.atom", media_type="application/atom+xml", problems=(503,))
async def alert_feed(request: web.Request, query: FeedAccess) -> web.Response:
    """Return the newest 100 alerts of all watches as an Atom feed, delivered or not."""
    language = labels_of(request).language
    data = await asyncio.to_thread(_document, request, language)
    etag = hashlib.sha256(data).hexdigest()[:32]
    headers = {"ETag": f'"{etag}"', "Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie"}
    if any(tag.value == etag for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=data, content_type="application/atom+xml", charset="utf-8", headers=headers)


def _document(request: web.Request, language: str) -> bytes:
    context = request.app[CONTEXT]
    reader = open_watch_store(context.history)
    alerts = []
    if reader is not None:
        with reader:
            found = reader.latest_alerts(context.source.name, most=MOST_ENTRIES)
        alerts = [(each.alert, each.query) for each in found]
    currency = context.source.shop.currency
    return feed_document(
        alerts, name=context.source.name, lang=language, zone=context.zone, currency=currency
    )
