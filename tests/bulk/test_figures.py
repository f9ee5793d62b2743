"""Figures of bulk crawls: progress, time left, disk, slowest hosts, throughput; all in bounded memory."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from crawler.bulk import result_lines
from crawler.bulk.model import ShardProgress
from crawler.bulk.process_group import ProcessEvent
from crawler.bulk.progress import Progress, Snapshot, output_files
from crawler.bulk.result_lines import ResultFigures, ResultLine, read_results, result_figures
from crawler.bulk.summary import PASSES
from crawler.bulk.summary_page import throughput_chart
from crawler.bulk.wording import duration, progress_line, rate, size
from crawler.cli import console
from crawler.cli.bulk_display import PLAIN_SECONDS, BulkDisplay
from crawler.labels import ENGLISH
from crawler.phrases import Phrase
from crawler.verdict import Verdict


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def snapshot(**values: object) -> Snapshot:
    """Return a snapshot of a crawl that is half done."""
    plain: dict[str, object] = {
        "done": 50, "done_now": 50, "total": 100, "total_known": True, "verdicts": {"ok": 45, "http_error": 5},
        "in_flight": 8, "rate": 5.0, "seconds": 10.0, "earlier_seconds": 0.0, "output_bytes": 5_000_000,
        "state_bytes": 1_000_000, "disk_free": 10**9, "processes": 2,
    }  # fmt: skip
    return Snapshot(**{**plain, **values})  # type: ignore[arg-type]


def test_progress_adds_up_earlier_runs_and_all_shards() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    progress.total, progress.total_known = 1_000, True
    progress.open_shard(0, {Verdict.OK: 90, Verdict.BLOCKED: 10})
    progress.open_shard(1, {})
    assert progress.snapshot().done == 100
    clock.now += 10
    progress.report(ShardProgress(0, finished=50, verdicts={Verdict.OK: 50}, in_flight=3))
    progress.report(
        ShardProgress(1, finished=30, verdicts={Verdict.OK: 29, Verdict.HTTP_ERROR: 1}, in_flight=4)
    )
    now = progress.snapshot()
    assert (now.done, now.done_now, now.in_flight) == (180, 80, 7)
    assert now.verdicts == {"ok": 169, "blocked": 10, "http_error": 1}
    assert now.rate == pytest.approx(8.0)
    assert now.eta == pytest.approx(820 / 8.0)


def test_a_replaced_process_counts_once() -> None:
    """What it had committed comes from the store, what it had not is not counted any more."""
    progress = Progress()
    progress.open_shard(0, {})
    progress.report(ShardProgress(0, finished=50, verdicts={Verdict.OK: 50}, idle=True))
    assert progress.is_idle(0)
    progress.open_shard(0, {Verdict.OK: 40})
    assert not progress.is_idle(0)
    assert progress.snapshot().done == 40


def test_the_rate_is_that_of_the_last_seconds() -> None:
    """A fast beginning does not promise an early end."""
    clock = Clock()
    progress = Progress(clock=clock)
    progress.open_shard(0, {})
    done = 0
    for second in range(120):
        progress.report(ShardProgress(0, finished=done, verdicts={Verdict.OK: done}))
        now = progress.snapshot()
        clock.now += 1
        done += 100 if second < 60 else 10
    assert now.rate == pytest.approx(10, abs=0.5)
    assert len(progress._samples) < 40


def test_what_cannot_be_foreseen_is_not() -> None:
    """No time left and no disk space are told before the list is read, or before anything is done."""
    assert snapshot(total_known=False).eta is None
    assert snapshot(total_known=False).disk_foreseen is None
    assert snapshot(rate=0.0).eta is None
    assert snapshot(done=0).disk_foreseen is None


def test_a_disk_that_will_be_full_is_told_early() -> None:
    assert snapshot().disk_foreseen == 11_000_000
    assert snapshot().disk_short is None
    assert snapshot(disk_free=5_000_000).disk_short is None
    assert snapshot(disk_free=4_000_000).disk_short == 1_000_000


def test_progress_in_words() -> None:
    assert progress_line(snapshot(), ENGLISH) == (
        "50 of 100 URLs · 5.0 pages/s · ok 45, HTTP error 5 · 0:10 left · 6.0 MB of about 11.0 MB on disk"
    )
    assert progress_line(snapshot(total_known=False), ENGLISH).startswith("50 of 100+ URLs")
    assert progress_line(snapshot(done=100), ENGLISH).endswith("· 6.0 MB on disk")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0:00"), (59.6, "1:00"), (3_723, "1:02:03"), (46 * 86_400, "46 d 0:00:00")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds, ENGLISH) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (999_600, "1.0 MB"), (123_456_789, "123 MB")],
)
def test_sizes(count: int, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0"), (0.034, "0.034"), (1.25, "1.2"), (12_345.6, "12,346")]
)
def test_rates(value: float, words: str) -> None:
    assert rate(value) == words


def line(number: int, **values: object) -> bytes:
    plain = {
        "number": number, "url": f"http://h{number % 3}/", "verdict": "ok", "milliseconds": 100 * (number % 3 + 1),
        "bytes": 10, "fetched_at": "2026-03-01T00:00:05.250Z",
    }  # fmt: skip
    return json.dumps({**plain, **values}).encode() + b"\n"


def test_figures_of_results(tmp_path: Path) -> None:
    """Hosts by mean time, failures, bytes, and the throughput; a line that is no result is counted, not fatal."""
    (tmp_path / "results-000-001.jsonl").write_bytes(b"".join(line(n) for n in range(6)) + b"{torn\n")
    (tmp_path / "results-001-001.jsonl").write_bytes(line(6, verdict="http_error", milliseconds=700))
    (tmp_path / "pages-000-00001.warc.gz").write_bytes(b"no results")
    figures = result_figures(tmp_path, PASSES)
    assert (figures.lines, figures.unreadable, figures.bytes, figures.complete) == (7, 1, 70, True)
    slowest = [(host, each.pages, each.failed, each.mean) for host, each in figures.slowest_hosts(2)]
    assert slowest == [("h0", 3, 1, 300.0), ("h2", 2, 0, 300.0)]
    assert figures.throughput() == [(dt.datetime(2026, 3, 1, 0, 0, 5, tzinfo=dt.UTC), 7.0)]
    assert [each.number for each in read_results(tmp_path, 10)] == list(range(7))
    assert list(output_files(tmp_path)) == [
        "pages-000-00001.warc.gz", "results-000-001.jsonl", "results-001-001.jsonl",
    ]  # fmt: skip


def test_results_are_read_no_longer_than_allowed(tmp_path: Path) -> None:
    """A stopped crawl ends in time, and says that not all results were read."""
    (tmp_path / "results-000-001.jsonl").write_bytes(b"".join(line(n) for n in range(5_000)))
    figures = result_figures(tmp_path, PASSES, seconds=0.0)
    assert not figures.complete
    assert figures.lines < 5_000


def test_the_throughput_of_a_long_crawl_is_bounded() -> None:
    """Intervals become longer as it goes on; no page is lost."""
    figures = ResultFigures()
    start = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    for hour in range(3_000):
        moment = (start + dt.timedelta(hours=hour)).isoformat()
        figures.add(ResultLine(hour, "http://h/", "ok", fetched_at=moment), failed=False)
    assert len(figures.buckets) <= result_lines.MOST_BUCKETS
    assert sum(figures.buckets.values()) == 3_000
    assert sum(height * figures.width for _, height in figures.throughput()) == pytest.approx(3_000)


def test_figures_of_very_many_hosts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slowest hosts are kept, and it is told that others were forgotten."""
    monkeypatch.setattr(result_lines, "MOST_HOSTS", 100)
    figures = ResultFigures()
    for number in range(1_000):
        milliseconds = 9_000.0 if number == 3 else float(number % 50)
        figures.add(ResultLine(number, f"http://h{number}/", "ok", milliseconds=milliseconds), failed=False)
    assert len(figures.hosts) <= 100
    assert figures.forgotten
    assert figures.slowest_hosts(1)[0][0] == "h3"


def test_the_chart_shows_times_of_day() -> None:
    start = dt.datetime(2026, 3, 1, 8, 0, 1, tzinfo=dt.UTC)
    points = [(start + dt.timedelta(seconds=n), float(n)) for n in range(60)]
    svg = throughput_chart(points, 1, ENGLISH)
    assert ">08:00:10<" in svg
    assert svg.count("M") >= 60
    long = throughput_chart([(start + dt.timedelta(hours=n), 1.0) for n in range(24 * 20)], 3_600, ENGLISH)
    assert ">2026-03-0" in long


@pytest.mark.parametrize(
    ("lang", "refused", "none"),
    [("en", "refused", "no"), ("zh-Hans", "不使用", "没有"), ("zh-Hant", "不使用", "沒有")],
)
def test_a_refused_worker_is_told_in_the_users_language(
    capsys: pytest.CaptureFixture[str], lang: str, refused: str, none: str
) -> None:
    """What a cluster says has a code, like all other messages of a crawl."""
    found = Phrase("cluster_program_absent", python="3.11")
    detail = Phrase("cluster_worker_refused", worker="tcp://10.0.0.2:1", found=found, wanted="0.1.0")
    console.speak(lang)
    try:
        with BulkDisplay(quiet=True, verbose=False) as display:
            display.handle(ProcessEvent("refused", detail=detail))
    finally:
        console.speak(None)
    (line,) = capsys.readouterr().err.splitlines()
    assert all(word in line for word in (refused, f"{none} bookprice-crawler", "tcp://10.0.0.2:1"))


def test_plain_lines_come_every_thirty_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal: one line per interval, none with --quiet; a disk that is too small is told at once, once."""
    clock = Clock()
    monkeypatch.setattr("crawler.cli.bulk_display.time.monotonic", clock)
    console.speak(None)
    with BulkDisplay(quiet=False, verbose=False) as display:
        for _ in range(7):
            display.show(snapshot())
            clock.now += PLAIN_SECONDS / 3
        assert capsys.readouterr().err.splitlines() == [progress_line(snapshot(), ENGLISH)] * 2
    with BulkDisplay(quiet=True, verbose=False) as display:
        for _ in range(7):
            display.show(snapshot(disk_free=0))
            clock.now += PLAIN_SECONDS
    (only,) = capsys.readouterr().err.splitlines()
    assert "the disk will be full" in only
