"""Batches without a cluster: their processes, what a hang or a death costs, and which targets come next."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from crawler.bulk import batch_runner
from crawler.bulk.batch import BATCH_FILE, Batch, BatchOutcome, batch_name
from crawler.bulk.batch_choice import BatchChoice
from crawler.bulk.batch_runner import BatchCancelledError, BatchProcesses
from crawler.bulk.control import Control
from crawler.bulk.model import Finished, ShardProgress, Target
from crawler.bulk.ports import Entry
from crawler.bulk.runner import Part, crawl
from crawler.bulk.store import ShardStore
from crawler.bulk.target_list import TargetList
from crawler.verdict import Verdict
from tests.bulk import process_targets
from tests.bulk.exact import Gate
from tests.bulk.sites import PAGE, file_names, options_for, page, read_lines, serving, targets, until
from tests.bulk.warc_readers import responses
from tests.processes import children

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")


def batch_of(out: Path, wanted: list[Target], *, number: int = 1, **options: Any) -> Batch:
    return Batch(
        "crawl", 0, batch_name(0, 1, number), wanted, {}, options_for(out, **options), str(out), 60.0, None
    )


async def run(
    processes: BatchProcesses, batch: Batch, *, is_wanted: Callable[[], bool] = lambda: True
) -> BatchOutcome:
    """Run a batch in a thread, as a worker does."""

    def note(_: ShardProgress) -> None:
        pass

    folder = Path(batch.output)
    return await asyncio.to_thread(processes.run, batch, folder, is_wanted=is_wanted, report=note)


async def test_a_page_that_hangs_or_crashes_the_parser_costs_that_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others of the batch are read, and its files are whole."""
    monkeypatch.syspath_prepend(Path(__file__).parent / "evil_parser")
    marks = {"/3": process_targets.HANG, "/7": process_targets.CRASH}

    async def answer(request: web.Request) -> web.StreamResponse:
        body = PAGE.format(path=request.path).encode() + marks.get(request.path, b"")
        return web.Response(body=body, content_type="text/html")

    processes = BatchProcesses()
    async with serving(answer) as sites:
        wanted = targets([sites.url(1 + n % 3, f"/{n}") for n in range(20)])
        outcome = await run(processes, batch_of(tmp_path, wanted, parse_seconds=2.0))
    processes.end("crawl")
    expected = dict.fromkeys(range(1, 21), Verdict.OK) | {4: Verdict.PARSE_TIMEOUT, 8: Verdict.PARSE_CRASHED}
    assert {each.number: each.verdict for each in outcome.finished} == expected
    assert outcome.blamed == {4: Verdict.PARSE_TIMEOUT, 8: Verdict.PARSE_CRASHED}
    assert {line["number"]: line["verdict"] for line in read_lines(tmp_path)} == expected
    assert sorted(responses(tmp_path)) == sorted(target.url for target in wanted)
    assert {name: (tmp_path / name).stat().st_size for name in outcome.files} == outcome.files
    assert file_names(tmp_path) == sorted(outcome.files)
    assert not children()


async def test_batches_of_a_shard_share_the_limits_of_its_hosts(tmp_path: Path) -> None:
    """The second batch finds the process of the first, which knows robots.txt; a batch has files of its own."""
    processes = BatchProcesses()
    async with serving() as sites:
        urls = [sites.url(1, f"/{n}") for n in range(6)]
        wanted = targets(urls)
        options = {"obey_robots": True}
        first = await run(processes, batch_of(tmp_path, wanted[:3], **options))
        second = await run(processes, batch_of(tmp_path, wanted[3:], number=2, **options))
        asked = [path for _, path in sites.requests if path == "/robots.txt"]
    processes.end("crawl")
    assert len(asked) == 1
    assert not set(first.files) & set(second.files)
    assert all(BATCH_FILE.fullmatch(name) for name in (*first.files, *second.files))
    assert sorted(line["number"] for line in read_lines(tmp_path)) == [1, 2, 3, 4, 5, 6]
    # The same batch again, as after the loss of its worker: the same names.
    async with serving() as sites:
        lost = BatchProcesses()
        again = await run(lost, batch_of(tmp_path, targets([sites.url(1, "/x")]), number=2))
    lost.end("crawl")
    assert set(again.files) == set(second.files)
    assert not children()


async def test_a_batch_that_nobody_wants_leaves_nothing(tmp_path: Path) -> None:
    """Its process is killed, and its files are gone."""
    unwanted = threading.Event()
    async with serving(Gate(2)) as sites:
        wanted = targets([sites.url(1, f"/{n}") for n in range(5)])
        running = asyncio.create_task(
            run(BatchProcesses(), batch_of(tmp_path, wanted), is_wanted=lambda: not unwanted.is_set())
        )
        await until(lambda: len(sites.paths()) == 5)
        unwanted.set()
        with pytest.raises(BatchCancelledError):
            await running
    assert is_empty(tmp_path)
    assert not children()


async def test_a_process_without_a_batch_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The batches of its shard go to another worker now."""
    monkeypatch.setattr(batch_runner, "IDLE_SECONDS", 0.2)
    async with serving() as sites:
        await run(BatchProcesses(), batch_of(tmp_path, targets([sites.url(1, "/0")])))
    await until(lambda: not children())


def is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


class Kept:
    """A sink in memory."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def save(self, entries: Any) -> None:
        self.entries += entries

    def close(self) -> None:
        pass


async def test_a_crawl_that_winds_down_ends_what_is_in_flight(tmp_path: Path) -> None:
    """It requests no further target, and cancels none."""
    gate, control, kept = Gate(2), Control(), Kept()
    async with serving(gate) as sites:
        wanted = targets([sites.url(1, f"/{n}") for n in range(50)])
        options = options_for(tmp_path, per_host=4)
        running = asyncio.create_task(
            crawl({0: Part(TargetList(wanted), kept)}, options, control, lambda _: None)
        )
        await until(lambda: sites.running.total() == 4)
        control.wind_down()
        gate.open()
        await running
        assert len(sites.paths()) == 6
    assert sorted(entry.target.number for entry in kept.entries) == [1, 2, 3, 4, 5, 6]


def test_slow_hosts_do_not_hold_up_the_others(tmp_path: Path) -> None:
    """A host that left targets of a batch gets no more in the next than it got through."""
    urls = [f"http://{host}.example/{n}" for host in ("slow", "fast") for n in range(300)]
    with ShardStore.open(tmp_path / "store") as store:
        store.add(targets(urls))
        choice = BatchChoice(200)
        first = choice.choose(store)
        hosts = [target.host for target in first]
        assert (hosts.count("slow.example"), hosts.count("fast.example")) == (100, 100)
        ended = [target for target in first if target.host == "fast.example" or target.number <= 7]
        store.finish([Finished(each.number, each.host, Verdict.OK) for each in ended], [], {})
        choice.learn(first, {each.number for each in ended})
        second = [target.host for target in choice.choose(store)]
    assert second.count("slow.example") == 7
    assert second.count("fast.example") >= 100


def test_a_batch_is_bounded_by_its_text(tmp_path: Path) -> None:
    """Long addresses make a small batch: a task should stay below 10 MB."""
    with ShardStore.open(tmp_path / "store") as store:
        store.add(targets([f"http://a.example/{n}/{'x' * 8_000}" for n in range(1_000)]))
        chosen = BatchChoice().choose(store)
    assert 0 < len(chosen) < 500


async def test_pages_of_targets_handed_over_are_saved(tmp_path: Path) -> None:
    """A redirect to a host of another shard ends the target here; the outcome says where it goes on."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/moved":
            host = f"{elsewhere}:{request.host.partition(':')[2]}"
            return web.Response(status=302, headers={"Location": f"http://{host}/there"})
        return await page(request)

    from crawler.bulk.model import shard_of

    processes = BatchProcesses()
    async with serving(answer, hosts=20) as sites:
        shards = {number: shard_of(sites.host(number), 2) for number in range(1, 21)}
        here = next(number for number, shard in shards.items() if shard == 0)
        elsewhere = f"127.0.0.{next(number for number, shard in shards.items() if shard == 1)}"
        outcome = await run(processes, batch_of(tmp_path, targets([sites.url(here, "/moved")]), shards=2))
    processes.end("crawl")
    (target,) = outcome.handed_over
    assert (target.number, target.redirects, target.url.rpartition("/")[2]) == (1, 1, "there")
    assert not outcome.finished
    assert len(responses(tmp_path)) == 1
