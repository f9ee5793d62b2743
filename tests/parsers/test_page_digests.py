from __future__ import annotations

import hashlib
import json

import pytest

from tests.parsers.page_digests import CAPTURES, DEMO_PAGES, DIGESTS, digest_of, sources

STORED = json.loads(DIGESTS.read_text("utf-8"))


def differing(*, demo: bool) -> list[str]:
    """Return the names of the pages whose content differs from their stored digests."""
    differ = []
    for name, body in sources():
        if name.startswith("demo ") is not demo or name not in STORED:
            continue
        if hashlib.sha256(body).hexdigest()[:16] != STORED[name]["body"]:
            differ.append(f"{name}: not the page that was stored")
        elif digest_of(body) != STORED[name]["page"]:
            differ.append(name)
    return differ


def test_demo_pages_match_their_digests() -> None:
    """Every listing and every field of 100 demo pages matches the stored digests."""
    assert len(DEMO_PAGES) == 100 == sum(name.startswith("demo ") for name in STORED)
    assert differing(demo=True) == []


@pytest.mark.skipif(not CAPTURES, reason="the real captures are not here")
def test_captures_match_their_digests() -> None:
    """The same holds for every real capture that has a stored digest."""
    assert differing(demo=False) == []
