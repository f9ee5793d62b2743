"""Alerts in words and as JSON: everything is stated, and a shop's text cannot imitate anything else."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.alerts.alert import TITLE_LIMIT, Alert, AlertKind, PriceEvent, encoded
from crawler.alerts.wording import MOST_ALERTS, happened_in_words, messages_of, text_of, title_of
from crawler.clean import clean
from crawler.labels import LANGUAGES, Labels
from tests.alerts.messages import AT, make_alert
from tests.report.hostile import HOSTILE

HOUR = dt.timedelta(hours=1)

TARGET = make_alert()
DROP = make_alert(kind=AlertKind.PRICE_DROP, against=Decimal(30))
LOWEST = make_alert(
    kind=AlertKind.NEW_LOWEST, against=Decimal(24), remarks=("median ¥30.00", "raised, then cut")
)
NEW = make_alert(kind=AlertKind.NEW_BOOK, price=None, against=None, url="")
BACK = make_alert(kind=AlertKind.BACK_IN_STOCK, price=Decimal(1299), against=None)


@pytest.mark.parametrize(
    ("alert", "lang", "title"),
    [
        (
            TARGET,
            "en",
            "三体: target reached: ¥19.90 (target ¥20.00) · 三体（全三册）",
        ),  # half of 1 % is not worth a word
        (DROP, "en", "三体: cheaper: ¥19.90 (was ¥30.00, 34% less) · 三体（全三册）"),
        (LOWEST, "en", "三体: lowest price seen: ¥19.90 (lowest before ¥24.00, 17% less) · 三体（全三册）"),
        (NEW, "en", "三体: new on these pages: price unknown · 三体（全三册）"),
        (BACK, "en", "三体: back in stock: ¥1,299.00 · 三体（全三册）"),
        (DROP, "zh-Hans", "三体：降价：¥19.90（之前 ¥30.00，便宜 34%） · 三体（全三册）"),
        (BACK, "zh-Hant", "三体：恢復有貨：¥1,299.00 · 三体（全三册）"),
    ],
)
def test_a_title_says_what_happened(alert: Alert, lang: str, title: str) -> None:
    assert title_of([alert], Labels(lang)) == title


def test_the_title_of_many_names_the_most_telling() -> None:
    assert (
        title_of([BACK, DROP, TARGET])
        == "三体: 3 products — target reached: ¥19.90 (target ¥20.00) · 三体（全三册）"
    )
    assert title_of([BACK, NEW], Labels("zh-Hans")) == "三体：2 种商品，新出现：价格不明 · 三体（全三册）"


def test_the_text_has_two_lines_an_alert_at_most() -> None:
    """What happened to which book; its page and the remarks, if any."""
    assert text_of([LOWEST, NEW, BACK]).split("\n") == [
        "lowest price seen: ¥19.90 (lowest before ¥24.00, 17% less) · 三体（全三册）",
        "https://product.dangdang.com/29220317.html · median ¥30.00 · raised, then cut",
        "",
        "new on these pages: price unknown · 三体（全三册）",
        "",
        "back in stock: ¥1,299.00 · 三体（全三册）",
        "https://product.dangdang.com/29220317.html",
    ]


@pytest.mark.parametrize(
    ("price", "against", "said"),
    [
        ("0", "10", "100% less"),
        ("0.01", "100", "99% less"),
        ("10", "10", "(was ¥10.00)"),
        ("11", "10", "(was ¥10.00)"),
        ("0", "0", "(was ¥0.00)"),
    ],
)
def test_percents_are_true(price: str, against: str, said: str) -> None:
    """100 is for a price of 0, and a risen price is not «less»."""
    alert = make_alert(kind=AlertKind.PRICE_DROP, price=Decimal(price), against=Decimal(against))
    assert said in title_of([alert])


@pytest.mark.parametrize(
    ("source", "mark", "words"),
    [
        ("demo", "DEMO", "none of them can be bought"),
        ("http://127.0.0.1:8000", "REPLICA", "http://127.0.0.1:8000"),
    ],
)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_not_of_the_live_shop_is_marked(source: str, mark: str, words: str, lang: str) -> None:
    """In the title, on a separate line, and at every alert."""
    alerts = [make_alert(source=source), make_alert(source=source, url="")]
    lines = text_of(alerts, Labels(lang)).split("\n")
    assert mark in title_of(alerts, Labels(lang))
    assert [mark in line for line in lines] == [True, False, True, False, False, True]
    assert lang != "en" or words in lines[0]


EVENTFUL = make_alert(
    price=Decimal("19.99"),
    against=Decimal(20),
    also=(
        PriceEvent(AlertKind.PRICE_DROP, Decimal(30)),
        PriceEvent(AlertKind.NEW_LOWEST, Decimal(24)),
        PriceEvent(AlertKind.BACK_IN_STOCK),
    ),
    remarks=("median ¥30.00",),
)


@pytest.mark.parametrize(
    ("lang", "title", "compared"),
    [
        (
            "en",
            "target reached, cheaper, lowest price seen, back in stock: ¥19.99",
            " (target ¥20.00; was ¥30.00, 33% less; lowest before ¥24.00, 17% less)",
        ),
        (
            "zh-Hans",
            "达到目标、降价、历史最低、恢复有货：¥19.99",
            "（目标 ¥20.00；之前 ¥30.00，便宜 33%；此前最低 ¥24.00，便宜 17%）",
        ),
    ],
)
def test_a_product_is_named_once_with_all_that_happened(lang: str, title: str, compared: str) -> None:
    say = Labels(lang)
    (message,) = messages_of([EVENTFUL], say)
    assert message.title == say("answer", label="三体", words=f"{title} · 三体（全三册）")
    assert message.text.split("\n") == [
        f"{title}{compared} · 三体（全三册）",
        "https://product.dangdang.com/29220317.html · median ¥30.00",
    ]
    assert json.loads(encoded(message.alerts)[0])["events"] == [
        {"kind": "target_price", "against": 20},
        {"kind": "price_drop", "against": 30},
        {"kind": "new_lowest", "against": 24},
        {"kind": "back_in_stock", "against": None},
    ]


def test_no_message_names_a_product_twice() -> None:
    """Undelivered events of several times are sent in several messages, oldest first."""
    alerts = [make_alert(product_id=number, at=AT + hour * HOUR) for hour in range(3) for number in "12"]
    messages = messages_of([*alerts, make_alert(product_id="3")])
    assert [[alert.product_id for alert in message.alerts] for message in messages] == [
        ["1", "2", "3"],
        ["1", "2"],
        ["1", "2"],
    ]
    assert [alert for message in messages for alert in message.alerts if alert.product_id != "3"] == alerts


@given(st.decimals(0, 100, places=4), st.decimals(0, 100, places=4))
def test_a_percentage_is_that_of_the_printed_prices(price: Decimal, against: Decimal) -> None:
    """Computing it from the message's prices gives the same."""
    words = happened_in_words(make_alert(kind=AlertKind.NEW_LOWEST, price=price, against=against))
    now, before = (Decimal(amount) for amount in re.findall(r"¥(\d+\.\d\d)", words))
    said = re.search(r"(\d+)% less", words)
    if said is None:
        assert now >= before or 100 * (before - now) <= Decimal("0.5") * before
    else:
        assert int(said[1]) == min(round(100 * (before - now) / before), 99 if now else 100)


def test_messages_keep_watches_and_sources_apart() -> None:
    """Every alert is sent once, in order; a watch's alerts together, 20 per message."""
    many = [make_alert(product_id=str(number)) for number in range(MOST_ALERTS + 1)]
    other, demo = make_alert(watch="围城"), make_alert(source="demo")
    messages = messages_of([many[0], other, *many[1:], demo])
    assert [message.alerts for message in messages] == [
        tuple(many[:MOST_ALERTS]), tuple(many[MOST_ALERTS:]), (other,), (demo,),
    ]  # fmt: skip
    assert [message.title.endswith(end) for message, end in zip(messages, (" (1/2)", " (2/2)"), strict=False)]
    assert [message.title for message in messages[1:]] == [
        "三体: target reached: ¥19.90 (target ¥20.00) · 三体（全三册） (2/2)",
        "围城: target reached: ¥19.90 (target ¥20.00) · 三体（全三册）",
        "DEMO — 三体: target reached: ¥19.90 (target ¥20.00) · 三体（全三册）",
    ]
    assert (
        messages[0].title
        == "三体: 20 products — target reached: ¥19.90 (target ¥20.00) · 三体（全三册） (1/2)"
    )
    assert messages_of([]) == ()


MONEY = st.one_of(st.none(), st.decimals(0, 10_000, places=2))

HOSTILE_TEXT = st.one_of(
    st.sampled_from(list(HOSTILE.values())), st.text(max_size=40), st.text().map(lambda t: t * 99)
)


@given(
    st.lists(
        st.builds(
            make_alert,
            watch=HOSTILE_TEXT,
            kind=st.sampled_from(AlertKind),
            title=HOSTILE_TEXT,
            url=st.one_of(st.just(""), HOSTILE_TEXT, st.just("https://product.dangdang.com/1.html")),
            remarks=st.lists(HOSTILE_TEXT, max_size=2).map(tuple),
            source=st.one_of(st.just(""), HOSTILE_TEXT),
            price=MONEY,
            against=MONEY,
            also=st.lists(st.builds(PriceEvent, st.sampled_from(AlertKind), MONEY), max_size=4).map(tuple),
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(LANGUAGES),
)
def test_no_title_makes_more_of_itself(alerts: list[Alert], lang: str) -> None:
    """Whatever a title contains, an alert is one or two lines, fully visible, and one JSON object."""
    text = text_of(alerts, Labels(lang))
    warnings = len({alert.source for alert in alerts if alert.source})
    blocks = text.split("\n\n")
    assert len(blocks) == warnings + len(alerts)
    assert all(1 <= len(block.splitlines()) == block.count("\n") + 1 <= 2 for block in blocks)
    title = title_of(alerts, Labels(lang))
    assert len(title) <= 200
    assert all(line == clean(line) for line in [title, *text.split("\n")])
    assert len(text_of([make_alert(title="书" * 9999)])) < 300
    for line, alert in zip(encoded(alerts), alerts, strict=True):
        assert b"\n" not in line
        assert json.loads(line)["kind"] == alert.kind


def test_json_is_exact() -> None:
    alert = make_alert(
        at=dt.datetime(2026, 1, 31, 16, tzinfo=dt.timezone(dt.timedelta(hours=8))),
        title="三体\n\x1b[31m" + "长" * 999,
        remarks=("一",),
    )
    line = encoded([alert])[0].decode()
    assert '"price":19.90,"against":20.00' in line
    assert json.loads(line) == {
        "watch": "三体",
        "kind": "target_price",
        "product_id": "29220317",
        "title": "三体 " + "长" * (TITLE_LIMIT - 4) + "…",
        "url": "https://product.dangdang.com/29220317.html",
        "at": "2026-01-31T08:00:00Z",
        "price": 19.9,
        "against": 20.0,
        "events": [{"kind": "target_price", "against": 20.0}],
        "remarks": ["一"],
        "source": "",
    }
    assert alert.as_json()["price"] == Decimal("19.90")
    assert (NEW.as_json()["price"], NEW.as_json()["against"]) == (None, None)
