"""Alerts as an Atom feed (RFC 4287): a file that is replaced as a whole, the newest alert first.

The feed itself says which alerts it holds: one that is delivered again, after a crash, appears once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import stat
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

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
from crawler.phrases import Phrase, reason_of

if TYPE_CHECKING:
    from crawler.alerts.alert import Alert
    from crawler.alerts.wording import Message
    from crawler.labels import Labels

__all__ = ["MOST_ENTRIES", "FeedChannel", "feed_channel"]

MOST_ENTRIES = 100
"""Alerts in the feed, the newest; a reader that looks once a day misses none of a watch that tells fewer a day."""

ATOM = "http://www.w3.org/2005/Atom"

GENERATOR = "bookprice-crawler"
"""Marks a feed as ours."""

_NAMESPACE = uuid.UUID("6f0d8b3e-4c0b-4f55-9c43-5d2f6a1a7e10")
"""Of the ids of entries (RFC 9562 5.5)."""

_MOST_BYTES = 4 * 1024 * 1024
"""Of a feed that is read back; one of ours has 300 KB at most."""

_NO_IRI = frozenset('<>"{}|\\^`')
"""Characters that stand in no IRI (RFC 3987 2.2)."""

_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class FeedChannel:
    """A file that holds the newest alerts as an Atom feed."""

    name: str
    key: str
    path: str

    def deliver(self, message: Message, stopped: Callable[[], bool] = lambda: False) -> str | None:
        """Put the alerts that the feed does not hold yet into it; return None, or why it cannot be written."""
        try:
            with translate_os_errors(self.path):
                return _add(followed(self.path), message, stopped)
        except OutputError as error:
            return reason_of(error)


def feed_channel(path: str, *, check: bool = True) -> FeedChannel:
    """Return the channel of a feed; its file is not made yet. With `check` OutputError is raised if it cannot be."""
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


@dataclass(frozen=True, slots=True)
class _Entry:
    """An alert in the feed; every text is XML's to escape."""

    id: str
    title: str
    updated: str
    """When it was put into the feed: that is the order of the entries."""
    published: str
    """When the price was seen."""
    language: str
    url: str
    """'' for none."""
    kinds: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class _Feed:
    id: str
    title: str
    entries: tuple[_Entry, ...]


def _add(target: Path, message: Message, stopped: Callable[[], bool]) -> str | None:
    """Put new alerts into the feed at `target`; return None, or that another program holds its folder.

    The folder is locked and not the file, whose place a new one takes. Raises OutputError for a file of somebody else.
    """
    folder = os.open(target.parent, os.O_RDONLY) if os.name == "posix" else None
    try:
        if folder is not None and not lock_file(folder, stopped):
            return INTERRUPTED if stopped() else Phrase("file_held", path=shown(target.parent))
        feed = _read(target)
        held = {entry.id for entry in feed.entries} if feed is not None else set()
        now = dt.datetime.now(dt.UTC).strftime(_TIME)
        entries = (_entry(alert, message.say, now) for alert in message.alerts)
        new = tuple(entry for entry in entries if entry.id not in held)
        if new or feed is None:
            old = feed or _Feed(uuid.uuid4().urn, message.say("feed_title"), ())
            _write(target, _Feed(old.id, old.title, (*new, *old.entries)[:MOST_ENTRIES]), now)
    finally:
        if folder is not None:
            os.close(folder)
    return None


def _entry(alert: Alert, say: Labels, now: str) -> _Entry:
    kinds = tuple(event.kind.value for event in alert.events)
    name = "\0".join([alert.source, alert.watch, alert.product_id, alert.at.isoformat(), *kinds])
    return _Entry(
        id=uuid.uuid5(_NAMESPACE, ascii(name)).urn,  # a name in a damaged history may be no UTF-8
        title=title_of([alert], say),
        updated=now,
        published=alert.at.astimezone(dt.UTC).strftime(_TIME),
        language=say.language,
        url=_link(alert.url),
        kinds=kinds,
        text=text_of([alert], say),
    )


def _link(url: str) -> str:
    """Return a page that a reader may open at a click; '' for anything else."""
    if not followable(url) or not _NO_IRI.isdisjoint(url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.netloc else ""


def _write(target: Path, feed: _Feed, now: str) -> None:
    """Let a new file take the place of the old one, or of a link that was put there meanwhile."""
    with replacing(target) as file:
        file.write(_encoded(feed, now))


def _encoded(feed: _Feed, now: str) -> bytes:
    root = ET.Element("feed", {"xmlns": ATOM})
    _put(root, "id", feed.id)
    _put(root, "title", feed.title)
    _put(root, "updated", feed.entries[0].updated if feed.entries else now)
    _put(ET.SubElement(root, "author"), "name", GENERATOR)
    _put(root, "generator", GENERATOR)
    for entry in feed.entries:
        element = ET.SubElement(root, "entry", {"xml:lang": entry.language})
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
    """Return the feed in a file; None where there is no file, or an empty one.

    Raises OutputError for a file that is no feed of this program.
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
    """Return the feed that was written; None for anything else.

    What this program writes holds no «<!»: no document type, and so no entity that could unpack to gigabytes or name
    a file. In UTF-8, which is checked first, nothing else can begin one.
    """
    if (
        len(data) > _MOST_BYTES
        or b"<!" in data
        or not data.startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    ):
        return None
    try:
        root = ET.fromstring(data)  # noqa: S314 – it declares no entity
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
    )


def _text(element: ET.Element, tag: str) -> str:
    return element.findtext(f"{{{ATOM}}}{tag}", "")
