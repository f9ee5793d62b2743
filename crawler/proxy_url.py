"""A proxy's URL as the user wrote it: checked, taken apart, and never shown with a user name or a password in it.

Someone may misspell the URL so that a part of the user name or password stands where a host, a port or a path does.
So messages never repeat the URL, and name its host only where that can be nothing else.
"""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from crawler.phrases import Phrase

__all__ = ["KIND", "ProxyUrl", "ProxyUrlError", "http_parts"]

KIND = "an http:// or https:// URL with a host"
"""What a proxy must be."""

_OTHER_PROXIES = frozenset({"socks", "socks4", "socks4a", "socks5", "socks5h"})
"""Schemes of proxies that are not supported; any other scheme may be half of a password."""


class ProxyUrlError(ValueError):
    """A proxy's URL cannot be used; the message says why, without any part of it."""


@dataclass(frozen=True, slots=True)
class ProxyUrl:
    """A proxy, apart from its credentials."""

    url: str = field(repr=False)
    """Without user name and password, if they are where they belong."""
    name: str
    """Host and port for a message; empty where they may be a part of the credentials, as any name may."""
    authorization: str | None = field(default=None, repr=False)
    """Value of the Proxy-Authorization header (RFC 7617, in UTF-8); None without credentials."""
    _complete: bool = field(default=False, repr=False)

    def __str__(self) -> str:
        """Return the host as far as it can be shown to who wrote the settings.

        It is shown where user name, password and a host with a dot each have their place. This is for representations
        alone: where a password has an `@` and the one before the host is missing, it shows what follows the first.
        """
        address = self.url.partition("://")[2]
        return self.name or (address if self._complete and "." in address else "…")

    @classmethod
    def parse(cls, text: str) -> ProxyUrl:
        """Read `text`, an http(s) URL with a host, optional credentials and no path. Raises ProxyUrlError."""
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
        except UnicodeEncodeError:  # half a surrogate pair
            raise ProxyUrlError(Phrase("proxy_credentials_no_text")) from None
        name = address if _is_surely_a_host(parts.hostname or "") else ""
        complete = bool(user and password) and "@" not in userinfo
        return cls(f"{parts.scheme}://{address}", name, authorization, complete)


def http_parts(url: str) -> SplitResult | None:
    """Return the parts of an http(s) URL with a host and a possible port; None for anything else."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, brackets that do not close
        return None
    # urlsplit drops tabs and line ends in silence: what is checked must be what is used.
    return parts if fits and url.isprintable() and not any(c.isspace() for c in url) else None


def _basic(user: str, password: str) -> str:
    pair = b":".join(unquote_to_bytes(part.encode("utf-8", "surrogateescape")) for part in (user, password))
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


def _is_surely_a_host(host: str) -> bool:
    """Tell whether `host` can be no part of a user name or password.

    `http://user:1234` and `http://user:p@ss.proxy.example` lack an `@`: a part of the credentials stands for the host.
    """
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
