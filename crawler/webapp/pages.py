"""The HTML pages for searching, and the files that all pages load."""

from __future__ import annotations

from aiohttp import web

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
    """Show the search box, and the searches that run or ran."""
    return page(request, "home.html")


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
