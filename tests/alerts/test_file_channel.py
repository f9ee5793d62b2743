"""Alerts in a file: each message complete or absent, whoever else writes, however full the disk."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.alerts import file_channel
from crawler.alerts.channels import Channel, channels_of
from crawler.alerts.wording import messages_of
from crawler.errors import OutputError
from tests.alerts.messages import MESSAGE, make_alert

ROOT = Path(__file__).parents[2]

WRITER = """
import sys, resource
from crawler.alerts.channels import channels_of
from tests.alerts.messages import MESSAGE
path, times, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
(channel,) = channels_of([], path, [], {})
if most:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
for _ in range(times):
    print(channel.deliver(MESSAGE))
"""
"""Delivers a message to a file some times, to a file of so many bytes at most, and prints what came of it."""


def channel(path: Path) -> Channel:
    (found,) = channels_of([], str(path), (), {})
    return found


def writer(path: Path, times: int, most: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), str(times), str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def test_json_lines(tmp_path: Path) -> None:
    """One line with an object for each alert, with unescaped Chinese, after the existing content."""
    path = tmp_path / "提醒.jsonl"
    path.write_text('{"kind": "torn"', encoding="utf-8")
    (message,) = messages_of([make_alert(product_id="1"), make_alert(product_id="2", title='"\n')])
    assert channel(path).deliver(message) is None
    torn, *lines = path.read_text("utf-8").split("\n")
    assert torn == '{"kind": "torn"'
    assert lines.pop() == ""
    assert [json.loads(line)["product_id"] for line in lines] == ["1", "2"]
    assert "三体（全三册）" in lines[0]


def test_text(tmp_path: Path) -> None:
    """Title, text, and an empty line."""
    path = tmp_path / "alerts.txt"
    to = channel(path)
    assert not path.exists()  # nothing happened yet
    for _ in range(2):
        assert to.deliver(MESSAGE) is None
    assert path.read_text("utf-8") == f"{MESSAGE.title}\n{MESSAGE.text}\n\n" * 2


def test_many_programs_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    writers = [writer(path, 50) for _ in range(4)]
    assert {line for process in writers for line in process.communicate()[0].splitlines()} == {"None"}
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) == 200
    assert {json.loads(line)["title"] for line in lines} == {"三体（全三册）"}


def test_a_full_disk_leaves_no_half(tmp_path: Path) -> None:
    """A partial message is removed, since it will be sent again; later it is written."""
    path = tmp_path / "alerts.txt"
    path.write_text("before\n")
    with writer(path, 1, most=20) as process:
        assert process.stdout is not None
        said = process.stdout.read().strip()
    assert said == f"{path} cannot be written: File too large; choose another place"
    assert path.read_text() == "before\n"
    assert channel(path).deliver(MESSAGE) is None
    assert path.read_text("utf-8") == f"before\n{MESSAGE.title}\n{MESSAGE.text}\n\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_device_is_told() -> None:
    reason = channel(Path("/dev/full")).deliver(MESSAGE)
    assert reason == "/dev/full cannot be written: No space left on device; choose another place"


def test_a_file_that_another_holds_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "alerts.txt"
    monkeypatch.setattr(file_channel, "LOCK_TRIES", 2)
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert channel(path).deliver(MESSAGE) == f"{path} is in use by another program"
    assert path.read_text() == ""
    assert channel(path).deliver(MESSAGE) is None


def test_a_pipe_that_nobody_reads_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="pipe cannot be written"):
        channel(tmp_path / "pipe")


def test_a_pipe_that_is_read_takes_it(tmp_path: Path) -> None:
    """It reports that its reader has gone, instead of losing the message."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        to = channel(path)
        assert to.deliver(MESSAGE) is None
        assert os.read(reader, 10_000).decode() == f"{MESSAGE.title}\n{MESSAGE.text}\n\n"
    finally:
        os.close(reader)
    assert to.deliver(MESSAGE) == f"{path} cannot be written: No such device or address; choose another place"


def test_a_place_that_cannot_be_is_told_beforehand(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"there is no folder .*; create it first"):
        channel(tmp_path / "none" / "alerts.txt")
    with pytest.raises(OutputError, match="cannot be written: Is a directory"):
        channel(tmp_path)
    with pytest.raises(OutputError, match="embedded null"):
        channel(tmp_path / "a\0b")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_went_away_is_a_reason(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    to = channel(folder / "alerts.txt")
    folder.rmdir()
    reason = to.deliver(MESSAGE)
    assert reason is not None
    assert reason.endswith("cannot be written: No such file or directory; choose another place")


def test_its_name_and_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    to = channel(Path("alerts.jsonl"))
    assert to.name == "file alerts.jsonl"
    assert len(to.key) == 16
    assert to.key == channel(Path("alerts.jsonl")).key != channel(Path("alerts.txt")).key


def test_a_link_to_a_file_of_the_same_folder_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe may be anywhere; a growing file elsewhere may serve another purpose."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    (tmp_path / "sub/out.txt").symlink_to(tmp_path / "real.txt")
    (tmp_path / "inner").symlink_to(tmp_path / "sub")
    assert channel(tmp_path / "link.txt").deliver(MESSAGE) is None
    assert MESSAGE.title in (tmp_path / "real.txt").read_text("utf-8")
    with pytest.raises(OutputError, match=r"out\.txt cannot be written: it is a link that points outside"):
        channel(tmp_path / "sub/out.txt")
    monkeypatch.chdir(tmp_path / "sub")
    assert channel(Path("../inner/a.txt")).deliver(MESSAGE) is None
    assert channel(Path("../b.txt")).deliver(MESSAGE) is None
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "sub/pipe.txt").symlink_to(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert channel(tmp_path / "sub/pipe.txt").deliver(MESSAGE) is None
    finally:
        os.close(reader)


def test_a_link_put_there_later_is_not_followed(tmp_path: Path) -> None:
    """The check at the start is not the only one."""
    (tmp_path / "sub").mkdir()
    to = channel(tmp_path / "sub/alerts.txt")
    (tmp_path / "sub/alerts.txt").symlink_to(tmp_path / "new.txt")
    assert "a link that points outside its folder" in (to.deliver(MESSAGE) or "")
    assert not (tmp_path / "new.txt").exists()
