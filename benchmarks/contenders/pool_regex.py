"""Contender: the classic combination of `multiprocessing.Pool`, requests and a regular expression for two fields.

    python pool_regex.py WORK.json OUTPUT.json

It also reads the product id, as proof that every item was found. A session keeps each process's connection alive.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import sys
from pathlib import Path

import requests

ITEM = re.compile(
    r'<li ddt-pit="\d+" class="line\d+" id="p(\d+)".*?<a title="\s*([^"]*)"'
    r'(?:(?:(?!</li>).)*?<span class="search_now_price">&yen;([\d.,]+))?',
    re.DOTALL,
)
session = requests.Session()


def read(numbered: tuple[int, str]) -> list[dict[str, object]]:
    """Fetch a page and return its records."""
    page, url = numbered
    response = session.get(url, timeout=30)
    response.raise_for_status()
    text = response.content.decode("gb18030", "replace")
    return [
        {
            "page": page,
            "product_id": number,
            "title": title,
            "price": float(price.replace(",", "")) if price else None,
        }
        for number, title, price in ITEM.findall(text)
    ]


def main() -> None:
    """Fetch and parse everything, and write the records."""
    work = json.loads(Path(sys.argv[1]).read_text())
    with multiprocessing.Pool(10) as pool:
        pages = pool.map(read, enumerate(work["urls"]), chunksize=1)
    records = [record for page in pages for record in page]
    Path(sys.argv[2]).write_text(json.dumps(records, ensure_ascii=False))


if __name__ == "__main__":
    main()
