"""Copies of robots.txt on disk: complete or absent, never trusted, and not kept forever."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.atomic_write import temporary_file
from crawler.download import robots_store
from crawler.download.robots_store import Kept, Store

SOME_RULES = b"User-agent: *\nDisallow: /private/\nCrawl-delay: 2\n"


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


NOW = dt.datetime(2026, 3, 1, 12, 0, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for all examples of a property."""
    return tmp_path_factory.mktemp("robots")


@settings(deadline=None)
@given(st.binary(max_size=2000) | st.text().map(str.encode))
def test_any_file_in_the_copys_place_counts_as_none(folder: Path, data: bytes) -> None:
    """No bytes, as header, body or both, make reading raise, or count as a copy."""
    path = folder / robots_store._file_name("http://a")
    store = Store(folder)
    for content in (data, data + b"\n" + SOME_RULES):
        path.write_bytes(content)
        assert store.read("http://a") is None


values = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just("2026-03-01T12:00:00+00:00")
)


@settings(deadline=None)
@example({"fetched_at": "0001-01-01T00:00:00+10:00"})
@given(st.dictionaries(st.sampled_from(["fetched_at", "status", "sha256", "origin"]), values) | values)
def test_a_header_of_other_values_counts_as_none(folder: Path, head: object) -> None:
    """JSON that is well formed but not ours is no copy either."""
    (folder / robots_store._file_name("http://a")).write_bytes(json.dumps(head).encode() + b"\n")
    assert Store(folder).read("http://a") is None


@settings(deadline=None)
@given(st.data())
def test_a_damaged_copy_counts_as_none(folder: Path, data: st.DataObject) -> None:
    """A copy with changed or missing bytes is never used; an undamaged one reads as written."""
    kept = Kept(NOW, 200, SOME_RULES)
    assert Store(folder).write("http://a", kept, NOW) == ""
    path = folder / robots_store._file_name("http://a")
    whole = path.read_bytes()
    assert Store(folder).read("http://a") == kept
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(whole[:at])
    else:
        changed = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))
        path.write_bytes(whole[:at] + bytes([changed]) + whole[at + 1 :])
    found = Store(folder).read("http://a")
    assert found is None or found.body == SOME_RULES


@pytest.mark.parametrize("status", [[], {}, None, 500, "200", 1e400])
def test_a_copy_of_no_status_to_keep_counts_as_none(tmp_path: Path, status: object) -> None:
    """It is refused even if everything else is right."""
    assert Store(tmp_path).write("http://a", Kept(NOW, 200, SOME_RULES), NOW) == ""
    (path,) = files(tmp_path)
    head, _, body = path.read_bytes().partition(b"\n")
    path.write_bytes(json.dumps(json.loads(head) | {"status": status}).encode() + b"\n" + body)
    assert Store(tmp_path).read("http://a") is None


def test_another_origins_copy_is_not_taken(tmp_path: Path) -> None:
    """A file renamed to another origin's name counts as absent."""
    Store(tmp_path).write("http://a", Kept(NOW, 200, SOME_RULES), NOW)
    (path,) = files(tmp_path)
    path.rename(tmp_path / robots_store._file_name("http://b"))
    assert Store(tmp_path).read("http://b") is None


def test_what_is_no_file_is_no_copy(tmp_path: Path) -> None:
    """A folder or a named pipe in place of a copy is neither read nor waited for."""
    for origin, make in (("http://a", os.mkdir), ("http://b", getattr(os, "mkfifo", os.mkdir))):
        make(tmp_path / robots_store._file_name(origin))
        assert Store(tmp_path).read(origin) is None


def test_names_of_files_are_readable_and_harmless() -> None:
    """Host and port show; nothing leaves the folder, hides, or is too long for a file system."""
    assert robots_store._file_name("https://shop.example:8443").startswith("shop.example-8443-")
    for origin in (
        "http://../../etc/passwd",
        "http://.hidden",
        "http://" + "a" * 500,
        "http://[::1]:80",
        "http://书",
    ):
        name = robots_store._file_name(origin)
        assert Path(name).name == name
        assert not name.startswith(".")
        assert len(name) < 100
        assert name.isascii()
    assert robots_store._file_name("http://a") != robots_store._file_name("https://a")


def test_old_copies_and_those_beyond_the_number_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After thirty days, or if there are too many, the oldest are removed, and leftovers of a killed process."""
    monkeypatch.setattr(robots_store, "MOST_FILES", 5)

    def write(origin: str, days_ago: float, store: Store) -> None:
        fetched_at = NOW - dt.timedelta(days=days_ago)
        assert store.write(origin, Kept(fetched_at, 200, b""), NOW) == ""

    filling = Store(tmp_path)
    write("http://first", 0, filling)  # prunes, and need not do so again
    write("http://old", 30.1, filling)
    for number in range(7):
        write(f"http://{number}", 1 + number, filling)
    other = tmp_path / "notes.robots"
    other.write_bytes(b"mine")
    os.utime(other, (0, 0))
    abandoned = tmp_path / f".bookprice-{'b' * 16}.tmp"
    abandoned.write_bytes(b"")
    os.utime(abandoned, (0, 0))
    with temporary_file(tmp_path / "fresh") as fresh:
        write("http://last", 0, Store(tmp_path))
        kept = {"http://first", "http://last", "http://0", "http://1", "http://2"}
        expected = {robots_store._file_name(origin) for origin in kept} | {other.name, fresh.path.name}
        assert {path.name for path in files(tmp_path)} == expected


def test_copies_of_thirty_days_stay(tmp_path: Path) -> None:
    """A copy is also removed for its age alone, but not a moment early."""
    filling = Store(tmp_path)
    for origin, days in (("http://first", 0), ("http://young", 29.9), ("http://old", 30.1)):
        filling.write(origin, Kept(NOW - dt.timedelta(days=days), 200, b""), NOW)
    Store(tmp_path).write("http://last", Kept(NOW, 200, b""), NOW)
    kept = {robots_store._file_name(f"http://{name}") for name in ("first", "young", "last")}
    assert {path.name for path in files(tmp_path)} == kept


def test_a_copy_that_cannot_take_its_place_leaves_nothing(tmp_path: Path) -> None:
    """The temporary file is removed, and the reason reported."""
    place = tmp_path / robots_store._file_name("http://a")
    place.mkdir()
    assert "could not be saved" in Store(tmp_path).write("http://a", Kept(NOW, 200, b""), NOW)
    assert files(tmp_path) == [place]


def test_two_processes_never_leave_half_a_copy(tmp_path: Path) -> None:
    """While two write the same copy again and again, a reader finds the one or the other, whole."""
    program = (
        "import sys, datetime as dt; from pathlib import Path\n"
        "from crawler.download.robots_store import Kept, Store\n"
        "now = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)\n"
        "store, body = Store(Path(sys.argv[1])), sys.argv[2].encode() * 20_000\n"
        "for _ in range(100): assert store.write('http://a', Kept(now, 200, body), now) == ''\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", program, os.fspath(tmp_path), letter]) for letter in "xy"
    ]
    store, found = Store(tmp_path), 0
    try:
        while any(writer.poll() is None for writer in writers):
            kept = store.read("http://a")
            if kept is None:
                assert not found
            else:
                found += 1
                assert kept.body in {b"x" * 20_000, b"y" * 20_000}
    finally:
        codes = [writer.wait() for writer in writers]
    assert codes == [0, 0]
    assert found
    assert len(files(tmp_path)) == 1
