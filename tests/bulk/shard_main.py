"""A shard process for tests that kill it: `python -m tests.bulk.shard_main OUT SHARDS`; it ends when all is done."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from crawler.bulk import saver
from crawler.bulk.control import Control
from crawler.bulk.model import BulkOptions
from crawler.bulk.runner import run_in_new_loop


def main() -> None:
    """Crawl all shards of a folder."""
    shards = int(sys.argv[2])
    saver.COMMIT_ENTRIES = 20  # many commits, so that kills come before, within and after them
    options = BulkOptions(
        Path(sys.argv[1]), shards, concurrency=32, allow_private=True, obey_robots=False, roll_bytes=200_000
    )
    control = Control()
    control.drain()
    run_in_new_loop(range(shards), options, control, lambda _: None)
    os._exit(0)


if __name__ == "__main__":
    main()
