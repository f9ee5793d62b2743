"""Measure the reading of product pages: CPU time per page and import time, beside extruct and price-parser.

Those two are measured if they are installed: pip install extruct price-parser.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from parsers.product import parse_product_page

PRODUCT = {
    "@context": "https://schema.org",
    "@type": ["Product", "Book"],
    "name": "An Atlas of Small Seas",
    "isbn": "9787115546081",
    "image": ["https://shop.example/atlas.jpg"],
    "author": {"@type": "Person", "name": "A. Lee"},
    "publisher": "Coast",
    "offers": {
        "@type": "Offer",
        "price": "1.234,56",
        "priceCurrency": "EUR",
        "availability": "https://schema.org/InStock",
        "seller": {"@type": "Organization", "name": "Shop"},
    },
}
ITEMS = """<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">An Atlas of Small Seas</h1>
<span itemprop="isbn">9787115546081</span><span itemprop="author">A. Lee</span>
<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><span itemprop="price">1.234,56</span>
<meta itemprop="priceCurrency" content="EUR"><link itemprop="availability" href="https://schema.org/InStock"></div></div>"""
METAS = """<meta property="og:title" content="An Atlas of Small Seas"><meta property="og:type" content="product">
<meta property="product:price:amount" content="1.234,56"><meta property="product:price:currency" content="EUR">"""
FILLER = """<div class="tile"><a class="link" href="/p/{0}"><img class="cover" src="/i/{0}.jpg" alt="Book {0}"></a>
<p class="name"><span>Book {0}</span> <b>new</b></p><ul><li>paper</li><li>cloth</li></ul></div>
<script>window.tiles = window.tiles || []; if (typeof tiles !== "undefined") tiles.push({{"id": {0}}});</script>
"""


def page(head: str, body: str, size: int) -> bytes:
    """Return a page of about `size` bytes."""
    count = max(0, size - len(head) - len(body)) // len(FILLER.format(1000))
    filler = "".join(FILLER.format(number) for number in range(count))
    return f"<!DOCTYPE html><html lang=en><head>{head}</head><body>{body}{filler}</body></html>".encode()


def pages() -> dict[str, bytes]:
    """Return the pages to read, by name."""
    script = f'<script type="application/ld+json">{json.dumps(PRODUCT)}</script>'
    return {
        "JSON-LD, 10 KB": page(script, "", 10_000),
        "JSON-LD, 100 KB": page(script, "", 100_000),
        "microdata, 100 KB": page("", ITEMS, 100_000),
        "OpenGraph, 100 KB": page(METAS, "", 100_000),
        "nothing, 100 KB": page("<title>News</title>", "", 100_000),
    }


def extruct_reader() -> Callable[[bytes], Any] | None:
    """Return a function that reads a page with extruct and price-parser; None if they are not installed."""
    if importlib.util.find_spec("extruct") is None or importlib.util.find_spec("price_parser") is None:
        return None
    extruct = importlib.import_module("extruct")
    price_parser = importlib.import_module("price_parser")

    def read(body: bytes) -> Any:
        found = extruct.extract(body, syntaxes=["json-ld", "microdata", "opengraph"], uniform=True)
        for items in found.values():
            for item in items:
                offers = item.get("offers")
                price = offers.get("price") if isinstance(offers, dict) else item.get("product:price:amount")
                if price is not None:
                    return price_parser.Price.fromstring(str(price)).amount
        return None

    return read


def milliseconds(work: Callable[[], Any], rounds: int) -> float:
    """Return the median CPU time of `work`."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return statistics.median(taken) * 1000


def import_milliseconds(modules: str, rounds: int) -> float:
    """Return the median time to import `modules` in a fresh interpreter."""
    code = f"import time; began = time.perf_counter(); import {modules}; print(time.perf_counter() - began)"
    runs = [
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        for _ in range(rounds)
    ]
    return statistics.median(map(float, runs)) * 1000


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="times that each page is read")
    rounds = parser.parse_args().rounds
    other = extruct_reader()
    print(f"import parsers.product.page  {import_milliseconds('parsers.product.page', 7):6.0f} ms")
    if other is not None:
        print(f"import extruct, price_parser {import_milliseconds('extruct, price_parser', 7):6.0f} ms")
    for name, body in pages().items():
        expected = None if name.startswith("nothing") else Decimal("1234.56")
        assert parse_product_page(body).price == expected
        line = f"{name:20} {milliseconds(lambda body=body: parse_product_page(body), rounds):6.2f} ms"  # type: ignore[misc]
        if other is not None:
            line += f"   extruct {milliseconds(lambda body=body: other(body), max(5, rounds // 5)):7.2f} ms"  # type: ignore[misc]
        print(line)


if __name__ == "__main__":
    main()
