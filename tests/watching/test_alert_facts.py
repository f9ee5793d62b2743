"""Alerts are stored as facts and worded when they are sent; those of earlier versions are sent as they were worded."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crawler.alerts.alert import Alert, AlertKind, encoded
from crawler.alerts.channels import channels_of
from crawler.alerts.refusals import Refusal
from crawler.alerts.wording import Message
from crawler.books.note import BookNote
from crawler.history.observations import RunRecord
from crawler.history.schema import APPLICATION_ID, MIGRATIONS, VERSION
from crawler.history.store import History
from crawler.labels import LANGUAGES, Labels
from crawler.phrases import Phrase
from crawler.prices.observation import Observation
from crawler.prices.price_history import PriceHistory, RaisedThenCut, RaiseKind
from crawler.watching.delivery import send
from crawler.watching.overview import open_watch_store
from crawler.watching.run_watch import _settle
from crawler.watching.watch import Watch, WatchTerms
from crawler.watching.watch_store import REFUSALS, WatchStore
from parsers.model import Flag
from tests.factories import STARTED, make_listing, make_result
from tests.watching.test_delivery import Place

SHOP = "https://search.dangdang.com"
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)

HISTORY = PriceHistory(
    since=NOW - 90 * DAY, last_at=NOW, days=80, price=Decimal("19.90"), lowest=Decimal("18.00"),
    lowest_at=NOW - 60 * DAY, median=Decimal("30.00"), previous=Decimal("25.00"), previous_at=NOW - DAY,
    lowest_in_days=43, raised_then_cut=None,
)  # fmt: skip
RAISED = RaisedThenCut(
    RaiseKind.PRICE, before=Decimal("20.00"), raised_to=Decimal("25.00"), raised_at=NOW - 9 * DAY,
    now=Decimal("19.90"), usual_price=Decimal("20.00"),
)  # fmt: skip
BARE = PriceHistory(NOW, NOW, 0, Decimal("19.90"), None, None, None, None, None, None, None)
NOTE = BookNote(
    volumes=3, volume_price=Decimal("6.63"), flags=frozenset({Flag.SET, Flag.SECOND_HAND}),
    kept_for=frozenset({"off_topic", "sold_out"}), seller="新华书店\n", self_operated=False, offers=2,
    highest_offer=Decimal("60.00"),
)  # fmt: skip
ALERT = Alert("三体", AlertKind.NEW_BOOK, "1", "book", "", NOW, Decimal("19.90"), None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def keep(file: Path, *alerts: Alert, query: str = "三体", channels: tuple[str, ...] = ("place",)) -> None:
    """Record a run of a watch with alerts."""
    with WatchStore(file) as memory:
        state = memory.begin(Watch(WatchTerms(query=query, name="三体")), SHOP, "search", NOW)
        seen = [Observation(each.product_id, each.title, NOW, each.price) for each in alerts]
        memory.keep(
            state, RunRecord("k", SHOP, "三体", NOW, pages_ok=1, pages_failed=0), seen, alerts,
            channels=channels, watched=[], whole=True,
        )  # fmt: skip


@pytest.mark.parametrize("history", [None, BARE, HISTORY, replace(HISTORY, raised_then_cut=RAISED)])
@pytest.mark.parametrize("note", [None, BookNote(), BookNote(self_operated=True), NOTE])
def test_facts_are_read_back_as_they_were_recorded(
    file: Path, note: BookNote | None, history: PriceHistory | None
) -> None:
    alert = replace(ALERT, note=note, history=history)
    keep(file, alert)
    with WatchStore(file) as memory:
        (pending,) = memory.pending("place", source=SHOP)
    assert pending.alert == alert


def test_the_file_holds_facts_in_plain_columns(file: Path) -> None:
    """Prices in hundredths of a yuan, times in microseconds, names in English; no sentence of any language."""
    keep(file, replace(ALERT, note=NOTE, history=replace(HISTORY, raised_then_cut=RAISED)))
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        note, history, alert = (
            dict(connection.execute(f"SELECT * FROM {table}").fetchone())  # noqa: S608 – of the tuple below
            for table in ("alert_note", "alert_history", "alert")
        )
    assert note == {
        "alert": 1, "volumes": 3, "volume_price": 663, "flags": "second_hand,set", "kept_for": "off_topic,sold_out",
        "seller": "新华书店\n", "self_operated": 0, "offers": 2, "highest_offer": 6000,
    }  # fmt: skip

    def microseconds(days: int) -> int:
        return (int(NOW.timestamp()) - days * 86_400) * 1_000_000

    assert history == {
        "alert": 1, "since": microseconds(90), "days": 80, "lowest": 1800, "lowest_at": microseconds(60),
        "median": 3000, "previous": 2500, "previous_at": microseconds(1), "lowest_in_days": 43,
        "raised": "price", "raised_from": 2000, "raised_to": 2500, "raised_at": microseconds(9),
        "usual_price": 2000,
    }  # fmt: skip
    assert (alert["kind"], alert["price"], alert["remarks"]) == ("new_book", 1990, "[]")


def test_a_watch_records_what_it_found_as_facts(file: Path) -> None:
    """Of the book, and of the price before; a message tells both."""
    before = STARTED - DAY
    with History(file) as history:
        history.record(
            RunRecord("k", SHOP, "x", before, pages_ok=1, pages_failed=0),
            [Observation("29220317", "书", before, Decimal(50))],
        )
    watch = Watch(WatchTerms(query="渗透测试", target_price=Decimal(40)))
    with WatchStore(file) as memory:
        state = memory.begin(watch, SHOP, "search", before)
    listing = make_listing(volumes=3, seller="新华书店", self_operated=False)
    made = _settle(
        watch, state, make_result([listing]), file, channels=["place"], zone=dt.UTC, tried=True
    )  # fmt: skip
    place = Place()
    send(file, SHOP, [place], lang="en")
    (message,) = place.taken
    assert message.alerts[0].note == made.alerts[0].note
    assert message.alerts[0].history == made.alerts[0].history
    assert json.loads(encoded(message.alerts, message.say)[0])["remarks"][1:] == [
        "set of 3 · ¥13.00 each · sold by 新华书店",
        "lowest on record · ¥11.00 less than on 2026-01-30 · seen on 2 days since 2026-01-30",
    ]


WORDS = {
    "en": ("new on these pages", "set of 3 · ¥6.63 each", "raised, then cut:", "90-day median"),
    "zh-Hans": ("新出现", "共 3 册 · 每册 ¥6.63", "先涨后降", "90 天中位价"),
    "zh-Hant": ("新出現", "共 3 冊 · 每冊 ¥6.63", "先漲後降", "90 天中位價"),
}


@pytest.mark.parametrize("then", LANGUAGES)
@pytest.mark.parametrize("now", LANGUAGES)
def test_every_channel_words_it_in_the_language_of_the_moment(
    file: Path, tmp_path: Path, then: str, now: str
) -> None:
    """Text, JSON lines, feed and command, after a delivery in another language that failed."""
    command = ["sh", "-c", f'cat > {tmp_path}/stdin; printf %s "$BOOKPRICE_ALERTS" > {tmp_path}/environment']
    environ = {"PATH": "/usr/bin:/bin"}
    texts = channels_of([], str(tmp_path / "a.txt"), command, environ, feed=str(tmp_path / "a.xml"))
    lines = channels_of([], str(tmp_path / "a.jsonl"), (), environ)
    channels = [*texts, *lines]
    alert = replace(ALERT, note=NOTE, history=replace(HISTORY, raised_then_cut=RAISED))
    keep(file, alert, channels=tuple(channel.key for channel in channels))
    down = [Place(key=channel.key, down=True) for channel in channels]
    assert [sent.kept for sent in send(file, SHOP, down, lang=then)] == [1] * len(down)
    assert [sent.delivered for sent in send(file, SHOP, channels, lang=now)] == [1] * len(channels)
    kind, *remarks = WORDS[now]
    foreign = {word for language, words in WORDS.items() if language != now for word in words}
    for name in ("a.txt", "a.xml", "stdin", "a.jsonl", "environment"):
        said = (tmp_path / name).read_text(encoding="utf-8")
        assert all(word in said for word in remarks), name
        assert name in {"a.jsonl", "environment"} or kind in said, name
        assert not any(word in said for word in foreign), name


@pytest.mark.parametrize(("now", "words"), [("en", "seen on "), ("zh-Hans", "的价格"), ("zh-Hant", "的價格")])
def test_a_late_alert_is_dated_in_the_language_of_the_moment(file: Path, now: str, words: str) -> None:
    """Its date is the first of its sentences, wherever they go."""
    keep(file, replace(ALERT, at=NOW - 9 * DAY, history=BARE))
    place = Place()
    send(file, SHOP, [place], lang=now)
    (message,) = place.taken
    (alert,) = message.alerts
    late, *_ = json.loads(encoded([alert], message.say)[0])["remarks"]
    assert words in late
    assert late in message.text


@pytest.mark.parametrize(("hours", "day"), [(0, "2026-01-01"), (8, "2026-01-02")])
def test_days_are_those_of_the_reader_of_the_moment(
    file: Path, monkeypatch: pytest.MonkeyPatch, hours: int, day: str
) -> None:
    """20:00 in UTC is the next day in Beijing, wherever the alert was recorded."""
    since = dt.datetime(2026, 1, 1, 20, tzinfo=dt.UTC)
    keep(file, replace(ALERT, history=replace(HISTORY, since=since)))
    monkeypatch.setattr(
        "crawler.watching.delivery.local_zone", lambda: dt.timezone(dt.timedelta(hours=hours))
    )
    place = Place()
    send(file, SHOP, [place], lang="en")
    assert f"on record since {day}" in place.taken[0].text


def test_auto_follows_the_query_of_the_moment(file: Path) -> None:
    """A watch whose query changes its script speaks the other script from then on, of earlier alerts, too."""
    keep(file, replace(ALERT, note=NOTE), query="三体")
    with WatchStore(file) as memory:
        memory.begin(Watch(WatchTerms(query="三體", name="三体")), SHOP, "another search", NOW)
    place = Place()
    send(file, SHOP, [place], lang="auto")
    assert "共 3 冊" in place.taken[0].text


OLD = """
    INSERT INTO source VALUES (1, 'https://search.dangdang.com');
    INSERT INTO product VALUES (1, 1, '11', '书一'), (2, 1, '12', '书二');
    INSERT INTO watch VALUES (1, 1, '三体', '三体', 'search', 'terms', NOW, NOW, NOW, NOW, 1);
    INSERT INTO alert VALUES
        (1, 1, 1, 'target_price', NOW, 1990, 2000, '书一', '', '["当时的话", "then & there"]'),
        (2, 1, 1, 'new_lowest', NOW, 1990, 2400, '书一', '', '[]'),
        (3, 1, 2, 'new_book', NOW, 900, NULL, '书二', '', '["后来的话"]');
    INSERT INTO delivery (channel, alert, delivered) VALUES
        ('place', 1, 0), ('place', 2, 0), ('place', 3, 1), ('other', 1, 0), ('other', 2, 0), ('other', 3, 0);
"""


def old_file(file: Path, version: int) -> None:
    """Make a history of an earlier version with two worded alerts, of which one channel has one already."""
    with closing(sqlite3.connect(file)) as connection:
        for script in MIGRATIONS[:version]:
            connection.executescript(script)
        connection.executescript(OLD.replace("NOW", str(int(NOW.timestamp()) * 1_000_000)))
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


@pytest.mark.parametrize("version", range(2, VERSION))
def test_alerts_of_an_earlier_version_are_delivered_once_as_they_were_worded(
    file: Path, version: int
) -> None:
    """Their sentences stay as they are; what was delivered is not delivered again."""
    old_file(file, version)
    place, other = Place(), Place(key="other")
    assert [sent.delivered for sent in send(file, SHOP, [place, other], lang="en")] == [1, 2]
    assert send(file, SHOP, [place, other], lang="en") == ()
    (message,) = place.taken
    assert message.text.splitlines() == [
        "target reached, lowest price seen: ¥19.90 (target ¥20.00; lowest before ¥24.00, 17% less) · 书一",
        "当时的话 · then & there",
    ]
    assert [json.loads(line)["remarks"] for line in encoded(other.taken[0].alerts, other.taken[0].say)] == [
        ["当时的话", "then & there"],
        ["后来的话"],
    ]


@pytest.mark.parametrize("version", range(2, VERSION))
def test_to_look_at_a_file_of_an_earlier_version_changes_nothing(file: Path, version: int) -> None:
    """Its last alert is shown with the sentences that it holds."""
    old_file(file, version)
    before = file.read_bytes()
    reader = open_watch_store(file)
    assert reader is not None
    with reader:
        state = reader.state(Watch(WatchTerms(query="三体")), SHOP, "search", NOW)
        assert state is not None
        alert = reader.last_alert(state, SHOP)
    assert alert is not None
    assert alert.remarks_in_words() == ("当时的话", "then & there")
    assert file.read_bytes() == before


def test_a_migrated_file_goes_on(file: Path) -> None:
    """Alerts stored as words and as facts are delivered together; a delivered alert is not sent again."""
    old_file(file, VERSION - 1)
    keep(file, replace(ALERT, product_id="13", note=NOTE))
    with WatchStore(file) as memory:
        state = memory.known(Watch(WatchTerms(query="三体", name="三体")), SHOP, "search", NOW)
        assert [each.kind for each in memory.told(state)["11"]] == [
            AlertKind.TARGET_PRICE,
            AlertKind.NEW_LOWEST,
        ]
    place = Place()
    send(file, SHOP, [place], lang="zh-Hant")
    (message,) = place.taken
    assert "當時" not in message.text
    assert "当时的话" in message.text
    assert "共 3 冊" in message.text


DAMAGE: dict[str, str] = {
    "UPDATE alert_note SET flags = 'shiny' WHERE alert = 2": "expected flags of a listing, found 'shiny'",
    "UPDATE alert_note SET flags = x'00' WHERE alert = 2": "expected a text, found a blob",
    "UPDATE alert_note SET kept_for = 'fun' WHERE alert = 2": "expected reasons to drop a product, found 'fun'",
    "UPDATE alert_note SET seller = x'ff' WHERE alert = 2": "expected a text, found a blob",
    "UPDATE alert_note SET seller = CAST(x'ff' AS TEXT) WHERE alert = 2": "a text of it is not UTF-8",
    "UPDATE alert_note SET self_operated = 2 WHERE alert = 2": "expected 0 or 1, found 2",
    "UPDATE alert_note SET offers = 'many' WHERE alert = 2": "expected a count, found 'many'",
    "UPDATE alert_note SET volume_price = -1 WHERE alert = 2": "expected an amount, found -1",
    "UPDATE alert_history SET since = 'then' WHERE alert = 2": "expected a moment from 1970 to 2199",
    "UPDATE alert_history SET days = -1 WHERE alert = 2": "expected a count, found -1",
    "UPDATE alert_history SET lowest_at = 'then' WHERE alert = 2": "expected a moment from 1970 to 2199",
    "UPDATE alert_history SET raised = 'hopes' WHERE alert = 2": "expected what was raised, found 'hopes'",
    "UPDATE alert_history SET raised_to = NULL WHERE alert = 2": "expected an amount, found nothing",
    "UPDATE alert_history SET raised_at = NULL WHERE alert = 2": "expected a moment from 1970 to 2199",
    "UPDATE alert SET price = NULL WHERE id = 2": "expected an amount, found nothing",
}


@pytest.mark.parametrize(("damage", "why"), DAMAGE.items())
def test_facts_that_cannot_be_read_stop_no_other_alert(file: Path, damage: str, why: str) -> None:
    alert = replace(ALERT, note=NOTE, history=replace(HISTORY, raised_then_cut=RAISED))
    keep(file, *(replace(alert, product_id=number) for number in "123"))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(damage)
    place = Place()
    (sent,) = send(file, SHOP, [place], lang="en")
    assert [each.product_id for message in place.taken for each in message.alerts] == ["1", "3"]
    [unreadable] = sent.unreadable
    assert unreadable.startswith("alert 2 in the history cannot be read: ")
    assert why in unreadable


ODD: dict[str, Callable[[], dict[str, Any]]] = {
    "half a history": lambda: {"history": replace(HISTORY, previous_at=None, lowest_at=None)},
    "a set of unknown size": lambda: {"note": BookNote(flags=frozenset({Flag.SET}))},
    "offers without a price": lambda: {"note": BookNote(offers=9)},
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_facts_that_are_missing_are_left_out(file: Path, odd: str, lang: str) -> None:
    keep(file, replace(ALERT, **ODD[odd]()))
    place = Place()
    (sent,) = send(file, SHOP, [place], lang=lang)
    assert sent.delivered == 1
    assert "None" not in place.taken[0].text


EXIT = Refusal(Phrase("command_exit", n=3))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (None, "結束代碼 3"),
        ("UPDATE refusal SET why_phrase = NULL", "exit code 3"),
        ("UPDATE refusal SET why_phrase = '['", "exit code 3"),
        ('UPDATE refusal SET why_phrase = \'["command_exit", {"n": 4}]\'', "exit code 3"),
        ("UPDATE refusal SET why_phrase = '{}'", "exit code 3"),
    ],
)
def test_why_an_alert_was_refused_is_said_in_the_language_of_the_moment(
    file: Path, damage: str | None, said: str
) -> None:
    """A reason of this program; what the file says otherwise, or what is damaged there, stays English."""

    class Refuser(Place):
        def deliver(self, message: Message, stopped: Callable[[], bool] = lambda: False) -> str | None:
            return EXIT if any(each.product_id == "2" for each in message.alerts) else None

    keep(file, ALERT, replace(ALERT, product_id="2"))
    for _ in range(REFUSALS):
        send(file, SHOP, [Refuser()], lang="en")
    with WatchStore(file) as memory:
        if damage is not None:
            memory._connection.execute(damage)
        (resting,) = memory.resting(source=SHOP, now=dt.datetime.now(dt.UTC))
        state = memory.known(Watch(WatchTerms(query="三体", name="三体")), SHOP, "search", NOW)
        _, why = memory.undelivered_of(state)
    assert resting.why == why == str(EXIT)
    assert Labels("zh-Hant").text(resting.why) == Labels("zh-Hant").text(why) == said
