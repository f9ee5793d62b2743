"""Result lines of a bulk crawl, as `rank` and other programs read them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["ISBN", "OTHER_ISBN", "result", "write_results"]

ISBN, OTHER_ISBN = "9787115546081", "9787302511854"


def result(number: int, price: float | None = None, currency: str = "CNY", **values: Any) -> dict[str, Any]:
    """Return the result of page `number` of its own shop; `values` replace any other key."""
    url = f"https://shop{number}.example/book/{number}"
    return {
        "number": number, "url": url, "final_url": url, "status": 200, "verdict": "ok", "detail": "", "attempts": 1,
        "bytes": 2048, "milliseconds": 12, "content_type": "text/html", "charset": "utf-8",
        "fetched_at": "2026-11-29T01:02:03Z", "warc": "pages-000-00001.warc.gz", "warc_offset": 1000 + number,
        "title": f"Atlas {number}", "price": price, "currency": "" if price is None else currency,
        "availability": "in_stock", "author": "A. Lee", "brand": "", "isbn": "", "gtin": "", "image": "",
        "offers": 0 if price is None else 1, "product_url": url, "problems": "",
        **values,
    }  # fmt: skip


def write_results(
    folder: Path, results: Iterable[dict[str, Any]], *, name: str = "results-000-001.jsonl"
) -> Path:
    """Write results to a file in a folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(
        "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in results), encoding="utf-8"
    )
    return path
