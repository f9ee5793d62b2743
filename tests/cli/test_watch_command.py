"""`watch`: what is told of a price series, where it goes, and what becomes of what cannot be delivered."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.alerts.endpoints import Endpoint, MailServer, endpoint, mail_server
from tests.alerts.messages import TOKEN
from tests.cli.conftest import Ended
from tests.watching.scripted_shop import PREFIX, ScriptedShop, scripted_shop, shelf

Run = Callable[..., Awaitable[Ended]]
Start = Callable[..., Awaitable[asyncio.subprocess.Process]]

WATCHES = """
[crawler]
pages = 2
[[watch]]
name = "target"
query = "三體"
target_price = 20
[[watch]]
name = "drop"
query = "三体"
drop_percent = 20
[[watch]]
name = "lowest"
query = "三体"
new_lowest = true
[[watch]]
name = "new"
query = "三体"
new_books = true
back_in_stock = true
"""

SERIES = [
    {"11": "30.00", "12": "50.00", "13": "40.00", "15": "33.00"},
    {"11": "30.00", "12": "50.00", "13": "40.00", "15": "33.00"},  # 15 is sold out
    {"11": "19.99", "12": "45.00", "13": "40.00", "15": "33.00"},  # and again
    {"11": "20.01", "12": "40.00", "13": "40.00", "15": "33.00", "14": "22.00"},
    {
        "11": "19.98",
        "12": "40.01",
        "13": "40.00",
        "15": "33.00",
        "14": "22.00",
        "17": "28.00",
    },  # page 2 fails
    {"11": "25.00", "12": "40.00", "13": "40.00", "15": "33.00", "14": "22.00", "17": "28.00"},
    {"11": "19.50", "12": "50.00", "13": "40.00", "15": "33.00", "14": "22.00", "17": "28.00"},
    {"11": "19.50", "12": "39.99", "13": "40.00", "15": "33.00", "14": "22.00", "17": "28.00"},
]
"""Prices on page 1 by run. On page 2 stands 16 for ¥60, in run 5, when that page fails, for ¥1."""

EXPECTED = {
    3: [
        ("target", "target_price", "11", 19.99, 20),
        ("drop", "price_drop", "11", 19.99, 30),
        ("lowest", "new_lowest", "11", 19.99, 30),
        ("lowest", "new_lowest", "12", 45, 50),
    ],
    4: [
        ("drop", "price_drop", "12", 40, 50),
        ("lowest", "new_lowest", "12", 40, 45),
        ("new", "new_book", "14", 22, None),
        ("new", "back_in_stock", "15", 33, None),
    ],
    5: [("new", "new_book", "17", 28, None)],
    7: [
        ("target", "target_price", "11", 19.5, 20),
        ("drop", "price_drop", "11", 19.5, 25),
        ("lowest", "new_lowest", "11", 19.5, 19.98),
    ],
    8: [("drop", "price_drop", "12", 39.99, 50)],
}
"""What is told by run: watch, kind, product, price, and what it is compared with."""


@pytest.fixture
async def shop() -> AsyncIterator[ScriptedShop]:
    async with scripted_shop() as served:
        yield served


@pytest.fixture
async def service() -> AsyncIterator[Endpoint]:
    async with endpoint() as served:
        yield served


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with mail_server(TOKEN) as served:
        yield served


def fill(shop: ScriptedShop, number: int) -> None:
    """Put on the shelves what stands there in a run, counted from 1."""
    sold_out = ["15"] if number in {2, 3} else []
    shop.pages = [
        shelf(SERIES[number - 1], sold_out=sold_out),
        shelf({"16": "1.00" if number == 5 else "60.00"}),
    ]
    shop.failing = {2} if number == 5 else set()


def plain(alert: dict[str, Any]) -> tuple[str, str, str, float, float | None]:
    number = alert["product_id"].removeprefix(PREFIX)
    return alert["watch"], alert["kind"], number, alert["price"], alert["against"]


def told(text: str) -> list[str]:
    """Return the lines of a message that tell an alert."""
    return [line for line in text.splitlines() if "¥" in line and "种讲法" in line]


async def test_a_price_series_tells_exactly_its_events(
    run: Run, folder: Path, tmp_path: Path, shop: ScriptedShop, service: Endpoint, mail: MailServer
) -> None:
    """To a file, a real HTTP endpoint and a real mail server, each event once, though two of them fail for a while."""
    (folder / "books.toml").write_text(
        WATCHES
        + f"""
        [alerts]
        urls = [
            "json://reader:${{HOOK_TOKEN}}@127.0.0.1:{service.port}/alerts",
            "mailto://shop:${{MAIL_TOKEN}}@127.0.0.1:{mail.port}?from=shop@example.org&to=reader@example.org",
        ]
        file = "alerts.jsonl"
        """,
        encoding="utf-8",
    )
    env = {"HOOK_TOKEN": TOKEN, "MAIL_TOKEN": TOKEN}
    words = ("watch", "--all", "--verbose", "--config", "books.toml", "--base-url", shop.base_url)
    said, seen, accepted = "", 0, []
    for number in range(1, len(SERIES) + 1):
        fill(shop, number)
        service.status = 503 if number in {3, 4} else 200
        mail.refuse = number == 7
        before = len(service.requests)
        ended = await run(*words, env=env)
        if service.status == 200:
            accepted += [json.loads(body)["message"] for _, body in service.requests[before:]]
        said += ended.text + ended.err
        lines = (folder / "alerts.jsonl").read_text("utf-8").splitlines() if seen or number > 2 else []
        assert [plain(json.loads(line)) for line in lines[seen:]] == EXPECTED.get(number, [])
        seen = len(lines)
        assert ended.code == {3: 1, 4: 1, 5: 3, 7: 1}.get(number, 0), ended.err
        if number in {3, 4}:
            kept = {3: "4 alerts", 4: "8 alerts"}[number]
            assert (
                f"{kept} not delivered to urls[1] (json), and kept for the next watch: it answered 503"
                in ended.err
            )
        if number == 5:
            assert "watch new: partial: page 2: blocked" in ended.err
    assert all(request.headers["Authorization"].startswith("Basic ") for request, _ in service.requests)
    posted = [line for message in accepted for line in told(message)]
    mailed = [line for _, message in mail.mails for line in told(message.get_content())]
    assert Counter(posted) == Counter(mailed)
    assert len(posted) == seen == sum(len(alerts) for alerts in EXPECTED.values())
    for secret in (TOKEN, quote(TOKEN, safe=""), "s3cr3t"):
        assert secret not in said
        for file in [*folder.rglob("*"), *(tmp_path / "home").rglob("*")]:
            assert not file.is_file() or secret.encode() not in file.read_bytes(), file
