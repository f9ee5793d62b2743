"""`bookprice bulk --demo`: the demo's storefronts, their list, and DEMO in all that people read."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.__main__ import main
from crawler.bulk.manifest import new_manifest, read_manifest
from crawler.bulk.model import Parse, Store
from crawler.cli.bulk_report import DEMO_ROWS
from crawler.demo.product_urls import URL_LIST, serve_storefronts
from tests.bulk.exact import assert_exact
from tests.bulk.sites import read_lines
from tests.cli.conftest import Ended

if TYPE_CHECKING:
    import pytest

Run = Callable[..., Awaitable[Ended]]

COUNT = 60
"""More than a list that ends in a table."""
CRAWL = ("bulk", "--demo", "--out", "out", "--limit", str(COUNT))
DEMO = "DEMO: made-up books"


def listed(folder: Path) -> list[str]:
    """Return the first URLs of the demo's list."""
    lines = (folder / URL_LIST).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")][:COUNT]


async def test_the_demo_is_crawled_and_says_demo(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end shows the first rows, the counts, and the command that ranks them; each report says DEMO first."""
    ended = await run(*CRAWL)
    assert ended.code == 0
    head, _, header, _, *rest = ended.text.splitlines()
    assert head.startswith(DEMO)
    assert header.split()[:2] == ["Page", "Price"]
    assert [row.split()[-1] for row in rest[:DEMO_ROWS]] == ["ok"] * DEMO_ROWS
    assert rest[DEMO_ROWS] == f"… and {COUNT - DEMO_ROWS} more in out/results-*.jsonl"
    assert re.search(rf"^Progress +{COUNT} of {COUNT} URLs$", ended.text, re.MULTILINE)
    assert ended.err.splitlines()[-1].endswith(" rank out")
    assert_exact(folder / "out", listed(folder / "out"))
    assert {line["currency"] for line in read_lines(folder / "out")} == {"CNY", "TWD", "EUR", "USD", ""}
    assert json.loads((folder / "out" / "summary.json").read_bytes())["demo"] is True
    assert "made-up books" in (folder / "out" / "summary.html").read_text(encoding="utf-8")
    status = await run("bulk", "status", "out")
    assert status.text.startswith(DEMO)

    monkeypatch.chdir(folder)
    reports = {}
    for form in ("table", "md", "csv", "json"):
        assert main(["rank", "out", "--format", form, "--lang", "en"]) == 0
        reports[form] = capsys.readouterr().out
    assert reports["table"].startswith(DEMO)
    assert reports["md"].startswith(f"> **{DEMO}")
    assert json.loads(reports["json"])["demo"] is True
    rows = reports["csv"].splitlines()
    assert rows[0].endswith(",demo")
    assert all(row.endswith(",true") for row in rows[1:])


async def test_a_stopped_demo_is_resumed_wherever_its_folder_is(run: Run, folder: Path) -> None:
    """The folder knows that it is the demo's, and its shops come back at their addresses; a finished one needs none."""
    stopped = await run(*CRAWL, "--max-seconds", "0.01")
    urls = listed(folder / "out")
    limited = await run("bulk", "--out", "out", "--resume", "--limit", "5")
    assert limited.code == 2
    assert "--limit" in limited.only_line
    (folder / "out" / URL_LIST).rename(folder / URL_LIST)
    gone = await run("bulk", "--demo", "--out", "out", "--resume")
    assert gone.code == 2
    assert f"{URL_LIST} has changed" in gone.only_line
    (folder / URL_LIST).rename(folder / "out" / URL_LIST)
    manifest = read_manifest(folder / "out")
    assert manifest is not None
    replace(manifest, intake={}).write(folder / "out")  # as if the list had not been read to its end
    (folder / "out").rename(folder / "moved")
    resumed = await run("bulk", "--out", "moved", "--resume")
    assert stopped.code in {3, 4}
    assert resumed.code == 0
    assert_exact(folder / "moved", urls)
    (folder / "moved" / URL_LIST).unlink()
    again = await run("bulk", "--demo", "--out", "moved", "--resume", "--quiet")
    assert (again.code, again.out, again.err) == (0, resumed.out, "")


async def test_addresses_in_use_are_one_line(run: Run, folder: Path) -> None:
    """Once they are free, the list that is there is crawled, even if the first run began nothing else."""
    async with serve_storefronts(folder / "out") as demo:
        before = demo.url_list.read_bytes()
        refused = await run(*CRAWL)
    assert (refused.code, refused.out) == (2, b"")
    assert "the demo cannot be served: " in refused.only_line
    assert "in use" in refused.only_line
    ended = await run(*CRAWL, "--limit", "2", "--quiet")
    assert ended.code == 0
    assert len(read_lines(folder / "out")) == 2
    assert (folder / "out" / URL_LIST).read_bytes() == before


async def test_a_crawl_of_other_shops_is_not_the_demos(run: Run, folder: Path) -> None:
    (folder / "out" / "state").mkdir(parents=True)
    new_manifest("urls.txt", 9, shards=1, parse=Parse.NONE, store=Store.NONE, limit=None).write(
        folder / "out"
    )
    ended = await run("bulk", "--demo", "--out", "out", "--resume")
    assert (ended.code, ended.out) == (2, b"")
    assert "out began without --demo" in ended.only_line
    assert not (folder / "out" / URL_LIST).exists()
