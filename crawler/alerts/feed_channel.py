"""Deliver alerts to an Atom feed (RFC 4287): a file that is replaced as a whole, the newest alert first.

The feed itself records which alerts it contains: one that is delivered again, after a crash, appears once. Beside its
words, each entry contains its facts, as an attribute in a namespace of our own (RFC 4287 6), so that each time the feed
is written, all of it can be in the current language.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import stat
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from crawler.alerts.feed_facts import packed, unpacked
from crawler.alerts.file_channel import lock_file
from crawler.alerts.refusals import INTERRUPTED
from crawler.alerts.wording import followable, text_of, title_of
from crawler.atomic_write import (
    followed,
    probe,
    replacing,
    shown,
    temporary_path,
    translate_os_errors,
)
from crawler.errors import OutputError
from crawler.labels import labels_for
from crawler.phrases import Phrase, reason_of

if TYPE_CHECKING:
    from crawler.alerts.alert import Alert
    from crawler.alerts.wording import Message
    from crawler.labels import Labels

__all__ = ["MOST_ENTRIES", "FeedChannel", "feed_channel", "feed_document"]

MOST_ENTRIES = 100
"""The number of alerts in the feed, the newest; a reader that polls once a day misses none if there are fewer per
day."""

ATOM = "http://www.w3.org/2005/Atom"

GENERATOR = "bookprice-crawler"
"""Identifies a feed of this program."""

_NAMESPACE = uuid.UUID("6f0d8b3e-4c0b-4f55-9c43-5d2f6a1a7e10")
"""The namespace for the ids of entries (RFC 9562 5.5)."""

_OWN = _NAMESPACE.urn
"""The namespace of the attribute with an entry's facts."""

_MOST_BYTES = 4 * 1024 * 1024
"""The maximum size of a feed to read back; our own have at most 3 MB, and a usual text needs a tenth of that."""

_NO_IRI = frozenset('<>"{}|\\^`')
"""Characters that an IRI cannot contain (RFC 3987 2.2)."""

_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class FeedChannel:
    """A file that contains the newest alerts as an Atom feed."""

    name: str
    key: str
    path: str

    def deliver(self, message: Message, stopped: Callable[[], bool] = lambda: False) -> str | None:
        """Add the alerts that the feed lacks; return None, or the reason why it cannot be written."""
        try:
            with translate_os_errors(self.path):
                return _add(followed(self.path), message, stopped)
        except OutputError as error:
            return reason_of(error)


def feed_channel(path: str, *, check: bool = True) -> FeedChannel:
    """Return the channel for a feed, without creating its file. With `check`, raise OutputError if that would fail."""
    if check:
        with translate_os_errors(path):
            target = followed(path)
            if not target.parent.is_dir():
                why = Phrase("no_folder", folder=shown(target.parent))
                raise OutputError(Phrase("not_written", path=shown(path), why=why))
            _read(target)
            probe(temporary_path(target))
    key = hashlib.sha256(f"feed\0{path}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return FeedChannel(f"feed {shown(path)}", key, path)


def feed_document(
    alerts: Iterable[tuple[Alert, str]], *, name: str, lang: str, zone: dt.tzinfo, currency: str
) -> bytes:
    """Return alerts, the newest first, as a feed; each comes with the query of its watch, which «auto» follows.

    The same alert has the same id here and in a feed file. `name` identifies the feed.
    """
    entries, title = [], labels_for(lang, "", zone)("feed_title")
    for alert, query in alerts:
        say = labels_for(lang, query, zone, currency=currency)
        entries.append(_entry(alert, say, alert.at.astimezone(dt.UTC).strftime(_TIME), query))
    feed = _Feed(uuid.uuid5(_NAMESPACE, f"feed\0{name}").urn, title, tuple(entries))
    return _encoded(feed, dt.datetime.fromtimestamp(0, dt.UTC).strftime(_TIME))


@dataclass(frozen=True, slots=True)
class _Entry:
    """An alert in the feed; its texts are not escaped for XML."""

    id: str
    title: str
    updated: str
    """The time at which it was added to the feed, which determines the order of the entries."""
    published: str
    """The time at which the price was seen."""
    language: str
    url: str
    """'' if there is none."""
    kinds: tuple[str, ...]
    text: str
    facts: str = ""
    """The facts behind title and text; '' for an entry of an earlier version and for a test."""


@dataclass(frozen=True, slots=True)
class _Feed:
    id: str
    title: str
    entries: tuple[_Entry, ...]


def _add(target: Path, message: Message, stopped: Callable[[], bool]) -> str | None:
    """Add new alerts to the feed at `target`; return None, or the message that another program has locked its folder.

    The lock is on the folder because a new file replaces the feed. Raises OutputError for a file of another program.
    """
    folder = os.open(target.parent, os.O_RDONLY) if os.name == "posix" else None
    try:
        if folder is not None and not lock_file(folder, stopped):
            return INTERRUPTED if stopped() else Phrase("file_held", path=shown(target.parent))
        feed = _read(target)
        held = {entry.id for entry in feed.entries} if feed is not None else set()
        now = dt.datetime.now(dt.UTC).strftime(_TIME)
        entries = (_entry(alert, message.say, now, message.query) for alert in message.alerts)
        new = tuple(entry for entry in entries if entry.id not in held)
        if new or feed is None:
            old = feed or _Feed(uuid.uuid4().urn, message.say("feed_title"), ())
            room = max(MOST_ENTRIES - len(new), 0)
            kept = [_reworded(entry, message) for entry in old.entries[:room]]
            title = old.title if message.lang in {None, "auto"} else message.say("feed_title")
            _write(target, _Feed(old.id, title, (*new[:MOST_ENTRIES], *kept)), now)
    finally:
        if folder is not None:
            os.close(folder)
    return None


def _reworded(entry: _Entry, message: Message) -> _Entry:
    """Return an older entry in the current language; unchanged if that or the facts are unknown."""
    if message.lang is None or (facts := unpacked(entry.facts)) is None:
        return entry
    say = labels_for(message.lang, facts.query, message.say.zone, currency=message.say.currency)
    try:
        title, text = title_of([facts.alert], say), text_of([facts.alert], say)
    except (ArithmeticError, KeyError, ValueError):  # facts that this program did not write
        return entry
    return replace(entry, title=title, text=text, language=say.language)


def _entry(alert: Alert, say: Labels, now: str, query: str = "") -> _Entry:
    kinds = tuple(event.kind.value for event in alert.events)
    name = "\0".join([alert.source, alert.watch, alert.product_id, alert.at.isoformat(), *kinds])
    return _Entry(
        id=uuid.uuid5(_NAMESPACE, ascii(name)).urn,  # a name in a damaged history may not be UTF-8
        title=title_of([alert], say),
        updated=now,
        published=alert.at.astimezone(dt.UTC).strftime(_TIME),
        language=say.language,
        url=_link(alert.url),
        kinds=kinds,
        text=text_of([alert], say),
        facts=packed(alert, query),
    )


def _link(url: str) -> str:
    """Return a page that a reader can safely open with a click; '' for anything else."""
    if not followable(url) or not _NO_IRI.isdisjoint(url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.netloc else ""


def _write(target: Path, feed: _Feed, now: str) -> None:
    """Replace the old file, or a link that was put in its place meanwhile, with a new file."""
    with replacing(target) as file:
        file.write(_encoded(feed, now))


def _encoded(feed: _Feed, now: str) -> bytes:
    root = ET.Element("feed", {"xmlns": ATOM, "xmlns:bookprice": _OWN})
    _put(root, "id", feed.id)
    _put(root, "title", feed.title)
    _put(root, "updated", feed.entries[0].updated if feed.entries else now)
    _put(ET.SubElement(root, "author"), "name", GENERATOR)
    _put(root, "generator", GENERATOR)
    for entry in feed.entries:
        facts = {"bookprice:facts": entry.facts} if entry.facts else {}
        element = ET.SubElement(root, "entry", {"xml:lang": entry.language} | facts)
        _put(element, "id", entry.id)
        _put(element, "title", entry.title)
        _put(element, "updated", entry.updated)
        _put(element, "published", entry.published)
        if entry.url:
            ET.SubElement(element, "link", {"rel": "alternate", "href": entry.url})
        for kind in entry.kinds:
            ET.SubElement(element, "category", {"term": kind})
        _put(element, "content", entry.text, type="text")
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _put(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = text


def _read(target: Path) -> _Feed | None:
    """Return the feed in a file; None if there is no file, or an empty one.

    Raises OutputError for a file that is not a feed of this program.
    """
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        descriptor = os.open(target, flags)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OutputError(Phrase("not_written", path=shown(target), why=Phrase("no_file")))
        data = file.read(_MOST_BYTES + 1)
    if not data:
        return None
    feed = _parsed(data)
    if feed is None:
        raise OutputError(Phrase("feed_foreign", path=shown(target)))
    return feed


def _parsed(data: bytes) -> _Feed | None:
    """Parse a feed that this program wrote; return None for anything else.

    Such a feed contains no «<!», hence no document type, and no entity that could unpack to gigabytes or name a file.
    In UTF-8, which is checked first, nothing else can begin one.
    """
    if (
        len(data) > _MOST_BYTES
        or b"<!" in data
        or not data.startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    ):
        return None
    try:
        root = ET.fromstring(data)  # noqa: S314 – it declares no entities
    except (ET.ParseError, ValueError):
        return None
    if root.tag != f"{{{ATOM}}}feed" or _text(root, "generator") != GENERATOR:
        return None
    return _Feed(
        _text(root, "id"),
        _text(root, "title"),
        tuple(_entry_of(element) for element in root.findall(f"{{{ATOM}}}entry")),
    )


def _entry_of(element: ET.Element) -> _Entry:
    link = element.find(f"{{{ATOM}}}link")
    categories: Sequence[ET.Element] = element.findall(f"{{{ATOM}}}category")
    return _Entry(
        id=_text(element, "id"),
        title=_text(element, "title"),
        updated=_text(element, "updated"),
        published=_text(element, "published"),
        language=element.get("{http://www.w3.org/XML/1998/namespace}lang", ""),
        url="" if link is None else link.get("href", ""),
        kinds=tuple(category.get("term", "") for category in categories),
        text=_text(element, "content"),
        facts=element.get(f"{{{_OWN}}}facts", ""),
    )


def _text(element: ET.Element, tag: str) -> str:
    return element.findtext(f"{{{ATOM}}}{tag}", "")
