"""Contender: a Scrapy spider with a JSON feed.

    python scrapy_spider.py tuned|default WORK.json OUTPUT.json

`default` keeps all of Scrapy's settings: 8 requests per host, a telnet console, a log of every request. `tuned` makes
as many requests at once as the others, and turns off everything that this job does not need.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import scrapy
from records_parsel import records
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response  # noqa: TC002 – as everybody writes it


class BookSpider(scrapy.Spider):
    """Reads the pages of the work."""

    name = "books"

    def __init__(self, urls: list[str], **options: Any) -> None:
        super().__init__(**options)
        self.urls = urls

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """Request every page."""
        for page, url in enumerate(self.urls):
            yield scrapy.Request(url, cb_kwargs={"page": page}, dont_filter=True)

    def parse(self, response: Response, page: int = 0) -> Iterator[dict[str, object]]:
        """Yield a page's records."""
        yield from records(response.selector, page)


def main() -> None:
    """Crawl the pages of the work."""
    work = json.loads(Path(sys.argv[2]).read_text())
    settings: dict[str, Any] = {"FEEDS": {Path(sys.argv[3]): {"format": "json", "encoding": "utf-8"}}}
    if sys.argv[1] == "tuned":
        settings |= {
            "CONCURRENT_REQUESTS": work["connections"],
            "CONCURRENT_REQUESTS_PER_DOMAIN": work["connections"],
            "COOKIES_ENABLED": False,
            "LOG_ENABLED": False,
            "REDIRECT_ENABLED": False,
            "RETRY_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
        }
    process = CrawlerProcess(settings)
    process.crawl(BookSpider, urls=work["urls"])
    process.start()


if __name__ == "__main__":
    main()
