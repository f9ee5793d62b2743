"""Crawls on a real Dask scheduler and real workers: exact results whatever is lost, and plain words."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from aiohttp import web

from crawler.__main__ import main
from tests.bulk.clusters import ROOT, Scheduler, free_port, scheduler
from tests.bulk.exact import Gate, assert_exact
from tests.bulk.sites import Sites, page, read_lines, serving, until
from tests.bulk.warc_readers import read_records

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="sends signals"),
    pytest.mark.skipif(find_spec("distributed") is None, reason="needs the extra cluster"),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduler]:
    """Run a scheduler with two workers."""
    with scheduler(tmp_path_factory.mktemp("cluster")) as found:
        for _ in range(2):
            found.start_worker()
        yield found


def write_urls(folder: Path, urls: list[str]) -> None:
    (folder / "urls.txt").write_text("".join(f"{url}\n" for url in urls))


async def requested(sites: Sites, paths: int, crawl: asyncio.subprocess.Process) -> None:
    """Wait until so many pages were requested; a crawl that ends before fails at once."""
    await until(lambda: len(set(sites.paths())) == paths or crawl.returncode is not None)
    assert crawl.returncode is None


def assert_nothing_left(out: Path) -> None:
    """Check that the folder holds the files of the stores alone: nothing of a lost batch."""
    assert not list(out.glob(".*"))
    lines = read_lines(out)
    pages = {line["warc"] for line in lines}
    assert {path.name for path in out.glob("pages-*")} == pages


async def test_a_worker_killed_mid_run_costs_nothing(cluster: Scheduler, tmp_path: Path) -> None:
    """Its batch runs again on the other worker, and each URL has one result."""
    gate = Gate(60)
    async with serving(gate, hosts=40) as sites:  # so many that each shard has some
        urls = [sites.url(1 + n % 40, f"/{n}") for n in range(100)]
        write_urls(tmp_path, urls)
        victim = cluster.start_worker()
        crawl = await cluster.start_crawl(tmp_path, "--out", "out", "--processes", "3", "--per-host", "20")
        await requested(sites, 100, crawl)  # all three batches wait for pages
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        gate.open()
        _, err = await asyncio.wait_for(crawl.communicate(), 60)
        paths = Counter(sites.paths())
    assert crawl.returncode == 0, err
    assert_exact(tmp_path / "out", urls)
    assert_nothing_left(tmp_path / "out")
    assert max(paths.values()) == 2  # the lost batch was crawled again


async def test_an_interrupted_crawl_keeps_what_was_fetched_and_resumes(
    cluster: Scheduler, tmp_path: Path
) -> None:
    """Ctrl-C makes the workers commit their batches; the next run crawls the rest, elsewhere if need be."""
    gate = Gate(20)
    async with serving(gate, hosts=4) as sites:
        urls = [sites.url(1 + n % 4, f"/{n}") for n in range(30)]
        write_urls(tmp_path, urls)
        crawl = await cluster.start_crawl(tmp_path, "--out", "out", "--processes", "2")
        await requested(sites, 30, crawl)
        crawl.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(crawl.communicate(), 60)
        assert crawl.returncode == 130
        assert b"Traceback" not in err
        assert sorted(line["number"] for line in read_lines(tmp_path / "out")) == list(range(1, 21))
        gate.open()
        code, _ = await cluster.crawl(tmp_path, "--out", "out", "--resume", "--quiet")
    assert code == 0
    assert_exact(tmp_path / "out", urls)
    assert_nothing_left(tmp_path / "out")


@pytest.mark.slow
async def test_a_killed_coordinator_is_resumed(cluster: Scheduler, tmp_path: Path) -> None:
    """Nothing of the batches that it had sent appears twice; the workers give them up, and this machine goes on."""
    gate = Gate(10)
    async with serving(gate, hosts=4) as sites:
        urls = [sites.url(1 + n % 4, f"/{n}") for n in range(30)]
        write_urls(tmp_path, urls)
        crawl = await cluster.start_crawl(tmp_path, "--out", "out", "--processes", "2")
        await requested(sites, 30, crawl)
        crawl.kill()
        await crawl.wait()
        await until(lambda: not sites.running.total())  # the requests are cancelled
        lost = tmp_path / "out" / "results-000-r1b00099-001.jsonl"  # as if a batch had come too late
        lost.write_text("of a lost batch\n")
        gate.open()
        local = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crawler", "bulk", "--out", "out", "--allow-private", "--ignore-robots", "--resume",
            "--quiet", cwd=tmp_path, env=cluster.environment,
        )  # fmt: skip
        assert await asyncio.wait_for(local.wait(), 60) == 0
    assert_exact(tmp_path / "out", urls)
    assert_nothing_left(tmp_path / "out")


@pytest.mark.slow
async def test_failed_targets_are_crawled_again(cluster: Scheduler, tmp_path: Path) -> None:
    """Their lines go from the files of their batches, and each URL has one result."""
    mended = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if not mended.is_set() and request.path in {"/3", "/4"}:
            return web.Response(status=404)
        return await page(request)

    async with serving(answer, hosts=4) as sites:
        urls = [sites.url(1 + n % 4, f"/{n}") for n in range(20)]
        write_urls(tmp_path, urls)
        first, _ = await cluster.crawl(tmp_path, "--out", "out", "--processes", "2", "--quiet")
        mended.set()
        second, _ = await cluster.crawl(tmp_path, "--out", "out", "--retry-failed", "--quiet")
    assert (first, second) == (3, 0)
    assert_exact(tmp_path / "out", urls)


@pytest.mark.slow
async def test_a_cluster_without_a_worker_of_this_version_is_one_line(tmp_path: Path) -> None:
    write_urls(tmp_path, ["http://127.0.0.1:9/"])
    other = tmp_path / "other"
    other.mkdir()
    with scheduler(other) as empty:
        nobody, words = await empty.crawl(tmp_path, "--out", "out")
        empty.start_worker(
            environment={"PYTHONPATH": str(other)}
        )  # without this program, unless it is installed
        (other / "crawler").mkdir()
        (other / "crawler" / "__init__.py").touch()
        refused, refusal = await empty.crawl(tmp_path, "--out", "out")
        _, in_chinese = await empty.crawl(tmp_path, "--out", "out", "--lang", "zh-Hant")
    assert (nobody, refused) == (1, 1)
    assert "不使用工作節點" in in_chinese
    assert "沒有 bookprice-crawler" in in_chinese
    assert "no worker" in words
    assert "no bookprice-crawler" in refusal
    assert (len(words.splitlines()), len(refusal.splitlines())) == (1, 1)


@pytest.mark.slow
async def test_redirects_lead_from_shard_to_shard(cluster: Scheduler, tmp_path: Path) -> None:
    """A target that goes on at a host of another shard gets its result there."""

    async def answer(request: web.Request) -> web.StreamResponse:
        number, left = (int(part) for part in request.path.strip("/").split("/"))
        if left:
            host = f"127.0.0.{1 + (number + left) % 8}:{request.host.partition(':')[2]}"
            return web.Response(status=302, headers={"Location": f"http://{host}/{number}/{left - 1}"})
        return await page(request)

    async with serving(answer, hosts=8) as sites:
        urls = [sites.url(1 + n % 8, f"/{n}/{n % 4}") for n in range(40)]
        write_urls(tmp_path, urls)
        code, _ = await cluster.crawl(tmp_path, "--out", "out", "--processes", "3", "--quiet")
    assert code == 0
    assert_exact(tmp_path / "out", urls, pages=False)
    read_records(tmp_path / "out")


@pytest.mark.slow
async def test_a_worker_of_another_version_is_refused_in_one_line(cluster: Scheduler, tmp_path: Path) -> None:
    """It gets no batch; the others crawl everything."""
    other = tmp_path / "other" / "crawler"
    other.mkdir(parents=True)
    (other / "__init__.py").touch()
    (other / "version.py").write_text('__version__ = "9.9.9"\n')
    worker = cluster.start_worker(environment={"PYTHONPATH": str(other.parent)})
    try:
        async with serving(hosts=4) as sites:
            urls = [sites.url(1 + n % 4, f"/{n}") for n in range(20)]
            write_urls(tmp_path, urls)
            code, err = await cluster.crawl(tmp_path, "--out", "out", "--processes", "3")
    finally:
        worker.kill()
        worker.wait()
    assert code == 0
    assert_exact(tmp_path / "out", urls)
    (line,) = err.splitlines()
    assert "9.9.9" in line
    assert "refused" in line


@pytest.mark.slow
async def test_a_scheduler_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    write_urls(tmp_path, ["http://127.0.0.1:9/"])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "crawler", "bulk", "urls.txt", "--out", "out",
        "--cluster", f"tcp://127.0.0.1:{free_port()}", cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, err = await process.communicate()
    assert process.returncode == 1
    (line,) = err.decode().splitlines()
    assert "no scheduler answers" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
async def test_a_scheduler_that_is_lost_ends_the_crawl_in_one_line(tmp_path: Path) -> None:
    """The crawl can be resumed on another one."""
    gate = Gate(5)
    async with serving(gate) as sites:
        urls = [sites.url(1 + n % 3, f"/{n}") for n in range(10)]
        write_urls(tmp_path, urls)
        with scheduler(tmp_path) as lost:
            lost.start_worker()
            crawl = await lost.start_crawl(tmp_path, "--out", "out", "--quiet")
            await requested(sites, 10, crawl)
            lost.processes[0].kill()
            _, err = await asyncio.wait_for(crawl.communicate(), 60)
    assert crawl.returncode == 1
    lost_line, resume_line = err.decode().splitlines()
    assert "is lost" in lost_line
    assert "--resume" in resume_line


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Run a server that speaks S3; yield the environment of its clients."""
    if any(find_spec(name) is None for name in ("moto", "flask", "s3fs")):
        pytest.skip("needs moto[server] and s3fs; .ci/run installs them")
    port = free_port()
    log = tmp_path_factory.mktemp("s3") / "log"
    with log.open("wb") as file:
        server = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from moto.server import main; main()",
                "-H",
                "127.0.0.1",
                "-p",
                str(port),
            ],
            stdout=file,
            stderr=file,
        )
    try:
        while b"Running on" not in log.read_bytes():
            assert server.poll() is None, log.read_text()
            time.sleep(0.05)
        yield {
            "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        }  # fmt: skip
    finally:
        server.kill()
        server.wait()


S3_CALLS = """
import sys, fsspec
files = fsspec.filesystem("s3")
if sys.argv[1] == "make":
    files.mkdir("books")
    files.pipe_file("books/crawl/results-000-r1b00099-001.jsonl", b"of a lost batch")
else:
    for path in files.ls("books/crawl", detail=False):
        files.get_file(path, sys.argv[2] + "/" + path.rpartition("/")[2])
"""


@pytest.mark.slow
async def test_output_to_an_object_store(s3: dict[str, str], tmp_path: Path) -> None:
    """Results and pages are at the URL, the state and the summary in a local folder; a lost batch leaves nothing."""

    def call(*arguments: str) -> None:
        subprocess.run([sys.executable, "-c", S3_CALLS, *arguments], env={**os.environ, **s3}, check=True)

    call("make")
    got = tmp_path / "got"
    got.mkdir()
    with scheduler(tmp_path) as cluster:
        cluster.environment |= s3
        cluster.start_worker()
        async with serving() as sites:
            urls = [sites.url(1 + n % 3, f"/{n}") for n in range(30)]
            write_urls(tmp_path, urls)
            code, err = await cluster.crawl(
                tmp_path, "--out", "s3://books/crawl", "--state", "state", "--quiet"
            )
            again, refusal = await cluster.crawl(
                tmp_path, "--out", "s3://books/other", "--state", "state", "--resume"
            )
    assert (code, err) == (0, "")
    assert (again, len(refusal.splitlines())) == (2, 1)
    call("get", str(got))
    (got / "summary.json").write_bytes((tmp_path / "state" / "summary.json").read_bytes())
    assert_exact(got, urls)
    assert len(list(got.glob("results-*"))) == 1
    status = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "crawler", "bulk", "status", "state"],
        env=cluster.environment, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "30 of 30 URLs" in status.stdout


@pytest.mark.slow
async def test_results_at_an_object_store_are_read_back(s3: dict[str, str], tmp_path: Path) -> None:
    """A short list ends in a table, `rank` ranks, and `--retry-failed` rewrites the results, all at the URL."""
    mended = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if not mended.is_set() and request.path == "/3":
            return web.Response(status=404)
        return web.Response(text=PRODUCT.format(price=f"1{request.path[1:]}.50"), content_type="text/html")

    def python(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            env=found.environment, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def rank(place: str) -> subprocess.CompletedProcess[str]:
        return python("-m", "crawler", "rank", place, "--format", "csv")

    with scheduler(tmp_path) as found:
        found.environment |= s3
        await asyncio.to_thread(python, "-c", "import fsspec; fsspec.filesystem('s3').mkdir('shop')")
        found.start_worker()
        async with serving(answer) as sites:
            urls = [sites.url(1 + n % 3, f"/{n}") for n in range(6)]
            write_urls(tmp_path, urls)
            place = ["--out", "s3://shop/crawl", "--state", "state"]
            crawl = await found.start_crawl(tmp_path, *place)
            table, _ = await asyncio.wait_for(crawl.communicate(), 60)
            before = await asyncio.to_thread(rank, "s3://shop/crawl")
            mended.set()
            again = await found.start_crawl(tmp_path, *place, "--retry-failed", "--quiet")
            whole, _ = await asyncio.wait_for(again.communicate(), 60)
            after = await asyncio.to_thread(rank, "s3://shop/crawl")
            elsewhere = await asyncio.to_thread(rank, "state")
    assert (crawl.returncode, again.returncode) == (3, 0)
    assert table.decode().count("Atlas") == 5
    assert "10.50" in table.decode()
    assert whole.decode().count("Atlas") == 6
    assert (before.returncode, len(before.stdout.splitlines())) == (0, 6), before.stderr
    assert (after.returncode, len(after.stdout.splitlines())) == (0, 7), after.stderr
    assert (elsewhere.returncode, elsewhere.stdout) == (2, "")
    assert "s3://shop/crawl" in elsewhere.stderr
    summary = json.loads((tmp_path / "state" / "summary.json").read_bytes())
    assert summary["results"] == {"lines": 6, "complete": True, "unreadable": 0}
    assert {each["host"] for each in summary["slowest_hosts"]} == {sites.host(n) for n in (1, 2, 3)}


PRODUCT = """<html><head><title>Atlas</title><script type="application/ld+json">{{"@context": "https://schema.org",
"@type": "Product", "name": "Atlas", "offers": {{"@type": "Offer", "price": "{price}", "priceCurrency": "EUR"}}}}
</script></head><body><h1>Atlas</h1></body></html>"""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "s3://b/c", "--state", "s"], "--cluster"),
        (["--out", "s3://b/c", "--cluster", "tcp://127.0.0.1:1"], "--state"),
        (["--out", "memory://b", "--state", "s", "--cluster", "tcp://127.0.0.1:1"], "memory://"),
        (["--out", "nothing://b", "--state", "s", "--cluster", "tcp://127.0.0.1:1"], "nothing"),
        (["--out", "o", "--state", "s"], "--state"),
        (["--out", "o", "--cluster", "10.0.0.1:8786"], "scheduler"),
    ],
)
def test_places_that_do_not_agree_are_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    write_urls(tmp_path, ["http://127.0.0.1:9/"])
    monkeypatch.chdir(tmp_path)
    assert main(["bulk", "urls.txt", *arguments]) == 2
    err = capsys.readouterr().err
    assert words in err.splitlines()[-1]
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["urls.txt"]


EXECUTOR = """
import asyncio, sys
from distributed import Client
from crawler import crawl

if __name__ == "__main__":
    with Client(sys.argv[1]) as client:
        def has_parser():
            return "parsers.dangdang.search_page" in sys.modules

        before = client.run(has_parser)
        executor = client.get_executor(pure=False)
        result = asyncio.run(crawl("滲透測試", pages=6, demo=True, executor=executor))
        after = client.run(has_parser)
        alone = asyncio.run(crawl("滲透測試", pages=6, demo=True))
        print(any(before.values()), all(after.values()), result.complete, result.books == alone.books)
"""


def test_the_parse_pool_of_a_search_is_an_executor_of_the_cluster(cluster: Scheduler, tmp_path: Path) -> None:
    """The workers parse the pages of a search; the result is that of a search without them."""
    (tmp_path / "search.py").write_text(EXECUTOR)
    run = subprocess.run(
        [sys.executable, "search.py", cluster.address],
        cwd=tmp_path, env=cluster.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout.split() == ["False", "True", "True", "True"], run.stderr


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_workers_killed_again_and_again_cost_nothing(cluster: Scheduler, tmp_path: Path) -> None:
    """Of 6,000 URLs on 40 hosts each has one result, although a worker is killed three times."""

    def share(sites: Sites) -> int:
        return len(set(sites.requests))

    async with serving(hosts=40) as sites:
        urls = [sites.url(1 + n % 40, f"/{n}") for n in range(6_000)]
        write_urls(tmp_path, urls)
        victim = cluster.start_worker()
        crawl = await cluster.start_crawl(tmp_path, "--out", "out", "--processes", "6")
        for kill in range(3):
            await until(lambda kill=kill: share(sites) > 1_000 * (kill + 1))  # type: ignore[misc]
            victim.kill()
            victim.wait()
            victim = cluster.start_worker()
        _, err = await asyncio.wait_for(crawl.communicate(), 200)
        victim.kill()
        victim.wait()
    assert crawl.returncode == 0, err
    assert_exact(tmp_path / "out", urls)
    assert_nothing_left(tmp_path / "out")
