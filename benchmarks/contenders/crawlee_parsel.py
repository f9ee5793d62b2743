"""Contender: Crawlee's ParselCrawler with as many tasks as the others have connections, and nothing stored on disk.

python crawlee_parsel.py WORK.json OUTPUT.json
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

from crawlee import ConcurrencySettings, Request
from crawlee.crawlers import ParselCrawler, ParselCrawlingContext
from crawlee.storage_clients import MemoryStorageClient
from records_parsel import records


async def crawl(work: dict[str, Any]) -> list[dict[str, object]]:
    """Fetch and parse everything, and return the records."""
    connections = work["connections"]
    crawler = ParselCrawler(
        storage_client=MemoryStorageClient(),
        concurrency_settings=ConcurrencySettings(
            min_concurrency=connections, max_concurrency=connections, desired_concurrency=connections
        ),
        use_session_pool=False,
        retry_on_blocked=False,
        configure_logging=False,
    )
    found: list[dict[str, object]] = []

    @crawler.router.default_handler
    async def handle(context: ParselCrawlingContext) -> None:
        found.extend(records(context.selector, int(context.request.unique_key)))

    # Long work repeats addresses, so each request has a key of its own.
    await crawler.run([Request.from_url(url, unique_key=str(n)) for n, url in enumerate(work["urls"])])
    return found


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    records_found = asyncio.run(crawl(json.loads(Path(sys.argv[1]).read_text())))
    Path(sys.argv[2]).write_text(json.dumps(records_found, ensure_ascii=False))
