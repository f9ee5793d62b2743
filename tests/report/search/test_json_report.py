"""The JSON report: the documented keys in the documented order, exact prices, the same bytes each time."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crawler.books import DROP_REASONS
from crawler.books.pipeline import SelectionCriteria
from crawler.results import PriceCheck, SearchResult
from crawler.verdict import Verdict
from parsers.model import Contributor, Flag
from tests.factories import STARTED, make_listing, make_page, make_result, with_past
from tests.report.books import make_books
from tests.report.hostile import HOSTILE

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "json-report.md"

CHECK = PriceCheck(
    (make_page(1, listings=[make_listing()] * 3), make_page(2, verdict=Verdict.BLOCKED)),
    in_order=True,
    proven=False,
    up_to=Decimal("39.5"),
    total=2147,
    reason="failed",
)

FULL = with_past(
    make_result(
        [
            make_listing(
                product_id="1", price=Decimal("12.5"), list_price=Decimal(39), flags=frozenset({Flag.SET})
            ),
            make_listing(product_id="2", sold_out=True, position=2),
        ],
        failed=[make_page(3, verdict=Verdict.BLOCKED, detail="403"), make_page(2, verdict=Verdict.NOT_ASKED)],
        notes=("page 1: a note",),
        price_check=CHECK,
    ),
    [*["12.5"] * 60, *["15"] * 7, "12.5"],
)


def read(result: SearchResult, **options: Any) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(result.to_json(**options), parse_float=Decimal)
    return report


def with_floats(value: Any) -> Any:
    """Return plain values as a JSON reader without Decimal returns them."""
    if isinstance(value, dict):
        return {name: with_floats(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_floats(inner) for inner in value]
    return float(value) if isinstance(value, Decimal) else value


def keys(value: object, path: str = "") -> set[str]:
    """Return the keys of a report with their paths, as the document writes them: `books[].rank`."""
    if isinstance(value, dict):
        below = [keys(inner, f"{path}.{name}" if path else name) for name, inner in value.items()]
        return {f"{path}.{name}" if path else name for name in value}.union(*below)
    if isinstance(value, list):
        return set().union(*(keys(inner, f"{path}[]") for inner in value))
    return set()


def test_every_key_is_documented_and_no_other() -> None:
    """The tables of docs/json-report.md name exactly the keys of a report with every part."""
    documented = re.findall(r"^\| `([^`]+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == keys(read(FULL))


def test_the_promised_keys_are_there_in_their_order() -> None:
    """The keys promised first are there; others may stand between them."""
    report = read(FULL)
    promised = {
        "": "query query_sent shop demo complete started_at finished_at rank pages counts books",
        "pages": "requested available ok past_end failed",
        "counts": "listings unique kept books dropped",
        "books": "rank product_id title subtitle price list_price discount volumes price_per_volume authors publisher "
        "published rating reviews seller self_operated ebook_price sold_out flags url image page position",
    }
    for place, names in promised.items():
        value = report[place] if place else report
        found = list(value[0] if isinstance(value, list) else value)
        assert [name for name in found if name in names.split()] == names.split()
    assert list(report["pages"]["failed"][0]) == ["page", "url", "verdict", "detail"]
    assert report["counts"]["dropped"] == dict.fromkeys(DROP_REASONS, 0) | {"sold_out": 1}
    assert list(report["counts"]["dropped"]) == list(DROP_REASONS)


def test_prices_are_numbers_with_two_digits() -> None:
    """12.5 is written 12.50, as a number and not as a string; so are the values derived from it."""
    text = FULL.to_json()
    for line in (
        '"price": 12.50,',
        '"list_price": 39.00,',
        '"discount": 0.32,',
        '"price_per_volume": 12.50,',
    ):
        assert line in text
    assert read(FULL)["books"][0]["price"] == Decimal("12.50")


def test_texts_are_as_the_shop_wrote_them() -> None:
    """Chinese stays readable in the file, and a hostile title comes back unchanged, because it is data here."""
    assert '"query": "滲透測試"' in FULL.to_json()
    titles = [title for name, title in HOSTILE.items() if name != "halves"]
    result = make_result(
        [make_listing(product_id=str(n), title=title, price=Decimal(n)) for n, title in enumerate(titles, 1)]
    )
    assert [book["title"] for book in read(result)["books"]] == titles


def test_the_answers_are_product_ids() -> None:
    """Cheapest, best and best value are the id of the book's cheapest offer, which is in `books`; null for none."""
    cheap = make_listing(product_id="1", title="便宜的书", price=Decimal(10), rating=3.0, reviews=500)
    good = make_listing(product_id="2", title="最好的书", price=Decimal(90), rating=5.0, reviews=5000)
    worth = make_listing(product_id="3", title="划算的书", price=Decimal(12), rating=4.5, reviews=900)
    for rank in ("cheapest", "best"):
        report = read(make_result([cheap, good, worth], criteria=SelectionCriteria(rank=rank)), top=1)
        assert report["answers"] == {"cheapest": "1", "best": "2", "value": "3"}
    unrated = read(make_result([make_listing(rating=None, reviews=None)]))
    assert unrated["answers"] == {"cheapest": "29220317", "best": None, "value": None}
    assert read(make_result([]))["answers"] == {"cheapest": None, "best": None, "value": None}


def test_a_book_has_its_offers_and_its_scores() -> None:
    """Offers come cheapest first, including the book's own; quality, value and a flag for the frontier follow."""
    offers = [
        make_listing(product_id="2", price=Decimal(50)),
        make_listing(product_id="3", price=Decimal("20.5"), seller="书友店", self_operated=False),
    ]
    beaten = make_listing(product_id="4", title="乙书", price=Decimal(60), rating=3.0)
    book, other = read(make_result([*offers, beaten]))["books"]
    assert book["offers"] == [
        {
            "product_id": "3", "price": Decimal("20.50"), "seller": "书友店", "self_operated": False,
            "url": "https://product.dangdang.com/3.html",
        },
        {
            "product_id": "2", "price": Decimal("50.00"), "seller": None, "self_operated": True,
            "url": "https://product.dangdang.com/2.html",
        },
    ]  # fmt: skip
    assert (book["product_id"], book["frontier"], other["frontier"]) == ("3", True, False)
    assert book["quality"] > other["quality"]
    assert book["value"] > other["value"]
    assert [offer["product_id"] for offer in other["offers"]] == ["4"]


def test_a_suggestion_is_told() -> None:
    """It is the wording that was not searched for."""
    assert read(make_result(suggestion="人工智能"))["suggestion"] == "人工智能"


def test_what_was_kept_without_a_price_has_none() -> None:
    """Its price and the derived values are null; its flags state why it would have been dropped."""
    listings = [make_listing(price=None, flags=frozenset({Flag.SET}), volumes=2)]
    book = read(make_result(listings, criteria=SelectionCriteria(keep=frozenset({"no_price"}))))["books"][0]
    assert [book[name] for name in ("price", "discount", "price_per_volume", "value")] == [None] * 4
    assert book["flags"] == ["no_price", "set"]
    assert book["offers"][0]["price"] is None
    assert book["frontier"] is False


def test_times_are_utc_to_the_second() -> None:
    """A time of another zone is written in UTC, without fractions."""
    china = dt.timezone(dt.timedelta(hours=8))
    report = read(make_result(started_at=STARTED.astimezone(china)))
    assert report["started_at"] == "2026-01-31T08:00:00Z"
    assert report["finished_at"] == "2026-01-31T08:00:03Z"


def test_the_price_check_says_what_it_rests_on() -> None:
    """It has the pages, those read, their listings, and the price reached; null if there was no check."""
    assert read(FULL)["price_check"] == {
        "pages": 2, "ok": 1, "listings": 3, "in_order": True, "proven": False, "up_to": Decimal("39.50"),
    }  # fmt: skip
    assert read(make_result())["price_check"] is None
    nothing = replace(CHECK, pages=(), up_to=None)
    assert read(make_result(price_check=nothing))["price_check"]["up_to"] is None


def test_a_place_is_one_of_two_lists() -> None:
    """`page` and `position` count in the search's own list, or in the one in price order; `list` says which."""
    listings = [
        make_listing(product_id="1", price_order=True),
        make_listing(product_id="2", title="甲书"),
        make_listing(product_id="3", title="乙书", sold_out=True, price_order=True),
    ]
    report = read(make_result(listings))
    assert [book["page_list"] for book in report["books"]] == ["price_order", "search"]
    assert [dropped["page_list"] for dropped in report["dropped"]] == ["price_order"]


def test_pages_add_up_and_failed_ones_are_in_order() -> None:
    """Requested pages are ok, past the end, without results or failed; failed ones are in ascending order."""
    pages = [
        make_page(1), make_page(2, verdict=Verdict.PAST_END), make_page(5, verdict=Verdict.TOO_LARGE),
        make_page(3, verdict=Verdict.NO_RESULTS), make_page(4, verdict=Verdict.BLOCKED),
    ]  # fmt: skip
    report = read(make_result(pages=tuple(pages)))["pages"]
    assert report["requested"] == report["ok"] + report["past_end"] + report["no_results"] + len(
        report["failed"]
    )
    assert [(page["page"], page["verdict"]) for page in report["failed"]] == [
        (4, "blocked"),
        (5, "too_large"),
    ]
    assert read(make_result(pages=tuple(pages)))["complete"] is False


def test_unknown_values_are_null() -> None:
    """A value that a page lacks is null, and without a stated end, so is `available`."""
    unknown = make_listing(
        list_price=None, volumes=None, contributors=(), publisher=None, published=None, rating=None, reviews=None,
        self_operated=None, image=None,
    )  # fmt: skip
    report = read(make_result([unknown], available=None))
    book = report["books"][0]
    nulls = {name for name, value in book.items() if value is None}
    assert nulls == {
        "list_price", "discount", "volumes", "price_per_volume", "publisher", "published", "rating", "reviews",
        "seller", "self_operated", "ebook_price", "image", "quality", "history",
    }  # fmt: skip
    assert report["suggestion"] is None
    assert book["authors"] == []
    assert report["pages"]["available"] is None


def test_a_known_nothing_is_not_unknown() -> None:
    """Zero reviews, zero stars and an empty subtitle are on the page, and are not null."""
    book = read(make_result([make_listing(rating=0.0, reviews=0, subtitle="")]))["books"][0]
    assert (book["rating"], book["reviews"], book["subtitle"]) == (0, 0, "")


def test_the_options_are_those_of_the_search() -> None:
    """The options that narrowed the search are there, with price bounds of two digits."""
    options: dict[str, Any] = {
        "sellers": "all", "category": "all", "sort": "price", "min_price": Decimal(5), "max_price": None,
        "keep": ("ebook", "off_topic"), "max_volume_price": Decimal("7.5"), "publisher": "人民", "author": None,
        "since": 2020, "min_reviews": 0,
    }  # fmt: skip
    text = make_result(options=options).to_json()
    assert read(make_result(options=options))["options"] == options | {"keep": ["ebook", "off_topic"]}
    assert '"min_price": 5.00,' in text
    assert '"max_volume_price": 7.50,' in text


def test_authors_are_names_alone() -> None:
    """Roles and nationality are omitted, and so are translators beside an author."""
    people = (Contributor("罗素", "著", "英"), Contributor("殷建平", "译"))
    assert read(make_result([make_listing(contributors=people)]))["books"][0]["authors"] == ["罗素"]


def test_top_shortens_the_books_and_no_count() -> None:
    """By default all books are listed; `counts.books` is the number found, whatever is listed."""
    result = make_result(make_books(79))
    assert len(read(result)["books"]) == 79
    report = read(result, top=2)
    assert len(report["books"]) == 2
    assert report["counts"] == read(result)["counts"]
    assert report["counts"]["books"] == report["counts"]["kept"] == 79


def test_the_dictionary_and_the_text_are_one() -> None:
    """`as_dict` contains the same as the text, with prices as Decimal; the text ends with one newline."""
    assert with_floats(FULL.as_dict()) == json.loads(FULL.to_json())
    assert FULL.as_dict()["books"][0]["price"] == Decimal("12.50")
    assert FULL.to_json().endswith("}\n")


SAME_BYTES = """
from tests.factories import make_listing, make_result
from crawler.report import FORMATS, encode, render
import hashlib
from crawler.books.pipeline import SelectionCriteria
from parsers.model import Flag
result = make_result(
    [make_listing(flags=frozenset(Flag), volumes=3, sold_out=True, ebook_only=True, ebook_price=None)],
    criteria=SelectionCriteria(keep=frozenset({"ebook", "sold_out", "no_price", "accessory", "off_topic"})),
)
print({form: hashlib.sha256(encode(render(result, form), form)).hexdigest() for form in FORMATS})
"""


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_the_same_result_gives_the_same_bytes(seed: str) -> None:
    """No format depends on the order of a set, which changes with the hash seed, or on the computer's time zone."""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SAME_BYTES], cwd=ROOT, check=True, capture_output=True, text=True,
            env=os.environ | {"PYTHONHASHSEED": seed_of_run, "PYTHONPATH": str(ROOT), "TZ": zone},
        ).stdout
        for seed_of_run, zone in (("42", "Asia/Shanghai"), (seed, "America/New_York"))
    }  # fmt: skip
    assert len(outputs) == 1


def test_everyone_who_made_the_book() -> None:
    """Contributors come with original name, role and nationality; authors are only names."""
    people = (Contributor("安·李", "著", "美", "Ann Lee"), Contributor("王五", "译"))
    book = make_result([make_listing(contributors=people)]).as_dict()["books"][0]
    assert book["authors"] == ["安·李"]
    assert book["contributors"] == [
        {"name": "安·李", "original_name": "Ann Lee", "role": "著", "nationality": "美"},
        {"name": "王五", "original_name": None, "role": "译", "nationality": None},
    ]


def test_the_lowest_price_of_several_options_is_no_answer() -> None:
    """It is in the list with its flag; the answers and the frontier name other books."""
    options = make_listing(
        product_id="12100022244", price=Decimal(9), volumes=None, flags=frozenset({Flag.OPTIONS})
    )
    plain = make_listing(title="红队实战", price=Decimal(30))
    report = make_result([options, plain]).as_dict()
    found = {book["product_id"]: book for book in report["books"]}
    assert set(report["answers"].values()) == {plain.product_id}
    assert (found["12100022244"]["from_price"], found["12100022244"]["flags"]) == (True, ["options"])
    assert (found["12100022244"]["frontier"], found["12100022244"]["price_per_volume"]) == (False, None)
    assert not found[plain.product_id]["from_price"]
