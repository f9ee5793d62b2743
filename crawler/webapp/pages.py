"""The HTML pages for searching, and the files that all pages load."""

from __future__ import annotations

from aiohttp import web

from crawler.books import KEEPABLE
from crawler.settings import SearchSettings
from crawler.webapp.context import CONTEXT
from crawler.webapp.language import labels_of
from crawler.webapp.search_state import state_of
from crawler.webapp.searches import WebSearch
from crawler.webapp.state import STATE
from crawler.webapp.templating import render, static_files

__all__ = ["page", "routes"]


def routes() -> list[web.RouteDef]:
    """Return the routes of the pages."""
    return [
        web.get("/", home),
        web.get("/static/{name}", static_file),
        web.get("/favicon.ico", no_icon),
    ]


def page(request: web.Request, template: str, **values: object) -> web.Response:
    """Return a page in the language of the request."""
    return web.Response(text=render(request, template, **values), content_type="text/html", charset="utf-8")


async def home(request: web.Request) -> web.Response:
    """Show the search box, and the searches that run or ran; `?again=` fills the form as for an earlier search."""
    say, searches = labels_of(request), request.app[STATE].searches
    again = next((search for search in searches if search.id == request.query.get("again")), None)
    return page(
        request,
        "home.html",
        query=request.query.get("query", "" if again is None else again.query),
        settings=_chosen(request, again),
        keepable=KEEPABLE,
        searches=[state_of(search, say) for search in searches],
    )


def _chosen(request: web.Request, again: WebSearch | None) -> SearchSettings:
    """Return the options that the form shows: those of an earlier search, else the configured ones."""
    settings = request.app[CONTEXT].settings
    return settings if again is None else settings.replace(**again.options)


async def static_file(request: web.Request) -> web.Response:
    """Send a file of the pages."""
    file = static_files().get(request.match_info["name"])
    if file is None:
        raise web.HTTPNotFound
    # The names have no version, so a browser has to ask whether its copy is still right.
    headers = {"ETag": f'"{file.etag}"', "Cache-Control": "no-cache"}
    if any(tag.value == file.etag for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=file.body, content_type=file.content_type, charset="utf-8", headers=headers)


async def no_icon(request: web.Request) -> web.Response:
    """Answer browsers that ask for an icon without a link to one."""
    return web.Response(status=204)
