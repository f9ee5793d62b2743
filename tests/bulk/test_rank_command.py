"""`rank`, as a user runs it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from crawler.__main__ import main
from crawler.bulk import rank_report
from crawler.cli import rank
from tests.bulk.rank_results import ISBN, result, write_results


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with results, in an empty folder as the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("COLUMNS", "120")  # as in a file; pytest-xdist sets another width
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    write_results(
        tmp_path / "out",
        [
            result(1, 39.5, isbn=ISBN),
            result(2, 4.5, "EUR", isbn=ISBN),
            result(3, verdict="blocked", status=403),
        ],
    )
    return tmp_path


def test_formats_are_those_of_the_reports() -> None:
    assert set(rank.FORMATS) == set(rank_report.FORMATS)
    assert {form for form in rank.FORMATS if form not in rank_report._FOR_PEOPLE} == rank._DATA


def test_a_table_and_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each -o file has the format of its suffix; stdout has the table."""
    names = ("a.csv", "a.json", "a.md", "a.txt")
    assert main(["rank", "out", *(word for name in names for word in ("-o", name))]) == 0
    shown = capsys.readouterr()
    assert "Cheapest in CNY" in shown.out
    assert "Cheapest in EUR" in shown.out
    assert shown.err == ""
    assert (folder / "a.txt").read_text("utf-8").split() == shown.out.split()
    assert (folder / "a.csv").read_bytes().startswith(b"\xef\xbb\xbfranking,")
    assert (folder / "a.csv").read_bytes().count(b"\xef\xbb\xbf") == 1
    assert len(list(csv.reader((folder / "a.csv").open(encoding="utf-8-sig", newline="")))) == 3
    assert len(json.loads((folder / "a.json").read_text("utf-8"))["rankings"]) == 2
    assert "## Cheapest in CNY" in (folder / "a.md").read_text("utf-8")


def test_rates_and_language(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "rates.csv").write_text("EUR,8.2\n")
    assert main(["rank", "out", "--rates", "rates.csv", "--currency", "cny", "--lang", "zh-TW"]) == 0
    out = capsys.readouterr().out
    assert "CNY 最低價" in out
    assert "€4.50 = ¥36.90" in out
    assert "1 EUR = 8.2 CNY" in out


def test_data_on_stdout_leave_the_facts_to_stderr(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rank", "out", "--format", "json", "--currency", "EUR"]) == 0
    shown = capsys.readouterr()
    assert len(json.loads(shown.out)["rankings"]) == 1
    assert "Not ranked: 1 in CNY, 1 failed pages (blocked 1)" in shown.err


def test_a_damaged_line_is_in_the_exit_code(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report says so, too; a line that is only unfinished is no damage."""
    results = folder / "out" / "results-000-001.jsonl"
    whole = results.read_bytes()
    results.write_bytes(whole + b'{"number": 4, "ur')
    assert main(["rank", "out"]) == 0
    assert "Incomplete" in capsys.readouterr().out
    results.write_bytes(b"{}\n" + whole)
    assert main(["rank", "out"]) == 3
    assert "the first is results-000-001.jsonl:1: " in " ".join(capsys.readouterr().out.split())


WRONG = {
    "no folder": (["missing"], "missing: No such file or directory; give the folder of a bulk crawl"),
    "no results": (["."], "has no results-*.jsonl"),
    "no file of rates": (["out", "--rates", "missing.csv"], "--rates missing.csv: No such file"),
    "no currency": (["out", "--currency", "euros"], "not a currency code such as EUR: 'euros'"),
    "no number": (["out", "--top", "many"], "--top"),
    "unknown suffix": (["out", "-o", "a.pdf"], "a.pdf: unknown format .pdf; use one of .txt, .md"),
    "the same file": (["out", "-o", "a.md", "-o", "./a.md"], "named twice"),
    "no such folder": (["out", "-o", "nowhere/a.md"], "nowhere"),
    "no words": ([], "DIR"),
}


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_usage_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str], arguments: str) -> None:
    """It names the thing, writes nothing and ends with exit code 2."""
    words, expected = WRONG[arguments]
    assert main(["rank", *words]) == 2
    shown = capsys.readouterr()
    assert (shown.out, len(shown.err.splitlines())) == ("", 1)
    assert expected in shown.err
    assert not list(folder.glob("a.*"))


def test_a_full_disk_for_the_temporary_file_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's limit on the size of a file acts like a full disk."""
    write_results(folder / "out", (result(n, n + 1.0, title="x" * 2000) for n in range(200)))
    monkeypatch.setattr("crawler.bulk.rank._PRAGMAS", ("max_page_count = 20",))
    assert main(["rank", "out"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "database or disk is full" in line
    assert "TMPDIR" in line
