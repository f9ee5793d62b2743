"""Write a URL as a browser sends it, by the URL Standard (https://url.spec.whatwg.org).

can_ada does the work: the parser of Node.js, a single extension module. Neither urllib nor yarl follows the standard;
they differ from browsers in hosts beyond ASCII, in numeric hosts, backslashes, dot segments and percent-escapes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import can_ada

__all__ = ["LONGEST_URL", "NormalizedUrl", "RefusedUrl", "normalize_url", "without_user_info"]

LONGEST_URL = 65_536
"""Limit in characters, as sent. Servers accept a tenth of it."""

_LONGEST_NAME, _LONGEST_LABEL = 253, 63
"""Limits of a host name and of each label (RFC 1035 §2.3.4)."""

_SCHEME = re.compile(r"[\x00- ]*(?P<name>[A-Za-z][A-Za-z0-9+.-]*):", re.ASCII)

_USER_INFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*:)?(?P<slashes>[/\\]*)[^@]*@(?:.*@)?", re.DOTALL)

_HTTP = frozenset({"http:", "https:"})


class NormalizedUrl(NamedTuple):
    """A URL as a browser sends it."""

    url: str
    """Absolute, percent-encoded ASCII, without fragment."""
    host: str
    """Name and port, as `Request.netloc`; the port only if it is not the scheme's own."""


class RefusedUrl(NamedTuple):
    """A text that is no URL to crawl."""

    reason: str


def normalize_url(text: str) -> NormalizedUrl | RefusedUrl:
    """Return a URL as a browser sends it, or the reason why it cannot be crawled; raise nothing.

    Percent-escapes stay as they are, whatever charset they are in; other characters are encoded as UTF-8.
    """
    try:
        parsed = can_ada.parse(text)
    except ValueError:
        return RefusedUrl(_invalid(text))
    except TypeError:
        return RefusedUrl("it contains half of a surrogate pair")
    if parsed.protocol not in _HTTP:
        return RefusedUrl(_no_http(text))
    url, host = parsed.href.partition("#")[0], parsed.host
    if "@" in url and (parsed.username or parsed.password):
        return RefusedUrl("it contains a user name or password")
    if "^" in url:  # can_ada 3.0 follows the standard of before it was encoded in paths
        path, mark, query = url.partition("?")
        url = path.replace("^", "%5E") + mark + query
    if len(url) > LONGEST_URL:
        return RefusedUrl(f"it is longer than {LONGEST_URL:,} characters")
    if (reason := _unusable_host(host)) is not None:
        return RefusedUrl(reason)
    return NormalizedUrl(url, host)


def without_user_info(text: str) -> str:
    """Return a text that is no URL to crawl without what may be a user name and password: all before its last «@».

    Where a user name ends cannot be told: the text may have spaces, slashes or commas that are not escaped.
    """
    return _USER_INFO.sub(r"\g<scheme>\g<slashes>***@", text, count=1) if "@" in text else text


def _invalid(text: str) -> str:
    scheme = _SCHEME.match(text)
    if scheme is None or scheme["name"].lower() not in {"http", "https"}:
        return _no_http(text)
    return "its host or port is not valid"


def _no_http(text: str) -> str:
    if "\0" in text:
        return "it contains NUL bytes: the list is binary, or UTF-16 without a byte order mark"
    scheme = _SCHEME.match(text)
    if scheme is None or "." in scheme["name"] or scheme["name"] == "localhost":  # a host and a port
        return "it does not begin with http:// or https://"
    return f"its scheme is {scheme['name'][:40]}, not http or https"


@lru_cache(maxsize=4096)
def _unusable_host(host: str) -> str | None:
    """Return the reason that no name server can know a host; None if it can."""
    if host.startswith("["):
        return None
    name = host.partition(":")[0].removesuffix(".")
    labels = name.split(".")
    if not all(labels):
        return "its host has an empty label"
    if len(name) > _LONGEST_NAME or max(map(len, labels)) > _LONGEST_LABEL:
        return "its host is too long"
    return None
