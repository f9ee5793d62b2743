"""Choose the proxy for a request."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from functools import lru_cache
from urllib.request import (  # type: ignore[attr-defined]  # typeshed lacks proxy_bypass_environment
    getproxies,
    getproxies_environment,
    proxy_bypass,
    proxy_bypass_environment,
)

from crawler.download.exchange import Request
from crawler.proxy_url import ProxyUrl

__all__ = ["Proxies", "is_loopback"]

MOST_HOSTS = 4_096
"""The maximum number of hosts whose proxy is remembered."""


@lru_cache(maxsize=MOST_HOSTS)
def is_loopback(host: str) -> bool:
    """Recognize this machine by its literal name: `localhost` or a loopback address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Proxies:
    """The proxy of each host: the explicit one, else the environment's (`HTTPS_PROXY`, `NO_PROXY` …), else none.

    The environment is read once, at the first request. Requests to this machine use no proxy, not even an explicit
    one: the demo shop runs here.
    """

    def __init__(self, explicit: str | None) -> None:
        self._explicit = explicit
        self._environment: dict[str, str] = {}
        self._proxies: dict[str, str] | None = None
        self._known: OrderedDict[tuple[str, str], ProxyUrl | None] = OrderedDict()

    def proxy_for(self, request: Request) -> ProxyUrl | None:
        """Return the proxy for `request`. Raises ProxyUrlError if it is unusable."""
        key = request.scheme, request.host
        if key in self._known:
            return self._known[key]
        text = self._find(*key)
        proxy = self._known[key] = None if text is None else ProxyUrl.parse(text)
        if len(self._known) > MOST_HOSTS:
            self._known.popitem(last=False)
        return proxy

    def _find(self, scheme: str, host: str) -> str | None:
        if is_loopback(host):
            return None
        if self._explicit is not None:
            return self._explicit
        if self._proxies is None:
            self._environment, self._proxies = getproxies_environment(), getproxies()
        proxies = self._proxies
        proxy = proxies.get(scheme) or proxies.get("all")
        if not proxy or self._bypasses(host):
            return None
        return proxy if "://" in proxy else f"http://{proxy}"

    def _bypasses(self, host: str) -> bool:
        """Return True if `host` is exempt; if no variable is set, the system's settings may exempt some."""
        if self._environment:
            return bool(proxy_bypass_environment(host, self._environment))
        return bool(proxy_bypass(host))
