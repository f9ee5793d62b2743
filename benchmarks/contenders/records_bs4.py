"""Read a page's items as records with BeautifulSoup on lxml, its fastest parser; `find` is faster than `select`."""

from __future__ import annotations

import re

from bs4 import BeautifulSoup, Tag

NUMBER = re.compile(r"[\d.,]+")


def number(text: str) -> float | None:
    """Return the first number in a text; None for none."""
    found = NUMBER.search(text)
    return float(found[0].replace(",", "")) if found else None


def text(tag: Tag | None) -> str:
    """Return the text of a tag that may be missing."""
    return tag.get_text().strip() if tag else ""


def attribute(tag: Tag | None, name: str) -> str:
    """Return an attribute of a tag that may be missing."""
    return str(tag.get(name, "")).strip() if tag else ""


def parse(body: bytes, page: int) -> list[dict[str, object]]:
    """Return a page's records."""
    soup = BeautifulSoup(body.decode("gb18030", "replace"), "lxml")
    records = []
    for place, item in enumerate(soup.find("ul", id="component_59").find_all("li", recursive=False), 1):
        picture, name = item.find("a", class_="pic"), item.find("p", class_="name")
        image = picture.find("img") if picture else None
        price = item.find("p", class_="price")
        ebook = price.find("a", class_="search_e_price") if price else None
        author = item.find("p", class_="search_book_author")
        spans = author.find_all("span", recursive=False) if author else []
        stars = item.find("p", class_="search_star_line")
        seller = item.find("p", class_="search_shangjia")
        bar = stars.find("span", style=True) if stars else None
        width = number(attribute(bar, "style"))
        link = name.find("a") if name else None
        records.append(
            {
                "page": page,
                "position": place,
                "product_id": attribute(item, "id").removeprefix("p"),
                "title": attribute(picture, "title"),
                "full_title": attribute(link, "title"),
                "highlighted": bool(link and link.find("font", class_="skcolor_ljg")),
                "url": f"https:{attribute(link, 'href')}",
                "image": f"https:{attribute(image, 'data-original') or attribute(image, 'src')}",
                "description": text(item.find("p", class_="detail")),
                "price": number(text(price.find("span", class_="search_now_price") if price else None)),
                "list_price": number(text(price.find("span", class_="search_pre_price") if price else None)),
                "discount": number(text(price.find("span", class_="search_discount") if price else None)),
                "ebook_price": number(text(ebook.find("i") if ebook else None)),
                "contributors": text(spans[0]) if spans else "",
                "published": text(spans[1]).lstrip(" /") if len(spans) > 1 else "",
                "publisher": text(spans[2].find("a")) if len(spans) > 2 else "",
                "rating": width / 20 if width else None,
                "reviews": number(text(stars.find("a") if stars else None)),
                "seller": attribute(seller.find("a") if seller else None, "title") or None,
                "sold_out": "到货通知" in text(item.find("a", class_="search_btn_cart")),
            }
        )
    return records
