"""Contender: only fetches, through a tuned Scrapy; print the total CPU seconds and the number fetched as JSON.

python scrapy_fetch.py BASE_URL COUNT CONNECTIONS
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import AsyncIterator

import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response  # noqa: TC002 – as everybody writes it


class FetchSpider(scrapy.Spider):
    """Fetches pages and counts the bytes."""

    name = "fetch"
    custom_settings = {  # noqa: RUF012 – as Scrapy documents it
        "CONCURRENT_REQUESTS": int(sys.argv[3]),
        "CONCURRENT_REQUESTS_PER_DOMAIN": int(sys.argv[3]),
        "COOKIES_ENABLED": False,
        "LOG_ENABLED": False,
        "REDIRECT_ENABLED": False,
        "RETRY_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
    }
    fetched = size = 0
    cpu = 0.0

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """Request every page."""
        started = time.process_time()
        for number in range(int(sys.argv[2])):
            yield scrapy.Request(f"{sys.argv[1]}/page/{number}", dont_filter=True)
        FetchSpider.cpu -= started

    def parse(self, response: Response) -> None:
        """Count a page."""
        FetchSpider.fetched += 1
        FetchSpider.size += len(response.body)

    def closed(self, _reason: str) -> None:
        """Stop the clock."""
        FetchSpider.cpu += time.process_time()


process = CrawlerProcess()
process.crawl(FetchSpider)
process.start()
print(json.dumps({"cpu": FetchSpider.cpu, "fetched": FetchSpider.fetched, "bytes": FetchSpider.size}))
