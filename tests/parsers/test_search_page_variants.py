"""Markup of other years and other templates: missing, moved or differently written parts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from parsers.dangdang import parse_search_page
from parsers.model import Flag, Layout, Listing, PageKind, SearchPage
from tests.parsers.markup import HEAD, LIST_ITEM, search_page


def parse(text: str, *, page: int = 1) -> SearchPage:
    return parse_search_page(text.encode("gb18030"), page=page)


def listing(*changes: tuple[str, str]) -> Listing:
    """Return the listing of the example item after some replacements, each of which must apply."""
    item = LIST_ITEM
    for old, new in changes:
        assert old in item
        item = item.replace(old, new)
    (found,) = parse(search_page(item)).listings
    return found


def test_the_example() -> None:
    """The example item gives every field."""
    found = listing()
    assert (found.product_id, found.title, found.subtitle) == (
        "29000001",
        "山海小史（第2版）",
        "一部写给大家的地理书",
    )
    assert (found.description, found.highlighted) == ("从海岸说到雪线。", True)
    assert (found.price, found.list_price, found.discount_text) == (Decimal("39.00"), Decimal("78.00"), "5折")
    assert [(c.name, c.original_name, c.role, c.nationality) for c in found.contributors] == [
        ("安·李", "Ann Lee", "著", "美"),
        ("王小明", None, "译", None),
    ]
    assert found.contributors_text == "[美]安·李（Ann Lee） 著，王小明 译"
    assert (found.publisher, found.published) == ("海岸出版社", dt.date(2021, 3, 31))
    assert (found.rating, found.reviews) == (4.5, 1234)
    assert (found.seller, found.self_operated) == (None, True)
    assert found.url == "https://product.dangdang.com/29000001.html"
    assert found.image == "https://img3m1.ddimg.cn/1/2/29000001-1_b_3.jpg"
    assert (found.volumes, found.flags, found.sold_out, found.ebook_only) == (1, frozenset(), False, False)


def test_page_and_position() -> None:
    """A listing has the requested page number and its position among the items."""
    other = LIST_ITEM.replace("29000001", "29000002")
    page = parse(search_page(LIST_ITEM, other), page=7)
    assert [(found.page, found.position, found.product_id) for found in page.listings] == [
        (7, 1, "29000001"),
        (7, 2, "29000002"),
    ]


@pytest.mark.parametrize(
    "href",
    [
        "//product.dangdang.com/29000001.html",
        "http://product.dangdang.com/29000001.html",
        "https://product.dangdang.com/29000001.html#ddclick?act=click",
        "http://product.dangdang.com/product.aspx?product_id=29000001",
        "http://product.m.dangdang.com/29000001.html?t=1",
        "/29000001.html",
        "javascript:void(0)",
    ],
)
def test_addresses(href: str) -> None:
    """Whatever the link, the address is absolute, https and the product's page."""
    found = listing(("//product.dangdang.com/29000001.html", href))
    assert found.url == "https://product.dangdang.com/29000001.html"


@pytest.mark.parametrize(
    ("tag", "product_id"),
    [
        ('<li id="p29000009">', "29000009"),
        ("<li id='p29000009' sku=''>", "29000009"),
        ("<li sku=29000009>", "29000009"),
        ('<li id="29000009">', "29000009"),
        ('<li class="line1">', "29000001"),
        ('<li id="p">', "29000001"),
    ],
)
def test_product_id(tag: str, product_id: str) -> None:
    """The product id comes from the item's id, else its sku, else the link in it."""
    assert (
        listing(('<li ddt-pit="1" class="line1" id="p29000001" sku="29000001">', tag)).product_id
        == product_id
    )


def test_an_item_without_any_id_is_counted_and_not_listed() -> None:
    """An item without a product counts as an item of the page, not as a listing."""
    anonymous = LIST_ITEM.replace(' id="p29000001" sku="29000001"', "").replace(
        "product.dangdang.com/29000001.html", "#"
    )
    page = parse(search_page(LIST_ITEM, anonymous))
    assert (page.items, len(page.listings)) == (2, 1)


@pytest.mark.parametrize(
    "opening", ['<ul class="bigimg">', "<ul class='bigimg' >", '<ul class="list_aa bigimg">', "<ul>"]
)
def test_lists_of_other_names(opening: str) -> None:
    """The list is found without its usual ids."""
    text = search_page(LIST_ITEM).replace('<ul class="bigimg" id="component_59">', opening)
    for page in (parse(text), parse(text.replace('<div id="search_nature_rg">', "<div>"))):
        assert (page.kind, page.items, page.layout) == (PageKind.RESULTS, 1, Layout.LIST)


def test_missing_opening_tags() -> None:
    """Items whose opening tag is missing are read, first or in the middle."""
    bare = LIST_ITEM.replace("29000001", "29000002").split(">", 1)[1]
    page = parse(
        search_page(bare, LIST_ITEM, bare.replace("29000002", "29000003"), LIST_ITEM.replace("0001", "0004"))
    )
    assert [found.product_id for found in page.listings] == ["29000002", "29000001", "29000003", "29000004"]
    assert {found.price for found in page.listings} == {Decimal("39.00")}


def test_missing_closing_tags() -> None:
    """Items whose closing tags are missing end where the next begins."""
    open_item = LIST_ITEM.removesuffix("</p></div></li>")
    page = parse(search_page(open_item, open_item.replace("29000001", "29000002")))
    assert [found.product_id for found in page.listings] == ["29000001", "29000002"]


def test_nested_lists_are_no_items() -> None:
    """A tile's own list of colours belongs to the tile."""
    other = "//product.dangdang.com/1300000001.html"
    colours = f'<ul class="pic_list"><li><a class="pic" href="{other}"></a></li></ul></li>'
    page = parse(search_page(LIST_ITEM.replace("</li>", colours)))
    assert [found.product_id for found in page.listings] == ["29000001"]


def test_titles() -> None:
    """Without the picture's title the image's or the line's is taken, and the line's text without its attribute."""
    in_picture, in_image = 'title=" 山海小史（第2版）" class="pic"', 'alt=" 山海小史（第2版）"'
    in_line = 'title=" 山海小史（第2版） 一部写给大家的地理书"'
    both = "山海小史（第2版） 一部写给大家的地理书"
    assert listing((in_picture, 'class="pic"')).title == "山海小史（第2版）"
    assert listing((in_picture, 'class="pic"'), (in_image, "")).title == both
    assert listing((in_picture, 'class="pic"'), (in_image, ""), (in_line, "")).title == both
    without_attribute = listing((in_line, ""))
    assert (without_attribute.title, without_attribute.subtitle) == (
        "山海小史（第2版）",
        "一部写给大家的地理书",
    )


def test_title_and_subtitle_by_their_letters() -> None:
    """White space between the title's letters does not keep the subtitle from being cut off after it."""
    found = listing(('title=" 山海小史（第2版） 一部', 'title=" 山海小史 （第2版）\n一部'))
    assert (found.title, found.subtitle) == ("山海小史（第2版）", "一部写给大家的地理书")


def test_a_title_cut_off_within_a_word() -> None:
    """A title that the shop cut ends there; the text after it repeats it and is the subtitle."""
    found = listing(
        ('title=" 山海小史（第2版）" class="pic"', 'title=" 山海小史：从海岸与商业应" class="pic"'),
        ("山海小史（第2版） 一部写给大家的地理书", "山海小史：从海岸与商业应 山海小史：从海岸与商业应用"),
    )
    assert (found.title, found.subtitle) == ("山海小史：从海岸与商业应", "山海小史：从海岸与商业应用")


def test_a_quotation_mark_in_the_line() -> None:
    """A quotation mark cuts the line's attribute short; its text goes on."""
    found = listing(
        (' 一部写给大家的地理书"', ' 一部"好"书"'),
        ("（第2版） 一部写给大家的地理书</a>", "（第2版） 一部&quot;好&quot;书</a>"),
    )
    assert found.subtitle == '一部"好"书'


@pytest.mark.parametrize(
    ("said", "price"),
    [
        ("¥39.00", "39.00"),
        ("￥1,299.00", "1299.00"),
        ("&#165;39", "39"),
        ("&yen;<span>39.90</span>", "39.90"),
        ("&yen;38.00起", "38.00"),
        ("&yen;0.00", None),
        ("暂无报价", None),
    ],
)
def test_prices(said: str, price: str | None) -> None:
    """A price is read through entities and inner tags; an unreadable one is None, and its text is kept."""
    found = listing(("&yen;39.00", said))
    assert found.price == (None if price is None else Decimal(price))
    assert found.price_text


def test_price_outside_its_paragraph() -> None:
    """A price is found wherever in the item it stands."""
    found = listing(('<p class="price"> ', "<div><div>"), ("(5折) </span></p>", "(5折) </span></div></div>"))
    assert (found.price, found.list_price, found.discount_text) == (Decimal("39.00"), Decimal("78.00"), "5折")


def test_no_list_price() -> None:
    """Without list price and discount those are empty."""
    found = listing(
        (
            '<span\nclass="search_pre_price">&yen;78.00</span><span class="search_discount">&nbsp;(5折) </span>',
            "",
        )
    )
    assert (found.list_price, found.list_price_text, found.discount_text) == (None, "", "")


EBOOK_OFFER = '<a class="search_e_price"><span>电子书：</span><i>&yen;8.99</i></a>'


def test_an_ebook_beside_the_book() -> None:
    """The e-book's price stands beside the book's own."""
    found = listing(('<span class="search_now_price">', EBOOK_OFFER + '<span class="search_now_price">'))
    assert (found.price, found.ebook_price, found.ebook_only) == (Decimal("39.00"), Decimal("8.99"), False)


@pytest.mark.parametrize(
    "price",
    [
        EBOOK_OFFER,
        '<div class="ebook_buy"><p class="price e_price"><span class="search_now_price">&yen;8.99</span></p></div>',
        '<p class="e_price">&yen;8.99</p>',
    ],
)
def test_an_ebook_alone(price: str) -> None:
    """An item with an e-book's price and no other sells an e-book only, and has no price."""
    found = listing(('<span class="search_now_price">&yen;39.00</span>', price))
    assert (found.price, found.ebook_price, found.ebook_only) == (None, Decimal("8.99"), True)


def test_an_ebook_by_its_id() -> None:
    """A product id of the e-book range makes an e-book of it, its price the e-book's."""
    found = listing(("29000001", "1900471452"))
    assert (found.price, found.ebook_price, found.ebook_only) == (None, Decimal("39.00"), True)


@pytest.mark.parametrize(
    ("stars", "rating"),
    [
        ("width: 100%;", 5.0),
        ("width:90%", 4.5),
        ("width: 0%;", None),
        ("width: 85.5%", 4.28),
        ("width: 900%", None),
        ("color: red", None),
    ],
)
def test_rating(stars: str, rating: float | None) -> None:
    """The bar's width is the rating out of 5; nothing, 0 % and nonsense give None."""
    assert listing(("width: 90%;", stars)).rating == rating


def test_no_reviews() -> None:
    """An item without star line has neither rating nor reviews."""
    start = LIST_ITEM.index('<p class="search_star_line">')
    found = listing((LIST_ITEM[start : LIST_ITEM.index("</p>", start)], "<p>"))
    assert (found.rating, found.reviews) == (None, None)


SHOP = '<p class="search_shangjia"><span class="star_shop">明星店铺</span>{}</p><p class="detail">'


@pytest.mark.parametrize(
    ("product_id", "line", "seller", "own"),
    [
        ("29000001", "", None, True),
        ("12100022244", "", None, None),
        ("1300000001", "", None, None),
        ("1300000001", '<a name="itemlist-shop-name" title="文海书店">文海书店</a>', "文海书店", False),
        ("29000001", '<a name="itemlist-shop-name" title="文海书店">文海书店</a>', "文海书店", False),
        ("1300000001", '<a href="//shop.dangdang.com/1">文海书店</a>', "文海书店", False),
        (
            "12100022244",
            '<span class="new_lable"><span class="new_lable1">当当自营</span></span>',
            None,
            True,
        ),
    ],
)
def test_seller(product_id: str, line: str, seller: str | None, own: bool | None) -> None:
    """A shop link proves a marketplace seller, a label or an eight-digit id the shop itself; nothing else does."""
    block = SHOP.format(line) if "<a" in line else f'{line}<p class="detail">'
    found = listing(('<p class="detail">', block), ("29000001", product_id))
    assert (found.seller, found.self_operated) == (seller, own)


def test_the_label_in_marketing_text_proves_nothing() -> None:
    """当当自营 in a subtitle or a description is praise, not the label."""
    found = listing(
        ("29000001", "1300000001"),
        ("从海岸说到雪线。", "当当自营，正版保证"),
        ("一部写给", "当当自营 一部写给"),
    )
    assert found.self_operated is None


@pytest.mark.parametrize(
    ("button", "sold_out"),
    [
        ('<a class="search_btn_cart" name="Buy">加入购物车</a>', False),
        ('<a class="search_btn_cart" name="area_buy">详细信息</a>', False),
        ('<a class="search_btn_cart" name="pdno">到货通知</a>', True),
        ('<a class="search_btn_cart">到货通知</a>', True),
        ('<a class="search_btn_cart">缺货</a>', True),
        ('<a class="search_btn_cart" name="Buy">预售</a>', False),
    ],
)
def test_sold_out(button: str, sold_out: bool) -> None:
    """A notice in place of the cart button means sold out; a details button proves nothing."""
    assert listing(('<a class="search_btn_cart" name="Buy">加入购物车</a>', button)).sold_out == sold_out


@pytest.mark.parametrize(
    ("block", "contributors", "published", "publisher"),
    [
        ("<span></span><span></span><span></span>", "", None, None),
        (
            "<span>王小明 著</span><span> /2021-3-1</span><span> /海岸出版社</span>",
            "王小明 著",
            dt.date(2021, 3, 1),
            "海岸出版社",
        ),
        (
            "<span></span><span>2021</span><span><a name='P_cbs'>海岸出版社</a></span>",
            "",
            dt.date(2021, 1, 1),
            "海岸出版社",
        ),
        ("<span></span><span></span><span>/<a name='P_cbs'>海岸出版社</a></span>", "", None, "海岸出版社"),
        # A name that ends as a part of the line does.
        ("<span></span><span></span><span>/<a name='P_cbs'>海岸/</a></span>", "", None, "海岸/"),
        (
            "<span><a name='itemlist-author'>王小明</a></span><span> /2021年3月</span>",
            "王小明",
            dt.date(2021, 3, 1),
            None,
        ),
        (
            "<span><a name='itemlist-author'>1984研究会</a></span><span></span><span></span>",
            "1984研究会",
            None,
            None,
        ),
        ("王小明 著 /2021-03-01 /海岸出版社", "王小明 著", dt.date(2021, 3, 1), "海岸出版社"),
        (
            "<span><a name='itemlist-author' title='Tim O'Hara 著，王小明 译'>Tim O'Hara</a> 著，王小明 译</span>",
            "Tim O'Hara 著，王小明 译",
            None,
            None,
        ),
    ],
)
def test_author_blocks(
    block: str, contributors: str, published: dt.date | None, publisher: str | None
) -> None:
    """Author, date and publisher are recognized by their content, whichever of them is missing."""
    start = LIST_ITEM.index("<span>[美]")
    found = listing((LIST_ITEM[start : LIST_ITEM.index("</p>", start)], block))
    assert (found.contributors_text, found.published, found.publisher) == (contributors, published, publisher)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ('<img src="http://img3m1.ddimg.cn/1/2/3-1_b.jpg">', "https://img3m1.ddimg.cn/1/2/3-1_b.jpg"),
        ("<img src='//img3m1.ddimg.cn/1/2/3-1_b.jpg'>", "https://img3m1.ddimg.cn/1/2/3-1_b.jpg"),
        ('<img src="images/model/guan/url_none.png">', None),
        ("<img>", None),
    ],
)
def test_images(image: str, expected: str | None) -> None:
    """The cover's address is absolute and https; a placeholder is none."""
    start = LIST_ITEM.index("<img")
    assert listing((LIST_ITEM[start : LIST_ITEM.index("</a>", start)], image)).image == expected


TILE = """<li id="p60600001"><a title=" 山海小史" class="pic" href="//product.dangdang.com/60600001.html"><img
src="//img3m1.ddimg.cn/1-1_b.jpg"></a><p class="price"><span class="price_n">&yen;61.40</span><span
class="price_r">&yen;89.00</span><span class="price_s">(6.9折)</span></p><p class="name"><a title=" 山海小史 "
href="//product.dangdang.com/60600001.html">山海小史</a></p><p class="search_hot_word">热词</p><p class="star"><span
class="level"><span style="width: 80%;"></span></span><a name="itemlist-review">12条评论</a></p>
<p class="link"><a title="文海书店" href="//shop.dangdang.com/1">文海书店</a></p></li>"""


def test_tiles_with_their_shop() -> None:
    """A list of tiles is the grid layout; a tile's shop stands in a line of its own."""
    text = search_page(TILE).replace(
        'class="bigimg" id="component_59"', 'class="bigimg cloth_shoplist" id="component_47"'
    )
    page = parse(text)
    assert page.layout is Layout.GRID
    (tile,) = page.listings
    assert (tile.title, tile.subtitle, tile.description) == ("山海小史", "", "热词")
    assert (tile.price, tile.list_price, tile.discount_text) == (Decimal("61.40"), Decimal("89.00"), "6.9折")
    assert (tile.rating, tile.reviews, tile.seller, tile.self_operated) == (4.0, 12, "文海书店", False)


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


BUY = 'name="Buy"'


@pytest.mark.parametrize(
    ("item", "script", "options"),
    [
        (LIST_ITEM, "", False),
        (LIST_ITEM, "<script>var spu_ids = JSON.parse('[29000001]');</script>", True),
        (LIST_ITEM, '<script>var spu_ids = ["12100022244", "29000001"];</script>', True),
        (LIST_ITEM, "<script>var spu_ids = JSON.parse('[290000011]');</script>", False),
        (LIST_ITEM, "<script>var spu_ids = JSON.parse('[]');</script>", False),
        (LIST_ITEM.replace(BUY, f'{BUY} href="javascript:AddToShoppingCart(29000001)"'), "", False),
        (LIST_ITEM.replace(BUY, f'{BUY} href="//product.dangdang.com/29000001.html"'), "", True),
        (LIST_ITEM.replace("&yen;39.00<", "&yen;39.00起<"), "", True),
    ],
)
def test_a_number_with_several_options(item: str, script: str, options: bool) -> None:
    """A script on the page, a Buy button that opens the product's page, or «起» mark the lowest of several prices."""
    body = search_page(item)
    at = body.rindex("</body>") if "</body>" in body else len(body)
    (found,) = parse(body[:at] + script + body[at:]).listings
    assert found.from_price == options
    assert found.volumes == (None if options else 1)
    assert found.price == Decimal("39.00")


@pytest.mark.parametrize(
    ("where", "words", "used"),
    [
        ("一部写给大家的地理书", "正版旧书，保证质量", True),
        ("一部写给大家的地理书", "八五成新 无笔记", True),
        ("一部写给大家的地理书", "品相良好", True),
        ("一部写给大家的地理书", "二手时间里的人", False),
        ("一部写给大家的地理书", "旧书店里的一生", False),
        ("一部写给大家的地理书", "八成新手都会犯的错", False),
        ("从海岸说到雪线。", "本书为二手书，95新", True),
        ("从海岸说到雪线。", "他在旧书摊上淘到一本二手书店的目录", False),
    ],
)
def test_a_used_copy_that_only_other_words_give_away(where: str, words: str, used: bool) -> None:
    """Subtitle and description count, too, but not what a book is about."""
    assert (Flag.SECOND_HAND in listing((where, words)).flags) == used


@pytest.mark.parametrize(("name", "used"), [("小城二手书店", True), ("旧书街", True), ("新华书店", False)])
def test_a_seller_of_used_books(name: str, used: bool) -> None:
    """A marketplace shop whose name says that it sells used books sells used copies."""
    shop = f'<p class="search_shangjia"><a name="itemlist-shop-name" title="{name}">{name}</a></p></li>'
    assert (Flag.SECOND_HAND in listing(("</li>", shop)).flags) == used


def test_a_publisher_that_is_unknown() -> None:
    """«不详» in the publisher's place is no publisher."""
    assert listing(("海岸出版社", "不详")).publisher is None
