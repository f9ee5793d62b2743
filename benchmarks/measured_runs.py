"""Run contenders as whole processes, measure their cost, and check that their output is complete."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.shop import Prices, Server, Shop

ROOT = Path(__file__).parents[1]
CONTENDERS = ROOT / "benchmarks" / "contenders"

_FOREIGN = ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH", "PYTHONHASHSEED", "VIRTUAL_ENV")
"""Variables that a user has not set; without .pyc files, each process would compile every module."""


@dataclass(frozen=True)
class Cost:
    """The cost of a whole process, including its children."""

    seconds: float
    cpu: float
    """CPU time in seconds."""
    peak_mb: float
    """Peak of the largest process."""


@dataclass(frozen=True)
class Work:
    """The pages for a contender to fetch: 1 to n of each search."""

    name: str
    base_url: str
    connections: int
    searches: tuple[tuple[str, int], ...]

    def as_json(self) -> dict[str, Any]:
        """Return the work as JSON data; contenders that do not support searches use the addresses."""
        from parsers.dangdang import search_url

        urls = [
            search_url(query, page, base_url=self.base_url)
            for query, pages in self.searches
            for page in range(1, pages + 1)
        ]
        return {
            "base_url": self.base_url,
            "connections": self.connections,
            "searches": self.searches,
            "urls": urls,
        }


@dataclass
class Bench:
    """The state that all measurements share."""

    folder: Path
    """A temporary folder, and the contenders' working directory, so that they find no configuration."""
    shop: Shop
    server: Server
    peers: str
    """The interpreter of the contenders' environment."""
    rounds: int

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment variables of a run: a plain user's, with caches and data in the temporary folder."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _FOREIGN
            and not name.startswith("CRAWLER_")
            and not name.lower().endswith("_proxy")
        }
        homes = {f"XDG_{name}_HOME": str(self.folder / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
        return {**kept, **homes, "PYTHONPATH": str(ROOT)}

    def run(self, command: Sequence[str], output: Path | str = os.devnull) -> Cost:
        """Run a command with its stdout in a file, and return its cost."""
        measure = [sys.executable, "-I", "-S", str(ROOT / "benchmarks" / "process_cost.py"), str(output)]
        done = subprocess.run(
            [*measure, *command],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=self.environment,
        )
        cost = json.loads(done.stdout) if done.returncode == 0 else {"code": done.returncode}
        if cost.pop("code"):
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
        return Cost(**cost)

    def output_of(self, command: Sequence[str]) -> Any:
        """Run a command that prints JSON, and return its output."""
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder, env=self.environment
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
        return json.loads(done.stdout)

    def work_file(self, work: Work) -> str:
        """Write a work file for the contenders, and return its path."""
        file = self.folder / f"{work.name}.work.json"
        file.write_text(json.dumps(work.as_json()))
        return str(file)


@dataclass(frozen=True)
class Proof:
    """A contender's output, compared with the content of the pages."""

    pages: int
    items: int
    of_pages: int
    of_items: int
    wrong: int = 0
    """Products that are on no page of the work, or have another price there."""
    fields: str = ""

    @property
    def complete(self) -> bool:
        """True if nothing is missing or wrong."""
        return (self.pages, self.items, self.wrong) == (self.of_pages, self.of_items, 0)

    def __str__(self) -> str:
        words = f"{self.pages:,} of {self.of_pages:,} pages, {self.items:,} of {self.of_items:,} items"
        if self.wrong:
            words += f", {self.wrong:,} wrong"
        return words if self.complete else f"**INCOMPLETE**: {words}"


def proof_of_records(records: Sequence[Mapping[str, Any]], expected: Sequence[Prices]) -> Proof:
    """Compare a contender's records with the pages: product by product and price by price on each page."""
    pages: dict[int, dict[str, float | None]] = {}
    # Page numbers start at 0, in the order of the work.
    for record in records:
        pages.setdefault(int(record["page"]), {})[str(record["product_id"])] = record.get("price")
    priced = any("price" in record for record in records)
    right = whole = 0
    for number, prices in enumerate(expected):
        found = pages.get(number, {})
        same = {
            product
            for product, price in prices.items()
            if product in found and (not priced or found[product] == price)
        }
        right += len(same)
        whole += len(same) == len(prices)
    return Proof(
        whole,
        right,
        len(expected),
        sum(map(len, expected)),
        len(records) - right,
        _fields(records),
    )


def _fields(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the number of fields of a record, without page and position."""
    return str(len(records[0].keys() - {"page", "position"})) if records else "0"


def proof_of_reports(reports: Sequence[Mapping[str, Any]], expected: Sequence[Sequence[Prices]]) -> Proof:
    """Compare our JSON reports, one for each search, with the pages: each product once per search."""
    pages = items = wrong = 0
    for report, prices in zip(reports, expected, strict=True):
        shown: dict[str, set[float | None]] = {}
        for page in prices:
            for product, price in page.items():
                shown.setdefault(product, set()).add(price)
        found = {
            offer["product_id"]: offer["price"] for book in report["books"] for offer in book["offers"]
        } | {dropped["product_id"]: dropped["price"] for dropped in report["dropped"]}
        pages += report["pages"]["ok"]
        # A product may be on a list twice; a report has it once, but counts both listings.
        repeated = report["counts"]["listings"] - report["counts"]["unique"]
        right = sum(price in shown.get(product, ()) for product, price in found.items())
        items += right + repeated
        wrong += len(found) - right
    every = [page for prices in expected for page in prices]
    fields = (
        str(len(reports[0]["books"][0].keys() - {"page", "position", "history", "rank"})) if reports else "0"
    )
    return Proof(pages, items, len(every), sum(map(len, every)), wrong, fields)
