"""The ranking of a bulk crawl: which offers belong together, and what is counted instead of ranked."""

from __future__ import annotations

import json
import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crawler.bulk.model import Target
from crawler.bulk.rank import MAX_OFFERS, OfferRanking, RankedBook, rank_offers
from crawler.bulk.rank_input import RankCounts
from crawler.bulk.rates import Rates
from crawler.demo.product_urls import serve_storefronts
from crawler.demo.storefronts import STOREFRONTS
from crawler.errors import OutputError, UsageError
from tests.bulk.rank_results import ISBN, OTHER_ISBN, result, write_results
from tests.bulk.sites import crawled, options_for

RATES = Rates({"CNY": Decimal(1), "EUR": Decimal("8.2"), "USD": Decimal("7.1")}, "CNY")


def books(ranking: OfferRanking, currency: str = "CNY") -> list[RankedBook]:
    return list(ranking.books(currency))


def prices(book: RankedBook) -> list[str]:
    return [f"{offer.price} {offer.currency}" for offer in book.offers]


def counts_of(folder: Path, **options: Any) -> tuple[RankCounts, int]:
    with rank_offers(folder, **options) as ranking:
        return ranking.counts, sum(each.offers for each in ranking.rankings)


def test_offers_of_one_isbn_are_one_book(tmp_path: Path) -> None:
    """ISBN-10, ISBN-13, hyphens and GTIN mean the same book; the cheapest offer leads, and titles do not matter."""
    write_results(
        tmp_path,
        [
            result(1, 30.0, isbn=ISBN, title="Atlas"),
            result(2, 25.5, isbn="7115546088", title="ATLAS (2nd ed.)", author=""),
            result(3, 28.0, isbn="978-7-115-54608-1"),
            result(4, 27.0, gtin=ISBN),
            result(5, 26.0, gtin=f"0{ISBN}"),
            result(6, 20.0, isbn=OTHER_ISBN),
        ],
    )
    with rank_offers(tmp_path) as ranking:
        (only,) = ranking.rankings
        assert (only.currency, only.books, only.offers, only.shops) == ("CNY", 2, 6, 6)
        cheapest, book = books(ranking)
        assert (cheapest.rank, cheapest.isbn, prices(cheapest)) == (1, OTHER_ISBN, ["20.0 CNY"])
        assert prices(book) == ["25.5 CNY", "26.0 CNY", "27.0 CNY", "28.0 CNY", "30.0 CNY"]
        assert (book.rank, book.isbn, book.cheapest.title, book.author) == (
            2,
            ISBN,
            "ATLAS (2nd ed.)",
            "A. Lee",
        )
        assert book.cheapest.shop == "shop2.example"


def test_without_a_common_number_each_page_is_a_book(tmp_path: Path) -> None:
    """Wrong ISBNs and the numbers that shops give their own goods do not join books."""
    numbers: list[dict[str, Any]] = [
        {},
        {"isbn": "9787115546082"},  # wrong check digit
        {"gtin": "2000000000008"},  # a shop's own number
        {"gtin": "0212345678909"},
        {"gtin": "12345670"},  # GTIN-8
        {"gtin": "0000000000000"},
        {"isbn": None, "gtin": None},
    ]
    write_results(
        tmp_path,
        [result(2 * at + half, 10.0 + at, **number) for at, number in enumerate(numbers) for half in (1, 2)],
    )
    with rank_offers(tmp_path) as ranking:
        assert [book.offer_count for book in books(ranking)] == [1] * 2 * len(numbers)
        assert len({book.cheapest.url for book in books(ranking)}) == 2 * len(numbers)


def test_other_goods_with_a_gtin_are_joined(tmp_path: Path) -> None:
    """A UPC and its GTIN-13 and GTIN-14 forms are one article, without an ISBN."""
    write_results(
        tmp_path,
        [
            result(n, n, gtin=gtin)
            for n, gtin in enumerate(("036000291452", "0036000291452", "00036000291452"), 1)
        ],
    )
    with rank_offers(tmp_path) as ranking:
        (book,) = books(ranking)
    assert (book.offer_count, book.isbn, book.gtin) == (3, "", "0036000291452")


def test_the_same_page_twice_is_one_offer(tmp_path: Path) -> None:
    """Two URLs of the input that lead to one product are one offer, and the repetition is counted."""
    url = "https://shop.example/atlas"
    write_results(
        tmp_path,
        [
            result(1, 30.0, isbn=ISBN, product_url=url, final_url=f"{url}?from=a"),
            result(2, 30.0, isbn=ISBN, product_url=url, final_url=f"{url}?from=b"),
            result(3, 31.0, isbn=ISBN),
            result(4, 5.0, final_url="https://shop.example/x", product_url=""),
            result(5, 5.0, final_url="https://shop.example/x", product_url=None),
        ],
    )
    with rank_offers(tmp_path) as ranking:
        assert ranking.repeated == 2
        assert [(book.offer_count, prices(book)) for book in books(ranking)] == [
            (1, ["5.0 CNY"]),
            (2, ["30.0 CNY", "31.0 CNY"]),
        ]


def test_an_address_of_another_shop_hides_no_offer(tmp_path: Path) -> None:
    """A page that states the address of another shop's product is an offer of its own shop; `www.` makes no other."""
    url = "https://shop.example/atlas"
    write_results(
        tmp_path,
        [
            result(1, 30.0, isbn=ISBN, product_url=url, final_url=url),
            result(2, 29.0, isbn=ISBN, product_url=url, final_url="https://copy.example/atlas"),
            result(3, 30.0, isbn=ISBN, product_url=url, final_url="https://www.shop.example/atlas?from=a"),
        ],
    )
    with rank_offers(tmp_path) as ranking:
        (book,) = books(ranking)
        assert ranking.repeated == 1
    assert [offer.shop for offer in book.offers] == ["copy.example", "shop.example"]


def test_a_false_canonical_address_joins_nothing(tmp_path: Path) -> None:
    """A shop that states its home page as the address of every product still sells several books."""
    home = "https://shop.example/"
    write_results(tmp_path, [result(n, n, product_url=home, final_url=f"{home}{n}") for n in (1, 2, 3)])
    with rank_offers(tmp_path) as ranking:
        assert [book.cheapest.url for book in books(ranking)] == [f"{home}{n}" for n in (1, 2, 3)]


def test_currencies_are_kept_apart(tmp_path: Path) -> None:
    """Without rates, each currency has its own ranking, the largest first; 5 EUR are not less than 30 CNY."""
    write_results(
        tmp_path,
        [
            result(1, 30.0, isbn=ISBN),
            result(2, 5.0, "EUR", isbn=ISBN),
            result(3, 40.0),
            result(4, 9.0, "JPY"),
        ],
    )
    with rank_offers(tmp_path) as ranking:
        assert [each.currency for each in ranking.rankings] == ["CNY", "EUR", "JPY"]
        assert [prices(book) for book in books(ranking)] == [["30.0 CNY"], ["40.0 CNY"]]
        assert [prices(book) for book in books(ranking, "EUR")] == [["5.0 EUR"]]
    with rank_offers(tmp_path, currency="EUR") as ranking:
        assert [each.currency for each in ranking.rankings] == ["EUR"]
        assert ranking.counts.other_currency == {"CNY": 2, "JPY": 1}


def test_rates_compare_currencies(tmp_path: Path) -> None:
    """With rates, the offers of a book are ordered by their value; those without a rate stay apart and are named."""
    write_results(
        tmp_path,
        [
            result(1, 39.0, isbn=ISBN),
            result(2, 5.0, "EUR", isbn=ISBN),  # 41.00 CNY
            result(3, 5.4, "USD", isbn=ISBN),  # 38.34 CNY
            result(4, 1.0, "SEK", isbn=ISBN),
            result(5, 2.0, "SEK"),
        ],
    )
    with rank_offers(tmp_path, rates=RATES) as ranking:
        assert [(each.currency, each.offers) for each in ranking.rankings] == [("CNY", 3), ("SEK", 2)]
        (book,) = books(ranking)
        assert prices(book) == ["5.4 USD", "39.0 CNY", "5.0 EUR"]
        assert [offer.compared for offer in book.offers] == [
            Decimal("38.34"),
            Decimal("39.0"),
            Decimal("41.00"),
        ]
        assert ranking.counts.without_rate == {"SEK": 2}
    in_euros = Rates(RATES.values, "EUR")
    with rank_offers(tmp_path, rates=in_euros) as ranking:
        (book,) = books(ranking, "EUR")
        assert prices(book) == ["5.4 USD", "39.0 CNY", "5.0 EUR"]
        assert book.offers[1].compared == Decimal("4.75609756098")


def test_everything_else_is_counted_once(tmp_path: Path) -> None:
    """Each page is either ranked or counted with the reason why it is not."""
    write_results(
        tmp_path,
        [
            result(1, 10.0),
            result(2, 10.0, availability="out_of_stock"),
            result(3, 10.0, availability="discontinued"),
            result(4, None, availability="sold_out"),
            result(5),
            result(6, None, title="", availability=""),
            result(7, None, problems="unreadable_price"),
            result(8, None, problems="offers_differ price_out_of_range"),
            result(9, None, problems=["unreadable_price"]),
            result(10, -5.0),
            result(11, 0),
            result(12, 1e300),
            result(13, 10.0, ""),
            result(14, 10.0, None),  # type: ignore[arg-type]
            result(15, status=404, verdict="http_error"),
            result(16, status=0, verdict="network_error", title=None, author=None, product_url=None),
            result(17, 10.0, verdict="blocked"),
            result(18, 10.0, availability="preorder"),
            result(19, 10.0, availability="who knows"),
            result(20, 10.0, availability=""),
        ],
    )
    counts, offers = counts_of(tmp_path)
    assert counts == RankCounts(
        files=1, pages=20, ranked=4, sold_out=3, without_price=2, unreadable_price=6, without_currency=2,
        failed=counts.failed,
    )  # fmt: skip
    assert counts.failed == {"http_error": 1, "network_error": 1, "blocked": 1}
    assert offers == 4


def test_listings_of_search_pages_are_offers(tmp_path: Path) -> None:
    """With `--parse search`, each listing is an offer; a page without listings has none."""
    listings = [
        {"title": "A", "price": 9.5, "currency": "CNY", "url": "https://x.example/1", "authors": "B; C"},
        {"title": "D", "price": 8.5, "currency": "CNY", "url": "https://x.example/2", "sold_out": True},
        {"title": "E", "price": None, "currency": "CNY", "url": "https://x.example/3"},
        {"title": "F", "price": 7.5, "url": ""},
    ]
    page = {
        key: value for key, value in result(1).items() if key not in {"price", "currency", "availability"}
    }
    write_results(tmp_path, [page | {"listings": listings}, page | {"number": 2, "listings": []}])
    with rank_offers(tmp_path) as ranking:
        (book,) = books(ranking)
        assert (book.cheapest.title, book.author, book.cheapest.shop) == ("A", "B; C", "shop1.example")
        counts = ranking.counts
    assert (counts.pages, counts.listings, counts.ranked, counts.sold_out) == (2, 4, 1, 1)
    assert (counts.without_price, counts.without_currency) == (1, 1)
    write_results(
        tmp_path, [page | {"final_url": "https://search.dangdang.com/?key=x", "listings": listings[3:]}]
    )
    with rank_offers(tmp_path) as ranking:
        assert [book.cheapest.currency for book in books(ranking)] == ["CNY"]


def test_an_address_that_is_none(tmp_path: Path) -> None:
    """A result with a text in place of its URL is an offer of an unknown shop."""
    write_results(tmp_path, [result(1, 1.0, url="http://[", final_url="http://[", product_url="//[")])
    with rank_offers(tmp_path) as ranking:
        assert [book.cheapest.shop for book in books(ranking)] == [""]


async def test_a_crawl_of_the_demo_is_ranked(tmp_path: Path) -> None:
    """A real crawl over several shops and shards: every page is ranked or counted, and rates join the shops' offers."""
    async with serve_storefronts(tmp_path, products=30) as demo:
        urls = [url for url in demo.url_list.read_text("utf-8").splitlines() if not url.startswith("#")]
        targets = [Target(number, url, url.split("/")[2], url) for number, url in enumerate(urls, 1)]
        run = await crawled(options_for(tmp_path / "crawl", shards=2), targets)
        hosts = {url.split("/")[2] for url in urls}
    rates = Rates({each.currency: each.yuan for each in STOREFRONTS}, "CNY")
    with rank_offers(tmp_path / "crawl", rates=rates) as ranking:
        counts = ranking.counts
        assert counts.pages == len(urls) == counts.ranked + counts.sold_out + counts.without_price
        assert counts.sold_out == sum(line["availability"] == "out_of_stock" for line in run.lines) > 0
        assert [each.currency for each in ranking.rankings] == ["CNY"]
        found = books(ranking)
        assert {offer.shop for book in found for offer in book.offers} == hosts
        assert max(len({offer.currency for offer in book.offers}) for book in found) >= 3
        lowest = [book.cheapest.compared for book in found]
        assert lowest == sorted(lowest)
        assert {offer.title for book in found for offer in book.offers} <= {
            line["title"] for line in run.lines
        }


def test_a_torn_last_line_is_left_out_and_named(tmp_path: Path) -> None:
    """A crawl that is running or was killed leaves half a line; the whole ones before it are ranked."""
    path = write_results(tmp_path, [result(n, n) for n in (1, 2, 3)])
    whole = path.read_bytes()
    for cut in (1, 2, 40, 300):
        path.write_bytes(whole[:-cut])
        counts, offers = counts_of(tmp_path)
        # Without its line end, the last line is still whole.
        assert (offers, counts.torn, counts.damaged) == ((3, [], 0) if cut == 1 else (2, [path.name], 0))


DAMAGED = {
    "noise": b"\xff\xfe\x00\x01\n",
    "half": b'{"number": 7, "url": "https://x.exam\n',
    "list": b"[1, 2]\n",
    "text": b'"number"\n',
    "other object": b'{"name": "x"}\n',
    "wrong type": json.dumps(result(7) | {"title": 5}).encode() + b"\n",
    "price as words": json.dumps(result(7) | {"price": "free"}).encode() + b"\n",
    "NaN": json.dumps(result(7) | {"price": float("nan")}).encode() + b"\n",
    "unknown verdict": json.dumps(result(7) | {"verdict": "splendid"}).encode() + b"\n",
    "deep": b"[" * 100_000 + b"\n",
    "half a character": b'{"number": 7, "url": "\\ud800", "verdict": "ok"}\n',
}


@pytest.mark.parametrize("line", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_line_costs_that_line(tmp_path: Path, line: bytes) -> None:
    """The lines around it count, and the report can say which one it is."""
    path = write_results(tmp_path, [result(1, 1.0), result(2, 2.0)])
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b"\n" + line + second)
    counts, offers = counts_of(tmp_path)
    assert (offers, counts.damaged) == (2, 1)
    assert counts.first_damaged.startswith("results-000-001.jsonl:3: ")
    path.write_bytes(line)
    with pytest.raises(UsageError, match=r"has no results of a bulk crawl; results-000-001\.jsonl:1: "):
        counts_of(tmp_path)


def test_a_line_without_end_takes_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line beyond the limit is skipped without being held, wherever it stands."""
    monkeypatch.setattr("crawler.bulk.rank_input.MAX_LINE", 4096)
    path = write_results(tmp_path, [result(1, 1.0), result(2, 2.0)])
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b"x" * 8_000_000 + b"\n" + second)
    tracemalloc.start()
    try:
        counts, offers = counts_of(tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (offers, counts.damaged) == (2, 1)
    assert peak < 4_000_000
    path.write_bytes(first + b"x" * 10_000)
    counts, offers = counts_of(tmp_path)
    assert (offers, counts.torn) == (1, [path.name])


def test_the_newest_generation_counts(tmp_path: Path) -> None:
    """After --retry-failed, an old file that is not yet removed counts for nothing; other shards are read, too."""
    write_results(tmp_path, [result(1, 1.0), result(2, 2.0)])
    write_results(tmp_path, [result(1, 1.0), result(2, 3.0)], name="results-000-010.jsonl")
    write_results(tmp_path, [result(2, 9.0)], name="results-000-009.jsonl")
    write_results(tmp_path, [result(3, 4.0)], name="results-001-001.jsonl")
    write_results(tmp_path, [result(4, 4.0)], name="results.jsonl")
    with rank_offers(tmp_path) as ranking:
        assert [book.cheapest.price for book in books(ranking)] == [
            Decimal("1.0"),
            Decimal("3.0"),
            Decimal("4.0"),
        ]


@pytest.mark.parametrize("make", ["missing", "file", "empty", "foreign"])
def test_a_folder_without_results_is_one_line(tmp_path: Path, make: str) -> None:
    folder = tmp_path / "crawl"
    if make == "file":
        folder.write_text("x")
    elif make != "missing":
        folder.mkdir()
    if make == "foreign":
        (folder / "results.jsonl").write_text("{}\n")
    with pytest.raises(UsageError) as refused:
        counts_of(folder)
    assert "give the folder of a bulk crawl" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_unreadable_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "results-000-001.jsonl").mkdir()
    with pytest.raises(OutputError, match="cannot be read: Is a directory"):
        counts_of(tmp_path)


def test_many_offers_of_one_book(tmp_path: Path) -> None:
    """All offers are counted; the cheapest ones are listed."""
    write_results(tmp_path, [result(n, 1000.0 - n, isbn=ISBN) for n in range(1, 401)])
    with rank_offers(tmp_path) as ranking:
        (book,) = books(ranking)
    assert (book.offer_count, len(book.offers), book.cheapest.price) == (400, MAX_OFFERS, Decimal("600.0"))


def test_memory_does_not_grow_with_the_results(tmp_path: Path) -> None:
    """Ten times the offers take no more memory of Python's; SQLite's cache has a limit of its own."""
    peaks = []
    for count in (1_000, 10_000):
        folder = tmp_path / str(count)
        write_results(
            folder, (result(n, 1.0 + n % 997, isbn=ISBN if n % 5 == 0 else "") for n in range(count))
        )
        tracemalloc.start()
        try:
            with rank_offers(folder) as ranking:
                assert sum(1 for _ in ranking.books("CNY")) == count - count // 5 + 1
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 500_000
