"""`crawl()` works wherever Python code runs: scripts, loops, threads, daemonic children, web handlers."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from crawler import crawl
from crawler.demo.server import DemoShop
from tests.processes import children

ROOT = Path(__file__).parents[2]
SEARCH = 'crawl("渗透测试", pages=2, price_check=0, base_url=sys.argv[1])'

PLAIN = f"""
    import asyncio, multiprocessing, sys
    print("top of the script")
    if len(sys.argv) > 2:
        multiprocessing.set_start_method(sys.argv[2])
    from crawler import crawl
    result = asyncio.run({SEARCH})
    print(result.counts.listings, result.complete)
"""

POOL = f"""
    import asyncio, multiprocessing, sys
    from crawler import crawl

    def search(base_url):
        assert multiprocessing.current_process().daemon
        result = asyncio.run({SEARCH.replace("sys.argv[1]", "base_url")})
        return result.counts.listings, result.complete

    if __name__ == "__main__":
        with multiprocessing.get_context(sys.argv[2]).Pool(2) as pool:
            for listings, complete in pool.map(search, [sys.argv[1]] * 2):
                print(listings, complete)
"""


async def run_script(script: str, folder: Path, *arguments: str) -> list[str]:
    """Run a script as a user would and return the lines of its output; it must print nothing on stderr."""
    path = folder / "script.py"
    path.write_text(textwrap.dedent(script), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", str(path), *arguments,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    out, err = await process.communicate()
    assert err.decode() == ""
    assert process.returncode == 0
    return out.decode().splitlines()


@pytest.mark.parametrize(
    "method", [None, *[m for m in ("forkserver", "spawn") if m in multiprocessing.get_all_start_methods()]]
)
async def test_a_script_without_a_main_guard(shop: DemoShop, tmp_path: Path, method: str | None) -> None:
    """The script runs only once, not again in each worker, whatever start method it has chosen."""
    arguments = [shop.base_url] if method is None else [shop.base_url, method]
    assert await run_script(PLAIN, tmp_path, *arguments) == ["top of the script", "120 True"]


@pytest.mark.parametrize(
    "method", [m for m in ("fork", "spawn") if m in multiprocessing.get_all_start_methods()]
)
async def test_a_daemonic_child_process(shop: DemoShop, tmp_path: Path, method: str) -> None:
    """A worker of a multiprocessing.Pool may have no children: it parses in threads."""
    assert await run_script(POOL, tmp_path, shop.base_url, method) == ["120 True", "120 True"]


async def test_a_running_loop(shop: DemoShop) -> None:
    """In a running loop, as in a notebook, it can be awaited like anything else."""
    result = await crawl("渗透测试", pages=2, price_check=0, base_url=shop.base_url)
    assert (result.counts.listings, result.complete) == (120, True)
    assert children() == []


async def test_ten_at_once_share_an_engine(shop: DemoShop) -> None:
    """Ten searches in one loop share one set of workers, and each gets its own result."""
    words = ["渗透测试", "人工智能", "Python", "历史", "数学", "小说", "英语", "心理学", "摄影", "园艺"]
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, len(children()))
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    results = await asyncio.gather(
        *(crawl(word, pages=2, price_check=0, base_url=shop.base_url, workers=1) for word in words)
    )
    watching.cancel()
    assert [result.query for result in results] == words
    assert all(result.complete and result.books for result in results)
    assert len({result.books[0].listing.title for result in results}) == len(words)
    assert most == 1


async def test_a_thread_with_a_loop_of_its_own(shop: DemoShop) -> None:
    """A loop in a thread other than the main one works, too."""

    def search() -> int:
        return asyncio.run(crawl("渗透测试", pages=1, price_check=0, base_url=shop.base_url)).counts.listings

    assert await asyncio.to_thread(search) == 60


async def test_an_aiohttp_handler(shop: DemoShop) -> None:
    """A web handler responds with the report; two parallel requests do not disturb each other."""

    async def handler(request: web.Request) -> web.Response:
        result = await crawl(request.query["q"], pages=1, price_check=0, base_url=shop.base_url)
        return web.Response(text=result.to_json(), content_type="application/json")

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]

    async def ask(session: ClientSession, query: str) -> dict[str, Any]:
        async with session.get(f"http://127.0.0.1:{port}/", params={"q": query}) as response:
            report: dict[str, Any] = json.loads(await response.text())
            return report

    try:
        async with ClientSession() as session:
            reports = await asyncio.gather(ask(session, "滲透測試"), ask(session, "人工智能"))
    finally:
        await runner.cleanup()
    assert [report["query_sent"] for report in reports] == ["渗透测试", "人工智能"]
    assert [report["counts"]["listings"] for report in reports] == [60, 60]


async def test_any_executor_can_be_handed_in(shop: DemoShop) -> None:
    """A caller's executor parses, and is still open afterwards."""
    with ThreadPoolExecutor(2) as executor:
        result = await crawl("渗透测试", pages=2, price_check=0, base_url=shop.base_url, executor=executor)
        assert (result.counts.listings, result.complete) == (120, True)
        assert executor.submit(int).result() == 0
