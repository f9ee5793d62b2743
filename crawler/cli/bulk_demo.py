"""The storefronts of `bulk --demo`: a thread serves them while the crawl runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from crawler.demo.product_urls import URL_LIST, serve_storefronts
from crawler.errors import UsageError

__all__ = ["demo_list", "storefronts"]


def demo_list(out: Path) -> Path:
    """Return the path of the demo's list of URLs in the folder of a crawl."""
    return out / URL_LIST


@contextmanager
def storefronts(out: Path) -> Iterator[None]:
    """Serve the demo's storefronts for the block; their list is in `out`, and keeps its addresses.

    Raises UsageError if an address of an existing list is in use, OutputError if the list cannot be written.
    """
    opened: Future[Callable[[], object]] = Future()
    thread = threading.Thread(target=_serve, args=(out, opened), name="storefronts", daemon=True)
    thread.start()
    try:
        close = opened.result()
    except OSError as error:
        raise UsageError(
            f"the demo cannot be served: {error.strerror or error}; end the program that uses the address, or choose "
            "another folder for --out"
        ) from error
    try:
        yield
    finally:
        close()
        thread.join()


def _serve(out: Path, opened: Future[Callable[[], object]]) -> None:
    """Serve until the result of `opened` is called."""
    try:
        asyncio.run(_serve_until_closed(out, opened))
    except Exception as error:  # noqa: BLE001 – the thread that waits for it raises it
        if not opened.done():
            opened.set_exception(error)


async def _serve_until_closed(out: Path, opened: Future[Callable[[], object]]) -> None:
    loop, closed = asyncio.get_running_loop(), asyncio.Event()
    async with serve_storefronts(out):
        opened.set_result(lambda: loop.call_soon_threadsafe(closed.set))
        await closed.wait()
