"""Inputs that once gave a wrong value, with the right one; skipped if they are not available."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crawler.books.identity import same_books
from crawler.books.ranking import first_by, rank_books
from parsers.dangdang import parse_search_page
from parsers.model import Listing
from parsers.titles import read_title

CASES = Path(__file__).parents[1].parent / "shared" / "cases"
FOLDERS = (
    sorted(path.parent for path in CASES.glob("*/expected.json") if path.parent.name < "20")
    if CASES.is_dir()
    else []
)


@pytest.mark.skipif(not FOLDERS, reason="the cases lie beside the project only where it is developed")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_case(folder: Path) -> None:
    """Every value that the case states is correct; every group of listings forms its books."""
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    if "titles" in expected:
        for row in expected["titles"]:
            facts = read_title(row["title"])
            assert (facts.volumes, sorted(facts.flags)) == (row["volumes"], sorted(row["flags"])), row[
                "title"
            ]
    if (folder / "input.html").exists():
        listings = parse_search_page((folder / "input.html").read_bytes()).listings
        for listing, row in zip(listings, expected.get("listings", ()), strict=False):
            assert {name: _fact(listing, name) for name in row} == row
        if "books" in expected:
            assert _grouped(listings) == sorted(expected["books"])
        if (number := expected.get("best_and_cheapest_must_not_be")) is not None:
            books = rank_books(same_books(listings))
            for rank in ("cheapest", "best", "value"):
                answer = first_by(rank, books)
                assert answer is not None
                assert answer.listing.product_id != number
            assert [book.frontier for book in books if book.listing.product_id == number] == [False]


def _fact(listing: Listing, name: str) -> Any:
    if name == "flags":
        return sorted(listing.flags)
    if name == "contributors":
        return [[person.name, person.role] for person in listing.contributors]
    return getattr(listing, name)


def _grouped(listings: tuple[Listing, ...]) -> list[list[int]]:
    """Return the positions of the listings of each book."""
    return sorted(sorted(listing.position - 1 for listing in offers) for offers in same_books(listings))
