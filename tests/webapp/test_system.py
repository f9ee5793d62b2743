"""Health, session, OpenAPI document and static files over a real socket."""

from __future__ import annotations

from crawler.version import __version__
from tests.webapp.conftest import Site


async def test_it_says_that_it_is_well(site: Site) -> None:
    assert await site.api("GET", "/healthz") == (200, {"status": "ok", "version": __version__})


async def test_the_front_page_is_there_in_three_languages(site: Site) -> None:
    for language, word in (("en", "Wish list"), ("zh-Hans", "心愿单"), ("zh-Hant", "願望清單")):
        status, text = await site.get("/", headers={"Accept-Language": language})
        assert status == 200
        assert word in text
        assert f'<html lang="{language}">' in text


async def test_the_openapi_document_lists_every_operation(site: Site) -> None:
    status, document = await site.api("GET", "/api/v1/openapi.json")
    assert (status, document["openapi"]) == (200, "3.1.0")
    assert "get" in document["paths"]["/healthz"]
