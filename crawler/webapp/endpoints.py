"""The registration of API operations: one decorator gives the route, the checks of the input and the OpenAPI entry.

    ENDPOINTS = Endpoints("searches")

    @ENDPOINTS.post("/api/v1/searches", status=202)
    async def start_search(request: web.Request, body: NewSearch) -> SearchState:
        '''Start a search.'''

A parameter `body` is the JSON of the request, `query` its query string, both as the msgspec struct of the annotation,
checked before the handler runs. A returned struct is sent as JSON; any other response names its `media_type`.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from aiohttp import hdrs, web

from crawler.webapp.problems import Problem

__all__ = ["Endpoint", "Endpoints", "Json", "json_response"]

MAX_BODY = 64 * 1024
"""The largest request body in bytes, unless an endpoint states another."""

Json = web.Response
"""The type of a response whose JSON a handler has encoded itself."""

HandlerFunction = TypeVar("HandlerFunction", bound=Callable[..., Awaitable[Any]])

_ENCODER = msgspec.json.Encoder()


class _Language(msgspec.Struct):
    """The query parameter that every operation takes."""

    lang: str | None = None
    """The language of texts: en, zh-Hans or zh-Hant."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An operation of the API."""

    method: str
    path: str
    """With path parameters in braces."""
    function: Callable[..., Awaitable[Any]]
    tag: str
    status: int
    """The status of a success."""
    media_type: str
    """The media type of a success."""
    problems: tuple[int, ...]
    """The statuses of its own errors, besides those that every operation may have."""
    empty: tuple[int, ...]
    """The statuses of further successes, which have no content."""
    max_body: int
    body: type[msgspec.Struct] | None
    query: type[msgspec.Struct] | None
    answer: Any
    """The type of a JSON response; None for any other."""

    @property
    def is_safe(self) -> bool:
        """True if it changes nothing."""
        return self.method == hdrs.METH_GET

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Check the input, run the handler and encode what it returns."""
        values: dict[str, Any] = {}
        # Every operation checks its query string: a misspelt parameter must not be ignored in silence.
        query = _query_of(request, self.query)
        if self.query is not None:
            values["query"] = query
        if self.body is not None:
            values["body"] = await self._body_of(request, self.body)
        answer = await self.function(request, **values)
        if isinstance(answer, web.StreamResponse):
            return answer
        return json_response(answer, status=self.status)

    async def _body_of(self, request: web.Request, wanted: type[msgspec.Struct]) -> msgspec.Struct:
        if request.content_type != "application/json":
            raise Problem(415, "not_json")
        data = await read_body(request, self.max_body)
        try:
            return msgspec.json.decode(data, type=wanted)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Problem(422, "invalid_body", why=str(error)) from error


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The operations on one subject, in the order of their definition."""

    tag: str
    found: list[Endpoint] = field(default_factory=list)

    def __call__(
        self,
        method: str,
        path: str,
        *,
        status: int = 200,
        media_type: str = "application/json",
        problems: tuple[int, ...] = (),
        empty: tuple[int, ...] = (),
        answer: Any = None,
        max_body: int = MAX_BODY,
    ) -> Callable[[HandlerFunction], HandlerFunction]:
        """Register a handler; `answer` is the type of a JSON response that it encodes itself."""

        def register(function: HandlerFunction) -> HandlerFunction:
            hints = typing.get_type_hints(function, include_extras=True)
            returned = hints["return"]
            encodes = inspect.isclass(returned) and issubclass(returned, web.StreamResponse)
            self.found.append(
                Endpoint(
                    method, path, function, self.tag, status, media_type, problems, empty, max_body,
                    hints.get("body"), hints.get("query"), answer if encodes or returned is type(None) else returned,
                )
            )  # fmt: skip
            return function

        return register

    def routes(self) -> list[web.RouteDef]:
        """Return the routes for the router."""
        # A GET route would answer HEAD by running the handler, which for events never ends.
        return [
            web.route(each.method, each.path, each.handle)
            if each.method != hdrs.METH_GET
            else web.get(each.path, each.handle, allow_head=False)
            for each in self.found
        ]


def json_response(value: object, *, status: int = 200) -> web.Response:
    """Return a value as JSON; amounts are strings with all their digits."""
    return web.Response(body=_ENCODER.encode(value), status=status, content_type="application/json")


async def read_body(request: web.Request, limit: int) -> bytes:
    """Return the body of a request. Raises Problem if it is larger than `limit` bytes."""
    if (request.content_length or 0) > limit:
        raise Problem(413, "too_large", kilobytes=limit // 1024)
    data = bytearray()
    async for chunk in request.content.iter_any():
        data += chunk
        if len(data) > limit:
            raise Problem(413, "too_large", kilobytes=limit // 1024)
    return bytes(data)


def _query_of(request: web.Request, wanted: type[msgspec.Struct] | None) -> msgspec.Struct | None:
    """Return the query string as the struct `wanted`; `lang` is always allowed. Raises Problem for any other name."""
    given: dict[str, Any] = {}
    for each in msgspec.structs.fields(wanted) if wanted is not None else ():
        values = request.query.getall(each.encode_name, [])
        if typing.get_origin(each.type) is tuple:
            given[each.encode_name] = values
        elif values:
            given[each.encode_name] = values[-1]
    if unknown := sorted(request.query.keys() - given.keys() - {"lang"}):
        raise Problem(422, "unknown_parameter", name=unknown[0][:60])
    if wanted is None:
        return None
    try:
        return msgspec.convert(given, wanted, strict=False)
    except msgspec.ValidationError as error:
        raise Problem(422, "invalid_query", why=str(error)) from error
