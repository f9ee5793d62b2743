"""Load the system's CA certificates when the first TLS connection needs them, not when aiohttp is imported.

    with deferred_certificates():
        import aiohttp
    await certificates_loaded()                     # before a TLS connection

At its import, aiohttp (3.14) creates two TLS contexts and loads the certificates into both: 40 ms of CPU before the
first request, although the shop uses plain HTTP. Deferring changes nothing else: whoever first uses such a context
loads its certificates.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["certificates_loaded", "deferred_certificates"]

_patching = threading.Lock()
_loading = threading.Lock()
_deferred: list[_DeferredContext] = []
"""The contexts whose certificates are not loaded yet."""


class _DeferredContext(ssl.SSLContext):
    """A TLS context that loads the CA certificates on first use; then it is an ordinary one."""

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        return _loaded(self).wrap_bio(*args, **options)

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        return _loaded(self).wrap_socket(*args, **options)

    def cert_store_stats(self) -> dict[str, int]:
        return _loaded(self).cert_store_stats()

    def get_ca_certs(self, *args: Any, **options: Any) -> Any:
        return _loaded(self).get_ca_certs(*args, **options)


def _loaded(context: ssl.SSLContext) -> ssl.SSLContext:
    """Load the certificates of a context, unless that is done, and return it."""
    with _loading:
        if isinstance(context, _DeferredContext):
            context.set_default_verify_paths()
            _deferred.remove(context)
            context.__class__ = ssl.SSLContext  # type: ignore[assignment]  # the same layout
    return context


@contextmanager
def deferred_certificates() -> Iterator[None]:
    """Defer loading into the contexts that this thread creates in the block, which is to import aiohttp.

    Do nothing if aiohttp is imported already. Other threads load certificates as always.
    """
    if "aiohttp" in sys.modules:
        yield
        return
    load, importing = ssl.SSLContext.set_default_verify_paths, threading.get_ident()

    def defer(context: ssl.SSLContext) -> None:
        if threading.get_ident() == importing and type(context) is ssl.SSLContext:
            context.__class__ = _DeferredContext
            _deferred.append(context)  # type: ignore[arg-type]  # it is one now
        else:
            load(context)

    with _patching:
        ssl.SSLContext.set_default_verify_paths = defer  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            del ssl.SSLContext.set_default_verify_paths  # inherited again


async def certificates_loaded() -> None:
    """Load the deferred certificates in a thread: that takes 20 ms for each context."""
    for context in [context for context in _deferred if context.verify_mode is not ssl.CERT_NONE]:
        await asyncio.to_thread(_loaded, context)
