"""Serve all storefronts at once and write the list of their product pages, as input of a bulk crawl.

async with serve_storefronts(folder) as demo:
    print(demo.url_list)          # a text file with one URL per line, over several hosts
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from crawler.atomic_write import atomic_write, translate_os_errors
from crawler.demo.server import DemoShop
from crawler.demo.storefronts import STOREFRONTS, books_on_sale

__all__ = ["PRODUCTS", "URL_LIST", "ServedStorefronts", "serve_storefronts"]

PRODUCTS = 180
"""The number of products in the list; each has one to five pages."""

URL_LIST = "demo-urls.txt"
"""The name of the list in its folder."""

_SERVED_AT = re.compile(r"# http://127\.0\.0\.1:([0-9]{1,5}) ", re.ASCII)


@dataclass(frozen=True, slots=True)
class ServedStorefronts:
    """The storefronts while they are open."""

    base_url: str
    """The address of the demo shop itself."""
    url_list: Path
    shops: tuple[DemoShop, ...]
    """The servers in the order of `STOREFRONTS`, each at its own port of 127.0.0.1."""


@asynccontextmanager
async def serve_storefronts(
    folder: Path, *, products: int = PRODUCTS, latency: float = 0.0
) -> AsyncIterator[ServedStorefronts]:
    """Serve every storefront at its own port, and write the list of their product pages to `folder`.

    If the folder already has a list, use its ports again and leave it as it is, so that a crawl of it can be resumed.
    Raises OSError if such a port is in use, and OutputError if the list cannot be written.
    """
    url_list = folder / URL_LIST
    ports = _ports_in(url_list)
    async with AsyncExitStack() as stack:
        shops = [
            await stack.enter_async_context(DemoShop(port, latency=latency, storefront=storefront))
            for storefront, port in zip(STOREFRONTS, ports or [0] * len(STOREFRONTS), strict=True)
        ]
        if not ports:
            _write_list(url_list, shops, products)
        yield ServedStorefronts(shops[0].base_url, url_list, tuple(shops))


def _write_list(url_list: Path, shops: Sequence[DemoShop], products: int) -> None:
    """Write the list: the address of each storefront in a comment, then the pages of one product after another."""
    base_urls = dict(zip(STOREFRONTS, (shop.base_url for shop in shops), strict=True))
    lines = [f"# {base_url} {storefront.name}" for storefront, base_url in base_urls.items()]
    lines += [
        f"{base_urls[storefront]}/{product_id}.html"
        for product_id, storefronts in books_on_sale(products)
        for storefront in storefronts
    ]
    with translate_os_errors(url_list):
        url_list.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(url_list) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())


def _ports_in(url_list: Path) -> list[int]:
    """Return the port of each storefront in an existing list; [] if there is none."""
    try:
        with url_list.open(encoding="utf-8") as file:
            found = [_SERVED_AT.match(file.readline(1000)) for _ in STOREFRONTS]
    except (OSError, UnicodeDecodeError):
        return []
    ports = [int(match[1]) for match in found if match is not None]
    return ports if len(ports) == len(STOREFRONTS) else []
