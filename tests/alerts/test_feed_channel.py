"""Alerts as an Atom feed: valid, complete, each alert once, and foreign files are left alone."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import feedparser  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.alerts import feed_channel
from crawler.alerts.alert import Alert, AlertKind, PriceEvent
from crawler.alerts.channels import Channel, channels_of
from crawler.alerts.feed_channel import MOST_ENTRIES
from crawler.alerts.feed_facts import packed
from crawler.alerts.refusals import INTERRUPTED
from crawler.alerts.remarks import LaterPrice
from crawler.alerts.wording import Message, messages_of, title_of, trial_message
from crawler.books.note import BookNote
from crawler.errors import OutputError, SettingsError
from crawler.labels import LANGUAGES, Labels, labels_for
from crawler.watching.delivery import send
from crawler.watching.watch_store import WatchStore
from parsers.model import Flag
from tests.alerts.messages import make_alert
from tests.report.hostile import HOSTILE
from tests.watching.test_delivery import SHOP, record_alerts

ROOT = Path(__file__).parents[2]
ATOM = "{http://www.w3.org/2005/Atom}"
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

EVENTFUL = make_alert(
    title='三体 <script>alert("1")</script> & Co',
    also=(PriceEvent(AlertKind.NEW_LOWEST, Decimal(24)),),
    remarks=("median ¥30.00",),
)


def channel(path: Path) -> Channel:
    (found,) = channels_of([], None, (), {}, feed=str(path))
    return found


def deliver(path: Path, *alerts: Alert, say: Labels | None = None) -> None:
    for message in messages_of(alerts, say or Labels("en")):
        assert channel(path).deliver(message) is None


def check_atom(path: Path) -> ET.Element:
    """Check RFC 4287's requirements for a feed (4.1.1, 4.1.2, and the constructs of 3), and its allowed elements."""
    root = ET.fromstring(path.read_bytes())  # noqa: S314 – we have just written it
    assert root.tag == f"{ATOM}feed"

    def one(parent: ET.Element, tag: str, *, least: int = 1, most: int = 1) -> str:
        found = parent.findall(f"{ATOM}{tag}")
        assert least <= len(found) <= most, tag
        return "".join(found[0].itertext()) if found else ""

    for parent, tags in (
        (root, {"id", "title", "updated", "author", "generator", "entry"}),
        *(
            (entry, {"id", "title", "updated", "published", "link", "category", "content"})
            for entry in root.iter(f"{ATOM}entry")
        ),
    ):
        assert {element.tag.removeprefix(ATOM) for element in parent} <= tags
        assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one(parent, "id"))
        assert one(parent, "title").strip()
        assert DATE.fullmatch(one(parent, "updated"))
        assert not (parent.text or "").strip()
    authors = root.findall(f"{ATOM}author")
    assert [one(author, "name") for author in authors] == ["bookprice-crawler"]
    entries = root.findall(f"{ATOM}entry")
    assert len({one(entry, "id") for entry in entries}) == len(entries)
    for entry in entries:
        assert DATE.fullmatch(one(entry, "published"))
        one(entry, "link", least=0)
        content = entry.find(f"{ATOM}content")  # without one a link would have to be there
        assert content is not None
        assert (content.get("type"), len(content)) == ("text", 0)
        assert all(category.get("term") for category in entry.findall(f"{ATOM}category"))
        assert entry.get("{http://www.w3.org/XML/1998/namespace}lang") in LANGUAGES
    updated = [one(entry, "updated") for entry in entries]
    assert updated == sorted(updated, reverse=True)
    return root


def titles(path: Path) -> list[str]:
    return [entry.findtext(f"{ATOM}title", "") for entry in check_atom(path).iter(f"{ATOM}entry")]


def test_a_reader_of_feeds_reads_it(tmp_path: Path) -> None:
    """Without an error: event, time, page, all texts, and no markup, only text."""
    path = tmp_path / "提醒.xml"
    deliver(path, EVENTFUL)
    deliver(path, make_alert(product_id="2", url="", source="demo"), say=Labels("zh-Hant"))
    check_atom(path)
    feed = feedparser.parse(path.read_bytes())
    assert (feed.bozo, feed.version) == (False, "atom10")
    assert (feed.feed.title, feed.feed.author) == ("Book price alerts", "bookprice-crawler")
    demo, first = feed.entries
    assert first.title == title_of([EVENTFUL])
    assert first.link == EVENTFUL.url
    assert first.published == "2026-01-31T08:00:00Z"
    assert [tag.term for tag in first.tags] == ["target_price", "new_lowest"]
    assert (first.content[0].type, first.content[0].language) == ("text/plain", "en")
    assert first.content[0].value.splitlines()[0] == (
        "target reached, lowest price seen: ¥19.90 (target ¥20.00; lowest before ¥24.00, 17% less) · "
        '三体 <script>alert("1")</script> & Co'
    )
    assert b"<script>" not in path.read_bytes()
    assert not demo.get("links")
    assert demo.content[0].language == "zh-Hant"
    assert demo.title.startswith("【DEMO 示範】三体：")
    assert demo.content[0].value.startswith("DEMO 示範：內建示範書店的虛構圖書")


def test_an_alert_that_comes_again_appears_once(tmp_path: Path) -> None:
    """The file is not rewritten; an alert of another time, watch or kind is a different one."""
    path = tmp_path / "alerts.xml"
    deliver(path, EVENTFUL)
    before = path.read_bytes(), path.stat().st_ino
    deliver(path, EVENTFUL)
    assert (path.read_bytes(), path.stat().st_ino) == before
    for changes in (
        {"at": EVENTFUL.at + dt.timedelta(seconds=1)},
        {"watch": "other"},
        {"product_id": "2"},
        {"kind": AlertKind.PRICE_DROP},
        {"source": "demo"},
    ):
        deliver(path, make_alert(**changes))
    assert len(titles(path)) == 6


def test_the_newest_stand_first_and_the_oldest_go(tmp_path: Path) -> None:
    path = tmp_path / "alerts.xml"
    deliver(path, *(make_alert(product_id=str(number), title=f"book {number}") for number in range(100)))
    assert len(titles(path)) == MOST_ENTRIES
    late = make_alert(title="late", at=EVENTFUL.at - dt.timedelta(days=9))
    deliver(path, late)
    found = titles(path)
    assert len(found) == MOST_ENTRIES
    assert found[0] == title_of([late])
    feed_id = check_atom(path).findtext(f"{ATOM}id")
    deliver(path, make_alert(product_id="101"))
    assert check_atom(path).findtext(f"{ATOM}id") == feed_id


def test_the_longest_texts_fit(tmp_path: Path) -> None:
    """A feed full of them can still be read."""
    for number, text in enumerate(("&" * 9999, "𠮷" * 9999, '"' * 9999)):
        path = tmp_path / f"{number}.xml"
        alert = make_alert(
            title=text, watch=text[:100], source=text, remarks=(text,) * 9, note=BookNote(seller=text)
        )
        deliver(path, *(replace(alert, product_id=str(number)) for number in range(MOST_ENTRIES)))
        deliver(path, replace(alert, product_id="new"))
        assert len(titles(path)) == MOST_ENTRIES


def tell_in(path: Path, lang: str, *alerts: Alert, query: str = "三体") -> None:
    """Deliver alerts in the language that a setting chooses, as a round of watches does."""
    for message in messages_of(alerts, labels_for(lang, query), lang=lang, query=query):
        assert channel(path).deliver(message) is None


NOTED = make_alert(
    note=BookNote(volumes=3, volume_price=Decimal("6.63"), flags=frozenset({Flag.SET, Flag.SECOND_HAND})),
    later=LaterPrice(EVENTFUL.at + dt.timedelta(days=3), Decimal(22)),
)


FACTS = packed(NOTED, "三体")


def test_older_entries_follow_the_language(tmp_path: Path) -> None:
    """Whenever the feed is written; their ids, times, links and categories stay."""
    path = tmp_path / "alerts.xml"
    tell_in(path, "zh-Hans", NOTED)
    (before,) = check_atom(path).findall(f"{ATOM}entry")
    for lang, words in (
        ("zh-Hant", "共 3 冊 · 每冊 ¥6.63 · 二手"),
        ("en", "set of 3 · ¥6.63 each · second-hand"),
        ("zh-Hans", "共 3 册 · 每册 ¥6.63 · 二手"),
    ):
        tell_in(path, lang, make_alert(product_id=lang))
        root = check_atom(path)
        *_, after = root.findall(f"{ATOM}entry")
        assert words in after.findtext(f"{ATOM}content", "")
        assert {entry.get("{http://www.w3.org/XML/1998/namespace}lang") for entry in root[5:]} == {lang}
        assert root.findtext(f"{ATOM}title") == Labels(lang)("feed_title")
        for tag in ("id", "updated", "published"):
            assert after.findtext(f"{ATOM}{tag}") == before.findtext(f"{ATOM}{tag}")
        for tag in ("link", "category"):
            assert [each.attrib for each in after.iter(f"{ATOM}{tag}")] == [
                each.attrib for each in before.iter(f"{ATOM}{tag}")
            ]
    assert ET.tostring(after) == ET.tostring(before)


def test_each_older_entry_follows_its_own_query(tmp_path: Path) -> None:
    """Where the language is that of the watch's query."""
    path = tmp_path / "alerts.xml"
    tell_in(path, "en", NOTED, query="三体")
    tell_in(path, "en", replace(NOTED, product_id="2"), query="三體")
    tell_in(path, "auto", replace(NOTED, product_id="3"), query="三体")
    languages = [
        entry.get("{http://www.w3.org/XML/1998/namespace}lang")
        for entry in check_atom(path).iter(f"{ATOM}entry")
    ]
    assert languages == ["zh-Hans", "zh-Hant", "zh-Hans"]


CHANGES = [
    ('"19.9"', '"NaN"'), ('"19.9"', '"cheap"'), ('"target_price"', '"free"'), ('"2026-', '"26-'),
    ('"kept_for":[]', '"kept_for":["fun"]'),
]  # fmt: skip


@pytest.mark.parametrize(
    "damaged", [None, "", "{", "[]", '{"alert": {}}', *(FACTS.replace(*change) for change in CHANGES)]
)
def test_an_entry_whose_facts_are_not_known_stays_as_it_is(tmp_path: Path, damaged: str | None) -> None:
    """That of an earlier version, which has none, and one that somebody has damaged."""
    assert damaged != FACTS
    path = tmp_path / "alerts.xml"
    tell_in(path, "zh-Hans", NOTED)
    text = path.read_text(encoding="utf-8")
    facts = "" if damaged is None else f' bookprice:facts="{escape(damaged, {chr(34): "&quot;"})}"'
    changed = re.sub(r' bookprice:facts="[^"]*"', lambda _: facts, text)
    if damaged is None:
        changed = re.sub(r' xmlns:bookprice="[^"]*"', "", changed)
    path.write_text(changed, encoding="utf-8")
    tell_in(path, "en", make_alert(product_id="2"))
    new, old = check_atom(path).findall(f"{ATOM}entry")
    assert new.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    assert "共 3 册" in old.findtext(f"{ATOM}content", "")
    assert old.get("{http://www.w3.org/XML/1998/namespace}lang") == "zh-Hans"


KILLED = """
import os, signal, sys
from dataclasses import dataclass
from pathlib import Path
from crawler.alerts.channels import channels_of
from crawler.watching.delivery import send

folder, source = Path(sys.argv[1]), sys.argv[2]
(feed,) = channels_of([], None, (), {}, feed=str(folder / "alerts.xml"))

@dataclass
class Killed:
    name: str
    key: str
    def deliver(self, message, stopped=lambda: False):
        feed.deliver(message, stopped)
        os.kill(os.getpid(), signal.SIGKILL)

send(folder / "history.sqlite3", source, [Killed(feed.name, feed.key)], lang="en")
"""


def test_a_delivery_that_is_killed_before_it_is_noted_appears_once(tmp_path: Path) -> None:
    """SIGKILL between the feed and the database: the alert is pending, delivered again, and in the feed once."""
    feed = channel(tmp_path / "alerts.xml")
    record_alerts(tmp_path / "history.sqlite3", 2)
    with WatchStore(tmp_path / "history.sqlite3") as memory:
        memory.hand_over([feed.key], source=SHOP)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), SHOP], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(titles(tmp_path / "alerts.xml")) == 2
    (sent,) = send(tmp_path / "history.sqlite3", SHOP, [feed], lang="en")
    assert (sent.delivered, sent.kept) == (2, 0)
    assert len(titles(tmp_path / "alerts.xml")) == 2


WRITER = """
import resource, sys
from crawler.alerts.channels import channels_of
from crawler.alerts.wording import messages_of
from tests.alerts.messages import make_alert
path, first, times, most = sys.argv[1], *map(int, sys.argv[2:5])
(channel,) = channels_of([], None, [], {}, feed=path)
if most:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
for number in range(first, first + times):
    (message,) = messages_of([make_alert(product_id=str(number))])
    print(channel.deliver(message))
"""
"""Delivers some alerts to a feed, to files of so many bytes at most, and prints what came of each."""


def writer(path: Path, first: int, times: int, most: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), str(first), str(times), str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def test_two_programs_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "alerts.xml"
    writers = [writer(path, first, 25) for first in (0, 50)]
    assert {line for process in writers for line in process.communicate()[0].splitlines()} == {"None"}
    assert len(titles(path)) == 50
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_feed_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "alerts.xml"
    deliver(path, EVENTFUL)
    before = path.read_bytes()
    said = writer(path, 0, 1, most=100).communicate()[0].strip()
    assert said == f"{path} cannot be written: File too large; choose another place"
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


BOMB = b"""<?xml version='1.0' encoding='utf-8'?>
<!DOCTYPE feed [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "/etc/passwd">]>
<feed xmlns="http://www.w3.org/2005/Atom"><generator>bookprice-crawler</generator><title>&b;&c;</title></feed>
"""

FOREIGN = {
    "notes": b"my notes\n",
    "HTML": b"<!doctype html><title>x</title>",
    "a bomb": BOMB,
    "entities": BOMB.replace(b'<!ENTITY c SYSTEM "/etc/passwd">', b"").replace(b"&c;", b""),
    "a bomb in UTF-16": BOMB.decode().replace("utf-8", "utf-16").encode("utf-16"),
    "a feed of another program": b"<?xml version='1.0' encoding='utf-8'?>\n"
    b'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>',
    "a torn feed": b"<?xml version='1.0' encoding='utf-8'?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>",
    "not UTF-8": b"<?xml version='1.0' encoding='utf-8'?>\n<feed>\xff</feed>",
    "deep": b"<?xml version='1.0' encoding='utf-8'?>" + b"<a>" * 100_000 + b"</a>" * 100_000,
    "large": b"<?xml version='1.0' encoding='utf-8'?>" + b" " * 5_000_000,
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path, kind: str) -> None:
    """Reported in one line in advance, and when the file appears later."""
    path = tmp_path / "alerts.xml"
    to = channel(path)
    path.write_bytes(FOREIGN[kind])
    expected = (
        f"{path} is not a feed made by this program; name another file in [alerts] feed, or move it away"
    )
    with pytest.raises(OutputError, match="is not a feed made by this program"):
        channel(path)
    assert to.deliver(messages_of([EVENTFUL])[0]) == expected
    assert path.read_bytes() == FOREIGN[kind]


def test_an_empty_file_may_become_a_feed(tmp_path: Path) -> None:
    """It has no content to lose; its permissions stay."""
    path = tmp_path / "alerts.xml"
    path.touch(0o640)
    deliver(path, EVENTFUL)
    assert len(titles(path)) == 1
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_place_that_cannot_be_is_told_beforehand(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, why in (
        (tmp_path / "none" / "alerts.xml", "there is no folder"),
        (tmp_path, "cannot be written"),
        (tmp_path / "pipe", "it is not a regular file"),
        (tmp_path / "a\0b", "embedded null"),
    ):
        with pytest.raises(OutputError, match=why):
            channel(path)
    with pytest.raises(SettingsError, match="feed and file name the same file"):
        channels_of([], str(tmp_path / "a.xml"), (), {}, feed=str(tmp_path / "b/../a.xml"))
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    to = channel(tmp_path / "sub/alerts.xml")
    (tmp_path / "sub/alerts.xml").symlink_to(tmp_path / "new.xml")
    assert "a link that points outside its folder" in (to.deliver(messages_of([EVENTFUL])[0]) or "")
    assert not (tmp_path / "new.xml").exists()
    (tmp_path / "link.xml").symlink_to(tmp_path / "new.xml")
    deliver(tmp_path / "link.xml", EVENTFUL)
    assert (tmp_path / "link.xml").is_symlink()
    assert len(titles(tmp_path / "new.xml")) == 1


def test_a_folder_that_another_program_holds_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.alerts.file_channel.LOCK_TRIES", 2)
    monkeypatch.setattr("crawler.alerts.file_channel.LOCK_PAUSE", 0)
    to, (message,) = channel(tmp_path / "alerts.xml"), messages_of([EVENTFUL])
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        assert to.deliver(message) == f"{tmp_path} is in use by another program"
        assert to.deliver(message, lambda: True) == INTERRUPTED
    finally:
        os.close(folder)
    assert to.deliver(message) is None


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "//x", "https:///x", 'https://x/"><b>'],
)
def test_no_link_but_to_a_page(tmp_path: Path, url: str) -> None:
    deliver(tmp_path / "alerts.xml", make_alert(url=url))
    assert b"<link" not in (tmp_path / "alerts.xml").read_bytes()


def test_a_test_message_is_one_more_entry(tmp_path: Path) -> None:
    for _ in range(2):
        assert channel(tmp_path / "alerts.xml").deliver(trial_message()) is None
    assert titles(tmp_path / "alerts.xml") == ["bookprice: TEST · alerts arrive here"] * 2


def test_its_name_and_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    feed, file = channels_of([], "a.txt", (), {}, feed="a.xml")[::-1]
    assert (feed.name, file.name) == ("feed a.xml", "file a.txt")
    assert len(feed.key) == 16
    assert feed.key != channels_of([], "a.xml", (), {})[0].key


HOSTILE_TEXT = st.one_of(st.sampled_from(list(HOSTILE.values())), st.text(max_size=40))


@given(HOSTILE_TEXT, HOSTILE_TEXT, HOSTILE_TEXT, st.sampled_from(["", "demo", "<&>"]))
def test_whatever_a_shop_wrote_it_is_valid(title: str, watch: str, url: str, source: str) -> None:
    """The texts read back unchanged, and this program can read the file again."""
    alert = make_alert(
        title=title, watch=watch, url=f"https://x.example/{url}", source=source, remarks=(url,)
    )
    message = Message("", "", (alert,))
    feed = feed_channel._Feed("urn:x", "t", (feed_channel._entry(alert, message.say, "now"),))
    data = feed_channel._encoded(feed, "now")
    assert feed_channel._parsed(data) == feed
    again = feedparser.parse(data)
    assert not again.bozo
    assert again.entries[0].title == title_of([alert])
