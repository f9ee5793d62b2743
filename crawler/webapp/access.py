"""The secrets of the application, and the hosts under which it answers."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass, field
from urllib.parse import urlsplit

__all__ = ["Access", "is_loopback", "is_same"]


@dataclass(frozen=True, slots=True)
class Access:
    """The names under which the application answers, and its secrets."""

    names: frozenset[str] = frozenset({"localhost"})
    """Accepted host names: a name that is not here may have been rebound to this machine by its owner."""
    any_address: bool = False
    """True if every address is accepted as a host, not only those of loopback; nobody can rebind an address."""
    token: str | None = field(default=None, repr=False)
    """The access token; None if everyone who reaches the port has access."""
    csrf_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def accepts_host(self, host: str) -> bool:
        """Return True if the value of a Host header names this application."""
        try:
            parts = urlsplit(f"//{host}")
            name, _ = parts.hostname or "", parts.port
        except ValueError:
            return False
        if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
            return False
        if name in self.names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self.any_address or address.is_loopback

    @property
    def session(self) -> str:
        """The value of the session cookie: it proves knowledge of the token without containing it."""
        return hmac.new((self.token or "").encode(), b"session cookie", hashlib.sha256).hexdigest()


def is_loopback(host: str) -> bool:
    """Return True if only this machine can reach a host: a loopback address, or localhost."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_same(given: str, secret: str | None) -> bool:
    """Compare a text with a secret in constant time; nothing equals a secret that is missing or empty."""
    return bool(secret) and hmac.compare_digest(
        given.encode(errors="backslashreplace"), (secret or "").encode()
    )
