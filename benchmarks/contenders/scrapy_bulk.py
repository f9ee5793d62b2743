"""Contender: fetches a list of URLs through a tuned Scrapy and saves each body to a file.

python scrapy_bulk.py URLS.txt FOLDER CONNECTIONS PER_HOST
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response  # noqa: TC002 – as everybody writes it

FOLDER = Path(sys.argv[2])


class BulkSpider(scrapy.Spider):
    """Fetches pages and saves them."""

    name = "bulk"
    custom_settings = {  # noqa: RUF012 – as Scrapy documents it
        "CONCURRENT_REQUESTS": int(sys.argv[3]),
        "CONCURRENT_REQUESTS_PER_DOMAIN": int(sys.argv[4]),
        "COOKIES_ENABLED": False,
        "LOG_ENABLED": False,
        "RETRY_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
    }

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """Request every page."""
        with Path(sys.argv[1]).open() as urls:  # noqa: ASYNC230 – as everybody writes it
            for number, url in enumerate(urls):
                yield scrapy.Request(url.strip(), cb_kwargs={"number": number})

    def parse(self, response: Response, number: int) -> None:
        """Save a page."""
        (FOLDER / f"{number}.html").write_bytes(response.body)


process = CrawlerProcess()
process.crawl(BulkSpider)
process.start()
