"""The language of a response: `?lang=`, then the cookie, then Accept-Language, then English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiohttp import web

from crawler.labels import Labels
from crawler.languages import LANGUAGES, canonical
from crawler.webapp.context import CONTEXT

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

__all__ = ["labels_of", "language_middleware", "language_of"]

COOKIE = "bookprice_lang"

_OF_COMMAND_LINE = frozenset(
    {"may_settle", "more_pages", "one_more_page", "robots_ignored", "try_all_sellers"}
)
"""Texts that name an option of the command line."""

_YEAR_SECONDS = 365 * 24 * 3600

_ACCEPTED = re.compile(r"\s*([A-Za-z0-9-]{1,35})\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?))?\s*")


def language_of(request: web.Request) -> str:
    """Return the language for a request, one of `LANGUAGES`."""
    for named in (request.query.get("lang", ""), request.cookies.get(COOKIE, "")):
        if (language := canonical(named)) in LANGUAGES:
            return language
    return _accepted(request.headers.get("Accept-Language", ""))


class PageLabels(Labels):
    """The texts of one language, without the options of the command line."""

    def __call__(self, name: str, /, **values: object) -> str:
        """Format the text of a name; where reports name an option, the page has a text of its own."""
        return super().__call__(f"{name}_on_page" if name in _OF_COMMAND_LINE else name, **values)


def labels_of(request: web.Request) -> Labels:
    """Return the texts in the language of a request."""
    context = request.app[CONTEXT]
    return PageLabels(language_of(request), context.zone, context.source.shop.currency)


@web.middleware
async def language_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep the language of `?lang=` in a cookie, unless a link on another web site chose it."""
    response = await handler(request)
    is_own = request.headers.get("Sec-Fetch-Site", "none") in {"none", "same-origin"}
    if is_own and canonical(request.query.get("lang", "")) in LANGUAGES and not response.prepared:
        response.set_cookie(
            COOKIE, language_of(request), max_age=_YEAR_SECONDS, httponly=True, samesite="Strict", path="/"
        )
    return response


def _accepted(header: str) -> str:
    """Return the first language of ours that the header accepts, by its weights."""
    found = []
    for part in header[:1000].split(","):
        if (match := _ACCEPTED.fullmatch(part)) is not None:
            weight = float(match[2]) if match[2] else 1.0
            language = canonical(match[1])
            if language in LANGUAGES and weight > 0:
                found.append((weight, language))
    return max(found, key=lambda each: each[0], default=(0.0, "en"))[1]
