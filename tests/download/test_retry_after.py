"""Retry-After as servers write it, and as they should not."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from crawler.download.retry_after import retry_after

NOW = dt.datetime(2026, 3, 1, 12, 0, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("0000000000000000000000000000007", 7.0),
        ("31622400", 31_622_400.0),  # 366 days
        ("Sun, 01 Mar 2026 12:02:00 GMT", 120.0),
        ("Sunday, 01-Mar-26 12:02:00 GMT", 120.0),
        ("Sun Mar  1 12:02:00 2026", 120.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0.0),
    ],
)
def test_seconds_and_all_three_forms_of_date_are_read(value: str, seconds: float) -> None:
    """Seconds, the preferred date format and the two obsolete ones; a time in the past gives 0."""
    assert retry_after({"Retry-After": value}, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    ["", "-1", "31622401", "1.5", "+3", "1e3", "soon", "120, 60", "٣", "²", "99999999999", "9" * 5000, "nan", "inf",
     "Sun, 01 Mar 9999 12:02:00 GMT", "Sun, 31 Feb 2026 12:02:00 GMT", "Sun, 01 Mar 2026 12:02:00 +99999999"],
)  # fmt: skip
def test_what_cannot_be_read_or_meant_is_none(value: str) -> None:
    """Neither nonsense nor a rest of more than a year is accepted."""
    assert retry_after({"Retry-After": value}, NOW) is None


def test_no_header_is_none() -> None:
    """Without the header nothing is asked for."""
    assert retry_after({"Date": "Sun, 01 Mar 2026 12:00:00 GMT"}, NOW) is None


def test_a_date_is_relative_to_the_servers_own_clock() -> None:
    """A server an hour behind that requests two minutes gets two minutes; without a readable Date, we use our clock."""
    behind = {"Date": "Sun, 01 Mar 2026 11:00:00 GMT", "Retry-After": "Sun, 01 Mar 2026 11:02:00 GMT"}
    assert retry_after(behind, NOW) == 120.0
    assert retry_after(behind | {"Date": "yesterday"}, NOW) == 0.0


def test_names_of_headers_may_have_any_case() -> None:
    """A plain mapping and aiohttp's multidict answer alike."""
    assert retry_after({"RETRY-AFTER": "5"}, NOW) == 5.0
    assert retry_after(CIMultiDict({"retry-after": "5"}), NOW) == 5.0


@given(st.integers(0, 30_000_000))
def test_a_date_means_what_its_seconds_mean(seconds: int) -> None:
    """The same rest, written both ways, is the same number."""
    date = format_datetime(NOW + dt.timedelta(seconds=seconds), usegmt=True)
    assert (
        retry_after({"Retry-After": date}, NOW) == seconds == retry_after({"Retry-After": str(seconds)}, NOW)
    )


texts = st.text() | st.text(alphabet="0123456789 :,+-GMTSunMar") | st.sampled_from(
    ["Sun, 01 Mar 2026 12:02:00 GMT", "Sun Mar  1 12:02:00 2026", "12"]
)  # fmt: skip


@given(texts, texts)
def test_it_never_raises(value: str, date: str) -> None:
    """Whatever two headers hold, the result is None or seconds within a year."""
    seconds = retry_after({"Retry-After": value, "Date": date}, NOW)
    assert seconds is None or 0.0 <= seconds <= 366 * 86_400
