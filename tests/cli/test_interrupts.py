"""Signals in the command, without a search."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest

from crawler.cli import interrupts as module
from crawler.cli.interrupts import Interrupts


def never() -> None:
    raise AssertionError("this signal does not end the process at once")


async def test_the_echo_of_a_signal_is_no_second_one() -> None:
    """A signal that arrives twice at once, as from `timeout` and some parents, stops the search once."""
    reasons: list[str] = []
    with Interrupts() as interrupts, interrupts.stopping(reasons.append, at_once=never):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(0)
    assert reasons == ["interrupted"]
    assert interrupts.exit_code == 130


async def test_a_later_sigterm_is_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the keyboard aborts a search that is already ending; SIGTERM may be repeated at will."""
    monkeypatch.setattr(module, "SAME_KEYSTROKE_SECONDS", 0.0)
    with Interrupts() as interrupts, interrupts.stopping(lambda _reason: None, at_once=never):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert interrupts.exit_code == 143
        with pytest.raises(AssertionError, match="at once"):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_with_nothing_to_stop_a_signal_ends_the_program(number: signal.Signals, code: int) -> None:
    """Before and after the search, a signal exits the ordinary way, with its exit code."""
    with Interrupts(), pytest.raises(SystemExit) as caught:
        signal.raise_signal(number)
    assert caught.value.code == code


class Signalled:
    """An object whose destructor receives a signal; Python ignores what a destructor raises."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


def test_a_signal_whose_exit_python_ignored_comes_again() -> None:
    """A signal during a destructor, or within Python's import, still ends the program."""

    def destroy_and_wait() -> None:
        Signalled()
        threading.Event().wait(20)

    with Interrupts(), pytest.raises(SystemExit) as caught:
        destroy_and_wait()
    assert caught.value.code == 143


def test_handlers_are_given_back() -> None:
    """The previous signal handlers are restored."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Interrupts():
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] != before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
