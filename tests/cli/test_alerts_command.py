"""`alerts`: list the places and their pending alerts, and send each place a test message."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from crawler.__main__ import main
from crawler.alerts.channels import channels_of
from crawler.watching.delivery import send
from crawler.watching.watch_store import REFUSALS, WatchStore
from tests.alerts.endpoints import Endpoint
from tests.alerts.messages import TOKEN
from tests.cli.conftest import Ended
from tests.watching.test_delivery import SHOP, Place, record_alerts, refuser

Run = Callable[..., Awaitable[Ended]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working folder, with a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CRAWLER_REPORT_LANG", "en")
    monkeypatch.setenv("CRAWLER_HISTORY_PATH", "h.sqlite3")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def configure(folder: Path, text: str) -> tuple[str, ...]:
    (folder / "c.toml").write_text(text, encoding="utf-8")
    return "alerts", "--config", "c.toml"


async def test_each_place_gets_one_test_message(run: Run, folder: Path, service: Endpoint) -> None:
    """The message says that it is a test, and the command reports each result; no token is shown."""
    words = configure(
        folder,
        f"""
        [alerts]
        urls = ["json://reader:${{HOOK_TOKEN}}@127.0.0.1:{service.port}/alerts"]
        file = "alerts.jsonl"
        feed = "alerts.xml"
        command = ["sh", "-c", "cat > told.txt; exit 3", "s3cr3t"]
        """,
    )
    ended = await run(*words, "--test", env={"HOOK_TOKEN": TOKEN})
    assert ended.code == 1
    assert ended.text == "sent to urls[1] (json)\nsent to file alerts.jsonl\nsent to feed alerts.xml\n"
    assert ended.only_line == "bookprice: not sent to command sh: exit code 3"
    ((_, body),) = service.requests
    assert json.loads(body)["title"] == "bookprice: TEST · alerts arrive here"
    (line,) = (folder / "alerts.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["kind"] == "test"
    assert "TEST · alerts arrive here" in (folder / "alerts.xml").read_text("utf-8")
    assert "no price has changed" in (folder / "told.txt").read_text("utf-8")
    listed = await run(*words, env={"HOOK_TOKEN": TOKEN})
    assert (listed.code, listed.err) == (0, "")
    assert listed.text.splitlines() == [
        f"{place}: nothing pending"
        for place in ("urls[1] (json)", "file alerts.jsonl", "feed alerts.xml", "command sh")
    ]
    assert "s3cr3t" not in ended.text + ended.err + listed.text


def test_all_went(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = configure(here, '[[watch]]\nquery = "三體"\n[alerts]\nfile = "a.txt"\n[report]\nlang = "auto"\n')
    assert main([*words, "--test"]) == 0
    assert capsys.readouterr() == ("sent to file a.txt\n", "")
    assert not (here / "h.sqlite3").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "no configuration was found, so there is no place"),
        ("[crawler]\npages = 1\n", "c.toml names no place"),
        ("[alerts]\nurls = []\n", "c.toml names no place"),
        ('[alerts]\nurls = ["json://${NOT_SET}"]\n', "the environment variable NOT_SET is not set"),
        ('[alerts]\nfeed = ""\n', "feed must be the path of a file"),
        ('[alerts]\nfile = "a.xml"\nfeed = "./a.xml"\n', "feed and file name the same file"),
    ],
)
def test_without_a_place_there_is_nothing_to_test(
    here: Path, capsys: pytest.CaptureFixture[str], text: str | None, expected: str
) -> None:
    words = ("alerts",) if text is None else configure(here, text)
    assert main([*words, "--test"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert expected in err


def test_places_of_a_file_that_nobody_named_do_not_count(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "config.toml").write_text('[crawler]\n[alerts]\nfeed = "a.xml"\n', encoding="utf-8")
    for words in (["alerts", "--test"], ["alerts"]):
        assert main(words) == 2
        out, err = capsys.readouterr()
        assert (out, len(err.splitlines())) == ("", 1)
        assert "ignored because this file was not named by --config: [alerts] feed" in err
    assert [path.name for path in here.iterdir()] == ["config.toml"]


def test_what_is_still_to_be_delivered_is_listed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pending and refused alerts by place, including those of a removed place; listing changes nothing."""
    words = configure(here, '[alerts]\nfile = "a.txt"\ncommand = ["true"]\n')
    assert main(list(words)) == 0
    assert capsys.readouterr().out == "file a.txt: nothing pending\ncommand true: nothing pending\n"
    assert not (here / "h.sqlite3").exists()
    to_file, to_command = channels_of([], "a.txt", ["true"], os.environ)
    record_alerts(here / "h.sqlite3", 2)
    for _ in range(REFUSALS):
        send(here / "h.sqlite3", SHOP, [Place(key=to_command.key, refuses=refuser("1"))], lang="en")
    record_alerts(here / "h.sqlite3", 12, first=20)
    with WatchStore(here / "h.sqlite3") as memory:
        memory.hand_over([to_file.key, to_command.key], source=SHOP)
        memory.delivered(to_command.key, [number for (number,) in memory._connection.execute(
            "SELECT id FROM alert WHERE title != 'book 1'"
        )])  # fmt: skip
    record_alerts(here / "h.sqlite3", 1, first=50)
    before = (here / "h.sqlite3").read_bytes()
    assert main(list(words)) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[:2] == ["file a.txt: 12 alerts pending", "  pending: watch books: «book 20»"]
    assert lines[10:13] == [
        "  pending: watch books: «book 29»",
        "  and 2 more",
        "command true: 1 alert refused",
    ]
    assert re.fullmatch(
        r"  refused: watch books: «book 1», refused by command true since [\d: -]+ UTC"
        r" \(it responded 403 Forbidden\); tried again after [\d: -]+ UTC",
        lines[13],
    )
    assert lines[14:] == [
        "places no longer configured: 1 alert pending; the next watch sends them to the current places"
    ]
    assert (here / "h.sqlite3").read_bytes() == before


@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant"])
def test_the_list_is_in_the_readers_language(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    """The only English in it is names of places, keys and commands."""
    monkeypatch.setenv("CRAWLER_REPORT_LANG", lang)
    words = configure(here, '[alerts]\nfile = "a.txt"\n')
    record_alerts(here / "h.sqlite3", 12)
    assert main([*words, "--test"]) == 0
    assert main(list(words)) == 0
    assert main(["alerts"]) == 0
    out = capsys.readouterr().out
    assert set(re.findall("[A-Za-z]+", out)) <= {
        "file",
        "a",
        "txt",
        "stdout",
        "alerts",
        "watch",
        "books",
        "book",
    }
