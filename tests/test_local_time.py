"""The reader's time zone, from the operating system, for days and times in reports."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crawler.local_time import date_in, local_zone, minute_in, offset_name

ZONES = ("Asia/Taipei", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "UTC")

MOMENTS = st.datetimes(dt.datetime(1995, 1, 1), dt.datetime(2037, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001


@pytest.fixture
def machine_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], dt.tzinfo]]:
    """Set the machine's time zone, and return it as the program sees it."""

    def set_zone(name: str) -> dt.tzinfo:
        monkeypatch.setenv("TZ", name)
        time.tzset()
        return local_zone()

    yield set_zone
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("name", ZONES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moment=MOMENTS)
@example(
    moment=dt.datetime(2026, 11, 1, 5, 30, tzinfo=dt.UTC)
)  # New York's clock shows 1:30 for the first time
@example(moment=dt.datetime(2026, 11, 1, 6, 30, tzinfo=dt.UTC))  # and for the second
@example(moment=dt.datetime(2026, 3, 8, 7, 0, tzinfo=dt.UTC))
def test_the_machines_zone_is_the_one_it_is_set_to(
    name: str, moment: dt.datetime, machine_in: Callable[[str], dt.tzinfo]
) -> None:
    """Day, clock and offset are those of the zone at that time, and convert back to it, even in repeated hours."""
    zone, known = machine_in(name), ZoneInfo(name)
    local = moment.astimezone(zone)
    assert (local.replace(tzinfo=None), local.utcoffset()) == (
        moment.astimezone(known).replace(tzinfo=None),
        moment.astimezone(known).utcoffset(),
    )
    assert local.astimezone(dt.UTC) == moment
    assert date_in(zone, moment) == moment.astimezone(known).date()
    assert minute_in(zone, moment) == minute_in(known, moment)


def test_a_zone_without_a_name_serves_too(machine_in: Callable[[str], dt.tzinfo]) -> None:
    assert (
        minute_in(machine_in("CST-8"), dt.datetime(2026, 11, 28, 8, 10, tzinfo=dt.UTC))
        == "2026-11-28 16:10 UTC+8"
    )


@pytest.mark.parametrize(
    ("minutes", "name"),
    [(0, "UTC"), (480, "UTC+8"), (330, "UTC+5:30"), (-210, "UTC-3:30"), (-300, "UTC-5"), (5, "UTC+0:05")],
)
def test_an_offset_is_named_as_people_write_it(minutes: int, name: str) -> None:
    zone = dt.timezone(dt.timedelta(minutes=minutes))
    assert offset_name(dt.datetime(2026, 1, 1, tzinfo=zone)) == name
