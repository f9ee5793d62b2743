"""The choice of product, offer and source, and the charset of a page."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from parsers.charsets import detect_web_charset, web_codec
from parsers.product import Availability, Condition, ProblemCode, ProductPage, Source, parse_product_page
from parsers.product.page import MAX_MERGED
from parsers.product.vocabulary import absolute, read_availability, read_condition
from tests.parsers.markup import real

HERE = "https://shop.example/books/atlas"


def ld(*nodes: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(nodes)}</script>'


def parse(markup: str, url: str = HERE) -> ProductPage:
    return parse_product_page(markup.encode(), url=url)


def thing(name: str, **more: Any) -> dict[str, Any]:
    return {"@type": "Product", "name": name, **more}


def codes(page: ProductPage) -> list[str]:
    return [problem.code for problem in page.problems]


@pytest.mark.parametrize(
    ("nodes", "title", "problems"),
    [
        ([thing("Globe", url="/globe"), thing("Atlas", url="/books/atlas")], "Atlas", []),
        ([thing("Globe"), thing("Atlas", offers={"price": "5"})], "Atlas", []),
        ([thing("Atlas"), thing("Globe")], "Atlas", ["several_products"]),
        ([{"@type": "Organization", "name": "Shop", "offers": {"price": "1"}}, thing("Atlas")], "Atlas", []),
        ([{"@type": "WebSite", "name": "Shop"}], "", []),
    ],
)
def test_the_product_of_the_page(nodes: list[Any], title: str, problems: list[str]) -> None:
    """The product with the page's address counts, then one with offers, then the first, with a problem."""
    page = parse(ld(*nodes))
    assert (page.title, codes(page)) == (title, problems)


def test_members_of_a_group_are_its_variants() -> None:
    """Variants that only refer to their group are its offers, whatever their number."""
    group = {"@type": "ProductGroup", "@id": "#g", "name": "Atlas", "productGroupID": "g1"}
    members = [
        thing("paper", isVariantOf={"@id": "#g"}, offers={"price": "20"}),
        thing("cloth", inProductGroupWithID="g1", offers={"price": "35"}),
    ]
    page = parse(ld(group, *members))
    assert (page.title, [offer.name for offer in page.offers]) == ("Atlas", ["paper", "cloth"])


def test_nodes_of_the_same_name_describe_one_product() -> None:
    page = parse(
        ld(thing("Atlas", offers={"price": "5"}), {"@type": "Book", "name": "Atlas", "isbn": "9787115546081"})
    )
    assert (page.isbn, str(page.price), codes(page)) == ("9787115546081", "5", [])


def test_each_field_from_the_first_source_that_has_it() -> None:
    markup = (
        "<title>Shop</title>"
        + ld(thing("Atlas", offers={"availability": "InStock"}))
        + '<div itemscope itemtype="http://schema.org/Product"><i itemprop="brand">Maps</i></div>'
        '<meta property="og:price:amount" content="5"><meta property="og:price:currency" content="EUR">'
    )
    page = parse(markup)
    found = {
        field: page.source_of(field) for field in ("title", "availability", "brand", "price", "currency")
    }
    assert found == {
        "title": Source.JSON_LD,
        "availability": Source.JSON_LD,
        "brand": Source.MICRODATA,
        "price": Source.OPENGRAPH,
        "currency": Source.OPENGRAPH,
    }
    assert page.source_of("isbn") is None


def test_a_source_about_another_book_is_left_out() -> None:
    """A source with another book's ISBN contributes nothing, and the page has a problem."""
    markup = ld(thing("Atlas", isbn="9787115546081")) + (
        '<div itemscope itemtype="http://schema.org/Book"><i itemprop="isbn">9786267569337</i>'
        '<i itemprop="price">5</i></div>'
    )
    page = parse(markup)
    assert (page.isbn, page.price, codes(page)) == ("9787115546081", None, ["sources_differ"])


def test_a_contradicted_currency_is_not_borrowed() -> None:
    """If a source contradicts itself, no other source decides."""
    markup = ld(thing("Atlas", offers={"price": "US$12", "priceCurrency": "EUR"}))
    more = '<meta property="og:price:amount" content="12"><meta property="og:price:currency" content="EUR">'
    page = parse(markup + more)
    assert (page.price, page.currency) == (Decimal(12), None)
    assert ProblemCode.OTHER_CURRENCY in codes(page)


@pytest.mark.parametrize(
    ("markup", "has_product"),
    [
        ("<title>News</title><meta property='og:title' content='News'>", False),
        (
            '<meta name="twitter:label1" content="Written by"><meta name="twitter:data1" content="A. Lee">',
            False,
        ),
        (ld({"@type": "Article", "name": "News"}), False),
        (ld(thing("Atlas")), True),
        ('<meta property="product:price:amount" content="5">', True),
        ('<meta property="book:isbn" content="9787115546081">', True),
    ],
)
def test_has_product(markup: str, has_product: bool) -> None:
    assert parse(markup).has_product is has_product


@pytest.mark.parametrize(
    "markup",
    [
        f"<!-- {ld(thing('Atlas'))} -->",
        f"<script>'{ld(thing('Atlas'))[:-9]}'</script>",
        f"<textarea>{ld(thing('Atlas'))}</textarea>",
        '<template><div itemscope itemtype="http://schema.org/Product"><i itemprop="price">5</i></div></template>',
        '<script>"<meta property=og:price:amount content=5>"</script>',
    ],
)
def test_what_is_no_markup_is_not_read(markup: str) -> None:
    assert not parse(markup).has_product


def test_broken_tags_cost_only_themselves() -> None:
    """The parser reads quotes and brackets within attributes, capitals and missing quotes as a browser does."""
    page = parse(
        '<META PROPERTY=og:title CONTENT=\'a > b "c"\'><meta property="og:site_name" content=><meta '
        'content="5" property="og:price:amount"/><LINK REL="canonical" HREF="/x">'
    )
    assert (page.title, page.price, page.url) == ('a > b "c"', Decimal(5), "https://shop.example/x")


def test_addresses_are_absolute_and_of_the_web() -> None:
    markup = '<base href="/de/">' + ld(
        thing("Atlas", image=["data:image/png;base64,xx", "a.jpg"], url="javascript:x")
    )
    page = parse(markup)
    assert (page.image, page.url) == ("https://shop.example/de/a.jpg", HERE)
    assert absolute("//x.org/a b", "") == "https://x.org/a%20b"
    assert absolute("a.jpg", "") is None
    assert absolute("http://user:secret@x.org/a@b", "") == "http://x.org/a@b"
    assert absolute("/a", "http://user:secret@x.org/b") == "http://x.org/a"
    assert absolute("http://[::1", "https://x.org") is None


PRODUCT = 'itemscope itemtype="https://schema.org/Product"'
NESTED = [
    f"<ul><li {PRODUCT}><ul><li><b itemprop=name>Atlas</b><li><i itemprop=price>5</i></ul></li><li>Globe</li></ul>",
    f"<table><tr {PRODUCT}><td><b itemprop=name>Atlas</b><td itemprop=price>5</table><p itemprop=sku>7",
    f"<p {PRODUCT}><b itemprop=name>Atlas</b> <i itemprop=price>5</i></p><div itemprop=sku>7</div>",
    f"<div><main {PRODUCT}><div><h1 itemprop=name>At<b>las</b></h1></div><p>x<div itemprop=price>5</div></main></div>",
    f"<DIV {PRODUCT.upper()}><B ITEMPROP=NAME>Atlas</B><I ITEMPROP=price>5</I></DIV><DIV ITEMPROP=sku>7</DIV>",
    f"<div {PRODUCT}><span itemprop=name>Atlas<!-- x --></span><script>'</span>'</script><i itemprop=price>5</i></div>",
    f"<body {PRODUCT}><div><div itemprop=name>Atlas</div></div><footer><b itemprop=price>5</b></footer></body>",
    f"</div><nav {PRODUCT}><a itemprop=name href=/x>Atlas</a></i><u itemprop=price>5</nav><i itemprop=sku>7",
    f"<dl><dt>Book<dd {PRODUCT}><i itemprop=name>Atlas</i><dl><dt>x<dd itemprop=price>5</dl></dl><b itemprop=sku>7</b>",
]


@pytest.mark.parametrize("markup", NESTED)
@pytest.mark.parametrize(
    "around", ["{}", "<div><div>{}</div><div>Globe</div></div>", "<p>x<table><tr><td>{}</table>"]
)
def test_items_end_where_their_elements_end(markup: str, around: str) -> None:
    """Dropping irrelevant tags changes nothing: a property after the item belongs to no item."""
    page = parse(around.format(markup))
    assert (page.title, page.price, page.sku) == ("Atlas", Decimal(5), "")


@pytest.mark.parametrize(
    ("text", "availability"),
    [
        ("https://schema.org/InStock", Availability.IN_STOCK),
        ("in stock", Availability.IN_STOCK),
        ("http://schema.org/OutOfStock/", Availability.OUT_OF_STOCK),
        ("oos", Availability.OUT_OF_STOCK),
        ("Pre-Order", Availability.PREORDER),
        ("缺货", Availability.OUT_OF_STOCK),
        ("whatever", None),
        ("", None),
    ],
)
def test_availability(text: str, availability: Availability | None) -> None:
    assert read_availability(text) is availability


def test_condition_and_unknown_words() -> None:
    assert read_condition("https://schema.org/UsedCondition") is Condition.USED
    page = parse(
        ld(thing("Atlas", offers={"price": "5", "availability": "soonish", "itemCondition": "crisp"}))
    )
    assert [problem.detail for problem in page.problems] == ["availability soonish", "condition crisp"]


@pytest.mark.parametrize(
    ("text", "codec", "header", "declaration", "read_as"),
    [
        ("für 5 €", "cp1252", "ISO-8859-1", "", "cp1252"),
        ("für 5 €", "cp1252", None, '<html lang="de">', "cp1252"),
        ("für 5 €", "utf-8", "ISO-8859-1", "", "utf-8"),
        ("für 5 €", "cp1252", None, "", "cp1252"),
        ("地图集 5元", "gb18030", "gb2312", "", "gb18030"),
        ("地图集 5元", "gb18030", "iso-8859-1", '<meta charset="gbk">', "gb18030"),
        ("地图集 5元", "gb18030", None, "", "gb18030"),
        ("地圖集", "big5hkscs", None, '<meta charset="big5">', "big5hkscs"),
        ("地図帳", "cp932", "Shift_JIS", "", "cp932"),
        ("지도책", "cp949", None, '<meta charset="euc-kr">', "cp949"),
        ("Атлас", "cp1251", "windows-1251", "", "cp1251"),
        ("Атлас", "koi8-r", "KOI8-R", "", "koi8-r"),
        ("żółw", "iso8859-2", None, '<html lang="pl">', "iso8859-2"),
    ],
)
def test_the_charset_of_any_shop(
    text: str, codec: str, header: str | None, declaration: str, read_as: str
) -> None:
    body = f'{declaration}<meta property="og:title" content="{text}">'.encode(codec)
    page = parse_product_page(body, charset=header)
    assert (page.title, page.charset, page.undecodable) == (text, read_as, 0)


@pytest.mark.parametrize("charset", ["big5", "shift_jis", "euc-kr", "gb18030", "utf-8"])
def test_every_lost_sequence_is_counted(charset: str) -> None:
    """Undecodable sequences are counted, in charsets with and without U+FFFD."""
    body = f'<meta charset="{charset}">'.encode() + b"\x81\xff " * 7
    assert parse_product_page(body).undecodable >= 7


def test_text_that_cannot_be_encoded() -> None:
    """The parser replaces unpaired surrogates, which JSON can contain but files cannot, and control characters."""
    page = parse(
        '<script type="application/ld+json">{"@type": "Product", "name": "\\ud800 At\\u0000las"}</script>'
    )
    assert page.title == "\ufffd At las"


def test_an_item_that_refers_to_itself() -> None:
    """An item that refers to itself is not a property of anything, so it comes before the next product."""
    markup = f'<div {PRODUCT} itemref="a" id="a" itemprop="isVariantOf"><b itemprop="name">Atlas</b></div>'
    assert parse(f"{markup}<div {PRODUCT}><b itemprop=name>Globe</b></div>").title == "Atlas"


def test_many_nodes_of_one_name() -> None:
    """A few nodes are merged; a larger number is a list, and leaves a problem."""
    page = parse(ld(*[thing("Atlas", offers={"price": str(number)}) for number in range(1, MAX_MERGED + 20)]))
    assert (page.price, codes(page)) == (Decimal(1), ["several_products"])
    assert parse(ld(*[thing("Atlas")] * MAX_MERGED)).problems == ()


def test_a_list_price_alone_is_not_a_price() -> None:
    """An original price without a price is a price that no longer applies."""
    page = parse('<meta property="product:original_price:amount" content="40">')
    assert (page.price, page.list_price, page.offers) == (None, None, ())


def test_unknown_charset_names() -> None:
    assert web_codec("x-none") is None
    assert web_codec(None) is None
    assert detect_web_charset(b"\x81\x8d\x8f\x90\x9d", "x-none") in {"gb18030", "cp1252"}


@pytest.mark.parametrize(
    ("name", "price", "title"),
    [
        ("kingstone_2026_product_paper.html", 972, "機器學習：最強入門邁向AI高手王者歸來"),
        ("kingstone_2026_product_ebook.html", 864, "【電子書】機器學習：最強入門邁向AI高手．王者歸來"),
    ],
)
def test_captured_pages(name: str, price: int, title: str) -> None:
    """Pages of a Taiwanese shop, unchanged."""
    page = parse_product_page(real(f"taiwan/{name}"), charset="utf-8")
    assert (page.title, page.price, page.currency, page.isbn) == (
        title,
        Decimal(price),
        "TWD",
        "9786267569337",
    )
    assert (page.authors, page.publisher, page.availability) == (
        ("洪錦魁",),
        "深智數位",
        Availability.IN_STOCK,
    )
    assert page.problems == ()
