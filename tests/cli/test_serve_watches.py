"""`bookprice serve` and the watches: which file it edits, and the schedule while it serves."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from crawler.cli.serve import _watch_file
from crawler.configuration import load
from tests.cli.conftest import Run, Start
from tests.watching.scripted_shop import scripted_shop, shelf

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")


async def test_due_watches_run_while_it_serves(start: Start, run: Run, folder: Path) -> None:
    """With --run-watches alone; afterwards the command knows that they ran, and the next run is not due."""
    text = '[crawler]\n[[watch]]\nquery = "三体"\ntarget_price = 20\n[alerts]\nfile = "alerts.jsonl"\n'
    (folder / "c.toml").write_text(text, encoding="utf-8")
    async with scripted_shop() as shop, aiohttp.ClientSession() as session:
        shop.pages = [shelf({"11": "19.00"})]
        words = ("--base-url", shop.base_url, "--history-file", "h.sqlite3", "--config", "c.toml")
        process = await start("serve", "--port", "0", *words, "--run-watches")
        assert process.stdout is not None
        url = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
        async with asyncio.timeout(30):
            while True:
                async with session.get(f"{url}/api/v1/watches") as response:
                    found = await response.json()
                if found["watches"][0]["last_run"]:
                    break
                await asyncio.sleep(0.05)
        assert (found["scheduled"], found["watches"][0]["last_run"]["alerts"]) == (True, 1)
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0
        assert (await run("watch", *words)).text.startswith("三体: not due until ")
    assert '"price":19.00' in (folder / "alerts.jsonl").read_text(encoding="utf-8")


def test_the_file_with_the_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The named one, else the user's own; none beside a file of somebody else; for the demo, one that is not kept."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "users"))
    here = tmp_path / "here"
    here.mkdir()
    own = tmp_path / "users" / "bookprice-crawler" / "config.toml"
    assert _watch_file(load({}, config=None, environ={}, cwd=here), None) == own
    demo = _watch_file(load({}, config=None, environ={}, cwd=here), tmp_path / "temporary")
    assert demo == tmp_path / "temporary" / "config.toml"
    (here / "config.toml").write_text("[crawler]\n", encoding="utf-8")
    assert _watch_file(load({}, config=None, environ={}, cwd=here), None) is None
    named = load({}, config="config.toml", environ={}, cwd=here)
    assert _watch_file(named, None) == here / "config.toml"


async def test_the_watches_of_a_demo_stay_out_of_the_users_file(
    start: Start, folder: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """Also if its history is kept: the command `watch` would look for made-up books in the real shop."""
    own = tmp_path / "users" / "bookprice-crawler" / "config.toml"
    environ["XDG_CONFIG_HOME"] = str(tmp_path / "users")
    process = await start("serve", "--demo", "--port", "0", "--history-file", "h.sqlite3")
    async with aiohttp.ClientSession() as session:
        assert process.stdout is not None
        url = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
        async with session.get(f"{url}/api/v1/session") as response:
            headers = {"X-CSRF-Token": (await response.json())["csrf_token"]}
        async with session.post(f"{url}/api/v1/watches", json={"query": "三体"}, headers=headers) as response:
            assert response.status == 201
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 30) == 0
    assert not own.exists()
    assert (folder / "h.sqlite3").exists()
