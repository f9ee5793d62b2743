"""Alerts to a command: it gets everything, always ends in time, and its output is not shown."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.alerts.alert import AlertKind, PriceEvent
from crawler.alerts.channels import channels_of
from crawler.alerts.command_channel import CommandChannel
from crawler.alerts.refusals import INTERRUPTED, FinalRefusal
from crawler.alerts.wording import Message, messages_of
from crawler.errors import SettingsError
from tests.alerts.messages import MESSAGE, make_alert
from tests.processes import gone

pytestmark = pytest.mark.usefixtures("nothing_leaks")

KEEP = """
import os, pathlib, sys
folder = pathlib.Path(sys.argv[1])
(folder / "stdin").write_bytes(sys.stdin.buffer.read())
for name in ("BOOKPRICE_TITLE", "BOOKPRICE_ALERTS", "OTHER"):
    (folder / name).write_bytes(os.environb[name.encode()])
print("s3cr3t")
print("s3cr3t", file=sys.stderr)
"""


def channel(*command: str) -> CommandChannel:
    (found,) = channels_of([], None, command, {**os.environ, "OTHER": "there", "LC_ALL": "C"})
    assert isinstance(found, CommandChannel)
    return found


def test_a_command_gets_all_of_it(tmp_path: Path) -> None:
    """The text on stdin, title and alerts in its environment, in UTF-8 whatever the locale."""
    to = channel(sys.executable, "-c", KEEP, str(tmp_path))
    assert to.deliver(MESSAGE) is None
    assert (tmp_path / "stdin").read_text("utf-8") == f"{MESSAGE.text}\n"
    assert (tmp_path / "BOOKPRICE_TITLE").read_text("utf-8") == MESSAGE.title
    (alert,) = json.loads((tmp_path / "BOOKPRICE_ALERTS").read_text("utf-8"))
    assert (alert["title"], alert["price"]) == ("三体（全三册）", 19.9)
    assert (tmp_path / "OTHER").read_text() == "there"


def test_the_longest_titles_fit_into_an_environment(tmp_path: Path) -> None:
    alerts = tuple(make_alert(title="𠮷" * 9999) for _ in range(20))
    assert channel(sys.executable, "-c", KEEP, str(tmp_path)).deliver(Message("t", "x", alerts)) is None
    assert len(json.loads((tmp_path / "BOOKPRICE_ALERTS").read_text("utf-8"))) == 20


def test_the_longest_texts_of_every_kind_fit_into_an_environment(tmp_path: Path) -> None:
    """A product number of 140,000 digits, and everything else that a shop or a foreign history may contain."""
    long = "𠮷" * 140_000
    alerts = tuple(
        make_alert(
            title=long,
            product_id=f"{number}{long}",
            url=f"https://{long}",
            watch=long,
            source=long,
            remarks=(long,) * 9,
            price=Decimal(10**9),
            against=Decimal(10**9),
            also=tuple(PriceEvent(kind, Decimal(10**9)) for kind in list(AlertKind)[1:]),
        )
        for number in range(20)
    )
    (message,) = messages_of(alerts)
    assert channel(sys.executable, "-c", KEEP, str(tmp_path)).deliver(message) is None
    kept = json.loads((tmp_path / "BOOKPRICE_ALERTS").read_text("utf-8"))
    assert len(kept) == 20
    assert {key: len(value) for key, value in kept[0].items() if isinstance(value, str | list)} == {
        "watch": 100, "kind": 12, "product_id": 40, "title": 300, "url": 0, "at": 20, "events": 6, "remarks": 4,
        "source": 100,
    }  # fmt: skip
    assert max(map(len, kept[0]["remarks"])) == 200


def test_what_does_not_fit_is_refused_for_good() -> None:
    """Not like a place that is down: the same message will never fit."""
    why = channel("true").deliver(Message("t" * 200_000, "x", ()))
    assert why == "cannot be started: Argument list too long"
    assert isinstance(why, FinalRefusal)


async def test_a_command_ends_when_its_caller_wants_it_to(tmp_path: Path) -> None:
    """With its children."""
    script = f"sleep 1000 & echo $! $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pids; wait"
    wanted = threading.Event()
    delivering = asyncio.create_task(
        asyncio.to_thread(channel("sh", "-c", script).deliver, MESSAGE, wanted.is_set)
    )
    async with asyncio.timeout(30):
        while not (tmp_path / "pids").exists():  # noqa: ASYNC110 – another process makes it
            await asyncio.sleep(0.02)
    wanted.set()
    assert await delivering == INTERRUPTED
    assert [await gone(int(pid)) for pid in (tmp_path / "pids").read_text().split()] == [True, True]


def test_no_shell_reads_it(tmp_path: Path) -> None:
    assert channel("touch", str(tmp_path / "a; exit 3 $(exit 4)")).deliver(MESSAGE) is None
    assert [path.name for path in tmp_path.iterdir()] == ["a; exit 3 $(exit 4)"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [("exit 3", "exit code 3"), ("kill -9 $$", "killed by signal 9"), ("exec <&-; exit 0", None)],
)
def test_how_it_ended_is_the_reason(script: str, reason: str | None) -> None:
    assert channel("sh", "-c", f"echo s3cr3t; echo s3cr3t >&2; {script}").deliver(MESSAGE) == reason


def test_a_command_may_ignore_its_stdin() -> None:
    """Even if the text is larger than a pipe."""
    assert channel("true").deliver(Message("t", "书" * 1_000_000, ())) is None


async def test_a_command_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    """The command and its children are gone."""
    script = f"sleep 1000 & echo $! $$ > {tmp_path}/pids; wait"
    to = replace(channel("sh", "-c", script), seconds=1.0)
    assert await asyncio.to_thread(to.deliver, MESSAGE) == "killed after 1 s"
    pids = (tmp_path / "pids").read_text().split()
    assert [await gone(int(pid)) for pid in pids] == [True, True]


def test_a_command_that_went_away_is_a_reason(tmp_path: Path) -> None:
    program = tmp_path / "notify"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    to = channel(str(program), "s3cr3t")
    assert to.deliver(MESSAGE) is None
    program.unlink()
    assert to.deliver(MESSAGE) == "cannot be started: No such file or directory"


def test_a_command_that_cannot_be_is_told_beforehand(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no program")
    for program in ("no-such-program-anywhere", str(tmp_path / "plain"), str(tmp_path), ""):
        with pytest.raises(SettingsError, match=r"command: no executable program '.*' found") as error:
            channel(program, "s3cr3t")
        assert "s3cr3t" not in str(error.value)
    with pytest.raises(SettingsError, match="NUL"):
        channel("true", "s3cr3t\0")


def test_its_name_and_key_hold_no_argument() -> None:
    to = channel("/bin/sh", "-c", "s3cr3t")
    assert to.name == "command sh"
    assert "s3cr3t" not in repr(to)
    assert len(to.key) == 16
    assert to.key == channel("/bin/sh", "-c", "s3cr3t").key != channel("/bin/sh", "-cs3cr3t").key


@pytest.mark.usefixtures("preloaded")
def test_channels_stand_in_order(tmp_path: Path) -> None:
    environ = {**os.environ, "KEY": "abc-1"}
    found = channels_of(["wecombot://${KEY}", "ntfys://x"], str(tmp_path / "a.jsonl"), ["true"], environ)
    assert [channel.name for channel in found] == [
        "urls[1] (wecombot)", "urls[2] (ntfys)", f"file {tmp_path / 'a.jsonl'}", "command true",
    ]  # fmt: skip
    assert len({channel.key for channel in found}) == 4
    assert channels_of([], None, [], {}) == ()
