"""Every error as a response: application/problem+json (RFC 9457) for programs, a page for people.

A problem has a code; `crawler.labels.web` has its text in three languages. No traceback reaches a visitor.
"""

from __future__ import annotations

import http
import logging
from collections.abc import Mapping

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from crawler.errors import CrawlerError, HistoryError, UsageError
from crawler.webapp.language import labels_of
from crawler.webapp.templating import render

__all__ = ["PROBLEM_JSON", "Problem", "ProblemDetails", "problems_middleware"]

PROBLEM_JSON = "application/problem+json"

_LOG = logging.getLogger(__name__)

_FOR_PROGRAMS = ("/api/", "/healthz", "/metrics", "/alerts.atom")
"""The beginnings of the paths of which programs read the responses."""

_STATUS_CODES = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
}
"""Codes of the errors that aiohttp raises itself."""


class ProblemDetails(msgspec.Struct, kw_only=True):
    """The body of an error."""

    type: str = "about:blank"
    title: str
    """The name of the status."""
    status: int
    code: str
    """The kind of error, for programs; it never changes."""
    detail: str
    """The error and its remedy, in the visitor's language."""


class Problem(Exception):  # noqa: N818 – the term of RFC 9457
    """An error that a visitor is told; `code` names its text in `crawler.labels.web`, without «problem_»."""

    def __init__(
        self, status: int, code: str, /, *, headers: Mapping[str, str] | None = None, **values: object
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.values = values
        self.headers = dict(headers or {})


@web.middleware
async def problems_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every exception of a handler into a response."""
    try:
        return await handler(request)
    except Problem as problem:
        return _response(request, problem)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        code = _STATUS_CODES.get(error.status, "bad_request")
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return _response(request, Problem(error.status, code, headers=headers))
    except UsageError as error:
        return _response(request, Problem(422, "unusable", why=str(error)))
    except HistoryError as error:
        return _response(request, Problem(503, "history", why=labels_of(request).text(str(error))))
    except CrawlerError as error:
        return _response(request, Problem(503, "unavailable", why=str(error)))
    except Exception as error:  # noqa: BLE001 – the last resort: a visitor gets a problem, the terminal the error
        _LOG.error(
            "%s failed: %s: %s", request.match_info.handler, type(error).__name__, error, exc_info=True
        )
        return _response(request, Problem(500, "internal"))


def _response(request: web.Request, problem: Problem) -> web.Response:
    say = labels_of(request)
    title = http.HTTPStatus(problem.status).phrase
    detail = say(f"problem_{problem.code}", **problem.values)
    if request.path.startswith(_FOR_PROGRAMS):
        details = ProblemDetails(title=title, status=problem.status, code=problem.code, detail=detail)
        return web.Response(
            body=msgspec.json.encode(details),
            status=problem.status,
            content_type=PROBLEM_JSON,
            headers=problem.headers,
        )
    text = render(request, "problem.html", title=title, status=problem.status, detail=detail)
    return web.Response(
        text=text, status=problem.status, content_type="text/html", charset="utf-8", headers=problem.headers
    )
