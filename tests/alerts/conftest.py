"""Shared parts of the tests of alerts: a check for leaked secrets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.alerts.messages import TOKEN


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
