"""The OpenAPI document: made from the registration, valid, and true for what the server sends."""

from __future__ import annotations

import msgspec
import pytest

from crawler.webapp.app import create_app, endpoints
from crawler.webapp.openapi import openapi_document
from tests.webapp.conftest import Site
from tests.webapp.following import events, start


async def test_every_route_of_the_api_is_in_the_document(site: Site) -> None:
    """There is one registration, so none can be forgotten."""
    status, document = await site.api("GET", "/api/v1/openapi.json")
    assert (status, document["openapi"]) == (200, "3.1.0")
    described = {
        (method.upper(), path) for path, operations in document["paths"].items() for method in operations
    }
    routes = {
        (route.method, route.resource.canonical)
        for route in create_app(site.context).router.routes()
        if route.resource is not None and route.resource.canonical.startswith("/api/")
    }
    assert routes - described == {("GET", "/api/v1/openapi.json"), ("HEAD", "/api/v1/openapi.json")}


def test_the_document_is_complete() -> None:
    """Every operation has a summary, every reference leads somewhere, every path parameter is described."""
    document = openapi_document(endpoints())
    text = msgspec.json.encode(document).decode()
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"].endswith(".")
            named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert all(f"{{{name}}}" in path for name in named)
            assert path.count("{") == len(named)
    for reference in {part.split('"')[0] for part in text.split('"$ref":"')[1:]}:
        assert reference.rpartition("/")[2] in document["components"]["schemas"], reference


async def test_responses_are_as_described(site: Site) -> None:
    """Each successful response, and each event, has the type from which the document was made."""
    search = await start(site, pages=1)
    told = [event async for _, event in events(site, search)]
    _, books = await site.api("GET", f"/api/v1/searches/{search}/books")
    values = {"id": search, "product": books["rows"][0][1]}
    checked = set()
    for endpoint in endpoints():
        if endpoint.tag not in {"searches", "system"} or not endpoint.is_safe:
            continue
        if endpoint.media_type == "application/json":
            status, answer = await site.api("GET", endpoint.path.format(**values))
            assert status == endpoint.status, endpoint.path
            msgspec.convert(answer, endpoint.answer)
            checked.add(endpoint.function.__name__)
        elif endpoint.media_type == "text/event-stream":
            for event in told:
                msgspec.convert(event, endpoint.answer)
            checked.add(endpoint.function.__name__)
    assert len(checked) >= 8


def test_what_a_response_has_is_closed() -> None:
    """A wrong type would be noticed: the check above is no formality."""
    kinds = {endpoint.function.__name__: endpoint.answer for endpoint in endpoints()}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"searches": [{"id": 7}]}, kinds["list_searches"])
