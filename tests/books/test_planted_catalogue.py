"""A catalogue full of traps: every merge and every drop is in a table that can be checked by eye."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from crawler.books.pipeline import SelectionCriteria, build_books
from crawler.books.topic import Topic
from crawler.demo.markup import render_search_page
from crawler.query import mainland_wording, simplified
from parsers.dangdang import parse_search_page
from parsers.model import Contributor, Flag, Listing
from tests.factories import make_listing

# One row a listing: the book that it must end in (rows of one letter are one book, all others are apart) or the reason
# why it is dropped; title; authors as «A、B» or «A 著，B 译»; publisher; price; what else the shop says of it.
Row = tuple[str, str, str, str, str | None, dict[str, Any]]

QUERY = "测试"

TWINS: tuple[Row, ...] = (
    # the same book from several sellers
    ("A1", "渗透测试实战",                       "张三、李四", "演示出版社",             "39.00", {}),
    ("A1", "渗透测试实战",                       "张三、李四", "演示出版社",             "35.10", {"seller": "文山"}),
    ("A1", "【正版现货】渗透测试实战",           "张三、李四", "演示出版社",             "41.00", {"seller": "书海"}),
    ("A1", "新华书店正版 渗透测试实战",          "张三、李四", "演示出版社",             "37.00", {"seller": "新华"}),
    ("A1", "渗透测试实战 正版包邮",              "张三、李四", "演示出版社",             "38.00", {"seller": "学府"}),
    ("A1", "渗透测试实战（赠书签）",             "张三、李四", "演示出版社",             "39.50", {"seller": "学友"}),
    ("A1", "渗透测试实战（名家推荐！）",         "张三、李四", "演示出版社",             "39.60", {"seller": "学海"}),
    ("A1", "《渗透测试实战》",                   "张三、李四", "演示出版社",             "39.70", {"seller": "学山"}),
    ("A1", "渗透测试实战（2022年3月第5次印刷）", "张三、李四", "演示出版社",             "39.80", {"seller": "学苑"}),
    ("A1", "渗透测试实战",                       "张三、李四", "演示出版社有限公司",     "40.00", {"seller": "甲"}),
    ("A1", "渗透测试实战",                       "张三、李四", "演示",                   "40.10", {"seller": "乙"}),
    ("A1", "渗透测试实战",                       "张三 等",    "演示出版社",             "40.20", {"seller": "丙"}),
    # partial facts: the author alone agrees with one book, the publisher alone of a short title proves nothing
    ("A1", "渗透测试实战",                       "李四",       "",                       "40.30", {"seller": "丁"}),
    ("A2", "渗透测试实战",                       "",           "演示出版社",             "40.40", {"seller": "戊"}),
    ("A3", "渗透测试实战",                       "",           "",                       "40.50", {"seller": "己"}),
    ("A4", "渗透测试实战",                       "",           "",                       "40.60", {"seller": "庚"}),
    # the same title of other people, or of another house
    ("A5", "渗透测试实战",                       "王五",       "演示出版社",             "30.00", {}),
    ("A6", "渗透测试实战",                       "张三",       "海岸出版社",             "31.00", {}),
    # what the title says besides
    ("A7", "渗透测试实战（习题与答案）",         "张三、李四", "演示出版社",             "12.00", {}),
    ("A8", "渗透测试实战（精装）",               "张三、李四", "演示出版社",             "59.00", {}),
    ("A9", "渗透测试实战（签名本，名家推荐）",   "张三、李四", "演示出版社",             "69.00", {}),
    # used copies are books of their own, whoever says so
    ("U1", "【二手9成新】渗透测试实战",          "张三、李四", "演示出版社",             "9.90",  {"seller": "文山"}),
    ("U1", "二手书 渗透测试实战",                "张三、李四", "演示出版社",             "8.80",  {"seller": "书海"}),
    ("U1", "渗透测试实战",                       "张三、李四", "演示出版社",             "7.70",  {"seller": "二手街"}),
)  # fmt: skip

LINKS: tuple[Row, ...] = (
    # one seller names one author, one the other; who names both links them
    ("B1", "软件测试导论",                       "赵一",           "演示出版社", "20.00", {}),
    ("B1", "软件测试导论",                       "钱二",           "演示出版社", "21.00", {"seller": "甲"}),
    ("B1", "软件测试导论",                       "赵一、钱二",     "演示出版社", "22.00", {"seller": "乙"}),
    # one house sells two translations; who names no translator fits both, and stays alone
    ("B2", "心理测试",                   "[英]安·李（Ann Lee） 著，孙三 译", "演示出版社", "30.00", {}),
    ("B2", "心理测试",                   "安·李 著，孙三 译",                "演示出版社", "31.00", {"seller": "甲"}),
    ("B3", "心理测试",                   "安·李 著，周五 译",                "演示出版社", "32.00", {}),
    ("B4", "心理测试",                   "安·李 著",                         "演示出版社", "33.00", {}),
    # a long title is hardly chosen twice: who names nobody is its twin, unless there are two to choose from
    ("B5", "像黑客一样思考：测试者的第一本书",   "吴六",           "演示出版社", "40.00", {}),
    ("B5", "像黑客一样思考：测试者的第一本书",   "",               "",           "41.00", {"seller": "甲"}),
    ("B5", "像黑客一样思考：测试者的第一本书",   "",               "演示出版社", "42.00", {"seller": "乙"}),
    ("B6", "测试驱动开发：从需求到交付的实践",   "郑七",           "演示出版社", "50.00", {}),
    ("B7", "测试驱动开发：从需求到交付的实践",   "王八",           "海岸出版社", "51.00", {}),
    ("B8", "测试驱动开发：从需求到交付的实践",   "",               "",           "52.00", {"seller": "甲"}),
    # 佚名 and 不详 name nobody
    ("B9", "测试题",                             "佚名",           "演示出版社", "5.00",  {}),
    ("B0", "测试题",                             "不详",           "演示出版社", "5.10",  {}),
)  # fmt: skip

EDITIONS: tuple[Row, ...] = (
    # one number in many forms is one edition, another number another
    ("C1", "测试之道（第2版）",       "张三", "演示出版社", "30.00", {}),
    ("C1", "测试之道 第二版",         "张三", "演示出版社", "31.00", {"seller": "甲"}),
    ("C1", "测试之道（原书第2版）",   "张三", "演示出版社", "32.00", {"seller": "乙"}),
    ("C1", "测试之道 2版",            "张三", "演示出版社", "33.00", {"seller": "丙"}),
    ("C2", "测试之道（第3版）",       "张三", "演示出版社", "34.00", {}),
    ("C3", "测试之道（第12版）",      "张三", "演示出版社", "35.00", {}),
    ("C4", "测试之道",                "张三", "演示出版社", "29.00", {}),
    ("C5", "测试之道",                "张三", "演示出版社", "36.00", {"subtitle": "第4版全新升级"}),
    ("C6", "测试之道（修订版）",      "张三", "演示出版社", "37.00", {}),
    ("C7", "测试之道（英文版）",      "张三", "演示出版社", "38.00", {}),
    ("C8", "测试之道 2023版",         "张三", "演示出版社", "39.00", {}),
    ("C9", "测试之道 2024版",         "张三", "演示出版社", "40.00", {}),
    # names of languages
    ("D1", "C++测试",                 "张三", "演示出版社", "20.00", {}),
    ("D2", "C测试",                   "张三", "演示出版社", "21.00", {}),
    ("D3", "C#测试",                  "张三", "演示出版社", "22.00", {}),
    ("D4", "Python 2测试",            "张三", "演示出版社", "23.00", {}),
    ("D5", "Python 3测试",            "张三", "演示出版社", "24.00", {}),
    ("D5", "ＰＹＴＨＯＮ ３ 测试",    "张三", "演示出版社", "25.00", {"seller": "甲"}),
    ("D6", "Python 3.1测试",          "张三", "演示出版社", "26.00", {}),
    ("D7", "Python 31测试",           "张三", "演示出版社", "27.00", {}),
    # grades, terms, single volumes
    ("E1", "单元测试 三年级上册",     "张三", "演示出版社", "10.00", {}),
    ("E2", "单元测试 三年级下册",     "张三", "演示出版社", "10.10", {}),
    ("E3", "单元测试 四年级上册",     "张三", "演示出版社", "10.20", {}),
    ("E4", "单元测试（七）",          "张三", "演示出版社", "10.30", {}),
    ("E5", "单元测试（八）",          "张三", "演示出版社", "10.40", {}),
    ("E6", "单元测试（小学生必读）",  "张三", "演示出版社", "10.50", {}),
)  # fmt: skip

SETS: tuple[Row, ...] = (
    # a set is no single volume; sets of one size are one, however that is said
    ("F1", "测试大师",                         "张三", "演示出版社", "30.00", {}),
    ("F2", "测试大师（全3册）",                "张三", "演示出版社", "80.00", {}),
    ("F2", "测试大师 套装共三册",              "张三", "演示出版社", "81.00", {"seller": "甲"}),
    ("F2", "测试大师（上中下册）",             "张三", "演示出版社", "82.00", {"seller": "乙"}),
    ("F3", "测试大师（全5册）",                "张三", "演示出版社", "120.00", {}),
    ("F4", "测试大师（套装）",                 "张三", "演示出版社", "79.00", {}),
    ("F5", "测试大师 上册",                    "张三", "演示出版社", "28.00", {}),
    ("F6", "测试大师 下册",                    "张三", "演示出版社", "28.10", {}),
    ("F7", "测试大师（上下册）",               "张三", "演示出版社", "55.00", {}),
    ("F7", "测试大师（全两册）",               "张三", "演示出版社", "56.00", {"seller": "甲"}),
    # bundles
    ("G1", "渗透测试精讲+软件测试精讲",        "张三", "演示出版社", "60.00", {}),
    ("G2", "渗透测试精讲",                     "张三", "演示出版社", "33.00", {}),
    ("G3", "测试全书（全10册）+面试全书（全12册）", "张三", "演示出版社", "300.00", {}),
    ("G4", "测试全书（全10册）+面试全书（全8册）",  "张三", "演示出版社", "301.00", {}),
    # a number with several options is nobody's twin, for its price is of one of them
    ("H3", "测试大师",                         "张三", "演示出版社", "9.00",  {"flags": frozenset({Flag.OPTIONS})}),
    ("H4", "测试大师",                         "张三", "演示出版社", "9.10",  {"flags": frozenset({Flag.OPTIONS})}),
    # no book at all
    ("accessory", "测试主题金属书签",          "",     "",           "3.00",  {}),
    ("accessory", "测试主题金属书签",          "",     "",           "3.10",  {}),
)  # fmt: skip

DROPS: tuple[Row, ...] = (
    ("I1",        "白盒测试",         "张三", "演示出版社", "30.00", {}),
    ("ebook",     "白盒测试",         "张三", "演示出版社", None,    {"ebook_only": True}),
    ("sold_out",  "白盒测试",         "张三", "演示出版社", "10.00", {"sold_out": True}),
    ("sold_out",  "白盒测试（此版本已售罄）", "张三", "演示出版社", "10.00", {"sold_out": True}),
    ("no_price",  "白盒测试",         "张三", "演示出版社", None,    {"seller": "甲"}),
    # what has nothing to do with the query, whatever stands beside it
    ("off_topic", "红楼梦",           "曹雪芹", "海岸出版社", "20.00", {}),
    ("accessory", "金属书签",         "",       "",           "2.00",  {}),
    ("off_topic", "测绘学",           "李四",   "海岸出版社", "20.00", {}),  # one character of two
    # on topic by any of the words that the page shows
    ("J1",        "白帽子",           "李四",   "海岸出版社", "30.00", {"subtitle": "测试与防御"}),
    ("J2",        "红队",             "李四",   "海岸出版社", "31.00", {"description": "从侦察到测试报告。"}),
    ("J3",        "蓝队",             "李四",   "测试出版社", "32.00", {}),
    ("J4",        "紫队",             "测试工作室", "海岸出版社", "33.00", {}),
    # a bare listing is on topic when its twin says so
    ("J5",        "攻防实录",         "李四",   "海岸出版社", "34.00", {"description": "测试"}),
    ("J5",        "攻防实录",         "李四",   "海岸出版社", "33.50", {"seller": "甲"}),
)  # fmt: skip


def planted(rows: tuple[Row, ...]) -> list[Listing]:
    """Return the rows as listings, in order, numbered like the shop's: ten digits for marketplace goods."""
    listings = []
    for place, (_, title, people, publisher, price, besides) in enumerate(rows, start=1):
        number = (1_200_000_000 if besides.get("seller") else 29_000_000) + place
        facts = {
            "product_id": str(number), "position": place, "title": title, "subtitle": "",
            "contributors": _people(people), "contributors_text": people, "publisher": publisher or None,
            "price": Decimal(price) if price else None, "price_text": f"¥{price}" if price else "",
            "ebook_price": Decimal("9.00") if "ebook_only" in besides else None,
        }  # fmt: skip
        listings.append(make_listing(**facts | besides))
    return listings


def _people(text: str) -> tuple[Contributor, ...]:
    """Return names for the page's links; what they mean is read from the whole text."""
    return tuple(Contributor(name) for name in re.findall(r"[\w·]+", re.sub(r"\[.*?\]|（.*?）", "", text)))


def read_back(listings: list[Listing], query: str) -> list[Listing]:
    """Return the listings after rendering them in the shop's markup and parsing that."""
    body = render_search_page(listings, query=query, page=1, pages=1, total=len(listings))
    found = parse_search_page(body, charset="GB2312", page=1).listings
    assert [listing.title for listing in found] == [listing.title for listing in listings]
    return list(found)


def expected(rows: tuple[Row, ...], listings: list[Listing]) -> list[str]:
    """Return a line for each book and each drop of the table."""
    books, lines = defaultdict[str, list[Listing]](list), list[str]()
    for (end, *_), listing in zip(rows, listings, strict=True):
        if re.fullmatch(r"[A-Z]\d", end):
            books[end].append(listing)
        else:
            lines.append(_line(end, [listing]))
    return sorted(lines + [_line("book", offers) for offers in books.values()])


def ended(listings: list[Listing], criteria: SelectionCriteria) -> list[str]:
    """Return a line for each book and each drop of the book_list."""
    book_list = build_books([(1, listings)], criteria)
    lines = [_line("book", list(book.offers)) for book in book_list.books]
    return sorted(lines + [_line(reason, [listing]) for reason, listing in book_list.dropped])


def _line(end: str, listings: list[Listing]) -> str:
    ordered = sorted(listings, key=lambda listing: listing.position)
    return f"{end}: " + " = ".join(f"{one.position}·{one.title}" for one in ordered)


@pytest.mark.parametrize(
    "rows", [TWINS, LINKS, EDITIONS, SETS, DROPS], ids=["twins", "links", "editions", "sets", "drops"]
)
def test_every_listing_ends_where_the_table_says(rows: tuple[Row, ...]) -> None:
    """Rendered like the shop's page and parsed, each row is in its book and no other, or dropped for its reason."""
    listings = read_back(planted(rows), QUERY)
    assert ended(listings, SelectionCriteria(Topic(QUERY))) == expected(rows, listings)


def test_all_tables_on_one_page_end_alike() -> None:
    """No book of one table attracts a listing from another."""
    rows = TWINS + LINKS + EDITIONS + SETS + DROPS
    listings = read_back(planted(rows), QUERY)
    assert ended(listings, SelectionCriteria(Topic(QUERY))) == expected(rows, listings)


# The query in Taiwan's words; where a listing ends when that alone is asked, and when the mainland's wording counts.
TAIWAN: tuple[tuple[str, str, str, str], ...] = (
    # query,     title,                alone,       with the mainland's wording
    ("人工智慧", "人工智能导论",       "book",      "book"),       # 人工 stands in both
    ("人工智慧", "機器人与人工智慧",   "book",      "book"),
    ("人工智慧", "智能时代",           "off_topic", "book"),       # 智能 is the mainland's word alone
    ("人工智慧", "智慧城市",           "book",      "book"),
    ("人工智慧", "红楼梦",             "off_topic", "off_topic"),
    ("程式設計", "程序设计基础",       "book",      "book"),       # 设计
    ("程式設計", "程式设计与数据结构", "book",      "book"),
    ("程式設計", "编程珠玑",           "off_topic", "book"),
    ("程式設計", "程序员修炼之道",     "off_topic", "off_topic"),  # tw2sp makes 编程 of it, not 程序
    ("滲透測試", "渗透测试实战",       "book",      "book"),       # script alone: there is no other wording
    ("軟體工程", "软件工程导论",       "book",      "book"),       # 工程
    ("軟體工程", "软件随想录",         "off_topic", "book"),
)  # fmt: skip


@pytest.mark.parametrize(("query", "title", "alone", "in_both"), TAIWAN)
def test_taiwans_words_keep_what_the_mainland_calls_otherwise(
    query: str, title: str, alone: str, in_both: str
) -> None:
    """The pieces of the Simplified query decide, and those of the mainland's wording if it is used as well."""
    sent, wording = simplified(query), mainland_wording(query)
    # The shop would mark words of its own reading: the page is asked for something that stands in no title.
    listings = read_back(planted((("K1", title, "张三", "海岸出版社", "20.00", {}),)), "无关")
    ends = [
        ended(listings, SelectionCriteria(Topic(*filter(None, wordings), simplified=simplified)))[
            0
        ].partition(":")[0]
        for wordings in ([sent], [sent, wording])
    ]
    assert ends == [alone, in_both]


def test_a_kept_reason_does_not_make_offers_of_what_cannot_be_bought() -> None:
    """If they are kept, a sold-out copy and one without a price are separate books from the one on sale."""
    rows = DROPS[:5]
    listings = read_back(planted(rows), QUERY)
    criteria = SelectionCriteria(Topic(QUERY), keep=frozenset({"ebook", "sold_out", "no_price"}))
    books = build_books([(1, listings)], criteria).books
    assert sorted((len(book.offers), *sorted(book.kept_for)) for book in books) == [
        (1,), (1, "ebook"), (1, "no_price"), (1, "sold_out"), (1, "sold_out"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "criteria",
    [SelectionCriteria(Topic(QUERY), keep=frozenset({"accessory"})), SelectionCriteria(goods=True)],
)
def test_an_accessory_that_counts_is_nobodys_twin(criteria: SelectionCriteria) -> None:
    """Kept on request, or in a search for all goods, two accessories with one title are two entries."""
    listings = read_back(planted(SETS[-2:]), QUERY)
    assert ended(listings, criteria) == [_line("book", [listing]) for listing in listings]


def test_marked_words_alone_put_a_listing_on_topic() -> None:
    """Highlighted words make a listing on topic even without a piece of the query, as after the shop's correction."""
    # Built directly: the demo's markup marks the words of the query and nothing else.
    strange = replace(make_listing(title="红楼梦", subtitle=""), highlighted=True)
    assert ended([strange], SelectionCriteria(Topic("石头记"))) == [_line("book", [strange])]
