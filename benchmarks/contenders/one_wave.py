"""Floor: Python and aiohttp fetch all pages in one wave and parse none; the ids prove that all arrived.

python one_wave.py WORK.json OUTPUT.json
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

ITEM = re.compile(rb'<li ddt-pit="\d+" class="line\d+" id="p(\d+)"')


async def crawl(work: dict[str, Any]) -> list[dict[str, object]]:
    """Fetch everything at once and return the ids."""
    connector = aiohttp.TCPConnector(limit=work["connections"])
    async with aiohttp.ClientSession(connector=connector) as session:

        async def read(url: str) -> bytes:
            async with session.get(URL(url, encoded=True)) as response:
                response.raise_for_status()
                return await response.read()

        bodies = await asyncio.gather(*map(read, work["urls"]))
    return [
        {"page": page, "product_id": number.decode()}
        for page, body in enumerate(bodies)
        for number in ITEM.findall(body)
    ]


if __name__ == "__main__":
    found = asyncio.run(crawl(json.loads(Path(sys.argv[1]).read_text())))
    Path(sys.argv[2]).write_text(json.dumps(found))
