"""Shared parts of the tests: real servers on this machine, for the shop and for alerts."""

from __future__ import annotations

import logging
import random
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from crawler.demo.server import DemoShop
from tests.alerts.endpoints import Endpoint, MailServer, endpoint, mail_server
from tests.alerts.messages import TOKEN
from tests.profiles import USUAL, load_profiles

load_profiles()


@pytest.hookimpl(tryfirst=True)  # before that of hypothesis, which reads it
def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed of a run without one; processes of pytest-xdist get that of the run."""
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(random.getrandbits(32))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print how to repeat the same examples."""
    profile = config.option.hypothesis_profile or USUAL
    terminalreporter.write_line(
        f"examples: --hypothesis-profile={profile} --hypothesis-seed={config.option.hypothesis_seed}"
    )


@pytest.fixture(scope="session", autouse=True)
def _in_utc_and_english() -> Iterator[None]:
    """Give the tests one time zone and an English locale, whatever those of the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        for variable in ("LC_ALL", "LC_MESSAGES"):
            patch.delenv(variable, raising=False)
        patch.setenv("LANG", "C.UTF-8")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(autouse=True)
def _own_hooks() -> Iterator[None]:
    """Undo the changes that a command in this process made to logging and to the interpreter's hooks."""
    root = logging.getLogger()
    handlers, thread_hook, raise_hook = list(root.handlers), threading.excepthook, sys.unraisablehook
    yield
    for handler in [handler for handler in root.handlers if type(handler).__module__.startswith("crawler.")]:
        if handler not in handlers:
            root.removeHandler(handler)
    if getattr(threading.excepthook, "__module__", "").startswith("crawler."):
        threading.excepthook = thread_hook
    if getattr(sys.unraisablehook, "__module__", "").startswith("crawler."):
        sys.unraisablehook = raise_hook


@pytest.fixture
async def shop() -> AsyncIterator[DemoShop]:
    """Serve a demo shop without faults in the test's own loop."""
    async with DemoShop() as shop:
        yield shop


@pytest.fixture
async def service() -> AsyncIterator[Endpoint]:
    """Serve an HTTP server for alerts."""
    async with endpoint() as served:
        yield served


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    """Serve a mail server that requires the token as password."""
    async with mail_server(TOKEN) as served:
        yield served
