"""What another web site, another machine or a hostile visitor sends is refused, or shown as text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from crawler.demo.server import DemoShop
from crawler.webapp.access import Access, is_same
from tests.webapp.conftest import Site, open_site
from tests.webapp.following import finished, start

TOKEN = "an-access-token-of-a-test"  # noqa: S105 – made up

FOREIGN_HOSTS = (
    "evil.example",
    "evil.example:80",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "localhost@evil.example",
    "evil.example@localhost",
    "localhost/evil",
    "localhost:80:80",
    "localhost:port",
    "10.0.0.1",
    "192.168.1.7:8787",
    "0.0.0.0",  # noqa: S104 – not bound to
    "[::ffff:10.0.0.1]",
    "[",
    "",
    "LOCALHOST.",
)
"""Values of the Host header that do not name a loopback address."""

FOREIGN_ORIGINS: tuple[dict[str, str], ...] = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:1"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
)

WRONG_BODIES = (
    b"",
    b"[]",
    b"null",
    b"{",
    b'{"query": 7}',
    b'{"query": ""}',
    b'{"pages": 3}',
    b'{"query": "x", "pages": 101}',
    b'{"query": "x", "pages": "3"}',
    b'{"query": "x", "base_url": "http://127.0.0.1:1"}',
    b'{"query": "x", "proxy": "http://127.0.0.1:1"}',
    b'{"query": "x", "workers": 64}',
    b'{"query": "x", "max_price": "NaN"}',
    b'{"query": "x", "max_price": "1e999999"}',
    b'{"query": "x", "min_price": 9, "max_price": 1}',
    b'{"query": "x", "keep": ["anything"]}',
    b'{"query": "\\u202e"}',
    b'{"query": "\\ud800"}',
    b'{"query": "  "}',
    b"\xff\xfe",
    b"[" * 60_000,
)

CHANGES = (
    ("POST", "/api/v1/searches"),
    ("DELETE", "/api/v1/searches/0123456789abcdef"),
)


async def raw(site: Site, text: str) -> tuple[int, str]:
    """Send a request as it stands; return the status and the whole response."""
    reader, writer = await asyncio.open_connection(*site.address)
    writer.write(text.replace("\n", "\r\n").encode())
    await writer.drain()
    answer = (await reader.read()).decode(errors="replace")
    writer.close()
    await writer.wait_closed()
    return int(answer.split(" ", 2)[1]), answer


@pytest.mark.parametrize("path", ["/", "/api/v1/session", "/static/web.css", "/metrics"])
async def test_a_foreign_host_is_refused(site: Site, path: str) -> None:
    """A web site whose name was rebound to this machine reads nothing, not even from the error's page."""
    for host in FOREIGN_HOSTS:
        status, answer = await raw(site, f"GET {path} HTTP/1.1\nHost: {host}\nConnection: close\n\n")
        assert status in {400, 403}, host
        assert site.context.access.csrf_token not in answer, host


async def test_the_names_of_this_machine_are_accepted(site: Site) -> None:
    """A forwarded port has another number, so any is accepted."""
    for host in ("localhost", "LOCALHOST:1234", "127.0.0.1", "127.0.0.1:80", "[::1]:8787"):
        status, _ = await raw(site, f"GET /healthz HTTP/1.1\nHost: {host}\nConnection: close\n\n")
        assert status == 200, host


async def test_two_hosts_or_none_are_refused(site: Site) -> None:
    for hosts in ("", "Host: localhost\nHost: evil.example\n", "Host: evil.example\nHost: localhost\n"):
        status, _ = await raw(site, f"GET / HTTP/1.1\n{hosts}Connection: close\n\n")
        assert status in {400, 403}


@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_a_change_from_another_site_is_refused(site: Site, method: str, path: str) -> None:
    """Even with the right CSRF token."""
    for headers in FOREIGN_ORIGINS:
        status, problem = await site.api(method, path, {"query": "書"}, headers=headers)
        assert (status, problem["code"]) == (403, "origin"), headers
    assert site.server.searches == 0


@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_a_change_without_the_csrf_token_is_refused(site: Site, method: str, path: str) -> None:
    for token in (None, "", "wrong", "é", "x" * 5000):
        headers = {} if token is None else {"X-CSRF-Token": token}
        async with site.session.request(method, path, json={"query": "書"}, headers=headers) as response:
            assert response.status == 403
            assert response.content_type == "application/problem+json"
            assert (await response.json(content_type=None))["code"] == "csrf"
    assert site.server.searches == 0


async def test_another_site_reads_nothing(site: Site) -> None:
    for path in ("/", "/api/v1/searches", "/api/v1/session", "/metrics"):
        for headers in FOREIGN_ORIGINS[:-1]:
            status, answer = await site.get(path, headers=headers)
            assert status == 403, (path, headers)
            assert site.context.access.csrf_token not in answer


async def test_a_link_on_another_site_may_lead_here(site: Site) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert (await site.get("/", headers=headers))[0] == 200
    assert (await site.get("/api/v1/searches", headers=headers))[0] == 403


async def test_events_and_websockets_from_another_site_are_refused(site: Site) -> None:
    search = await start(site)
    path = f"/api/v1/searches/{search}/events"
    status, _ = await site.get(path, headers={"Origin": "https://evil.example"})
    assert status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await site.session.ws_connect(path, origin="https://evil.example")
    assert refused.value.status == 403
    await finished(site, search)


async def test_nothing_allows_another_origin(site: Site) -> None:
    """No response has a CORS header, not even to a preflight request."""
    async with site.session.options(
        "/api/v1/searches",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    ) as response:
        assert response.status == 403
        assert not [name for name in response.headers if name.lower().startswith("access-control")]


async def test_every_response_carries_the_policy(site: Site) -> None:
    """Pages, API, files, errors and streams allow no inline script, no frame and no other origin."""
    search = await start(site)
    for path in ("/", "/nothing", "/api/v1/searches", "/api/v1/nothing", "/static/web.css", "/healthz",
                 f"/api/v1/searches/{search}/events"):  # fmt: skip
        async with site.session.get(path) as response:
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            await response.read()


@pytest.fixture
async def locked(tmp_path: Path) -> AsyncIterator[Site]:
    """Serve the application with an access token."""
    async with open_site(tmp_path, access=Access(token=TOKEN, any_address=True)) as site:
        yield site


async def test_nothing_is_served_without_the_token(locked: Site) -> None:
    cookie = f"bookprice_session_{locked.address[1]}"
    for path in (
        "/",
        "/api/v1/searches",
        "/api/v1/session",
        "/static/web.css",
        "/metrics",
        "/nothing",
        "/healthz/",
    ):
        for headers in (
            {},
            {"Authorization": f"Bearer {TOKEN}x"},
            {"Authorization": TOKEN},
            {"Authorization": f"Basic {TOKEN}"},
            {"Cookie": f"{cookie}={TOKEN}"},
            {"Cookie": f"{cookie}="},
        ):
            status, answer = await locked.get(path, headers=headers)
            assert status == 401, (path, headers)
            assert locked.context.access.csrf_token not in answer
            assert TOKEN not in answer


async def test_only_the_health_needs_no_token(locked: Site) -> None:
    assert (await locked.get("/healthz"))[0] == 200


async def test_the_address_with_the_token_opens_the_page(locked: Site) -> None:
    """The token leaves the address bar at once; the cookie is for this site alone, and out of reach of scripts."""
    async with locked.session.get(f"/?token={TOKEN}&lang=en", allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"] == "/?lang=en"
        cookie = response.headers["Set-Cookie"]
        assert TOKEN not in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
    assert (await locked.get("/"))[0] == 200
    assert (await locked.api("POST", "/api/v1/searches", {"query": "書", "pages": 1}))[0] == 202


async def test_two_applications_of_a_host_stay_open_side_by_side(locked: Site, tmp_path: Path) -> None:
    """A browser sends a host's cookies to all of its ports."""
    async with open_site(tmp_path, access=Access(token=f"another-{TOKEN}", any_address=True)) as other:
        for site in (locked, other):
            async with locked.session.get(f"{site.url}/?token={site.context.access.token}") as response:
                assert response.status == 200
        for site in (locked, other):
            async with locked.session.get(f"{site.url}/") as response:
                assert response.status == 200


async def test_a_wrong_token_in_the_address_opens_nothing(locked: Site) -> None:
    for wrong in ("", "wrong", TOKEN.upper(), f"{TOKEN}%00"):
        assert (await locked.get(f"/?token={wrong}"))[0] == 401


async def test_the_redirect_leads_to_no_other_host(locked: Site) -> None:
    """A path that begins with two slashes would be another host."""
    for path in (f"//evil.example/?token={TOKEN}", f"/%2Fevil.example/?token={TOKEN}"):
        status, answer = await raw(locked, f"GET {path} HTTP/1.1\nHost: localhost\nConnection: close\n\n")
        where = [line for line in answer.splitlines() if line.lower().startswith("location:")]
        assert status in {303, 400, 404}
        assert not any("//" in line for line in where)


async def test_a_program_with_the_token_needs_no_csrf_token(locked: Site) -> None:
    """A browser never adds this header by itself."""
    async with locked.session.post(
        "/api/v1/searches", json={"query": "書", "pages": 1}, headers={"Authorization": f"Bearer {TOKEN}"}
    ) as response:
        assert response.status == 202


async def test_the_session_cookie_alone_changes_nothing(locked: Site) -> None:
    await locked.get(f"/?token={TOKEN}")
    async with locked.session.post("/api/v1/searches", json={"query": "書"}) as response:
        assert response.status == 403


async def test_an_oversized_body_is_refused(site: Site) -> None:
    """With its length stated, in chunks without a length, and before it is all there."""
    headers = {"X-CSRF-Token": site.context.access.csrf_token, "Content-Type": "application/json"}
    big = b'{"query": "' + b"a" * 200_000 + b'"}'

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(big), 10_000):
            yield big[at : at + 10_000]

    for data in (big, chunks()):
        async with site.session.post("/api/v1/searches", data=data, headers=headers) as response:
            assert response.status == 413
            assert (await response.json(content_type=None))["code"] == "too_large"
    status, _ = await raw(
        site,
        "POST /api/v1/searches HTTP/1.1\nHost: localhost\nContent-Type: application/json\n"
        f"X-CSRF-Token: {site.context.access.csrf_token}\nContent-Length: 9999999999\nConnection: close\n\n{{",
    )
    assert status == 413
    assert site.server.searches == 0


async def test_a_wrong_body_is_told_what_is_wrong(site: Site) -> None:
    """One problem with a remedy, no search, no error of the server."""
    headers = {"X-CSRF-Token": site.context.access.csrf_token, "Content-Type": "application/json"}
    for body in WRONG_BODIES:
        async with site.session.post("/api/v1/searches", data=body, headers=headers) as response:
            assert response.status == 422, body[:60]
            problem = await response.json(content_type=None)
            assert problem["detail"]
            assert "Traceback" not in problem["detail"]
    assert site.server.searches == 0


async def test_a_form_of_another_site_is_no_body(site: Site) -> None:
    """These are the types that a form on any web site can send."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        headers = {"X-CSRF-Token": site.context.access.csrf_token, "Content-Type": kind}
        async with site.session.post("/api/v1/searches", data=b'{"query": "x"}', headers=headers) as response:
            assert response.status == 415


async def test_a_query_that_is_an_internal_address_is_only_words(tmp_path: Path, shop: DemoShop) -> None:
    """All requests go to the shop, with the address as the words to search for."""
    queries = {
        "http://169.254.169.254/latest",
        "http://localhost:22/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
    }
    async with open_site(tmp_path, base_url=shop.base_url) as site:
        for query in queries:
            await finished(site, await start(site, query, pages=1))
    assert {request.query for request in shop.searches} == queries
    assert all(request.path_qs.startswith(("/?", "/robots.txt")) for request in shop.requests)


async def test_a_title_full_of_markup_is_text(site: Site) -> None:
    """The demo shop's titles contain the query."""
    query = "<img src=x onerror=alert(1)>\"'><b>書"
    search = await start(site, query, pages=1)
    await finished(site, search)
    _, books = await site.api("GET", f"/api/v1/searches/{search}/books")
    titles = [row[books["columns"].index("title")] for row in books["rows"]]
    assert any("<img" in title for title in titles)
    number = books["rows"][0][books["columns"].index("product_id")]
    for path in ("/", f"/searches/{search}", f"/searches/{search}/books/{number}", f"/?again={search}"):
        status, text = await site.get(path)
        assert status == 200
        assert "<img" not in text
        assert "&lt;img" in text


async def test_only_the_files_of_the_pages_are_served(site: Site) -> None:
    for path in (
        "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static//etc/passwd",
        "/static/web.css%00", "/static/templates", "/static/",
    ):  # fmt: skip
        status, answer = await raw(site, f"GET {path} HTTP/1.1\nHost: localhost\nConnection: close\n\n")
        assert status in {400, 404}, path
        assert "import" not in answer


def test_nothing_equals_a_secret_that_is_missing() -> None:
    """Where no token is set, an empty one is not right."""
    for secret in (None, ""):
        assert not is_same("", secret)
    assert is_same("a", "a")
    assert not is_same("\udcff", "a")


async def test_a_request_line_with_another_host_is_refused(site: Site) -> None:
    """Where it has a whole URL, its host counts (RFC 9112 3.2.2)."""
    for line, expected in (
        ("http://evil.example/healthz", {400, 403}),
        ("http://localhost:1/healthz", {403}),
        ("http://user@localhost/healthz", {400, 403}),
        ("http://localhost/healthz", {200}),
    ):
        status, _ = await raw(site, f"GET {line} HTTP/1.1\nHost: localhost\nConnection: close\n\n")
        assert status in expected, line


async def test_a_link_on_another_site_chooses_no_language(site: Site) -> None:
    """It is shown in that language, but the visitor's choice stays."""
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    async with site.session.get("/?lang=zh-Hant", headers=headers) as response:
        assert 'lang="zh-Hant"' in await response.text()
        assert "Set-Cookie" not in response.headers
    async with site.session.get("/?lang=zh-Hant", headers={"Sec-Fetch-Site": "same-origin"}) as response:
        assert "bookprice_lang=zh-Hant" in response.headers["Set-Cookie"]


async def test_the_redirect_keeps_every_other_parameter(locked: Site) -> None:
    path = f"/history?book=1&token={TOKEN}&book=2"
    async with locked.session.get(path, allow_redirects=False) as response:
        assert response.headers["Location"] == "/history?book=1&book=2"


async def test_a_connection_that_sends_no_whole_request_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever opens many connections, or sends a request head byte by byte, holds them for a limited time only."""
    monkeypatch.setattr("crawler.webapp.server._IDLE_SECONDS", 0.2)
    async with open_site(tmp_path) as site:
        for begun in (b"", b"GET / HTTP/1.1\r\nHost: loc"):
            reader, writer = await asyncio.open_connection(*site.address)
            writer.write(begun)
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
