"""Check and parse the user's proxy URL, and never show a user name or a password from it.

In a mistyped URL, part of the user name or password may be where a host, a port or a path belongs. So messages never
repeat the URL, and name its host only if it cannot be anything else.
"""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from crawler.phrases import Phrase

__all__ = ["KIND", "ProxyUrl", "ProxyUrlError", "http_parts"]

KIND = "an http:// or https:// URL with a host"
"""The required form of a proxy."""

_OTHER_PROXIES = frozenset({"socks", "socks4", "socks4a", "socks5", "socks5h"})
"""Unsupported proxy schemes that a message may name; any other scheme may be part of a password."""


class ProxyUrlError(ValueError):
    """A proxy's URL is unusable; the message says why, without any part of the URL."""


@dataclass(frozen=True, slots=True)
class ProxyUrl:
    """A proxy, with its credentials kept separate."""

    url: str = field(repr=False)
    """Without user name and password, if these are in the right place."""
    name: str
    """Host and port for messages; empty if they may be part of the credentials, as any name may."""
    authorization: str | None = field(default=None, repr=False)
    """Value of the Proxy-Authorization header (RFC 7617, in UTF-8); None without credentials."""
    _complete: bool = field(default=False, repr=False)

    def __str__(self) -> str:
        """Return the part of the host that the author of the settings may see.

        Show it if user name, password and a host with a dot are all in place. Use this only for representations: with
        an `@` in the password and none before the host, it shows the text after the first one.
        """
        address = self.url.partition("://")[2]
        return self.name or (address if self._complete and "." in address else "…")

    @classmethod
    def parse(cls, text: str) -> ProxyUrl:
        """Parse an http(s) URL with a host, optional credentials and no path. Raises ProxyUrlError."""
        parts = http_parts(text)
        if parts is None or parts.path not in {"", "/"} or parts.query or parts.fragment:
            scheme = text.partition("://")[0].lower()
            if scheme in _OTHER_PROXIES:
                raise ProxyUrlError(Phrase("proxy_unsupported", scheme=scheme))
            raise ProxyUrlError(Phrase("proxy_url_wrong"))
        userinfo, at, address = parts.netloc.rpartition("@")
        user, _, password = userinfo.partition(":")
        try:
            authorization = _basic(user, password) if at else None
        except UnicodeEncodeError:  # a lone surrogate
            raise ProxyUrlError(Phrase("proxy_credentials_no_text")) from None
        name = address if _is_surely_a_host(parts.hostname or "") else ""
        complete = bool(user and password) and "@" not in userinfo
        return cls(f"{parts.scheme}://{address}", name, authorization, complete)


def http_parts(url: str) -> SplitResult | None:
    """Return the parts of an http(s) URL with a host and a valid port; None for anything else."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port that is not a number, or unclosed brackets
        return None
    # urlsplit silently drops tabs and line ends: check exactly what will be used.
    return parts if fits and url.isprintable() and not any(c.isspace() for c in url) else None


def _basic(user: str, password: str) -> str:
    pair = b":".join(unquote_to_bytes(part.encode("utf-8", "surrogateescape")) for part in (user, password))
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


def _is_surely_a_host(host: str) -> bool:
    """Return True if `host` cannot be part of a user name or password.

    `http://user:1234` and `http://user:p@ss.proxy.example` lack an `@`: part of the credentials is in the host's place.
    """
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
