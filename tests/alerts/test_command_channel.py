"""Alerts to a command: it gets all of it, and whatever it does ends in time and shows nothing."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.alerts.channels import channels_of
from crawler.alerts.command_channel import CommandChannel
from crawler.alerts.wording import Message
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


def test_no_shell_reads_it(tmp_path: Path) -> None:
    assert channel("touch", str(tmp_path / "a; exit 3 $(exit 4)")).deliver(MESSAGE) is None
    assert [path.name for path in tmp_path.iterdir()] == ["a; exit 3 $(exit 4)"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [("exit 3", "exit code 3"), ("kill -9 $$", "ended by signal 9"), ("exec <&-; exit 0", None)],
)
def test_how_it_ended_is_the_reason(script: str, reason: str | None) -> None:
    assert channel("sh", "-c", f"echo s3cr3t; echo s3cr3t >&2; {script}").deliver(MESSAGE) == reason


def test_a_command_may_ignore_its_stdin() -> None:
    """Even of more than a pipe holds."""
    assert channel("true").deliver(Message("t", "书" * 1_000_000, ())) is None


async def test_a_command_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    """It and what it started are gone."""
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
        with pytest.raises(
            SettingsError, match=r"command: there is no program '.*' that can be run"
        ) as error:
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


def test_channels_stand_in_order(tmp_path: Path) -> None:
    environ = {**os.environ, "KEY": "abc-1"}
    found = channels_of(["wecombot://${KEY}", "ntfys://x"], str(tmp_path / "a.jsonl"), ["true"], environ)
    assert [channel.name for channel in found] == [
        "urls[1] (wecombot)", "urls[2] (ntfys)", f"file {tmp_path / 'a.jsonl'}", "command true",
    ]  # fmt: skip
    assert len({channel.key for channel in found}) == 4
    assert channels_of([], None, [], {}) == ()
