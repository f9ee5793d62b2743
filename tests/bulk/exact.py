"""Check that a bulk crawl is exact: each URL once in the results, its page in the archives, and nothing torn."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bulk.sites import page, read_lines
from tests.bulk.warc_readers import read_records

if TYPE_CHECKING:
    from aiohttp import web


class Gate:
    """An answer with a page for paths below /`first`, and for the others once it is opened."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._open = asyncio.Event()

    def open(self) -> None:
        """Answer everything from now on."""
        self._open.set()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer with a page, at once or when the gate opens."""
        if int(request.path.strip("/")) >= self._first:
            await self._open.wait()
        return await page(request)


def assert_exact(out: Path, urls: Sequence[str], *, pages: bool = True) -> list[dict[str, Any]]:
    """Check the results of a finished crawl of `urls`, all of which have a page; return the lines.

    A page may be in the archives more than once, if a process was killed after it had saved it.
    """
    lines = read_lines(out)
    assert Counter(line["url"] for line in lines) == Counter(urls)
    assert {line["verdict"] for line in lines} == {"ok"}
    summary = json.loads((out / "summary.json").read_bytes())
    assert summary["targets"] == {"total": len(urls), "done": len(urls), "failed": 0, "pending": 0}
    if pages:
        archived = {uri for kind, uri, _ in read_records(out) if kind == "response"}
        assert archived >= set(urls)
    return lines
