"""Alerts and messages as tests need them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from crawler.alerts.alert import Alert, AlertKind
from crawler.alerts.wording import Message

AT = dt.datetime(2026, 1, 31, 8, tzinfo=dt.UTC)

TOKEN = "s3cr3t/t0ken@home:p%41ss"  # noqa: S105 – the secret that no test may meet again
"""With every character that divides a URL."""


def make_alert(**changes: Any) -> Alert:
    values: dict[str, Any] = {
        "watch": "三体",
        "kind": AlertKind.TARGET_PRICE,
        "product_id": "29220317",
        "title": "三体（全三册）",
        "url": "https://product.dangdang.com/29220317.html",
        "at": AT,
        "price": Decimal("19.9"),
        "against": Decimal(20),
    }
    return Alert(**(values | changes))


MESSAGE = Message("三体：现价 ¥19.90", "现价 ¥19.90 · 三体（全三册）", (make_alert(),))
