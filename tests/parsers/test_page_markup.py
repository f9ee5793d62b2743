"""The list, the totals, the query and the notices of a search page in markup of other years."""

from __future__ import annotations

import pytest

from parsers.dangdang import parse_search_page
from parsers.model import PageKind
from tests.parsers.items import parse
from tests.parsers.markup import HEAD, LIST_ITEM, search_page

ADVERTS = f'<div id="cpc_top"><ul class="bigimg">{LIST_ITEM.replace("29000001", "29999999")}</ul></div>'
RECOMMENDED = (
    f'<div class="reco_box"><ul class="bigimg">{LIST_ITEM.replace("29000001", "29999998")}</ul></div>'
)


def test_only_the_result_list_counts() -> None:
    """Advertisements and recommendations, in the same markup, are no listings."""
    page = parse(search_page(LIST_ITEM, around=ADVERTS).replace("</body>", RECOMMENDED + "</body>"))
    assert [found.product_id for found in page.listings] == ["29000001"]
    unnamed = (
        search_page(LIST_ITEM, around=ADVERTS)
        .replace('id="search_nature_rg"', "")
        .replace('id="component_59"', "")
    )
    assert [found.product_id for found in parse(unnamed).listings] == ["29000001"]


def test_totals_and_pages() -> None:
    """The number of pages comes from the pager, else the paging bar, else the total, at sixty per page, up to 100."""
    assert (
        parse(search_page(LIST_ITEM, pager="3/17")).page,
        parse(search_page(LIST_ITEM, pager="3/17")).pages,
    ) == (3, 17)
    bar = search_page(LIST_ITEM, pager="").replace(
        "</ul></div></body>", '<li><a href="/?key=a&page_index=42">42</a></li></ul></div></body>'
    )
    assert (parse(bar).page, parse(bar).pages) == (1, 42)
    without_bar = (
        search_page(LIST_ITEM, pager="", total=121).replace('class="paging"', "").replace('name="Fy"', "")
    )
    assert parse(without_bar).pages == 3
    many = (
        search_page(LIST_ITEM, pager="", total=314892).replace('class="paging"', "").replace('name="Fy"', "")
    )
    assert parse(many).pages == 100
    unknown = (
        search_page(LIST_ITEM, pager="", total=None).replace('class="paging"', "").replace('name="Fy"', "")
    )
    assert (parse(unknown).total, parse(unknown).pages) == (None, None)


@pytest.mark.parametrize(
    ("head", "echo"),
    [
        ('<span class="search_word">\n山海 </span>', "山海"),
        ("<input id='key_S' name='key' value='山海 &amp; 天地'>", "山海 & 天地"),
        ("<script>div.innerHTML = ' 山海 '.replace(/a/g, '');</script>", "山海"),
        ("", "山海"),
    ],
)
def test_the_query_as_the_shop_repeats_it(head: str, echo: str) -> None:
    """The query is read from the breadcrumb, the search box, its script or the title."""
    text = search_page(LIST_ITEM).replace('<span class="search_word">\n山海 </span>', head)
    assert parse(text).query_echo == echo


def test_a_notice_beside_a_list() -> None:
    """The shop's notice that it searched for something else is kept, and the list is a list."""
    said = '<p class="tip">抱歉，没有找到与“<em>山海经注疏</em>”相关的商品，已为您显示“山海”的搜索结果</p>'
    page = parse(search_page(LIST_ITEM, around=said))
    assert (page.kind, page.items) == (PageKind.RESULTS, 1)
    assert page.notice == "抱歉，没有找到与“山海经注疏”相关的商品，已为您显示“山海”的搜索结果"


@pytest.mark.parametrize("codec", ["gb18030", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize(
    "said",
    [
        "没有找到相关商品",
        "没有搜到相关商品",
        "未搜索到相关商品",
        "没有与山海相关的商品",
        "现显示“山海”的搜索结果",
    ],
)
def test_notices_in_every_charset(said: str, codec: str) -> None:
    """Each of the shop's wordings beside a list is the page's notice, whatever the bytes."""
    text = search_page(LIST_ITEM, around=f"<p>到 结果 {said}</p>")
    assert parse_search_page(text.encode(codec)).notice == f"到 结果 {said}"


def test_words_in_scripts_are_no_notice() -> None:
    """Text in scripts does not count."""
    script = "<script>var tip = '抱歉，没有找到与“x”相关的商品';</script><!-- 没有找到相关商品 -->"
    assert parse(search_page(LIST_ITEM, around=script)).notice == ""


def test_a_page_without_head() -> None:
    """Part of a page, its list alone, is a result page without information on the whole."""
    page = parse(LIST_ITEM)
    assert (page.kind, page.items, page.total, page.pages, page.query_echo) == (
        PageKind.RESULTS,
        1,
        None,
        None,
        None,
    )


def test_wide_pages_are_cut_before_they_are_parsed() -> None:
    """The markup around the list may be long: the items are the same."""
    padding = "<div>" + "<span>天地玄黄</span>" * 2000 + "</div>"
    text = search_page(LIST_ITEM).replace(HEAD, HEAD + padding)
    assert parse(text) == parse(search_page(LIST_ITEM))
