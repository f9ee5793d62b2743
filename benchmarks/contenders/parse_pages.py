"""Parse saved pages with one parser; print the CPU milliseconds per page and the number of items as JSON.

    python parse_pages.py ours|floor|lxml|parsel|bs4 FOLDER PASSES [once]

Each parser runs in a process of its own, in an environment that has it. `floor` decodes a page and builds its tree.
Each pass parses all pages of the folder again, or, with `once`, its own share of them: a parser that remembers texts
then gains no more from that than in a search.

All parsers keep the memory of one page for the next, as our parse processes do. Otherwise a process with little other
memory, such as the floor's, returns it to the system after each page and gets it anew: 0.7 ms.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

Parse = Callable[[bytes, int], list[Any]]


def parser(name: str) -> Parse:
    """Return a parser by its name."""
    if name == "ours":
        from parsers.dangdang import parse_search_page

        return lambda body, page: list(parse_search_page(body, charset=None, page=page).listings)
    if name == "floor":
        from selectolax.lexbor import LexborHTMLParser

        return lambda body, _: [LexborHTMLParser(body.decode("gb18030", "replace"))]
    parse: Parse = importlib.import_module(f"records_{name}").parse
    return parse


def keep_freed_memory() -> None:
    """Let glibc keep up to 64 MiB of freed memory; `_keep_freed_memory` of crawler/parsing/worker.py does the same."""
    trim_threshold, mmap_threshold = -1, -3  # parameters of mallopt(3)
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(mmap_threshold, 32 * 2**20)
            mallopt(trim_threshold, 64 * 2**20)


def main() -> None:
    """Measure and print; a pass that is not timed warms up."""
    keep_freed_memory()
    parse, passes = parser(sys.argv[1]), int(sys.argv[3])
    bodies = [path.read_bytes() for path in sorted(Path(sys.argv[2]).glob("*.html"))]
    shares = [bodies] * (passes + 1)
    if sys.argv[4:] == ["once"]:
        size = len(bodies) // (passes + 1)
        shares = [bodies[start : start + size] for start in range(0, size * (passes + 1), size)]
    found, times = 0, []
    for number, share in enumerate(shares):
        started = time.process_time()
        for page, body in enumerate(share, 1):
            count = len(parse(body, page))
            if number == 0 or share is not bodies:
                found += count
        if number:
            times.append(1000 * (time.process_time() - started) / len(share))
    print(json.dumps({"ms": statistics.median(times), "pages": len(bodies), "items": found}))


if __name__ == "__main__":
    main()
