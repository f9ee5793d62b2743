"""Read a page's items as records with parsel, the parser of Scrapy and Crawlee: one XPath expression for each field.

CSS selectors would take longer, because parsel translates them to XPath.
"""

from __future__ import annotations

import re

from parsel import Selector

FIELDS = {
    "product_id": "@id",
    "title": 'a[@class="pic"]/@title',
    "full_title": 'p[@class="name"]/a/@title',
    "highlighted": 'p[@class="name"]//font[@class="skcolor_ljg"]/text()',
    "url": 'p[@class="name"]/a/@href',
    "image": 'a[@class="pic"]/img/@data-original',
    "image_src": 'a[@class="pic"]/img/@src',
    "description": 'string(p[@class="detail"])',
    "price": 'p[@class="price"]/span[@class="search_now_price"]/text()',
    "list_price": 'p[@class="price"]/span[@class="search_pre_price"]/text()',
    "discount": 'p[@class="price"]/span[@class="search_discount"]/text()',
    "ebook_price": 'p[@class="price"]/a[@class="search_e_price"]/i/text()',
    "contributors": 'string(p[@class="search_book_author"]/span[1])',
    "published": 'p[@class="search_book_author"]/span[2]/text()',
    "publisher": 'p[@class="search_book_author"]/span[3]/a/text()',
    "rating": 'p[@class="search_star_line"]/span/span/@style',
    "reviews": 'p[@class="search_star_line"]/a/text()',
    "seller": 'p[@class="search_shangjia"]/a/@title',
    "button": './/a[starts-with(@class, "search_btn_cart")]/text()',
}
NUMBER = re.compile(r"[\d.,]+")


def number(text: str) -> float | None:
    """Return the first number in a text; None for none."""
    found = NUMBER.search(text)
    return float(found[0].replace(",", "")) if found else None


def records(selector: Selector, page: int) -> list[dict[str, object]]:
    """Return the records of a parsed page."""
    found = []
    for place, item in enumerate(selector.xpath('//ul[@id="component_59"]/li'), 1):
        record = {name: item.xpath(path).get("").strip() for name, path in FIELDS.items()}
        width = number(record["rating"])
        record |= {
            "page": page,
            "position": place,
            "product_id": record["product_id"].removeprefix("p"),
            "highlighted": bool(record["highlighted"]),
            "url": f"https:{record['url']}",
            "image": f"https:{record['image'] or record['image_src']}",
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
        del record["image_src"]
        found.append(record)
    return found


def parse(body: bytes, page: int) -> list[dict[str, object]]:
    """Return a page's records."""
    return records(Selector(body.decode("gb18030", "replace"), type="html"), page)
