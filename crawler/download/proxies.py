"""Which proxy a request goes through."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

__all__ = ["is_loopback", "proxy_for"]


def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine by its very name: `localhost` or an address of it."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_for(url: str, explicit: str | None) -> str | None:
    """Return the proxy for `url`: the explicit one, else the environment's (`HTTPS_PROXY`, `NO_PROXY` …), else None.

    This machine itself is reached without any proxy, a named one included: the demo shop lives there.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host):
        return None
    if explicit is not None:
        return explicit
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
