"""Delivery of alerts: each once, refused ones separately, and late ones with their time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.alerts.alert import Alert, AlertKind, encoded
from crawler.alerts.refusals import FinalRefusal, Refusal
from crawler.alerts.wording import MOST_ALERTS, Message
from crawler.history import opening
from crawler.history.observations import RunRecord
from crawler.history.schema import stored_schema
from crawler.history.store import History
from crawler.prices.observation import Observation
from crawler.watching.delivery import FAILURES, send
from crawler.watching.watch import Watch, WatchTerms
from crawler.watching.watch_store import REFUSALS, REST, WatchStore

NOW = dt.datetime.now(dt.UTC)
SHOP = "https://search.dangdang.com"


@dataclass
class Place:
    """A channel that refuses the alerts that a test names."""

    key: str = "place"
    name: str = "place"
    refuses: Callable[[Message], bool] = lambda _message: False
    taken: list[Message] = field(default_factory=list)
    asked: int = 0
    down: bool = False

    def deliver(self, message: Message, stopped: Callable[[], bool] = lambda: False) -> str | None:
        self.asked += 1
        if self.down:
            return "nothing responds at that address"
        if self.refuses(message):
            return Refusal("it responded 403 Forbidden")
        self.taken.append(message)
        return None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def record_alerts(
    file: Path, number: int, *, first: int = 0, at: dt.datetime = NOW, query: str = "books"
) -> None:
    """Record a run of a watch with this many alerts for the channel."""
    numbers = [str(first + place) for place in range(number)]
    alerts = [
        Alert(query, AlertKind.NEW_BOOK, each, f"book {each}", "", at, Decimal(19), None) for each in numbers
    ]
    with WatchStore(file) as memory:
        state = memory.begin(Watch(WatchTerms(query=query)), SHOP, "search", at)
        memory.keep(
            state,
            RunRecord(f"k{query}{first}", SHOP, query, at, pages_ok=1, pages_failed=0),
            [Observation(each, f"book {each}", at, Decimal(19)) for each in numbers],
            alerts, channels=["place"], watched=numbers, whole=True,
        )  # fmt: skip


def test_each_alert_is_brought_once(file: Path) -> None:
    record_alerts(file, MOST_ALERTS + 5)
    place = Place()
    (sent,) = send(file, SHOP, [place], lang="auto")
    assert (sent.delivered, sent.kept, sent.why) == (MOST_ALERTS + 5, 0, "")
    assert [len(message.alerts) for message in place.taken] == [MOST_ALERTS, 5]
    assert send(file, SHOP, [place], lang="auto") == ()


def ids(place: Place) -> list[str]:
    return sorted((alert.product_id for message in place.taken for alert in message.alerts), key=int)


def refuser(*numbers: str) -> Callable[[Message], bool]:
    return lambda message: any(alert.product_id in numbers for alert in message.alerts)


@pytest.mark.parametrize(
    "refused", [["0"], ["7"], ["19"], ["0", "19"], ["20"], ["3", "30", "59"], ["10", "11"]]
)
def test_what_is_never_taken_keeps_no_other_back(file: Path, refused: list[str]) -> None:
    """All others are delivered in the same round, whatever their positions in a message of 20."""
    record_alerts(file, 3 * MOST_ALERTS)
    place = Place(refuses=refuser(*refused))
    (sent,) = send(file, SHOP, [place], lang="auto")
    assert (sent.delivered, sent.kept) == (3 * MOST_ALERTS - len(refused), len(refused))
    assert sent.why == "it responded 403 Forbidden"
    assert ids(place) == [str(number) for number in range(3 * MOST_ALERTS) if str(number) not in refused]


def test_every_tenth_that_is_refused_keeps_no_other_back(file: Path) -> None:
    """A later alert comes first, in a message of its own; the refused ones are tried again after it."""
    record_alerts(file, FAILURES * MOST_ALERTS)
    refused = [str(number) for number in range(0, FAILURES * MOST_ALERTS, 10)]
    place = Place(refuses=refuser(*refused))
    (first,) = send(file, SHOP, [place], lang="auto")
    assert (first.delivered, first.kept) == (FAILURES * MOST_ALERTS - len(refused), len(refused))
    place.taken.clear()
    record_alerts(file, 1, first=1001)
    (second,) = send(file, SHOP, [place], lang="auto")
    assert (second.delivered, second.why) == (1, "it responded 403 Forbidden")
    assert ids(place) == ["1001"]


def test_two_that_are_refused_first_hold_nothing_up_for_good(file: Path) -> None:
    """A place that accepts neither message nor two of its alerts is left alone; the next round starts with others."""
    record_alerts(file, MOST_ALERTS)
    place = Place(refuses=refuser("0", "1"))
    (first,) = send(file, SHOP, [place], lang="auto")
    assert (place.asked, first.delivered) == (FAILURES, 0)
    (second,) = send(file, SHOP, [place], lang="auto")
    assert (second.delivered, second.kept) == (MOST_ALERTS - 2, 2)


def resting(file: Path, at: dt.datetime = NOW) -> list[tuple[str, str, str]]:
    with WatchStore(file) as memory:
        return [(each.watch, each.title, each.why) for each in memory.resting(source=SHOP, now=at)]


def test_what_is_refused_several_times_rests_for_a_day(file: Path) -> None:
    """It is not tried again until then; doctor names it, with the time and the reason."""
    record_alerts(file, 3)
    place = Place(refuses=refuser("1"))
    outcomes = [send(file, SHOP, [place], lang="auto") for _ in range(REFUSALS)]
    assert [(sent.delivered, sent.kept, sent.resting) for (sent,) in outcomes] == [
        (2, 1, 0),
        (0, 1, 0),
        (0, 1, 1),
    ]
    assert resting(file) == [("books", "book 1", "it responded 403 Forbidden")]
    asked = place.asked
    assert send(file, SHOP, [place], lang="auto") == ()
    assert place.asked == asked
    with WatchStore(file) as memory:
        later = dt.datetime.now(dt.UTC) + REST
        (pending,) = memory.pending("place", source=SHOP, now=later)
        assert pending.alert.product_id == "1"
        assert memory.undelivered(source=SHOP) == {"place": 1}
        assert memory.resting(source=SHOP, now=later) == ()
        memory._connection.execute("UPDATE refusal SET rests_until = 0")
    (again,) = send(file, SHOP, [place], lang="auto")
    assert (again.kept, again.resting) == (1, 1)
    with WatchStore(file) as memory:
        memory._connection.execute("UPDATE refusal SET rests_until = 0")
    place.refuses = refuser()
    (taken,) = send(file, SHOP, [place], lang="auto")
    assert taken.delivered == 1
    with WatchStore(file) as memory:
        assert memory._connection.execute("SELECT count(*) FROM refusal").fetchone() == (0,)


def test_a_rest_that_a_wrong_clock_noted_is_none(file: Path) -> None:
    record_alerts(file, 2)
    place = Place(refuses=refuser("1"))
    for _ in range(REFUSALS):
        send(file, SHOP, [place], lang="auto")
    with WatchStore(file) as memory:
        memory._connection.execute("UPDATE refusal SET rests_until = rests_until * 2")
    (sent,) = send(file, SHOP, [place], lang="auto")
    assert sent.kept == 1


@pytest.mark.parametrize("down", [True, False])
def test_a_place_that_takes_nothing_puts_nothing_to_rest(file: Path, down: bool) -> None:
    """If nobody answers, or a wrong token makes it refuse everything, no alert rests: all are delivered in the end."""
    record_alerts(file, 2 * MOST_ALERTS)
    place = Place(down=down, refuses=lambda _message: True)
    for _ in range(3 * REFUSALS):
        (sent,) = send(file, SHOP, [place], lang="auto")
        assert (sent.delivered, sent.resting) == (0, 0)
    place.down, place.refuses = False, refuser()
    (sent,) = send(file, SHOP, [place], lang="auto")
    assert (sent.delivered, sent.kept) == (2 * MOST_ALERTS, 0)


@pytest.mark.parametrize(
    ("why", "rests"), [(FinalRefusal("it responded 422"), 1), (Refusal("exit code 1"), 0)]
)
def test_an_alert_alone_rests_where_the_reason_says_that_it_is_the_alert(
    file: Path, why: Refusal, rests: int
) -> None:
    class Refuser(Place):
        def deliver(self, message: Message, stopped: Callable[[], bool] = lambda: False) -> str | None:
            return why

    record_alerts(file, 1)
    outcomes = [send(file, SHOP, [Refuser()], lang="auto")[0] for _ in range(REFUSALS)]
    assert [sent.resting for sent in outcomes] == [0, 0, rests]


def test_a_channel_that_goes_down_is_left_alone_after_some_failures(file: Path) -> None:
    """Even if it has accepted something in this round: each failure may take half a minute."""
    record_alerts(file, 10 * MOST_ALERTS)
    place = Place()

    def goes_down(_message: Message) -> bool:
        place.down = True
        return False

    place.refuses = goes_down
    (sent,) = send(file, SHOP, [place], lang="auto")
    assert (place.asked, sent.delivered) == (1 + FAILURES, MOST_ALERTS)


NO_REMARKS = "expected a JSON array of texts, found"

BROKEN = {
    "UPDATE alert SET remarks = '[1' WHERE id = 2": NO_REMARKS,
    "UPDATE alert SET remarks = '[1]' WHERE id = 2": NO_REMARKS,
    "UPDATE alert SET remarks = '{}' WHERE id = 2": NO_REMARKS,
    "UPDATE alert SET remarks = replace(hex(zeroblob(9000)), '0', '[') WHERE id = 2": NO_REMARKS,
    "UPDATE alert SET remarks = 7 WHERE id = 2": NO_REMARKS,
    "UPDATE alert SET kind = 'free' WHERE id = 2": "expected a kind of alert, found 'free'",
    "UPDATE alert SET price = 'cheap' WHERE id = 2": "expected an amount, found 'cheap'",
    "UPDATE alert SET price = -1 WHERE id = 2": "expected an amount, found -1",
    "UPDATE alert SET against = 9223372036854775807 WHERE id = 2": "expected an amount, found 9",
    "UPDATE alert SET at = 9223372036854775807 WHERE id = 2": "expected a moment from 1970 to 2199",
    "UPDATE alert SET at = 'now' WHERE id = 2": "expected a moment from 1970 to 2199",
    "UPDATE alert SET title = x'ff' WHERE id = 2": "expected a text, found a blob",
    "UPDATE alert SET title = CAST(x'ff' AS TEXT) WHERE id = 2": "a text of it is not UTF-8",
    "UPDATE alert SET product = 99 WHERE id = 2": "expected a row, found nothing",
}


@pytest.mark.parametrize(("damage", "why"), BROKEN.items())
def test_an_alert_that_cannot_be_read_stops_no_other(file: Path, damage: str, why: str) -> None:
    """It is named in every round, and left unchanged."""
    record_alerts(file, 3)
    with WatchStore(file) as memory:
        memory._connection.execute("PRAGMA foreign_keys = OFF")
        memory._connection.execute(damage)
    place = Place()
    (sent,) = send(file, SHOP, [place], lang="auto")
    assert ids(place) == ["0", "2"]
    assert (sent.delivered, sent.kept) == (2, 0)
    [unreadable] = sent.unreadable
    assert unreadable.startswith("alert 2 in the history cannot be read: ")
    assert why in unreadable
    (again,) = send(file, SHOP, [place], lang="auto")
    assert (again.delivered, again.unreadable) == (0, sent.unreadable)
    with WatchStore(file) as memory:
        state = memory.known(Watch(WatchTerms(query="books")), SHOP, "search", NOW)
        assert memory.told(state)["0"]


def test_texts_of_any_length_are_delivered(file: Path) -> None:
    """Recorded before texts were cut: a product number of 140,000 digits is one line of a message."""
    record_alerts(file, 2)
    with WatchStore(file) as memory:
        memory._connection.execute(
            "UPDATE product SET product_id = ? WHERE product_id = '1'", ("9" * 140_000,)
        )
        memory._connection.execute("UPDATE alert SET title = ?", ("\x9d" * 300_000,))
    place = Place()
    (sent,) = send(file, SHOP, [place], lang="auto")
    assert (sent.delivered, sent.kept) == (2, 0)
    assert len(place.taken[0].text) < 300
    assert sum(map(len, encoded(place.taken[0].alerts))) < 1000


def test_a_place_is_left_alone_after_some_failures(file: Path) -> None:
    record_alerts(file, 10 * MOST_ALERTS)
    place = Place(refuses=lambda _message: True)
    (sent,) = send(file, SHOP, [place], lang="auto")
    assert (place.asked, sent.kept) == (FAILURES, 10 * MOST_ALERTS)


def test_the_message_under_way_is_the_last_when_it_is_stopped(file: Path) -> None:
    record_alerts(file, 2 * MOST_ALERTS)
    place = Place()
    (sent,) = send(file, SHOP, [place], lang="auto", stopped=lambda: bool(place.taken))
    assert (sent.delivered, sent.kept, sent.why) == (MOST_ALERTS, MOST_ALERTS, "interrupted")


def test_nothing_is_brought_that_cannot_be_noted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a full disk would repeat the same message every time."""
    record_alerts(file, 1)
    with WatchStore(file) as memory:
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
    """A price of last month is not reported as today's."""
    then = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)
    record_alerts(file, 2, at=then)
    later = then + dt.timedelta(days=19)
    with History(file) as history:
        history.record(
            RunRecord("later", SHOP, "books", later, pages_ok=1, pages_failed=0),
            [Observation("1", "book 1", later, Decimal(22))],
        )
    record_alerts(file, 1, first=7)
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
    record_alerts(file, 1)
    record_alerts(file, 1, first=5, query="三體")
    place = Place()
    send(file, SHOP, [place], lang="auto")
    assert [message.title for message in place.taken] == [
        "books: new on these pages: ¥19.00 · book 0",
        "三體：新出現：¥19.00 · book 5",
    ]
