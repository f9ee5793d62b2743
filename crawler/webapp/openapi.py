"""The OpenAPI 3.1 document, made from the registered operations and the structs that they exchange."""

from __future__ import annotations

import http
import inspect
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from crawler.version import __version__
from crawler.webapp.endpoints import Endpoint
from crawler.webapp.problems import PROBLEM_JSON, ProblemDetails

__all__ = ["openapi_document"]

_REFERENCE = "#/components/schemas/{name}"

_LANGUAGE = {
    "name": "lang",
    "in": "query",
    "required": False,
    "description": "The language of texts; without it, the cookie or Accept-Language decides.",
    "schema": {"type": "string", "enum": ["en", "zh-Hans", "zh-Hant"]},
}

_ALWAYS = (401, 403, 422)
"""Statuses that every operation may have: no access token, foreign host or origin, invalid parameters."""


def openapi_document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """Return the document as plain values."""
    endpoints = list(endpoints)
    types: list[Any] = [ProblemDetails]
    for endpoint in endpoints:
        types += [each for each in (endpoint.body, endpoint.query, endpoint.answer) if each is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    by_type = {id(each): schema for each, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(
            endpoint, by_type, components
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "bookprice",
            "version": __version__,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
            },
        },
    }


def _operation(endpoint: Endpoint, schemas: dict[int, Any], components: dict[str, Any]) -> dict[str, Any]:
    words = inspect.cleandoc(endpoint.function.__doc__ or "")
    success: dict[str, Any] = {"description": http.HTTPStatus(endpoint.status).phrase}
    if endpoint.status != http.HTTPStatus.NO_CONTENT:
        schema = {} if endpoint.answer is None else schemas[id(endpoint.answer)]
        if endpoint.media_type == "text/event-stream":
            schema = _event_with(schema)
        success["content"] = {endpoint.media_type: {"schema": schema}}
    own = {413, 415} if endpoint.body is not None else set()
    problems = sorted({*_ALWAYS, *endpoint.problems, *own})
    operation: dict[str, Any] = {
        "operationId": endpoint.function.__name__,
        "tags": [endpoint.tag],
        "summary": words.partition("\n")[0],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint, components), _LANGUAGE],
        "responses": {
            str(endpoint.status): success,
            **{str(status): {"description": http.HTTPStatus(status).phrase} for status in endpoint.empty},
            **{
                str(status): {
                    "description": http.HTTPStatus(status).phrase,
                    "content": {PROBLEM_JSON: {"schema": {"$ref": _REFERENCE.format(name="ProblemDetails")}}},
                }
                for status in problems
            },
        },
        "security": [{"token": []}, {}] if endpoint.is_safe else [{"token": []}, {"csrf": []}],
    }
    if "\n" in words:
        operation["description"] = words.partition("\n")[2].strip()
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas[id(endpoint.body)]}},
        }
    return operation


def _event_with(data: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a server-sent event whose data is JSON."""
    encoded = {"type": "string", "contentMediaType": "application/json", "contentSchema": data}
    return {
        "type": "object",
        "properties": {"id": {"type": "string"}, "event": {"type": "string"}, "data": encoded},
        "required": ["data"],
    }


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)", endpoint.path)
    ]


def _query_parameters(endpoint: Endpoint, components: dict[str, Any]) -> list[dict[str, Any]]:
    if endpoint.query is None:
        return []
    schema = components[endpoint.query.__name__]
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": described}
        for name, described in schema["properties"].items()
    ]
