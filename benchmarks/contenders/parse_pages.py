"""Parse saved pages with one parser; print the CPU milliseconds per page and the number of items as JSON.

    python parse_pages.py ours|floor|lxml|parsel|bs4 FOLDER PASSES

Each parser runs in a process of its own, in an environment that has it. `floor` decodes a page and builds its tree.
"""

from __future__ import annotations

import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
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


def main() -> None:
    """Measure and print; the first pass over the pages warms up and counts the items."""
    parse, passes = parser(sys.argv[1]), int(sys.argv[3])
    bodies = [path.read_bytes() for path in sorted(Path(sys.argv[2]).glob("*.html"))]
    found = sum(len(parse(body, page)) for page, body in enumerate(bodies, 1))
    times = []
    for _ in range(passes):
        started = time.process_time()
        for page, body in enumerate(bodies, 1):
            parse(body, page)
        times.append(1000 * (time.process_time() - started) / len(bodies))
    print(json.dumps({"ms": statistics.median(times), "pages": len(bodies), "items": found}))


if __name__ == "__main__":
    main()
