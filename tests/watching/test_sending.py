"""Alerts brought to where they go: each once, the refused ones apart, and late ones with their time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.alerts.alert import Alert, AlertKind
from crawler.alerts.wording import MOST_ALERTS, Message
from crawler.history import opening
from crawler.history.observations import Observation, RunRecord
from crawler.history.schema import stored_schema
from crawler.history.store import History
from crawler.watching.memory import Memory
from crawler.watching.sending import FAILURES, send
from crawler.watching.watch import Watch, WatchTerms

NOW = dt.datetime.now(dt.UTC)
SHOP = "https://search.dangdang.com"


@dataclass
class Place:
    """A channel that refuses what it is told to."""

    key: str = "place"
    name: str = "place"
    refuses: Callable[[Message], bool] = lambda _message: False
    taken: list[Message] = field(default_factory=list)
    asked: int = 0

    def deliver(self, message: Message) -> str | None:
        self.asked += 1
        if self.refuses(message):
            return "it answered 400 Bad Request"
        self.taken.append(message)
        return None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def tell(file: Path, number: int, *, first: int = 0, at: dt.datetime = NOW, query: str = "books") -> None:
    """Record a run of a watch with so many alerts for the channel."""
    numbers = [str(first + place) for place in range(number)]
    alerts = [
        Alert(query, AlertKind.NEW_BOOK, each, f"book {each}", "", at, Decimal(19), None) for each in numbers
    ]
    with Memory(file) as memory:
        state = memory.begin(Watch(WatchTerms(query=query)), SHOP, "search", at)
        memory.keep(
            state,
            RunRecord(f"k{query}{first}", SHOP, query, at, pages_ok=1, pages_failed=0),
            [Observation(each, f"book {each}", at, Decimal(19)) for each in numbers],
            alerts, channels=["place"], watched=numbers, whole=True,
        )  # fmt: skip


def test_each_alert_is_brought_once(file: Path) -> None:
    tell(file, MOST_ALERTS + 5)
    place = Place()
    (sent,) = send(file, SHOP, [place], lang="auto")
    assert (sent.delivered, sent.kept, sent.why) == (MOST_ALERTS + 5, 0, "")
    assert [len(message.alerts) for message in place.taken] == [MOST_ALERTS, 5]
    assert send(file, SHOP, [place], lang="auto") == ()


def test_one_that_is_never_taken_keeps_no_other_back(file: Path) -> None:
    """It is tried again, last, and in no message with what was not refused yet."""
    tell(file, FAILURES * MOST_ALERTS)
    place = Place(refuses=lambda message: any(alert.product_id.endswith("0") for alert in message.alerts))
    (first,) = send(file, SHOP, [place], lang="auto")
    assert (first.delivered, first.kept) == (0, FAILURES * MOST_ALERTS)
    tell(file, 1, first=1001)
    (second,) = send(file, SHOP, [place], lang="auto")
    assert (second.delivered, second.why) == (1, "it answered 400 Bad Request")
    assert [alert.product_id for alert in place.taken[0].alerts] == ["1001"]


def test_a_place_is_left_alone_after_some_failures(file: Path) -> None:
    tell(file, 10 * MOST_ALERTS)
    place = Place(refuses=lambda _message: True)
    (sent,) = send(file, SHOP, [place], lang="auto")
    assert (place.asked, sent.kept) == (FAILURES, 10 * MOST_ALERTS)


def test_the_message_under_way_is_the_last_when_it_is_stopped(file: Path) -> None:
    tell(file, 2 * MOST_ALERTS)
    place = Place()
    (sent,) = send(file, SHOP, [place], lang="auto", stopped=lambda: bool(place.taken))
    assert (sent.delivered, sent.kept, sent.why) == (MOST_ALERTS, MOST_ALERTS, "interrupted")


def test_nothing_is_brought_that_cannot_be_noted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a full disk would have the same message brought at every call."""
    tell(file, 1)
    with Memory(file) as memory:
        memory._connection.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON delivery BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
        schema = stored_schema(memory._connection)  # with the trigger, which would be refused
    monkeypatch.setattr(opening, "expected_schema", lambda _version: schema)
    place = Place()
    with pytest.raises(Exception, match="disk is full"):
        send(file, SHOP, [place], lang="auto")
    assert place.asked == 0


def test_a_late_alert_says_when_it_was_and_what_came_since(file: Path) -> None:
    """A price of last month is not told as one of today."""
    then = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)
    tell(file, 2, at=then)
    later = then + dt.timedelta(days=19)
    with History(file) as history:
        history.record(
            RunRecord("later", SHOP, "books", later, pages_ok=1, pages_failed=0),
            [Observation("1", "book 1", later, Decimal(22))],
        )
    tell(file, 1, first=7)
    place = Place()
    send(file, SHOP, [place], lang="auto")
    lines = [line for message in place.taken for line in message.text.splitlines() if line]
    assert lines == [
        "new on these pages: ¥19.00 · book 0",
        "seen on 2026-03-01 08:00 UTC",
        "new on these pages: ¥19.00 · book 1",
        "seen on 2026-03-01 08:00 UTC; on 2026-03-20 08:00 UTC it was ¥22.00",
        "new on these pages: ¥19.00 · book 7",
    ]


def test_each_watch_is_told_in_its_own_language(file: Path) -> None:
    tell(file, 1)
    tell(file, 1, first=5, query="三體")
    place = Place()
    send(file, SHOP, [place], lang="auto")
    assert [message.title for message in place.taken] == [
        "books: new on these pages: ¥19.00 · book 0",
        "三體：新出現：¥19.00 · book 5",
    ]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "x"), ("at", "soon"), ("at", 2**62), ("price", -5), ("against", b"x"), ("remarks", "[1]"),
        ("remarks", "{"), ("title", b"x"), ("url", b"x"),
    ],
)  # fmt: skip
def test_an_alert_that_cannot_be_read_does_not_stop_the_others(
    file: Path, column: str, value: object
) -> None:
    """It is kept, and named; doctor counts it."""
    tell(file, 3)
    with Memory(file) as memory:
        memory._connection.execute(f"UPDATE alert SET {column} = ? WHERE id = 2", (value,))  # noqa: S608 – names of ours
    place = Place()
    delivered, damaged = send(file, SHOP, [place], lang="auto")
    assert (delivered.delivered, delivered.kept) == (2, 0)
    assert (damaged.delivered, damaged.kept) == (0, 1)
    assert damaged.why.startswith("alert 2 is damaged: ")
    assert send(file, SHOP, [place], lang="auto") == (damaged,)
