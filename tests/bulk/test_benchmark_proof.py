"""The benchmarks of bulk crawls count only crawls that are complete."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aiohttp import web

pytest.importorskip("psutil")

from benchmarks.bulk import proof_of_crawl
from benchmarks.many_hosts import BODY
from crawler.bulk.model import Parse
from tests.bulk.sites import crawled, options_for, serving, targets

COUNT = 6


async def test_a_crawl_that_lacks_anything_is_no_proof(tmp_path: Path) -> None:
    """A lost result, a result twice, a page that is missing in the archive: each is named."""

    async def answer(request: web.Request) -> web.StreamResponse:
        del request
        return web.Response(body=BODY, content_type="text/html")

    async with serving(answer, hosts=2) as sites:
        wanted = targets(sites.url(1 + n % 2, f"/{n}") for n in range(COUNT))
        await crawled(options_for(tmp_path, parse=Parse.NONE), wanted)
    counts = {"total": COUNT, "done": COUNT, "failed": 0, "pending": 0}
    (tmp_path / "summary.json").write_text(json.dumps({"targets": counts}))
    assert proof_of_crawl(tmp_path, COUNT) == ""
    assert f"of {COUNT + 1}" in proof_of_crawl(tmp_path, COUNT + 1)
    results, pages = (tmp_path / name for name in ("results-000-001.jsonl", "pages-000-00001.warc.gz"))
    lines = results.read_bytes().splitlines(keepends=True)
    results.write_bytes(b"".join(lines[1:]))
    assert proof_of_crawl(tmp_path, COUNT)
    results.write_bytes(b"".join([*lines[1:], lines[1]]))
    assert proof_of_crawl(tmp_path, COUNT)
    results.write_bytes(b"".join(lines))
    assert not proof_of_crawl(tmp_path, COUNT)
    offset = json.loads(lines[-1])["warc_offset"]
    pages.write_bytes(pages.read_bytes()[:offset])
    assert proof_of_crawl(tmp_path, COUNT)
