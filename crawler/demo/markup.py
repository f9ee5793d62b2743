"""Render search pages in the real shop's markup: its tags, ids, classes, attribute order and sloppiness.

These features come from the real pages: `&yen;`, bare `&` in attributes, both kinds of quotes, the first cover in `src`
and the others in `data-original`, and a declared GB2312 that only gb18030 can decode.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from urllib.parse import quote

from crawler.demo.page_chrome import ENCODING, footer, header, paging_bar
from crawler.demo.topic import Topic, topic_of
from parsers.model import Contributor, Layout, Listing

__all__ = ["BLOCK_LENGTH", "render_search_page"]

BLOCK_LENGTH = 40
"""Maximum length of the author block in characters; the links' titles are complete."""

_AMBIGUOUS = re.compile(r"&(?=#|[A-Za-z])")
_LIST_GAP = "                </li>\n                                "


def render_search_page(
    page_listings: Sequence[Listing],
    *,
    query: str,
    page: int,
    pages: int,
    total: int,
    layout: Layout = Layout.LIST,
) -> bytes:
    """Return result page `page` of `pages`, with `total` products stated, as gb18030 bytes.

    `highlighted` is ignored: the shop highlights the words of `query` wherever they occur in a title.
    """
    topic = topic_of(query)
    make = _list_item if layout is Layout.LIST else _grid_item
    items = "".join(make(listing, topic, place) for place, listing in enumerate(page_listings))
    kind = "bigimg" if layout is Layout.LIST else "bigimg cloth_shoplist"
    listed = f"""        <ul class="{kind}" id="component_59">
                            {items}</ul>
        </div>
"""
    return b"".join(
        (
            header(topic.query, page, pages, total, layout),
            listed.encode(ENCODING),
            paging_bar(topic.query, page, pages),
            _options_script(page_listings),
            footer(topic.query),
        )
    )


def _options_script(page_listings: Sequence[Listing]) -> bytes:
    """Return the script that names the products with several options, like the shop's; b"" if there are none."""
    ids = ",".join(listing.product_id for listing in page_listings if listing.from_price)
    return f"<script>var spu_ids = JSON.parse('[{ids}]');</script>\n".encode() if ids else b""


def _list_item(listing: Listing, topic: Topic, place: int) -> str:
    """Return an item of the list layout; `place` counts from 0."""
    pid = listing.product_id
    where = f"{place}_{1 + place // 20}_q"
    return "".join(
        (
            _opening(listing, place, sku=not _now_and_then(pid, "sku", 30)),
            _picture(listing, place, where),
            _name(listing, topic, where),
            f'<p class="detail" >{_text(listing.description)}</p>' if listing.description else "",
            _price(listing, where),
            _seller(listing),
            _stars(listing, where),
            '<span class="tag_box"></span>',
            _author_block(listing),
            _buttons(listing, where),
            _LIST_GAP,
        )
    )


def _grid_item(listing: Listing, topic: Topic, place: int) -> str:
    where = f"{place}_{1 + place // 20}_q"
    now = f'<span class="price_n">{_yen(listing.price_text)}</span>' if listing.price_text else ""
    before = (
        f'<span class="price_r">{_yen(listing.list_price_text)}</span>' if listing.list_price_text else ""
    )
    saved = f'<span class="price_s">({_text(listing.discount_text)})</span>' if listing.discount_text else ""
    label = '<a style="color: #878787;text-decoration:none;">定价：</a>' if before else ""
    return "".join(
        (
            _opening(listing, place, sku=False),
            _picture(listing, place, where),
            f'<p class="price" > {now}{label}{before}{saved}</p>',
            _name(listing, topic, where),
            f'<p class="search_hot_word" >{_text(listing.description)}</p>' if listing.description else "",
            _stars(listing, where, grid=True),
            _shop_link(listing.seller, "link") if listing.seller else "",
            f'<div class="empty_div"></div>{_self_label(listing)}<span class="tag_box"></span>',
            _buttons(listing, where),
            _LIST_GAP,
        )
    )


def _opening(listing: Listing, place: int, *, sku: bool) -> str:
    number = f' sku="{listing.product_id}"' if sku else ""
    pit = place + 1
    return f'<li ddt-pit="{pit}" class="line{pit}" id="p{listing.product_id}"{number}>\n                    '


def _picture(listing: Listing, place: int, where: str) -> str:
    title, cover = _attribute(listing.title), _attribute((listing.image or "").removeprefix("https:"))
    if listing.image is None:
        source = "src='images/model/guan/url_none.png'"
    elif place == 0:
        source = f"src='{cover}'"
    else:
        source = f"data-original='{cover}' src='images/model/guan/url_none.png'"
    return (
        f'<a title=" {title}"  ddclick="act=normalResult_picture&pos={listing.product_id}_{where}" class="pic" '
        f'name="itemlist-picture"  dd_name="单品图片" href="{_href(listing)}"  target="_blank" >'
        f"<img {source} alt=' {title}' /><p class=\"cool_label\"></p></a>"
    )


def _name(listing: Listing, topic: Topic, where: str) -> str:
    whole = f"{listing.title} {listing.subtitle}"
    return (
        f'<p class="name" name="title" ><a title=" {_attribute(whole)}" href="{_href(listing)}" '
        f'ddclick="act=normalResult_title&pos={listing.product_id}_{where}" name="itemlist-title" '
        f'dd_name="单品标题" target="_blank" > {_marked(whole, topic)}</a></p>'
    )


def _price(listing: Listing, where: str) -> str:
    parts = ['<p class="price" > ']
    if listing.price_text:
        parts.append(f'<span class="search_now_price">{_yen(listing.price_text)}</span>')
    if listing.list_price_text:
        parts.append(
            '<a class="search_discount" style="text-decoration:none;">定价：</a>'
            f'<span class="search_pre_price">{_yen(listing.list_price_text)}</span>'
        )
    if listing.discount_text:
        parts.append(f'<span class="search_discount">&nbsp;({_text(listing.discount_text)}) </span>')
    if listing.ebook_price is not None:
        ebook = _ebook_id(listing)
        parts.append(
            f'<a href="//product.dangdang.com/{ebook}.html" ddclick="act=normalResult_EBookPrice&pos={ebook}_{where}'
            f'act=ddclicktemplate&pos={listing.product_id}_{where}" class="search_e_price" dd_name="单品电子书" '
            f'target="_blank" id="ep{ebook}"><span>电子书：</span><i>&yen;{listing.ebook_price:,.2f}</i></a>'
        )
    parts.append("</p>")
    return "".join(parts)


def _seller(listing: Listing) -> str:
    if listing.seller:
        return _shop_link(listing.seller, "search_shangjia")
    return f'<div class="lable_label">{_self_label(listing)}</div>'


def _self_label(listing: Listing) -> str:
    """Return the label of the shop's own goods: rare for eight digits, because scripts add most of them."""
    proven = len(listing.product_id) == 8
    shown = listing.self_operated and (not proven or _now_and_then(listing.product_id, "label", 100))
    return f'<span class="new_lable" y="">{"<span class=new_lable1>当当自营</span>" if shown else ""}</span>'


def _shop_link(seller: str, kind: str) -> str:
    shop, name = 10_000 + _stable(seller, "shop") % 20_000, _attribute(seller)
    star = '<span class="star_shop">明星店铺</span>\n                        ' if shop % 3 == 0 else ""
    return (
        f'<p class="{kind}"  block="" >\n                        {star}<span class="icon_shangjia"></span>'
        f'<a href="//shop.dangdang.com/{shop}" name="itemlist-shop-name" dd_name="单品店铺" target="_blank" '
        f'title="{name}">{_text(seller)}</a><span class="new_lable" y=""></span></p>'
    )


def _stars(listing: Listing, where: str, *, grid: bool = False) -> str:
    """Return the star bar: empty for reviews without stars, and absent if there are no reviews, either."""
    if listing.rating is None and listing.reviews is None:
        return ""
    line, bar = ("star", "level") if grid else ("search_star_line", "search_star_black")
    count = "" if grid else 'class="search_comment_num" '
    reviews = (
        ""
        if listing.reviews is None
        else f'<a href="{_href(listing)}?point=comment_point" target="_blank" name="itemlist-review" '
        f'dd_name="单品评论" {count}ddclick="act=click_review_count&pos={listing.product_id}_{where}">'
        f"{listing.reviews}条评论</a>"
    )
    width = f"{(listing.rating or 0) * 20:g}"
    return (
        f'<p class="{line}" ><span class="{bar}" ><span style="width: {width}%;"></span></span>{reviews}</p>'
    )


def _author_block(listing: Listing) -> str:
    date = f" /{_text(listing.published_text)}" if listing.published_text else ""
    publisher = ""
    if listing.publisher:
        key, name = quote(listing.publisher, encoding=ENCODING), _attribute(listing.publisher)
        publisher = (
            f'  /<a href="//search.dangdang.com/?key=&key3={key}&medium=01&category_path=01.00.00.00.00.00" '
            f"name='P_cbs' dd_name='单品出版社' title='{name}'>{_text(listing.publisher)}</a>"
        )
    authors = _author_links(listing.contributors_text, listing.contributors)
    return (
        f'<p class="search_book_author"><span>{authors}</span><span>{date}</span><span>{publisher}</span></p>'
    )


def _author_links(text: str, people: Sequence[Contributor]) -> str:
    """Return the authors' span: each name is a link whose title is the whole text; a long text itself is cut."""
    title = _attribute(text)
    parts, at = [], 0
    shown = text if not people or len(text) <= BLOCK_LENGTH else text[:BLOCK_LENGTH]
    for person in people:
        name = person.name.partition("（")[0]
        start = shown.find(name, at)
        if start < 0:
            break
        parts.append(_text(shown[at:start]))
        parts.append(
            f"<a href='//search.dangdang.com/?key2={_attribute(name)}&medium=01&category_path=01.00.00.00.00.00' "
            f"name='itemlist-author' dd_name='单品作者' title='{title}'>{_text(name)}</a>"
        )
        at = start + len(name)
    parts.append(_text(shown[at:]))
    return "".join(parts)


def _buttons(listing: Listing, where: str) -> str:
    pid = listing.product_id
    parts = ['<div class="shop_button"><p class="bottom_p">']
    if listing.sold_out:
        parts.append(
            f"<a class='search_btn_cart' name='pdno' dd_name='到货通知' id=\"pdno{pid}\" href='javascript:void(0);' "
            f"ddclick='act=normalResult_arrivalNotice&pos={pid}_{where}'>到货通知</a>"
        )
    elif listing.from_price:  # the option is chosen on the product's page
        parts.append(
            "<a  class='search_btn_cart ' name='Buy' target='_blank' dd_name='加入购物车' "
            f"href='{_href(listing)}' ddclick='act=normalResult_addToCart&pos={pid}_{where}'>加入购物车</a>"
        )
    elif not listing.ebook_only:
        parts.append(
            "<a  class='search_btn_cart ' name='Buy' dd_name='加入购物车' "
            f"href='javascript:AddToShoppingCart({pid})' ddclick='act=normalResult_addToCart&pos={pid}_{where}'>"
            "加入购物车</a>"
        )
    if listing.ebook_price is not None:
        ebook = _ebook_id(listing)
        parts.append(
            "<a class='search_btn_cart' target='_blank' name='ebook_buy_button' dd_name='购买电子书' "
            f"href='//product.dangdang.com/{ebook}.html' ddclick=\"act=normalResult_buyEBook&pos={ebook}_{where}'\">"
            "购买电子书</a>"
        )
    parts.append(
        f"<a class='search_btn_collect' name='collect' dd_name='加入收藏' id=\"lcase{pid}\" "
        f'href="javascript:void(0);" name="Sc" ddclick=\'act=normalResult_favor&pos={pid}_{where}\'>收藏</a></p></div>'
    )
    return "".join(parts)


def _marked(text: str, topic: Topic) -> str:
    """Return a title as the shop shows it, with each searched word in `<font class="skcolor_ljg">`."""
    parts, at = [], 0
    for match in topic.marked.finditer(text):
        parts += [_text(text[at : match.start()]), '<font class="skcolor_ljg">', _text(match[0]), "</font>"]
        at = match.end()
    return "".join((*parts, _text(text[at:])))


def _text(text: str) -> str:
    """Escape only what a browser would take for markup: a lone `&` stays, as on the shop's pages."""
    return _AMBIGUOUS.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def _attribute(text: str) -> str:
    """Escape the same for an attribute in either kind of quotes."""
    return _AMBIGUOUS.sub("&amp;", text).replace('"', "&quot;").replace("'", "&#39;")


def _yen(text: str) -> str:
    return _text(text).replace("¥", "&yen;")


def _href(listing: Listing) -> str:
    return _attribute(listing.url.removeprefix("https:"))


def _ebook_id(listing: Listing) -> str:
    """Return the number of a product's e-book: ten digits beginning with 19, like the shop's."""
    if listing.ebook_only:
        return listing.product_id
    return str(1_980_000_000 + _stable(listing.product_id, "ebook") % 10_000_000)


def _now_and_then(key: str, what: str, per_mille: int) -> bool:
    return _stable(key, what) % 1000 < per_mille


def _stable(key: str, what: str) -> int:
    return int.from_bytes(blake2b(f"{what}:{key}".encode(), digest_size=4).digest(), "big")
