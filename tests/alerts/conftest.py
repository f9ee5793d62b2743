"""Shared parts of the tests of alerts: a check for leaked secrets, and deliveries that start no interpreter."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from crawler.alerts import url_channel
from tests.alerts.messages import TOKEN
from tests.alerts.preloaded_apprise import PreloadedApprise


@pytest.fixture(scope="session")
def apprise_forkserver() -> Iterator[PreloadedApprise]:
    """Keep a process that has loaded Apprise."""
    with PreloadedApprise() as server:
        yield server


@pytest.fixture
def preloaded(apprise_forkserver: PreloadedApprise, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork the processes that run Apprise, instead of starting an interpreter for each."""
    monkeypatch.setattr(url_channel, "run", apprise_forkserver.run_script)


@pytest.fixture
def nothing_leaks(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Fail a test after which the token is in a log record of any logger and level, or on stdout or stderr."""
    for name in ("", "apprise", "requests", "urllib3", "subprocess", "crawler"):
        caplog.set_level(logging.NOTSET + 1, name)
    yield
    out, err = capfd.readouterr()
    records = [record for when in ("setup", "call") for record in caplog.get_records(when)]
    said = "\n".join([out, err, *(f"{record.getMessage()} {record.args}" for record in records)])
    for secret in (TOKEN, quote(TOKEN, safe=""), "s3cr3t"):
        assert secret not in said
    assert (out, err) == ("", "")
