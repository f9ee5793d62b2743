from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit

import pytest

from parsers.dangdang import search_url


def test_the_key_is_gbk() -> None:
    """The shop reads its query string as GBK, so the key is encoded as GBK."""
    assert "key=%C9%F8%CD%B8%B2%E2%CA%D4&" in search_url("渗透测试")


def test_letters_beyond_gbk_go_as_gb18030() -> None:
    """A letter that GBK lacks is encoded as gb18030, its superset."""
    key = search_url("𠮷野").split("key=")[1].split("&")[0]
    assert unquote_to_bytes(key).decode("gb18030") == "𠮷野"


def test_signs_in_the_key_are_escaped() -> None:
    """Ampersand, plus, hash, per cent and blank stay part of the key."""
    query = urlsplit(search_url("C++ & 100% #1")).query
    assert parse_qs(query, encoding="gb18030")["key"] == ["C++ & 100% #1"]


def test_defaults() -> None:
    """By default, the search is for books that the shop itself sells, in the shop's own order, page 1."""
    assert search_url("a") == (
        "https://search.dangdang.com/?key=a&act=input&category_path=01.00.00.00.00.00&ddsale=1&page_index=1"
    )


def test_options() -> None:
    """Every option has its parameter; prices are sent without exponent."""
    url = search_url(
        "a",
        7,
        sellers="all",
        category="all",
        sort="price",
        min_price=Decimal("1E+1"),
        max_price=Decimal("59.90"),
        base_url="http://127.0.0.1:8080/",
    )
    assert url == (
        "http://127.0.0.1:8080/?key=a&act=input&sort_type=sort_xlowprice_asc&lowp=10&highp=59.90&page_index=7"
    )


@pytest.mark.parametrize(
    ("sort", "name"),
    [
        ("sales", "sort_sale_amt_desc"),
        ("rating", "sort_score_desc"),
        ("newest", "sort_pubdate_desc"),
        ("price", "sort_xlowprice_asc"),
    ],
)
def test_orders(sort: str, name: str) -> None:
    """The orders are sent with the shop's names."""
    assert f"&sort_type={name}&" in search_url("a", sort=sort)


@pytest.mark.parametrize(
    "wrong", [{"page": 0}, {"sellers": "some"}, {"category": "toys"}, {"sort": "cheapest"}], ids=str
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    """A page below 1 and an option of another value raise ValueError that names the value."""
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        search_url("a", **wrong)  # type: ignore[arg-type]  # wrong on purpose
