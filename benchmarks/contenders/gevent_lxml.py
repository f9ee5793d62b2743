"""Contender: gevent and requests with one greenlet per connection, and lxml as parser.

python gevent_lxml.py WORK.json OUTPUT.json
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402 – gevent must patch before anything else is imported
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

import requests  # noqa: E402
from gevent.pool import Pool  # noqa: E402
from records_lxml import parse  # noqa: E402
from requests.adapters import HTTPAdapter  # noqa: E402


def main() -> None:
    """Fetch and parse everything, and write the records."""
    work = json.loads(Path(sys.argv[1]).read_text())
    connections = work["connections"]
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=connections))

    def read(numbered: tuple[int, str]) -> list[dict[str, object]]:
        page, url = numbered
        response = session.get(url, timeout=30)
        response.raise_for_status()
        return parse(response.content, page)

    pages = Pool(connections).map(read, enumerate(work["urls"]))
    records = [record for page in pages for record in page]
    Path(sys.argv[2]).write_text(json.dumps(records, ensure_ascii=False))


if __name__ == "__main__":
    main()
