"""A real HTTP server of Folio's pages on this machine."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal

from aiohttp import web

from tests.second_shop.shop import SHOP


@dataclass(frozen=True)
class Book:
    """What stands in the shop."""

    number: str
    title: str
    price: str
    author: str = "Ada Müller"
    before: str = ""
    stars: str = "4.5"
    votes: int = 120


BOOKS = [
    Book("FB-1", "Networks from Scratch", "31.00", before="40.00"),
    Book("FB-2", "Networks for Librarians", "1250.50", author="Bo Lind"),
    Book("FB-3", "Quiet Networks", "12.40", votes=4),
    Book("FB-4", "Networks and Gardens", "18.00"),
    Book("FB-5", "The Economics of Networks", "22.75"),
    Book("FB-6", "Networks in Practice", "9.95", stars="", votes=0),
    Book("FB-7", "A Field Guide to Networks", "27.00", stars="4.9", votes=900),
    Book("FB-8", "Networks Without Fear", "15.20"),
    Book("FB-9", "Small Networks", "8.30", stars="3.1"),
    Book("FB-10", "Large Networks", "44.00"),
    Book("FB-11", "Networks at Night", "11.11"),
    Book("FB-12", "Old Networks", "19.99"),
]
"""Twelve books about networks: two full pages of five and one of two."""


@dataclass
class FolioServer:
    """Pages by the number of the first item; what the faults name is answered otherwise."""

    faults: dict[int, str] = field(default_factory=dict)
    """By page: «block», «slider», «down», «missing», «redesign», or «twice»: the first book again, at another price."""
    requests: list[str] = field(default_factory=list)
    base_url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request as Folio would."""
        self.requests.append(request.path_qs)
        if not request.path.startswith("/find/"):
            return web.Response(status=404)
        start = int(request.query.get("from", "0"))
        fault = self.faults.get(start // SHOP.page_size + 1, "")
        match fault:
            case "block":
                return web.Response(status=403)
            case "slider":
                return _page('<form class="robot">Prove that you are human</form>')
            case "down":
                return web.Response(status=500)
            case "missing":
                return web.Response(status=404)
            case "redesign":
                return _page('<data class="total">12</data><ol class="hits"><li>Networks</li></ol>')
        query = request.path.removeprefix("/find/")
        found = [book for book in BOOKS if query.casefold() in book.title.casefold()]
        if request.query.get("order") == "cheap":
            found.sort(key=lambda book: Decimal(book.price))
        if fault == "twice":
            found[start] = replace(BOOKS[0], price="29.00")
        if not found:
            return _page(_search_box(query) + '<p class="none">No book matches.</p>')
        return _page(_search_box(query) + _list(found, start))


def _search_box(query: str) -> str:
    return f'<input name="q" value="{html.escape(query)}">'


def _list(found: Sequence[Book], start: int) -> str:
    items = "".join(map(_item, found[start : start + SHOP.page_size]))
    return f'<data class="total">{len(found)}</data><data class="start">{start}</data><ol class="hits">{items}</ol>'


def _item(book: Book) -> str:
    before = f'<s class="before">{_euros(book.before)}</s>' if book.before else ""
    stars = f'<i class="stars">{book.stars}</i><i class="votes">{book.votes}</i>' if book.stars else ""
    return (
        f'<li data-sku="{book.number}"><h3>{html.escape(book.title)}</h3><span class="by">{book.author}</span>'
        f'<span class="house">Folio Press</span><time class="out">2021</time>{before}'
        f'<b class="now">{_euros(book.price)}</b>{stars}</li>'
    )


def _euros(price: str) -> str:
    """Return a price as the shop writes it: «1.250,50 €»."""
    return f"{Decimal(price):,.2f} €".translate(str.maketrans(",.", ".,"))


def _page(content: str) -> web.Response:
    text = f"<!doctype html><html><title>Folio</title><body>{content}</body></html>"
    return web.Response(text=text, content_type="text/html", charset="utf-8")


@asynccontextmanager
async def folio_server(faults: dict[int, str] | None = None) -> AsyncIterator[FolioServer]:
    """Serve Folio's pages on a port of its own."""
    server = FolioServer(faults or {})
    app = web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
