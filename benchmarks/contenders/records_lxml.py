"""Read a page's items as records with lxml: XPath expressions compiled once, as lxml's own documentation advises."""

from __future__ import annotations

import re

from lxml import etree

ITEMS = etree.XPath('//ul[@id="component_59"]/li')
FIELDS = {
    "product_id": etree.XPath("string(@id)"),
    "title": etree.XPath('string(a[@class="pic"]/@title)'),
    "full_title": etree.XPath('string(p[@class="name"]/a/@title)'),
    "highlighted": etree.XPath('string(p[@class="name"]//font[@class="skcolor_ljg"])'),
    "url": etree.XPath('string(p[@class="name"]/a/@href)'),
    "image": etree.XPath('string(a[@class="pic"]/img/@data-original)'),
    "image_src": etree.XPath('string(a[@class="pic"]/img/@src)'),
    "description": etree.XPath('string(p[@class="detail"])'),
    "price": etree.XPath('string(p[@class="price"]/span[@class="search_now_price"])'),
    "list_price": etree.XPath('string(p[@class="price"]/span[@class="search_pre_price"])'),
    "discount": etree.XPath('string(p[@class="price"]/span[@class="search_discount"])'),
    "ebook_price": etree.XPath('string(p[@class="price"]/a[@class="search_e_price"]/i)'),
    "contributors": etree.XPath('string(p[@class="search_book_author"]/span[1])'),
    "published": etree.XPath('string(p[@class="search_book_author"]/span[2])'),
    "publisher": etree.XPath('string(p[@class="search_book_author"]/span[3]/a)'),
    "rating": etree.XPath('string(p[@class="search_star_line"]/span/span/@style)'),
    "reviews": etree.XPath('string(p[@class="search_star_line"]/a)'),
    "seller": etree.XPath('string(p[@class="search_shangjia"]/a/@title)'),
    "button": etree.XPath('string(.//a[starts-with(@class, "search_btn_cart")])'),
}
NUMBER = re.compile(r"[\d.,]+")


def number(text: str) -> float | None:
    """Return the first number in a text; None for none."""
    found = NUMBER.search(text)
    return float(found[0].replace(",", "")) if found else None


def parse(body: bytes, page: int) -> list[dict[str, object]]:
    """Return a page's records."""
    tree = etree.fromstring(body.decode("gb18030", "replace"), etree.HTMLParser())
    records = []
    for place, item in enumerate(ITEMS(tree), 1):
        record = {name: field(item).strip() for name, field in FIELDS.items()}
        width = number(record["rating"])
        record |= {
            "page": page,
            "position": place,
            "product_id": record["product_id"].removeprefix("p"),
            "highlighted": bool(record["highlighted"]),
            "url": f"https:{record['url']}",
            "image": f"https:{record['image'] or record.pop('image_src')}",
            "price": number(record["price"]),
            "list_price": number(record["list_price"]),
            "discount": number(record["discount"]),
            "ebook_price": number(record["ebook_price"]),
            "published": record["published"].lstrip(" /"),
            "rating": width / 20 if width else None,
            "reviews": number(record["reviews"]),
            "seller": record["seller"] or None,
            "sold_out": "到货通知" in record.pop("button"),
        }
        record.pop("image_src", None)
        records.append(record)
    return records
