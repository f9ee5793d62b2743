"""Control access to the application: check Host, origin, CSRF token and access token, and add the headers of responses.

The page listens on loopback, where any web site that the visitor has open can send requests. So every request needs a
Host of ours (against DNS rebinding), and one from another origin is refused; a state change also needs the CSRF token,
which only a page of ours can read. Where an access token is set, nothing is served without it, except /healthz.
"""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler
from yarl import URL

from crawler.webapp.access import Access, is_same
from crawler.webapp.context import CONTEXT
from crawler.webapp.problems import Problem

__all__ = ["CSRF_HEADER", "add_headers", "security_middleware"]

CSRF_HEADER = "X-CSRF-Token"

_FEEDS = frozenset({"/alerts.atom"})
"""Paths that take the token at each request: a feed reader has no cookies."""

_SAFE_METHODS = frozenset({"GET", "HEAD"})

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Server": "bookprice",
}


@web.middleware
async def security_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a request that another web site may have caused, or whose sender lacks the token."""
    access = request.app[CONTEXT].access
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1 or not access.accepts_host(hosts[0]) or not _names_host(request, hosts[0]):
        raise Problem(403, "host")
    _check_origin(request, hosts[0])
    if access.token is not None and request.path != "/healthz" and not _knows_token(request, access):
        if request.method == "GET" and is_same(request.query.get("token", ""), access.token):
            if request.path in _FEEDS:
                return await handler(request)
            return _with_session(request, access)
        raise Problem(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})
    if (
        request.method not in _SAFE_METHODS
        # A page of another site can neither read the token nor add an Authorization header.
        and not (access.token is not None and _has_bearer(request, access.token))
        and not is_same(request.headers.get(CSRF_HEADER, ""), access.csrf_token)
    ):
        raise Problem(403, "csrf")
    if (
        "token" in request.query
        and request.method == "GET"
        and access.token is not None
        and request.path not in _FEEDS
    ):
        return _with_session(request, access)
    return await handler(request)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers that every response carries."""
    for name, value in _HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        response.headers["Vary"] = "Accept-Language, Cookie"


def _names_host(request: web.Request, host: str) -> bool:
    """Return True unless the request line has a whole URL of another host, which would override the header."""
    try:
        named, url = URL(f"{request.scheme}://{host}"), request.url
    except ValueError:
        return False
    return (url.user, url.host, url.port) == (None, named.host, named.port)


def _has_bearer(request: web.Request, token: str | None) -> bool:
    """Return True if the Authorization header of a request carries `token`."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and is_same(given.strip(), token)


def _knows_token(request: web.Request, access: Access) -> bool:
    """Return True if a request carries the access token, or the cookie that stands for it."""
    return _has_bearer(request, access.token) or is_same(
        request.cookies.get(_cookie(request), ""), access.session
    )


def _cookie(request: web.Request) -> str:
    """Return the name of the session cookie, which has the port: a browser sends a host's cookies to every port."""
    return f"bookprice_session_{request.url.port}"


def _check_origin(request: web.Request, host: str) -> None:
    """Refuse a request from another origin; following a link to a page is no such request."""
    for origin in request.headers.getall("Origin", []):
        scheme, _, netloc = origin.partition("://")
        if scheme not in {"http", "https"} or netloc.lower() != host.lower():
            raise Problem(403, "origin")
    site = request.headers.get("Sec-Fetch-Site", "none")
    follows_link = (
        request.method in _SAFE_METHODS
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and not request.path.startswith("/api/")
    )
    if site not in {"none", "same-origin"} and not follows_link:
        raise Problem(403, "origin")


def _with_session(request: web.Request, access: Access) -> web.Response:
    """Return a redirect to the same address without the token, which sets the session cookie if it was right."""
    query = [(name, value) for name, value in request.query.items() if name != "token"]
    # Built from the path alone: a path that begins with two slashes would lead to another host.
    target = URL.build(path="/" + request.path.lstrip("/"), query=query)
    response = web.Response(status=303, headers={"Location": str(target)})
    response.set_cookie(_cookie(request), access.session, httponly=True, samesite="Strict", path="/")
    return response
