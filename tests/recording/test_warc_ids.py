"""The identifiers of WARC records."""

from __future__ import annotations

import uuid

from crawler.recording.warc import new_record_id


def test_identifiers_are_random_uuids() -> None:
    """Each is the URN of a UUID of version 4, as other programs write it."""
    identifiers = {new_record_id() for _ in range(1_000)}
    assert len(identifiers) == 1_000
    for identifier in identifiers:
        found = uuid.UUID(identifier.removeprefix("<").removesuffix(">"))
        assert (found.version, found.variant) == (4, uuid.RFC_4122)
        assert identifier == f"<{found.urn}>"
