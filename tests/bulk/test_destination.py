"""Results at a URL: ranked, read back and rewritten as those in a folder are. `test_cluster.py` does it with S3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from crawler.__main__ import main
from crawler.bulk.destination import MissingFileError, open_destination, remove_lost
from crawler.bulk.manifest import new_manifest
from crawler.bulk.model import Finished, Parse, Store, Target, store_path
from crawler.bulk.rank import rank_offers
from crawler.bulk.result_lines import read_results, result_figures
from crawler.bulk.retry import requeue_failed
from crawler.bulk.store import ShardStore
from crawler.bulk.summary import PASSES
from crawler.errors import OutputError
from crawler.verdict import Verdict
from tests.bulk.rank_results import result, write_results

pytestmark = pytest.mark.skipif(find_spec("fsspec") is None, reason="needs the extra cluster")

URL = "shelf://bucket/crawl"


@pytest.fixture
def shelf() -> Iterator[Any]:
    """Register a file system of fsspec under a name of its own: `memory://` is refused for a crawl."""
    import fsspec  # type: ignore[import-untyped]  # it has no types
    from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]  # the same

    class Shelf(MemoryFileSystem):  # type: ignore[misc]  # the same
        protocol = ("shelf",)
        store: dict[str, Any] = {}  # noqa: RUF012 – as in fsspec
        pseudo_dirs = [""]  # noqa: RUF012 – as in fsspec

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return str(MemoryFileSystem._strip_protocol(path.removeprefix("shelf://")))

    fsspec.register_implementation("shelf", Shelf, clobber=True)
    yield Shelf()
    Shelf.clear_instance_cache()


def put_all(shelf: Any, folder: Path) -> None:
    for path in folder.glob("*.jsonl"):
        shelf.pipe_file(f"/bucket/crawl/{path.name}", path.read_bytes())


def test_rank_reads_the_results_at_a_url(
    shelf: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ranking is that of the same files in a folder, down to damaged lines and old generations."""
    write_results(tmp_path, [result(n, 1.0 + n) for n in range(30)], name="results-000-r1b00001-002.jsonl")
    write_results(tmp_path, [result(n, 99.0) for n in range(30)], name="results-000-r1b00001-001.jsonl")
    write_results(tmp_path, [result(99, 0.5)], name="results-unpriced-001-r1b00001-001.jsonl")
    with (tmp_path / "results-000-r1b00001-002.jsonl").open("ab") as file:
        file.write(b"not a result\n")
    put_all(shelf, tmp_path)
    outputs = []
    for place in (str(tmp_path), f"{URL}/"):
        code = main(["rank", place, "--format", "csv"])
        found = capsys.readouterr()
        outputs.append((code, found.out, found.err.replace(place, "")))
    assert outputs[0] == outputs[1]
    assert outputs[0][0] == 3
    assert outputs[0][1].count("\n") == 32


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (URL, "no results"),
        ("memory://bucket/crawl", "memory://"),
        ("file:///tmp", "give a folder"),
        ("nothing://bucket", "nothing"),
        ("state", f"give that URL: {URL}"),
    ],
)
@pytest.mark.usefixtures("shelf")
def test_a_place_without_results_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: str,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("state/state").mkdir(parents=True)
    manifest = new_manifest(
        "urls.txt", 1, shards=1, parse=Parse.PRODUCT, store=Store.WARC, limit=None, output=URL
    )
    manifest.write(Path("state"))
    assert main(["rank", place]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_a_connection_that_breaks_is_one_line(shelf: Any, tmp_path: Path) -> None:
    """Whatever a file system raises while it is read, the message names the file."""
    write_results(tmp_path, [result(1, 1.0)])
    put_all(shelf, tmp_path)

    class Broken:
        def read(self, count: int) -> bytes:
            raise RuntimeError("the peer\nwent away")

        def close(self) -> None:
            raise RuntimeError("again")

    shelf.__class__.open = lambda *_args, **_options: Broken()
    with (
        pytest.raises(
            OutputError, match=rf"^{URL}/results-000-001\.jsonl cannot be used: the peer went away$"
        ),
        rank_offers(URL),
    ):
        pass


def test_a_file_that_is_gone_is_told_apart(shelf: Any, tmp_path: Path) -> None:
    """`rank` skips a file that was replaced in the meantime, in a folder as at a URL."""
    for place in (URL, str(tmp_path)):
        with pytest.raises(MissingFileError), open_destination(place).reading("results-000-001.jsonl"):
            pass


PASSED = b'{"number":1,"url":"http://a.example/1","verdict":"ok","bytes":7}\n'
FAILED = b'{"number":2,"url":"http://a.example/2","verdict":"network_error"}\n'
OLD, NEW = "results-000-r1b00001-001.jsonl", "results-000-r1b00001-002.jsonl"
LOST = "results-unpriced-000-r1b00002-001.jsonl"


@pytest.fixture
def crawl(shelf: Any, tmp_path: Path) -> Path:
    """Return the state of a crawl of three targets whose results are at the URL; two of them failed."""
    shelf.pipe_file(f"/bucket/crawl/{OLD}", PASSED + FAILED)
    shelf.pipe_file(f"/bucket/crawl/{LOST}", FAILED.replace(b"2", b"3"))
    with ShardStore.open(store_path(tmp_path, 0)) as store:
        store.add([Target(n, f"http://a.example/{n}", "a.example", "") for n in (1, 2, 3)])
        finished = [
            Finished(1, "a.example", Verdict.OK),
            Finished(2, "a.example", Verdict.NETWORK_ERROR),
            Finished(3, "a.example", Verdict.NETWORK_ERROR),
        ]
        store.finish(finished, [], {OLD: len(PASSED + FAILED), LOST: len(FAILED)})
    return tmp_path


def committed(crawl: Path) -> dict[str, int]:
    with ShardStore.open(store_path(crawl, 0), readonly=True) as store:
        return store.files()


def test_failed_lines_at_a_url_go(shelf: Any, crawl: Path) -> None:
    assert requeue_failed(crawl, 1, URL) == 2
    assert committed(crawl) == {NEW: len(PASSED)}
    assert open_destination(URL).sizes() == committed(crawl)
    assert shelf.cat_file(f"/bucket/crawl/{NEW}") == PASSED
    assert not list(crawl.glob("results-*"))
    assert requeue_failed(crawl, 1, URL) == 0


@pytest.mark.parametrize("left", [PASSED, b"", PASSED + b"\0" * len(FAILED), None], ids=repr)
def test_lost_data_at_a_url_is_told_and_nothing_is_switched(
    shelf: Any, crawl: Path, left: bytes | None
) -> None:
    before = committed(crawl)
    if left is None:
        shelf.rm_file(f"/bucket/crawl/{OLD}")
    else:
        shelf.pipe_file(f"/bucket/crawl/{OLD}", left)
    with pytest.raises(OutputError, match=OLD):
        requeue_failed(crawl, 1, URL)
    assert committed(crawl) == before


def test_a_kill_between_the_copy_and_the_switch_leaves_nothing(shelf: Any, crawl: Path) -> None:
    """The next run removes what no store knows: the new file before the switch, the old one after it."""
    shelf.pipe_file(f"/bucket/crawl/{NEW}", PASSED)
    remove_lost(URL, committed(crawl))
    assert {*open_destination(URL).sizes()} == {OLD, LOST}
    requeue_failed(crawl, 1, URL)
    shelf.pipe_file(f"/bucket/crawl/{LOST}", FAILED)
    remove_lost(URL, committed(crawl))
    assert {*open_destination(URL).sizes()} == {NEW}


def test_results_at_a_url_are_read_back(shelf: Any, crawl: Path) -> None:
    """The table of a short list and the summary take the files that the stores know, and no others."""
    shelf.pipe_file("/bucket/crawl/results-000-r1b00009-001.jsonl", PASSED)  # of a lost batch
    names = committed(crawl)
    lines = read_results(crawl, 9, url=URL, names=names)
    assert [(line.number, line.verdict) for line in lines] == [
        (1, "ok"),
        (2, "network_error"),
        (3, "network_error"),
    ]
    figures = result_figures(crawl, PASSES, url=URL, names=names)
    assert (figures.lines, figures.bytes, figures.complete) == (3, 7, True)
    assert json.loads(PASSED)["bytes"] == 7
