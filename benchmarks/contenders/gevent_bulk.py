"""Contender: the classic script for long lists of URLs: `multiprocessing`, in each process gevent and requests.

python gevent_bulk.py URLS.txt FOLDER CONNECTIONS PROCESSES

Each process takes every n-th line, has so many greenlets, and saves each body to a file.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402 – gevent must patch before anything else is imported
from multiprocessing import Process  # noqa: E402
from pathlib import Path  # noqa: E402

import requests  # noqa: E402
from gevent.pool import Pool  # noqa: E402
from requests.adapters import HTTPAdapter  # noqa: E402

FOLDER = Path(sys.argv[2])


def crawl(first: int, step: int, connections: int) -> None:
    """Fetch and save every `step`-th URL."""
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_connections=1_000, pool_maxsize=connections))

    def save(numbered: tuple[int, str]) -> None:
        number, url = numbered
        response = session.get(url, timeout=30)
        response.raise_for_status()
        (FOLDER / f"{number}.html").write_bytes(response.content)

    with Path(sys.argv[1]).open() as urls:
        lines = [(number, line.strip()) for number, line in enumerate(urls) if number % step == first]
    for _ in Pool(connections).imap_unordered(save, lines):
        pass


def main() -> None:
    """Run the processes."""
    connections, count = int(sys.argv[3]), int(sys.argv[4])
    processes = [Process(target=crawl, args=(number, count, connections // count)) for number in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    sys.exit(any(process.exitcode for process in processes))


if __name__ == "__main__":
    main()
