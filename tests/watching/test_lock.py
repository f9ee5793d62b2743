"""The lock of a history's watches: one round at a time, and one line if it cannot be taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.errors import HistoryError
from crawler.watching.lock import alone, is_running


def lock_of(history: Path) -> Path:
    return history.with_name("h.sqlite3.watch-lock")


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "h.sqlite3"


def test_one_round_at_a_time(history: Path) -> None:
    """A second round is refused while the first runs; without any round, no file is created."""
    assert not is_running(history)
    assert not lock_of(history).exists()
    with alone(history, wait=False) as first:
        assert first
        assert is_running(history)
        with alone(history, wait=False) as second:
            assert not second
        assert is_running(history)  # the second has not taken the first one's lock away
    assert not is_running(history)
    with alone(history, wait=True) as again:
        assert again


def test_a_lock_that_is_a_link_is_refused(history: Path, tmp_path: Path) -> None:
    """A link out of the folder is not followed, and its target is left alone."""
    target = tmp_path / "elsewhere"
    target.write_text("kept")
    lock_of(history).symlink_to(target)
    with pytest.raises(HistoryError) as refused, alone(history, wait=True):
        pass
    assert f"{lock_of(history)} is a link" in str(refused.value)
    assert target.read_text() == "kept"


def test_a_lock_that_cannot_be_made_is_one_line(history: Path) -> None:
    """The message names the file and the system's reason."""
    lock_of(history).mkdir()
    with pytest.raises(HistoryError) as refused, alone(history, wait=False):
        pass
    assert str(refused.value) == f"{lock_of(history)} cannot be created: Is a directory"
