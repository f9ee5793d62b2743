"""Alerts for a series of prices, to a file, an HTTP server and a mail server."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.alerts.messages import TOKEN
from tests.cli.watch.conftest import told
from tests.watching.scripted_shop import PREFIX, ScriptedShop, shelf

if TYPE_CHECKING:
    from pathlib import Path

    from tests.alerts.endpoints import Endpoint, MailServer
    from tests.cli.conftest import Run

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
new_lowest_days = 0
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

EXPECTED: dict[int, list[tuple[str, str, str, float, float | None]]] = {
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


def fill(shop: ScriptedShop, number: int) -> None:
    """Fill the shop's pages with the listings of a run, counted from 1."""
    sold_out = ["15"] if number in {2, 3} else []
    shop.pages = [
        shelf(SERIES[number - 1], sold_out=sold_out),
        shelf({"16": "1.00" if number == 5 else "60.00"}),
    ]
    shop.failing = {2} if number == 5 else set()


def plain(alert: dict[str, Any]) -> tuple[str, str, str, float, float | None]:
    number = alert["product_id"].removeprefix(PREFIX)
    return alert["watch"], alert["kind"], number, alert["price"], alert["against"]


def files_with(secret: str, *folders: Path) -> list[Path]:
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    assert files
    return [file for file in files if secret.encode() in file.read_bytes()]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_price_series_tells_exactly_its_events(  # noqa: PLR0917 – fixtures
    run: Run, folder: Path, tmp_path: Path, shop: ScriptedShop, service: Endpoint, mail: MailServer
) -> None:
    """To a file, a real HTTP server and a real mail server: each event once, though two of them fail for a while."""
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
                f"{kept} not delivered to urls[1] (json), kept for the next watch: it responded 503"
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
        assert not files_with(secret, folder, tmp_path / "home")
