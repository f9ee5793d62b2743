"""The feed of alerts: read as a feed reader does, in the reader's language, with the ids of the feed file."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import feedparser  # type: ignore[import-untyped]
import pytest

from crawler.alerts.alert import Alert, AlertKind, PriceEvent
from crawler.alerts.feed_channel import feed_channel
from crawler.alerts.wording import messages_of
from crawler.history.observations import RunRecord
from crawler.prices.observation import Observation
from crawler.watching.watch import Watch, WatchTerms
from crawler.watching.watch_store import WatchStore
from crawler.webapp.access import Access
from tests.webapp.conftest import Site, open_site

AT = dt.datetime(2026, 6, 1, 8, tzinfo=dt.UTC)


def raise_alerts(file: Path, count: int, source: str = "demo") -> list[Alert]:
    """Record alerts, one an hour; the first of them has two events."""
    alerts = []
    with WatchStore(file) as store:
        for number in range(count):
            at = AT + dt.timedelta(hours=number)
            state = store.begin(Watch(WatchTerms(query="三體")), source, "s", AT)
            also = (PriceEvent(AlertKind.NEW_LOWEST, Decimal(25)),) if not number else ()
            alert = Alert(
                "三體", AlertKind.TARGET_PRICE, "1", f"<b>三体</b> {number}", "", at, Decimal(19), Decimal(20),
                source="demo", also=also,
            )  # fmt: skip
            run = RunRecord(f"{source}{number}", source, "三体", at, pages_ok=1, pages_failed=0)
            seen = [Observation("1", "三体", at, Decimal(19))]
            store.keep(state, run, seen, [alert], channels=[], watched=["1"], whole=True)
            alerts.append(alert)
    return alerts


async def feed(site: Site, lang: str = "en") -> Any:
    status, text = await site.get("/alerts.atom", headers={"Accept-Language": lang})
    assert status == 200
    parsed = feedparser.parse(text)
    assert not parsed.bozo
    return parsed


async def test_the_newest_alerts_are_in_the_feed(tmp_path: Path) -> None:
    """At most 100, each with all its events; none of another source."""
    alerts = raise_alerts(tmp_path / "history.sqlite3", 103)
    raise_alerts(tmp_path / "history.sqlite3", 1, "https://search.dangdang.com")
    async with open_site(tmp_path) as site:
        parsed = await feed(site)
    assert len(parsed.entries) == 100
    assert parsed.entries[0].title.endswith("<b>三体</b> 102")
    assert parsed.entries[0].updated == (AT + dt.timedelta(hours=102)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert alerts[-1].title in parsed.entries[0].title


async def test_an_alert_has_all_its_events_and_the_id_of_the_feed_file(tmp_path: Path) -> None:
    [alert] = raise_alerts(tmp_path / "history.sqlite3", 1)
    channel = feed_channel(str(tmp_path / "feed.xml"))
    assert channel.deliver(messages_of([alert])[0]) is None
    async with open_site(tmp_path) as site:
        [entry] = (await feed(site)).entries
    [written] = feedparser.parse((tmp_path / "feed.xml").read_text(encoding="utf-8")).entries
    assert entry.id == written.id
    assert [tag.term for tag in entry.tags] == ["target_price", "new_lowest"]


@pytest.mark.parametrize(
    ("lang", "words"), [("zh-TW", "達到目標"), ("zh-CN", "达到目标"), ("en", "target reached")]
)
async def test_the_feed_is_in_the_language_of_its_reader(tmp_path: Path, lang: str, words: str) -> None:
    raise_alerts(tmp_path / "history.sqlite3", 1)
    async with open_site(tmp_path) as site:
        assert words in (await feed(site, lang)).entries[0].title


async def test_a_feed_that_did_not_change_is_not_sent_again(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        assert (await feed(site)).entries == []
        async with site.session.get("/alerts.atom") as response:
            tag = response.headers["ETag"]
        async with site.session.get("/alerts.atom", headers={"If-None-Match": tag}) as response:
            assert response.status == 304
        raise_alerts(tmp_path / "history.sqlite3", 1)
        async with site.session.get("/alerts.atom", headers={"If-None-Match": tag}) as response:
            assert response.status == 200


async def test_a_feed_reader_sends_the_token_in_the_address(tmp_path: Path) -> None:
    """It keeps no cookies, so it is not redirected; without the token, it gets nothing."""
    token = "a-token-for-readers"  # noqa: S105 – made up
    async with open_site(tmp_path, access=Access(token=token)) as site:
        for path, status in (("", 401), ("?token=wrong", 401), (f"?token={token}", 200)):
            async with site.session.get(f"/alerts.atom{path}", allow_redirects=False) as response:
                assert response.status == status
                assert "Set-Cookie" not in response.headers
