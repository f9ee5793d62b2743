"""`--archive` and `--replay`: a standard file of all exchanges, and the report made from it again."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from crawler.demo.faults import Fault, FaultKind
from crawler.demo.server import DemoShop
from tests.cli.conftest import Ended

Start = Callable[..., Awaitable[asyncio.subprocess.Process]]
Run = Callable[..., Awaitable[Ended]]

QUERY = "滲透測試"

TROUBLE = [
    Fault(FaultKind.STATUS, status=503, pages={2}, times=1),
    Fault(FaultKind.FIREWALL, pages={3}),
    Fault(FaultKind.TRUNCATED, pages={4}),
    Fault(FaultKind.ENDLESS, pages={5}),
    Fault(FaultKind.CHANGED_LAYOUT, pages={6}),
    Fault(FaultKind.RESET, pages={7}),
    Fault(FaultKind.NESTED, pages={8}),
    Fault(FaultKind.LOGIN, pages={9}),
    Fault(FaultKind.STATUS, status=404, pages={10}),
]


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Check prices as a search does by default: pages in price order are recorded, too."""
    return {name: value for name, value in environ.items() if name != "CRAWLER_PRICE_CHECK"}


def names(folder: Path) -> list[str]:
    """Return the names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def kinds(file: Path) -> Counter[str]:
    """Return the number of records of each kind that another reader finds in `file`, after checking their digests."""
    found: Counter[str] = Counter()
    with file.open("rb") as stream:
        for record in ArchiveIterator(stream, parse_http=False, record_types=WarcRecordType.any_type):
            assert record.verify_block_digest() or "WARC-Block-Digest" not in record.headers
            found[record.headers["WARC-Type"]] += 1
    return found


async def test_a_replay_is_the_same_report(run: Run, folder: Path) -> None:
    """The JSON made from an archive equals that of its run, byte for byte, with retries, refusals and failed pages."""
    async with DemoShop(faults=TROUBLE) as shop:
        live = await run(
            QUERY, "--pages", "12", "--base-url", shop.base_url, "--archive", "a.warc.gz", "--format", "json",
            env={"CRAWLER_PARSE_TIMEOUT": "3"},
        )  # fmt: skip
        asked = len(shop.requests)
    replayed = await run("--replay", "a.warc.gz", "--format", "json")
    assert (live.code, replayed.code) == (3, 3)
    assert replayed.out == live.out
    verdicts = {page["page"]: page["verdict"] for page in json.loads(live.out)["pages"]["failed"]}
    assert verdicts == {
        3: "blocked", 4: "network_error", 5: "too_large", 6: "layout_changed", 7: "network_error",
        8: "parse_timeout", 9: "blocked", 10: "http_error",
    }  # fmt: skip
    found = kinds(folder / "a.warc.gz")
    assert found["warcinfo"] == 1
    # A reset on a connection that was used before is no attempt, and is sent anew without a record.
    assert asked - 3 <= found["request"] <= asked
    assert found["request"] - found["response"] == 3  # the attempts that page 7 lost
    assert found["metadata"] >= 12 + 2


async def test_a_replay_asks_nothing(run: Run, folder: Path) -> None:
    """The shop is closed, and the report is made all the same; its order and filters may differ."""
    async with DemoShop() as shop:
        await run(QUERY, "--base-url", shop.base_url, "--archive", "a.warc.gz", "--format", "json")
    ended = await run("--replay", "a.warc.gz", "--rank", "best", "--min-reviews", "100", "--format", "json")
    report = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert (report["rank"], report["options"]["min_reviews"], report["pages"]["ok"]) == ("best", 100, 3)


async def test_a_replay_has_its_price_check(run: Run, folder: Path) -> None:
    """The archive includes pages in price order; a replay needs no shop to repeat the proof."""
    async with DemoShop() as shop:
        live = await run(QUERY, "--base-url", shop.base_url, "--archive", "a.warc.gz", "--format", "json")
    replayed = await run("--replay", "a.warc.gz", "--format", "json")
    assert (replayed.code, replayed.out) == (0, live.out)
    assert json.loads(replayed.out)["price_check"]["proven"] is True


async def test_an_archive_of_an_older_version_is_replayed(run: Run, folder: Path) -> None:
    """Format 1 had no pages in price order and no price check: the report is the same, without the check."""
    async with DemoShop() as shop:
        live = await run(
            QUERY,
            "--base-url",
            shop.base_url,
            "--price-check",
            "0",
            "--archive",
            "a.warc",
            "--format",
            "json",
        )
    data = (folder / "a.warc").read_bytes()
    for new, old in (
        (b'"format":2', b'"format":1'),
        (b'"price_check":0,', b""),
        (b'"condition":"any",', b""),
        (b',"price_order":false', b""),
        (b"sha1:", b"none:"),  # the digests are those of the newer records
    ):
        assert new in data
        data = data.replace(new, old.ljust(len(new)))
    (folder / "old.warc").write_bytes(data)
    replayed = await run("--replay", "old.warc", "--format", "json")
    assert (replayed.code, replayed.err, replayed.out) == (0, "", live.out)
    assert json.loads(replayed.out)["price_check"] is None


async def test_every_exchange_is_standard(run: Run, folder: Path) -> None:
    """Another reader finds each response with its status, its address and the page's own bytes."""
    async with DemoShop() as shop:
        await run(QUERY, "--pages", "2", "--base-url", shop.base_url, "--archive", "a.warc.gz")
        addresses = {f"{shop.base_url}{request.path_qs}" for request in shop.requests}
    seen: dict[str, tuple[int | None, int]] = {}
    with (folder / "a.warc.gz").open("rb") as stream:
        for record in ArchiveIterator(stream, parse_http=True, record_types=WarcRecordType.response):
            assert record.headers["WARC-Type"] == "response"
            seen[record.headers["WARC-Target-URI"]] = (
                record.http_headers.status_code,
                len(record.reader.read()),
            )
    assert seen.keys() == addresses
    assert {status for status, _ in seen.values()} == {200}
    assert any(address.endswith("/robots.txt") for address in seen)


async def test_a_partial_run_has_its_archive(start: Start, run: Run, folder: Path) -> None:
    """After SIGTERM, the archive has the pages read, its replay names the others, and no other file is left."""
    late = Fault(FaultKind.LATENCY, pages=range(3, 21), delay=60)
    async with DemoShop(faults=[late]) as shop:
        process = await start(
            QUERY, "--pages", "20", "--base-url", shop.base_url, "--archive", "a.warc.gz", "--format", "json",
            "--verbose",
        )  # fmt: skip
        assert process.stderr is not None
        missing = {"page 1: ok", "page 2: ok"}
        while missing:
            line = (await asyncio.wait_for(process.stderr.readline(), 30)).decode()
            assert line
            missing -= {start for start in missing if line.startswith(start)}
        process.send_signal(signal.SIGTERM)
        out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 143
    assert names(folder) == ["a.warc.gz"]
    replayed = await run("--replay", "a.warc.gz", "--format", "json")
    assert (replayed.code, replayed.out) == (3, out)
    assert json.loads(out)["stopped"] == "terminated"


async def test_a_resumed_run_has_a_whole_archive(run: Run, folder: Path) -> None:
    """Pages from a journal are in the archive, with the exchanges that fetched them."""
    async with DemoShop() as shop:
        await run(QUERY, "--pages", "2", "--base-url", shop.base_url)
        live = await run(
            QUERY, "--pages", "3", "--base-url", shop.base_url, "--resume", "--archive", "a.warc.gz",
            "--format", "json",
        )  # fmt: skip
    replayed = await run("--replay", "a.warc.gz", "--format", "json")
    assert replayed.out == live.out
    assert kinds(folder / "a.warc.gz")["response"] >= 3


WRONG: list[tuple[list[str], str]] = [
    (["書", "--archive", "a.zip"], "it must end in .warc.gz"),
    (["書", "--archive", "missing/a.warc.gz"], "there is no folder"),
    (["--replay", "missing.warc.gz"], "missing.warc.gz cannot be read"),
    (["--replay", "a.txt"], "a.txt is not a WARC file"),
    (["--replay", "a.txt", "--pages", "3"], "--replay makes no requests; omit --pages"),
    (["--replay", "a.txt", "--ignore-robots"], "omit --ignore-robots"),
    (["--replay", "a.txt", "--archive", "b.warc.gz"], "omit --archive"),
    (["--replay", "a.txt", "--demo"], "omit --demo"),
    (["書", "--replay", "a.txt"], "--replay takes the query from its file; omit '書'"),
    (["--resume"], "QUERY is missing"),
    (["書", "--user-agent", ""], "--user-agent must be one line of ASCII text"),
    (["書", "--delay", "-1"], "--delay must be a number of seconds from 0"),
    (["書", "--max-wait", "soon"], "--max-wait must be a number of seconds from 0"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG)
async def test_wrong_usage_gets_one_line(run: Run, folder: Path, arguments: list[str], words: str) -> None:
    """An impossible archive or replay is found before the first request, with one line that has the remedy."""
    (folder / "a.txt").write_text("no archive")
    ended = await run(*arguments)
    assert ended.code == 2
    assert words in ended.only_line


async def test_an_archive_needs_no_cache_folder(run: Run, folder: Path) -> None:
    """If the cache folder cannot be created, a message says so, and the archive is complete all the same."""
    (folder / "a-file").touch()
    ended = await run(
        QUERY, "--demo", "--pages", "2", "--archive", "a.warc.gz", "--format", "json",
        env={"CRAWLER_CACHE_DIR": "a-file", "TMPDIR": str(folder)},
    )  # fmt: skip
    assert ended.code == 0
    assert "this run cannot be resumed" in ended.only_line
    replayed = await run("--replay", "a.warc.gz", "--format", "json")
    assert replayed.out == ended.out
    assert names(folder) == ["a-file", "a.warc.gz"]


async def test_an_archive_that_cannot_be_written_after_all_is_an_error(start: Start, folder: Path) -> None:
    """The report is written before the archive fails, and the exit code shows the failure."""
    (folder / "out").mkdir()
    async with DemoShop(latency=1) as shop:
        process = await start(
            QUERY,
            "--pages",
            "1",
            "--base-url",
            shop.base_url,
            "--archive",
            "out/a.warc.gz",
            "--format",
            "json",
        )
        while not shop.searches:
            assert process.returncode is None
            await asyncio.sleep(0.02)
        (folder / "out").rmdir()
        out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert json.loads(out)["complete"]
    assert err.decode().startswith("bookprice: out/a.warc.gz cannot be written")
