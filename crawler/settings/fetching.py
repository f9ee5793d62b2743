"""The settings of fetching: how to treat the shop's server, and within which limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from msgspec import Meta

from crawler import proxy_url
from crawler.proxy_url import ProxyUrl, ProxyUrlError
from crawler.settings.kinds import Limit, Seconds, switch, whole
from crawler.settings.option import Option
from crawler.settings.table import Table
from crawler.version import __version__

__all__ = ["FetchSettings"]

_FLAG = Option(commands=("search",))
_BULK_FLAG = Option(commands=("search", "bulk"))
_NO_FLAG = Option()


def _is_proxy_url(url: str) -> bool:
    try:
        ProxyUrl.parse(url)
    except ProxyUrlError:
        return False
    return True


def _redacted(url: str) -> str:
    return str(ProxyUrl.parse(url))


def _is_header_value(text: str) -> bool:
    return text.isascii() and text.isprintable() and text == text.strip() != ""


@dataclass(frozen=True, kw_only=True, repr=False)
class FetchSettings(Table):
    """The part of `[crawler]` that the downloader needs."""

    section = "crawler"

    concurrency: Annotated[int, whole(1, 64), _FLAG] = 10
    """The maximum number of parallel requests to one host."""
    delay: Annotated[Seconds, _BULK_FLAG] = 0.0
    """Seconds between the starts of two requests to one host, randomly up to 50 % more or less."""
    max_wait: Annotated[Seconds, _FLAG] = 30.0
    """The longest wait in seconds that a Retry-After may request; beyond it the page fails. A Crawl-delay may be ten
    times as long; beyond that no page is requested."""
    obey_robots: Annotated[
        bool,
        switch,
        Option(commands=("search", "bulk"), flag="--ignore-robots", dest="obey_robots", recorded=True),
    ] = True
    """True to obey robots.txt, including its Crawl-delay."""
    proxy: Annotated[
        str | None,
        Meta(description=proxy_url.KIND),
        _is_proxy_url,
        replace(_BULK_FLAG, secret=True, redact=_redacted),
    ] = None
    """The proxy for all requests except those to this machine; it overrides the environment's (HTTPS_PROXY …). It may
    contain user name and password."""
    connect_timeout: Annotated[Limit, _NO_FLAG] = 5.0
    """Seconds to connect."""
    read_timeout: Annotated[Limit, _NO_FLAG] = 15.0
    """Seconds between two reads of a response."""
    request_timeout: Annotated[Limit, _NO_FLAG] = 20.0
    """Seconds for one request, from its start to the last byte of the response, redirects included."""
    page_timeout: Annotated[Limit, _NO_FLAG] = 45.0
    """Seconds for a page, including all its attempts and the waits between them."""
    attempts: Annotated[int, whole(1, 10), _NO_FLAG] = 3
    """The maximum number of requests for a page after connection errors, timeouts, 408, 425, 429 or 5xx."""
    max_body_bytes: Annotated[int, whole(1024, 2**30), _NO_FLAG] = 8 * 2**20
    """The largest response in bytes, compressed or not."""
    user_agent: Annotated[str, Meta(description="one line of ASCII text"), _is_header_value, _BULK_FLAG] = (
        f"bookprice-crawler/{__version__}"
    )
    """The User-Agent header of requests; its first word selects the group of rules in robots.txt."""
