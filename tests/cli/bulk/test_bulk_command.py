"""`bookprice bulk`: tables and summaries, exit codes, folders, resuming, and what the command refuses."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.bulk.sites import Sites, page, read_lines, serving
from tests.cli.conftest import Ended, names

Run = Callable[..., Awaitable[Ended]]

PRODUCT = """<html><head><script type="application/ld+json">{"@type": "Product", "name": "网络安全%s",
"offers": {"price": "%s.50", "priceCurrency": "CNY", "availability": "https://schema.org/InStock"}}</script></head></html>"""


async def shop(request: web.Request) -> web.StreamResponse:
    """Answer with a product page; /missing has none."""
    if request.path == "/missing":
        return web.Response(status=404)
    number = request.path.strip("/")
    return web.Response(text=PRODUCT % (number, number), content_type="text/html")


def write_list(folder: Path, sites: Sites, paths: list[str], *more: str) -> None:
    """Write urls.txt with an address for each path, on three hosts, and more lines."""
    lines = [sites.url(1 + n % 3, path) for n, path in enumerate(paths)]
    (folder / "urls.txt").write_text("".join(f"{line}\n" for line in (*lines, *more)))


def summary_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "out" / "summary.json").read_bytes())
    return found


CRAWL = ("bulk", "urls.txt", "--out", "out", "--allow-private", "--processes", "1")


async def test_a_short_list_ends_in_a_table(run: Run, folder: Path) -> None:
    """Each URL has a row, in the order of the list; a failed one shows its address and its verdict.

    Table and HTML summary are in the reader's language.
    """
    async with serving(shop) as sites:
        write_list(folder, sites, ["/1", "/2", "/missing"])
        ended = await run(*CRAWL)
    header, _, *rows = ended.text.splitlines()
    assert header.split() == ["Page", "Price", "Currency", "Availability", "Shop", "Verdict"]
    assert [" ".join(row.split()) for row in rows] == [
        f"网络安全1 1.50 CNY in stock {sites.host(1)} ok",
        f"网络安全2 2.50 CNY in stock {sites.host(2)} ok",
        f"{sites.url(3, '/missing')} – – – {sites.host(3)} HTTP error",
    ]
    assert ended.code == 3
    assert "1 of 3 URLs failed" in ended.err
    assert ended.err.splitlines()[-1].endswith("--retry-failed")
    check_html(folder, [sites.host(number) for number in (1, 2, 3)])
    (folder / "out" / "summary.json").unlink()  # as if the command had been killed before
    again = await run(*CRAWL, "--resume", "--lang", "zh-TW")
    assert again.text.splitlines()[0].split() == ["頁面", "價格", "貨幣", "供貨", "書店", "結果"]
    assert "有貨" in again.text
    assert 'lang="zh-Hant"' in (folder / "out" / "summary.html").read_text(encoding="utf-8")
    assert summary_of(folder)["targets"] == {"total": 3, "done": 3, "failed": 1, "pending": 0}


def check_html(folder: Path, hosts: list[str]) -> None:
    """Check that the HTML summary has a chart, verdicts and hosts; its policy forbids requests and scripts."""
    html = (folder / "out" / "summary.html").read_text(encoding="utf-8")
    assert "default-src &#39;none&#39;" in html or "default-src 'none'" in html
    assert "<script" not in html
    assert '<path class="throughput" d="M' in html
    assert all(host in html for host in hosts)
    assert "http_error" in html


async def test_everything_is_accounted_for(run: Run, folder: Path) -> None:
    """Lines, duplicates, rejected lines, targets and verdicts add up in summary.json; a long list ends in a summary."""
    async with serving(shop) as sites:
        paths = [f"/{n}" for n in range(60)]
        write_list(folder, sites, [*paths, "/missing"], "", "# a comment", "ftp://no", sites.url(1, "/0"))
        ended = await run(*CRAWL)
        requested = sites.paths()
    summary = summary_of(folder)
    counts = summary["input"]
    assert (counts["lines"], counts["targets"], counts["duplicates"], counts["rejected"]) == (65, 61, 1, 1)
    assert (counts["blank"], counts["comments"], counts["complete"]) == (1, 1, True)
    kinds = ("targets", "duplicates", "rejected", "blank", "comments", "header", "continued")
    assert sum(counts[kind] for kind in kinds) == counts["lines"]
    assert summary["state"] == "finished"
    assert summary["targets"] == {"total": 61, "done": 61, "failed": 1, "pending": 0}
    assert {verdict: n for verdict, n in summary["verdicts"].items() if n} == {"ok": 60, "http_error": 1}
    assert sum(host["pages"] for host in summary["slowest_hosts"]) == 61
    assert sum(host["failed"] for host in summary["slowest_hosts"]) == 1
    assert summary["results"] == {"lines": 61, "complete": True, "unreadable": 0}
    assert summary["bytes"] == sum(line["bytes"] for line in read_lines(folder / "out"))
    interval = summary["throughput"]["interval_seconds"]
    assert round(sum(point["rate"] * interval for point in summary["throughput"]["pages_per_second"])) == 61
    sizes = {file["name"]: file["bytes"] for file in summary["files"]}
    written = {name for name in names(folder / "out") if name.endswith((".gz", ".jsonl", ".tsv"))}
    assert sizes == {name: (folder / "out" / name).stat().st_size for name in written}
    assert sorted(requested) == sorted([*paths, "/missing"])
    assert ended.code == 3
    assert re.search(r"^Progress +61 of 61 URLs$", ended.text, re.MULTILINE)
    assert re.search(r"^Verdicts +ok 60, HTTP error 1$", ended.text, re.MULTILINE)
    assert "rejected.tsv" in ended.err


async def test_a_finished_crawl_is_not_repeated(run: Run, folder: Path) -> None:
    """Without --resume the folder is refused; with it, nothing is requested and the end is told again.

    A list that grew is refused: a resumed crawl would not crawl the new lines, and must not pass over them in silence.
    """
    async with serving(shop) as sites:
        write_list(folder, sites, ["/1", "/2"])
        first = await run(*CRAWL)
        sites.requests.clear()
        refused = await run(*CRAWL)
        resumed = await run(*CRAWL, "--resume")
        assert not sites.requests
        write_list(folder, sites, ["/1", "/2", "/3"])
        grown = await run(*CRAWL, "--resume")
        (folder / "urls.txt").unlink()  # which is not needed any more
        (folder / "out" / "summary.json").unlink()  # as if the command had been killed before
        again = await run(*CRAWL, "--resume")
    assert (first.code, refused.code, resumed.code, grown.code, again.code) == (0, 2, 0, 2, 0)
    assert "has changed since" in grown.only_line
    assert summary_of(folder)["state"] == "finished"
    assert refused.only_line == "bookprice: out holds a finished crawl; choose another folder for --out"
    assert resumed.out == first.out


async def test_a_list_from_stdin_is_resumed(environ: dict[str, str], run: Run, folder: Path) -> None:
    """Once it has been read, it need not be piped again; before that, one line asks for it."""
    async with serving(shop) as sites:
        lines = "".join(f"{sites.url(1, path)}\n" for path in ("/1", "/2"))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crawler", "bulk", "-", *CRAWL[2:], "--max-seconds", "0.5", "--quiet",
            env=environ, cwd=folder, stdin=PIPE, stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        await asyncio.wait_for(process.wait(), 30)
        asked = await run("bulk", "--out", "out", "--resume", "--allow-private")
        again = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crawler", "bulk", "-", *CRAWL[2:], "--resume", "--quiet",
            env=environ, cwd=folder, stdin=PIPE, stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        await asyncio.wait_for(again.communicate(lines.encode()), 30)
        told = await run("bulk", "--out", "out", "--resume", "--allow-private")
    assert (asked.code, again.returncode, told.code) == (2, 0, 0)
    assert "pipe it again: python -m crawler bulk --out out --resume --allow-private -" in asked.only_line
    assert sorted(line["number"] for line in read_lines(folder / "out")) == [1, 2]


async def test_failed_urls_are_tried_again(run: Run, folder: Path) -> None:
    """--retry-failed crawls those only; each URL still has one result."""
    broken = True

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/2" and broken:
            return web.Response(status=404)
        return await shop(request)

    async with serving(answer) as sites:
        write_list(folder, sites, ["/1", "/2", "/3"])
        first = await run(*CRAWL)
        sites.requests.clear()
        broken = False
        again = await run("bulk", "--out", "out", "--allow-private", "--retry-failed")
        assert sites.paths() == ["/2"]
        nothing = await run("bulk", "--out", "out", "--allow-private", "--retry-failed")
    assert (first.code, again.code, nothing.code) == (3, 0, 0)
    lines = read_lines(folder / "out")
    assert sorted(line["number"] for line in lines) == [1, 2, 3]
    assert {line["verdict"] for line in lines} == {"ok"}
    assert summary_of(folder)["targets"]["failed"] == 0


async def test_a_deadline_is_told_and_a_resumed_crawl_keeps_what_is_fixed(run: Run, folder: Path) -> None:
    """--max-seconds ends with what was fetched, exit code 3 or 4 and the command that continues.

    Another list, another way of reading, another limit: one line that names the option; nothing changes.
    """
    async with serving(shop) as sites:
        write_list(folder, sites, ["/1", "/2"])
        ended = await run(*CRAWL, "--max-seconds", "0.01")
        assert ended.err.splitlines()[-1].endswith("--max-seconds 0.01 --resume")
        assert "the deadline of 0.01 s was reached" in ended.err
        assert summary_of(folder)["stopped"] == "the deadline of 0.01 s was reached"
        status = await run("bulk", "status", "out")
        (folder / "other.txt").write_text("http://127.0.0.1/\n")
        wrong: Mapping[str, tuple[str, ...]] = {
            "--parse": ("--parse", "none"),
            "--store": ("--store", "none"),
            "--limit": ("--limit", "3"),
            "other.txt": ("other.txt",),
        }
        for word, arguments in wrong.items():
            refused = await run("bulk", *arguments, "--out", "out", "--resume")
            assert (refused.code, refused.out) == (2, b"")
            assert word in refused.only_line or "urls.txt" in refused.only_line
            assert "--out" in refused.only_line
        unfinished = await run(*CRAWL)
        assert unfinished.code == 2
        assert unfinished.only_line.endswith("--resume")
        resumed = await run("bulk", "--out", "out", "--resume", "--allow-private", "urls.txt")
    assert ended.code == 4
    assert status.text.splitlines()[0].split(maxsplit=1) == [
        "State",
        "stopped: the deadline of 0.01 s was reached",
    ]
    assert resumed.code == 0


async def test_a_limit_ends_the_list(run: Run, folder: Path) -> None:
    async with serving(shop) as sites:
        write_list(folder, sites, ["/1", "/1", "/2", "/3"])
        ended = await run(*CRAWL, "--limit", "2", "--store", "none", "--parse", "none", "--quiet")
        assert len(sites.paths()) == 2
    assert ended.code == 0
    assert len(read_lines(folder / "out")) == 2
    assert not list((folder / "out").glob("pages-*"))
    assert ended.text.splitlines()[0].split() == ["URL", "Status", "Bytes", "Type", "Verdict"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bulk",), "--out"),
        (("bulk", "--out", "out"), "URLS is missing"),
        (("bulk", "nowhere.txt", "--out", "out"), "nowhere.txt cannot be read"),
        (("bulk", "urls.txt", "--out", "full"), "full is not empty and holds no crawl"),
        (("bulk", "urls.txt", "--out", "full/file"), "full/file is not a folder"),
        (("bulk", "urls.txt", "--out", "out", "--retry-failed"), "omit --retry-failed"),
        (("bulk", "urls.txt", "--demo", "--out", "out"), "--demo has its own list of URLs; omit urls.txt"),
        (("bulk", "--demo", "--out", "out", "--retry-failed"), "omit --retry-failed"),
        (("bulk", "--demo", "--out", "full"), "full is not empty and holds no crawl"),
        (("bulk", "urls.txt", "--out", "out", "--processes", "0"), "--processes"),
        (("bulk", "urls.txt", "--out", "out", "--per-host", "x"), "--per-host"),
        (("bulk", "urls.txt", "--out", "out", "--max-seconds", "nan"), "--max-seconds"),
        (("bulk", "urls.txt", "--out", "out", "--proxy", "x"), "--proxy"),
        (("bulk", "urls.txt", "--out", "out", "--resum"), "the nearest is --resume"),
        (("bulk", "status", "full"), "full is not empty and holds no crawl"),
        (("bulk", "status", "nowhere"), "there is no crawl in nowhere"),
    ],
)
async def test_wrong_usage_is_one_line(
    run: Run, folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    """Nothing is created, and nothing changes."""
    (folder / "urls.txt").write_text("http://127.0.0.1/\n")
    (folder / "full").mkdir()
    (folder / "full" / "file").write_text("a book")
    ended = await run(*arguments)
    assert (ended.code, ended.out) == (2, b"")
    assert words in ended.only_line
    assert names(folder) == ["full", "urls.txt"]
    assert names(folder / "full") == ["file"]


async def test_a_damaged_manifest_is_one_line(run: Run, folder: Path) -> None:
    (folder / "out" / "state").mkdir(parents=True)
    manifest = folder / "out" / "state" / "manifest.json"
    whole = {
        "input": "-", "input_bytes": None, "shards": 1, "parse": "none", "store": "none", "limit": None,
        "started_at": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    wrong: list[dict[str, object]] = [{"shards": 0}, {"shards": 10**9}, {"started_at": "today"}]
    values = [json.dumps(whole | each).encode() for each in wrong]
    for data in (b"", b"{", b"[]", b'{"layout": 99}', b"\xff", *values):
        manifest.write_bytes(data)
        ended = await run("bulk", "--out", "out", "--resume")
        assert (ended.code, ended.out) == (2, b"")
        assert "manifest.json is damaged" in ended.only_line


async def test_an_empty_list_is_told(run: Run, folder: Path) -> None:
    (folder / "urls.txt").write_text("# nothing\n\n")
    ended = await run(*CRAWL)
    assert ended.code == 4
    assert "the input holds no URL" in ended.err
    assert summary_of(folder)["targets"]["total"] == 0


async def test_private_addresses_need_permission(run: Run, folder: Path) -> None:
    """Without --allow-private, this machine's own servers are not reached by a list; the message names the option."""
    async with serving(page) as sites:
        write_list(folder, sites, ["/1"])
        ended = await run("bulk", "urls.txt", "--out", "out", "--processes", "1")
        assert not sites.requests
    assert ended.code == 4
    assert [line["verdict"] for line in read_lines(folder / "out")] == ["address_refused"]
    assert "--allow-private crawls such URLs" in ended.err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
async def test_names_that_are_not_utf8(run: Run, folder: Path) -> None:
    """The list and the folder may have any name; a resumed crawl finds its list."""
    name, out = os.fsdecode(b"caf\xe9.txt"), os.fsdecode(b"out\xe9")
    async with serving(shop) as sites:
        write_list(folder, sites, ["/1"])
        (folder / "urls.txt").rename(folder / name)
        crawl = ("--out", out, "--allow-private")
        first = await run("bulk", name, *crawl, "--max-seconds", "0.001")
        status = await run("bulk", "status", out)
        again = await run("bulk", *crawl, "--resume")
    assert first.code in {3, 4}, first.err
    assert (status.code, again.code) == (0, 0), again.err
    summary = json.loads((folder / out / "summary.json").read_bytes())
    assert summary["input"]["name"].endswith("caf\ufffd.txt")
    assert summary["targets"]["done"] == 1
