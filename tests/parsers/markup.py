"""Markup of Dangdang's search pages for tests, and access to the real captures."""

from __future__ import annotations

from pathlib import Path

import pytest

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "real"


def real(name: str) -> bytes:
    """Return a real capture; skip the test if there are none."""
    path = REAL / name
    if not path.exists():
        pytest.skip(f"the real captures are not here: {REAL}")
    return path.read_bytes()


def as_sent(body: bytes) -> bytes:
    """Return a page saved by a browser as the shop sends it: GBK, `&yen;`, bare `&`, some single quotes."""
    text = body.decode("utf-8").replace("¥", "&yen;").replace("&amp;", "&")
    text = text.replace('name="itemlist-author"', "name='itemlist-author'").replace(
        'class="search_btn_cart "', "class='search_btn_cart '"
    )
    return text.encode("gb18030")


LIST_ITEM = """<li ddt-pit="1" class="line1" id="p29000001" sku="29000001">
<a title=" 山海小史（第2版）" class="pic" name="itemlist-picture" href="//product.dangdang.com/29000001.html"><img
data-original="//img3m1.ddimg.cn/1/2/29000001-1_b_3.jpg" src="images/model/guan/url_none.png"
alt=" 山海小史（第2版）"></a>
<p class="name" name="title"><a title=" 山海小史（第2版） 一部写给大家的地理书"
href="//product.dangdang.com/29000001.html" name="itemlist-title"> <font
class="skcolor_ljg">山海</font>小史（第2版） 一部写给大家的地理书</a></p>
<p class="detail">从海岸说到雪线。</p>
<p class="price"> <span class="search_now_price">&yen;39.00</span><a class="search_discount">定价：</a><span
class="search_pre_price">&yen;78.00</span><span class="search_discount">&nbsp;(5折) </span></p>
<p class="search_star_line"><span class="search_star_black"><span style="width: 90%;"></span></span><a
class="search_comment_num" name="itemlist-review">1234条评论</a></p>
<p class="search_book_author"><span>[美]<a name="itemlist-author"
title="[美]安·李（Ann Lee） 著，王小明 译">安·李</a></span><span>
/2021-03-31</span><span>  /<a name="P_cbs" title="海岸出版社">海岸出版社</a></span></p>
<div class="shop_button"><p class="bottom_p"><a class="search_btn_cart" name="Buy">加入购物车</a></p></div></li>"""
"""One item of the list layout, with every field."""

HEAD = """<html><head><title>山海-当当网</title>
<meta http-equiv="Content-Type" content="text/html; charset=GB2312"></head>
<body><a class="login_link">登录</a>"""


def search_page(*items: str, total: int | None = 120, pager: str = "1/2", around: str = "") -> str:
    """Return a search page that contains `items`, with total and pager in the shop's form."""
    said = f'<span class="sp total">共<em class="b">{total}</em>件商品</span>' if total is not None else ""
    page, _, pages = pager.partition("/")
    top = f'<span class="or">{page}</span><span>/{pages}</span>' if pager else ""
    listed = "".join(items)
    if items:
        listed = f'<div id="search_nature_rg"><ul class="bigimg" id="component_59">{listed}</ul></div>'
    bar = (
        '<div class="paging"><ul name="Fy"><li><a class="current" href="/?page_index=1">1</a></li></ul></div>'
    )
    return f'{HEAD}<span class="search_word">\n山海 </span>{said}{around}{top}{listed}{bar}</body></html>'
