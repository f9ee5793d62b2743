"""Health, metrics, OpenAPI document, languages and static files over a real socket."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.labels import _WORDS
from crawler.version import __version__
from crawler.webapp import problems
from crawler.webapp.endpoints import Endpoint
from crawler.webapp.templating import static_files
from tests.webapp.conftest import Site
from tests.webapp.following import finished, start

if TYPE_CHECKING:
    import pytest


async def test_it_says_that_it_is_well(site: Site) -> None:
    assert await site.api("GET", "/healthz") == (200, {"status": "ok", "version": __version__})


async def test_the_language_follows_the_browser_the_choice_and_the_cookie(site: Site) -> None:
    """`?lang=` is remembered; without it, Accept-Language decides by its weights."""
    for header, language in (
        ("en", "en"),
        ("zh-TW,zh;q=0.9,en;q=0.8", "zh-Hant"),
        ("zh-CN", "zh-Hans"),
        ("fr, zh-HK;q=0.5, en;q=0.2", "zh-Hant"),
        ("en;q=0.1, zh;q=0.9", "zh-Hans"),
        ("fr", "en"),
        ("zh;q=0", "en"),
        (",;q=,*;q=2", "en"),
    ):
        _, text = await site.get("/", headers={"Accept-Language": header})
        assert f'<html lang="{language}">' in text, header
    assert "願望清單" in (await site.get("/?lang=zh-TW"))[1]
    assert "願望清單" in (await site.get("/", headers={"Accept-Language": "en"}))[1]
    assert "心愿单" in (await site.get("/?lang=zh-Hans"))[1]
    assert "心愿单" in (await site.get("/?lang=nonsense", headers={"Accept-Language": "en"}))[1]


async def test_a_page_in_another_language_is_the_same_page(site: Site) -> None:
    """Its link keeps the other parameters, except a token."""
    _, text = await site.get("/history?query=C%2B%2B&lang=en&token=secret")
    assert 'href="?query=C%2B%2B&amp;lang=zh-Hant"' in text
    assert "secret" not in text


async def test_an_error_is_a_page_or_a_problem(site: Site) -> None:
    """Under /api it is JSON for programs, elsewhere a page, both in the visitor's language."""
    status, page = await site.get("/nothing?lang=zh-Hant")
    assert (status, "此網址沒有內容" in page) == (404, True)
    async with site.session.get("/api/v1/nothing?lang=en") as response:
        assert (response.status, response.content_type) == (404, problems.PROBLEM_JSON)
        problem = await response.json(content_type=None)
    assert problem == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "code": "not_found",
        "detail": "There is nothing at this address.",
    }
    async with site.session.get("/api/v1/searches/x/events?after=-1") as response:
        assert response.status == 422
    async with site.session.get("/api/v1/searches?misspelt=1") as response:
        assert (response.status, "misspelt" in await response.text()) == (422, True)
    status, _ = await site.api("PUT", "/api/v1/searches")
    assert status == 405


async def test_a_defect_is_told_without_a_traceback(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The visitor gets a problem, the terminal one line with the error."""

    def broken(_endpoint: Endpoint) -> str:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("crawler.webapp.app.openapi_document", broken)
    status, problem = await site.api("GET", "/api/v1/openapi.json")
    assert (status, problem["code"]) == (500, "internal")
    assert "secret" not in problem["detail"]
    assert "ZeroDivisionError: a secret" in caplog.text


def test_every_problem_has_words() -> None:
    """A code without a text would be an error within the error."""
    sources = [path.read_text("utf-8") for path in sorted(Path(problems.__file__).parent.rglob("*.py"))]
    used = {code for source in sources for code in re.findall(r'Problem\(\s*\d+,\s*"(\w+)"', source)}
    used |= {*problems._STATUS_CODES.values(), "bad_request"}
    assert len(used) > 15
    assert {f"problem_{code}" for code in used} <= set(_WORDS)


async def test_the_files_of_the_pages_are_asked_for_only_once(site: Site) -> None:
    """A browser asks whether its copy is still right, and gets no second one."""
    for name in static_files():
        async with site.session.get(f"/static/{name}") as response:
            assert response.status == 200
            tag = response.headers["ETag"]
            assert response.headers["Cache-Control"] == "no-cache"
            assert response.charset == "utf-8"
        async with site.session.get(f"/static/{name}", headers={"If-None-Match": tag}) as response:
            assert (response.status, await response.read()) == (304, b"")


async def test_pages_load_only_files_that_are_there(site: Site) -> None:
    """And no inline script or style, which the policy would block."""
    search = await start(site, pages=1)
    running = (await site.get(f"/searches/{search}"))[1]
    await finished(site, search)
    _, books = await site.api("GET", f"/api/v1/searches/{search}/books")
    number = books["rows"][0][1]
    pages = [running] + [
        (await site.get(path))[1]
        for path in ("/", f"/searches/{search}", f"/searches/{search}/books/{number}", "/nothing")
    ]
    for page in pages:
        assert set(re.findall(r'(?:src|rel="stylesheet" href)="/static/([^"]+)"', page)) <= set(
            static_files()
        )
        assert re.findall(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page) == []
        assert "{" not in re.sub(r'data-\w+="[^"]*"', "", page)  # no placeholder was left


async def test_the_metrics_count_what_happened(site: Site) -> None:
    """In the text format of Prometheus, and without anything that a visitor chose as a label."""
    search = await start(site, pages=1)
    await finished(site, search)
    await site.get("/no/such/page")
    async with site.session.get("/metrics") as response:
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        text = await response.text()
    for line in text.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? [0-9.e+-]+', line), line
    assert "bookprice_searches_started_total 1\n" in text
    assert "bookprice_searches_finished_total 1\n" in text
    assert "bookprice_searches_running 0\n" in text
    assert 'method="POST",route="/api/v1/searches",status="202"} 1\n' in text
    assert 'route="unmatched",status="404"} 1\n' in text
    assert search not in text
    buckets = [int(number) for number in re.findall(r'_bucket\{le="[^"]+"\} (\d+)', text)]
    assert buckets == sorted(buckets)
    assert f"bookprice_http_request_seconds_count {buckets[-1]}\n" in text
