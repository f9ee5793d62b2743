"""The books that a search keeps, drops and filters, and their order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Run


async def test_the_books_stand_in_the_order_that_is_asked_for(run: Run) -> None:
    """--rank orders by price, quality, value or price per volume; the three answers are the same for each."""
    reports = {}
    for rank in ("cheapest", "best", "value", "per-volume"):
        ended = await run("渗透测试", "--demo", "--pages", "3", "--rank", rank, "--format", "json")
        assert (ended.code, ended.err) == (0, "")
        reports[rank] = json.loads(ended.out)
        assert reports[rank]["rank"] == rank
        assert reports[rank]["answers"] == reports["cheapest"]["answers"]
    books = {rank: report["books"] for rank, report in reports.items()}
    quality = [book["quality"] for book in books["best"]]
    assert quality == sorted(quality, reverse=True)
    value = [book["value"] for book in books["value"]]
    assert value == sorted(value, reverse=True)
    each = [book["price_per_volume"] for book in books["per-volume"] if book["price_per_volume"]]
    assert each == sorted(each)
    answers = reports["best"]["answers"]
    assert answers["best"] in [
        book["product_id"] for book in books["best"][:2]
    ]  # a bookmark may come before it
    assert {book["product_id"] for book in books["best"] if book["frontier"]} >= set(answers.values()) - {
        None
    }


async def test_what_is_dropped_can_be_kept_and_listed(run: Run) -> None:
    """--keep disables reasons, and each book kept so is marked; --show-dropped lists what remains dropped."""
    search = ("渗透测试", "--demo", "--pages", "20")
    plain = json.loads((await run(*search, "--format", "json")).out)
    kept = json.loads(
        (await run(*search, "--format", "json", "--keep", "ebook,sold_out,no_price,accessory,off_topic")).out
    )
    assert sum(kept["counts"]["dropped"].values()) == 0
    assert kept["dropped"] == []
    for reason, number in plain["counts"]["dropped"].items():
        flagged = [book for book in kept["books"] if reason in book["flags"]]
        assert len(flagged) == number, reason
        dropped = {drop["product_id"] for drop in plain["dropped"] if drop["reason"] == reason}
        assert {book["product_id"] for book in flagged} == dropped
    assert kept["answers"] != {}
    answers = [book for book in kept["books"] if book["product_id"] in kept["answers"].values()]
    assert not any({"sold_out", "no_price"} & set(book["flags"]) for book in answers)
    unpriced = [book for book in kept["books"] if book["price"] is None]
    assert len(unpriced) == plain["counts"]["dropped"]["no_price"]
    assert all("no_price" in book["flags"] for book in unpriced)
    assert unpriced == kept["books"][-len(unpriced) :]
    listed = (await run(*search, "--format", "table", "--show-dropped", "--top", "3")).text
    assert listed.count("\ne-book only ") == plain["counts"]["dropped"]["ebook"]
    assert "\nDropped\n" in listed


@pytest.mark.parametrize(
    ("name", "option", "passes"),
    [
        ("max_volume_price", "20", lambda book: book["price"] <= 20 * (book["volumes"] or 1)),
        ("publisher", "南渡人民", lambda book: "南渡人民" in (book["publisher"] or "")),
        ("publisher", "南渡人民出版社", lambda book: book["publisher"] == "南渡人民出版社"),
        ("since", "2020", lambda book: (book["published"] or "") >= "2020"),
        ("min_reviews", "1000", lambda book: (book["reviews"] or 0) >= 1000),
    ],
)
async def test_filters_are_counted_under_their_names(
    run: Run, name: str, option: str, passes: Callable[[dict[str, Any]], bool]
) -> None:
    """A filter leaves only the books that pass it, and counts the others."""
    search = ("渗透测试", "--demo", "--pages", "5", "--format", "json")
    plain = json.loads((await run(*search)).out)
    filtered = json.loads((await run(*search, f"--{name.replace('_', '-')}", option)).out)
    wanted = {book["product_id"] for book in plain["books"] if passes(book)}
    assert 0 < len(wanted) < len(plain["books"])
    assert {book["product_id"] for book in filtered["books"]} == wanted
    dropped = sum(len(book["offers"]) for book in plain["books"] if not passes(book))
    assert filtered["counts"]["dropped"] == {**plain["counts"]["dropped"], name: dropped}


async def test_names_can_be_typed_in_either_script(run: Run) -> None:
    """A publisher and an author in Traditional Chinese match the shop's Simplified names."""
    search = ("渗透测试", "--demo", "--pages", "5", "--format", "json")
    plain = json.loads((await run(*search, "--publisher", "长庚大学")).out)
    typed = json.loads((await run(*search, "--publisher", "長庚大學")).out)
    assert (
        [book["product_id"] for book in typed["books"]]
        == [book["product_id"] for book in plain["books"]]
        != []
    )
    author = next(book["authors"][0] for book in plain["books"] if book["authors"])
    named = json.loads((await run(*search, "--publisher", "長庚大學", "--author", author)).out)
    wrote = {book["product_id"] for book in plain["books"] if author in book["authors"]}
    assert wrote <= {book["product_id"] for book in named["books"]}  # translators count as well
    assert named["counts"]["dropped"]["author"] > 0
