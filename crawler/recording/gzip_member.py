"""Compress one record to one gzip member, as the annexes of the WARC standard recommend."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache

__all__ = ["gzip_member"]

LEVEL = 6
"""Compression level of zlib. Most bodies arrive compressed, so only the headers can still shrink."""

ISAL_LEVEL = 2
"""Compression level of isal: for a page of 10 KB, a fifth of the time, and 0 to 3 % more bytes."""


def gzip_member(data: bytes) -> bytes:
    """Return `data` as a gzip member without a timestamp."""
    return _compressor()(data)


@cache
def _compressor() -> Callable[[bytes], bytes]:
    """Return isal's function if the extra `speed` is installed, else zlib's."""
    try:
        from isal import igzip_lib
    except ImportError:
        return _compress_by_zlib
    return lambda data: igzip_lib.compress(data, ISAL_LEVEL, igzip_lib.COMP_GZIP)


def _compress_by_zlib(data: bytes) -> bytes:
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()
