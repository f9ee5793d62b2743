"""Listings of the same book: keys of titles, publishers and names; their order does not matter."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.books.identity import MAX_LENGTH, name_keys, publisher_key, same_books, title_key
from crawler.books.offers import price_of
from parsers.model import Contributor, Flag, Listing
from parsers.names import parse_contributors
from tests.factories import make_listing
from tests.strategies import result_pages

PEOPLE = (
    "",
    "张三",
    "李四",
    "张三、李四",
    "王五",
    "张三 著，孙六 译",
    "张三 著，周七 译",
    "李四 著，孙六、周七 译",
    "佚名",
)
TITLES = (
    "高等数学",
    "高等数学（第2版）",
    "像黑客一样思考：测试者的第一本书",
    "【正版】高等数学",
    "高等数学（全2册）",
)


@st.composite
def confusable(draw: st.DrawFn) -> list[Listing]:
    """Draw listings with few titles, people and publishers, so that many are the same book and many almost."""
    listings = []
    for number in range(draw(st.integers(0, 14))):
        people = draw(st.sampled_from(PEOPLE))
        listings.append(
            make_listing(
                product_id=str(29_000_000 + number), title=draw(st.sampled_from(TITLES)),
                contributors=parse_contributors(people), contributors_text=people,
                publisher=draw(st.sampled_from((None, "演示出版社", "演示出版社有限公司", "海岸出版社"))),
                price=draw(st.none() | st.decimals("1", "99", places=2)), sold_out=draw(st.booleans()),
                flags=frozenset(draw(st.sampled_from(((), (), (Flag.SECOND_HAND,), (Flag.ACCESSORY,))))),
            )
        )  # fmt: skip
    return listings


LISTINGS = st.one_of(confusable(), result_pages().map(lambda page: list(page.listings)))


@given(LISTINGS, st.randoms(use_true_random=False))
def test_the_order_of_the_listings_never_matters(listings: list[Listing], random: Random) -> None:
    """Any permutation gives the same books, each with its offers in the same order."""
    assert set(same_books(random.sample(listings, len(listings)))) == set(same_books(listings))


@given(LISTINGS)
def test_each_listing_ends_in_exactly_one_book(listings: list[Listing]) -> None:
    """No listing is lost, and none is in two books."""
    ends = [listing.product_id for offers in same_books(listings) for listing in offers]
    assert sorted(ends) == sorted(listing.product_id for listing in listings)


@given(LISTINGS)
def test_offers_are_cheapest_first(listings: list[Listing]) -> None:
    """Prices rise within a book, and offers without a price are last."""
    for offers in same_books(listings):
        for before, after in pairwise(map(price_of, offers)):
            assert after is None or (before is not None and before <= after)


@given(confusable())
def test_what_both_name_agrees_or_is_linked(listings: list[Listing]) -> None:
    """Offers of one book share title, volumes and kind of goods; those that name a publisher name the same one."""
    for offers in same_books(listings, kept_for=lambda listing: listing.sold_out):
        assert len({(title_key(o.title), o.volumes, o.flags, o.sold_out) for o in offers}) == 1
        assert len({publisher_key(o.publisher) for o in offers} - {""}) <= 1
        assert len(offers) == 1 or Flag.ACCESSORY not in offers[0].flags


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C++ Primer", "C Primer"),
        ("C# 入门", "C 入门"),
        ("C♯入门", "C入门"),
        ("Python 2 编程", "Python 3 编程"),
        ("Python 3.5", "Python 35"),
        ("史记（七）", "史记（八）"),
        ("史记 (9)", "史记"),
        ("二手时间", "时间"),
        ("正版语文", "语文"),
        ("数学（2023版）", "数学（2024版）"),
        ("活着（余华代表作，精装，易烊千玺推荐）", "活着（余华代表作，易烊千玺推荐）"),
        ("呐喊（《语文》推荐阅读丛书）", "呐喊"),
        ("【正版 人间失格】太宰治", "【正版 斜阳】太宰治"),
        ("【名家推荐 人间失格】太宰治", "【名家推荐 斜阳】太宰治"),
        ("三体（收藏版）", "三体"),
        ("三体（限量版）", "三体"),
        ("GRE（官方指南）", "GRE（官方题库）"),
        ("高数（含答案 正版）", "高数"),
        ("Python 英文第3版", "Python 中文第3版"),
        ("数学 九年级全一册", "数学 九年级"),
        ("史记（全10册）+汉书（全12册）", "史记（全10册）+汉书（全8册）"),
        ("樱桃（快跑！）", "樱桃（别怕！）"),
        ("图解公司法（上市）", "图解公司法（并购）"),
        ("三体Ⅱ", "三体Ⅲ"),
        ("第一版", "第十一版"),
        ("第1-2册", "第12册"),
        ("दिन", "दीन"),  # day, poor: vowel signs alone tell them apart
        ("Learning Python, 4th Edition", "Learning Python, 5th Edition"),
    ],
)
def test_titles_of_different_books_stay_apart(one: str, other: str) -> None:
    """Text that only resembles a decoration stays in the key."""
    assert title_key(one) != title_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Python编程（第2版）", "Python编程 第二版"),
        ("Python编程（原书第2版）", "Python编程 第 2 版"),
        ("【北京发货】 Python编程", "Python 编程"),
        ("（区域包邮）三体", "三体"),
        ("三体（正版新书）", "三体"),
        ("【二手9成新】三体", "正版旧书 三体 八五成新"),
        ("三体 全三册", "三体（套装共3册）"),
        ("水浒传（上下册，全两册）", "水浒传（全2册）"),
        ("三体（团购电话:400-1066666转6）", "三体"),
        ("三体（新老封面随机发货）", "三体 正版现货"),
        ("三体（全三册，刘慈欣代表作，亚洲雨果奖获奖作品！）", "三体（全3册）"),
        ("ＰＹＴＨＯＮ　编程", "《python编程》"),
        ("三体（附赠MP3、书签）", "三体"),
        ("三体（附赠 下载卡）", "三体"),
        ("【全新书】三体", "三体"),
        ("三体 2019年3月第5次印刷", "三体"),
        ("三体 10册以上联系客服", "三体"),
        ("三体（十二个字母正好在这呀里！）", "三体"),  # 16 letters of praise
        (
            "三体（一二三四五六七八九甲乙！）",
            "三体",
        ),  # and 12, the fewest that an exclamation mark alone makes praise
        ("史记（上中下册，全3册）", "史记（全3册）"),
        ("史记（上下三册，全3册）", "史记（全3册）"),
        ("史记（上下册，全2册）", "史记（全2册）"),
        ("数学3（上）", "数学3上"),
        ("·3体 2", "3体 2"),
    ],
)
def test_what_sellers_write_around_a_title_is_no_part_of_it(one: str, other: str) -> None:
    """Sales words, gifts, praise, printings and the number of volumes are removed; editions get one form."""
    assert title_key(one) == title_key(other)


@pytest.mark.parametrize("title", ["【正版现货】", "（赠书签）", "!!!", "★", "包邮", "第2版", "+", "全3册"])
def test_a_title_of_decoration_alone_keeps_a_key(title: str) -> None:
    """No title is reduced to nothing, which would make all such listings one book."""
    assert title_key(title)


@pytest.mark.parametrize(
    "piece",
    [
        "(",
        "7",
        "正版 ",
        ", ",
        "全1",
        "一",
        "（正版",
        "上 ",
        "!",
        "二手",
        "书",
        "团购电话1 ",
        "全新",
        "第",
        "赠",
        "a.",
        "()",
        "_",
        "１",
        "ﷺ",
    ],
)
@pytest.mark.parametrize("length", [MAX_LENGTH, 5000])
def test_hostile_titles_are_read(piece: str, length: int) -> None:
    """No pattern takes too long on thousands of repetitions; the suite's timeout would end the test."""
    for number in range(20):
        title = (piece * length)[: length - 20] + "(" * (number % 3) + f"{number}x"
        assert title_key.__wrapped__(title)
        publisher_key.__wrapped__(title)


def test_a_title_too_long_for_a_person_is_compared_as_it_is() -> None:
    """Beyond the maximum length, no decoration is removed."""
    assert "正版" in title_key(f"【正版】{'书' * MAX_LENGTH}")


@given(st.text(max_size=60))
def test_a_key_is_stable(title: str) -> None:
    """The key of any text is a text, and equal for capitals and full-width letters."""
    assert isinstance(title_key(title), str)
    assert title_key(f"  {title} ") == title_key(title)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("人民邮电出版社", "人民邮电出版社有限公司"),
        ("人民邮电出版社", "人民邮电"),
        ("人民邮电出版社", "人民邮电出版社发行部"),
        ("北京联合出版公司", "北京联合出版有限责任公司"),
        ("中信出版社", "中信出版集团股份有限公司"),
        ("中译出版社（原中国对外翻译出版公司）", "中译出版社"),
        ("O’Reilly Media", "O'REILLY MEDIA"),
    ],
)
def test_a_publishers_legal_form_does_not_matter(one: str, other: str) -> None:
    """A publisher is the same with and without its legal form."""
    assert publisher_key(one) == publisher_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("人民出版社", "人民文学出版社"),
        ("人民出版社", "上海人民出版社"),
        ("东方出版社", "东方出版中心"),
        ("科学出版社", "科学技术出版社"),
        ("三联书店", "三联书店（香港）有限公司"),
        ("电子工业出版社", "电子科技大学出版社"),
    ],
)
def test_publishers_of_like_names_stay_apart(one: str, other: str) -> None:
    """Without the legal form, their names still differ."""
    assert publisher_key(one) != publisher_key(other)


@pytest.mark.parametrize(
    "said",
    [
        None,
        "",
        "无",
        "不详",
        "未知",
        "其他",
        "其它",
        "暂无",
        "暂无信息",
        "不明",
        "（不详）",
        "暂无出版社信息",
    ],
)
def test_an_unknown_publisher_is_none(said: str | None) -> None:
    """Placeholders name no publisher that two listings could share."""
    assert publisher_key(said) == ""


@pytest.mark.parametrize(
    ("people", "keys"),
    [
        ((Contributor("斯图尔特·罗素（Stuart Russell）", "著"),), {"斯图尔特罗素", "stuartrussell"}),
        ((Contributor("Stuart Russell(罗素)", "著"),), {"stuartrussell", "罗素"}),
        ((Contributor("J.K.罗琳", "著"), Contributor("苏农", "译")), {"jk罗琳"}),
        ((Contributor("李明（北京大学）", "著"),), {"李明"}),  # an office, no other name of his
        ((Contributor("佚名", "著"),), set()),
        ((Contributor("本书编写组", "编"),), set()),
        ((Contributor("某某", "出品"),), set()),
        ((), set()),
    ],
)
def test_names_compare_in_the_forms_that_are_given(people: tuple[Contributor, ...], keys: set[str]) -> None:
    """A name and its original each identify the author; translators, producers and placeholders do not."""
    assert name_keys(make_listing(contributors=people)) == keys


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("故事大王", "故事大王 全1000册"),
        ("故事大王 全1000册", "故事大王 全2000册"),
        ("孙子兵法", "孙子兵法(漫画 名师推荐)"),
        ("解忧杂货店(上 推荐)", "解忧杂货店(下 推荐)"),
        ("史记", "史记(白话 推荐)"),
        ("三体", "三体（一二三四五六七八九甲！）"),
        ("三体", "三体（塑封机）"),
        ("史记（全1册，套装一二册）", "史记"),
        ("解忧杂货店(附赠 上)", "解忧杂货店(附赠 下)"),
        ("数学 1_-2", "数学 12"),
        ("高等数学(附赠课件 上册)", "高等数学(附赠课件 下册)"),
        ("数学(赠视频 三年级)", "数学(赠视频 四年级)"),
        ("机器学习(附送源码 Java)", "机器学习(附送源码 Python)"),
        ("浮生六记 大陆版", "浮生六记 第6版"),
        ("三体（当当专享版）", "三体"),
        ("三体（赠书签+导读手册上册）", "三体（赠书签+导读手册下册）"),
        ("小狗你好-英文", "小狗你好"),
    ],
)
def test_what_tells_books_apart_is_not_taken_for_decoration(one: str, other: str) -> None:
    """A count that the parser does not accept, a comic, a volume within praise: each stays in the key."""
    assert title_key(one) != title_key(other)


@pytest.mark.parametrize(
    "title",
    [
        "《小狗你好》＜优选包邮好书＞",
        "＜正版＞小狗你好",
        "【现货】小狗你好",
        "[包邮] 小狗你好",
        "小狗你好 当天发货",
        "小狗你好（假一赔十）",
        "【48小时发货】小狗你好",
        "〖正版现货〗小狗你好",
        "小狗你好【支持7天无理由退换】",
        "小狗你好 次日达",
        "小狗你好（100册以上团购请联系团购电话4000000000转6）",
        "小狗你好 团购电话:4001066666转6",
        "小狗你好（50本起批）",
        "小狗你好【送运费险】",
        "小狗你好 可开电子发票",
        "小狗你好（满39包邮）",
        "「正版」小狗你好",
        "（区域包邮）小狗你好",
        "【顺丰包邮】小狗你好",
        "小狗你好【全新塑封】",
        "现货速发 小狗你好",
        "小狗你好_正版",
        "小狗你好-正版现货",
        "新书 小狗你好",
        "预售 小狗你好",
        "小狗你好（预售，12月发货）",
        "小狗你好【预售 预计6月上旬发货】",
        "【满减】小狗你好",
        "【当当专享】小狗你好",
        "【赠书签】小狗你好",
        "小狗你好【赠明信片+海报】",
        "小狗你好 随书附赠定制书签",
        "小狗你好，送书签、贴纸",
        "附赠海报 小狗你好",
        "小狗你好 图书 书籍",
    ],
)
def test_decorations_keep_no_twins_apart(title: str) -> None:
    """Shipping, warranty, invoices and bulk orders, in any brackets, do not separate listings of one book."""
    assert title_key(title) == "小狗你好"


@pytest.mark.parametrize(
    "title",
    [
        "小狗你好（精装）",
        "小狗你好<上>",
        "小狗你好（第2版）",
        "小狗你好 签名版",
        "小狗你好【习题】",
        "小狗你好「特别篇」",
        "小狗你好（团购手册）",
        "小狗你好（拆塑封可见）",
    ],
)
def test_what_tells_a_book_apart_stays(title: str) -> None:
    """A word of the title in the same place separates them."""
    assert title_key(title) != "小狗你好"


def people_of(names: str | None, publisher: str | None, number: int, title: str) -> Listing:
    """Return a listing with a title that names an author and a publisher, or omits them."""
    said = () if names is None else (Contributor(names, "著"),)
    return make_listing(
        product_id=str(29_000_000 + number), title=title, contributors=said, publisher=publisher
    )


@pytest.mark.parametrize(
    ("title", "said", "books"),
    [
        # A short title may be many authors': without one, a publisher does not make two listings one.
        ("高等数学", [(None, "甲社"), (None, "甲社")], 2),
        ("高等数学", [("张三", "甲社"), (None, "甲社")], 2),
        ("高等数学", [("张三", "甲社"), ("张三", None)], 1),
        # Ten characters are a long title, nine and two letters are none.
        ("像黑客一样思考的一本", [(None, "甲社"), (None, "甲社")], 1),
        ("像黑客一样思考的一ab", [(None, "甲社"), (None, "甲社")], 2),
        ("像黑客一样思考的一abc", [(None, "甲社"), (None, "甲社")], 1),
        ("像黑客一样思考的一本", [("张三", "甲社"), (None, "甲社")], 1),
        # What names less agrees with one book, or with two and so with none.
        ("像黑客一样思考的一本", [("张三", "甲社"), ("李四", "甲社"), (None, "甲社")], 3),
        ("像黑客一样思考的一本", [("张三", "甲社"), ("李四", "乙社"), (None, "甲社")], 2),
        ("像黑客一样思考的一本", [("张三", "甲社"), ("张三", "乙社")], 2),
        # A title alone makes no two listings one.
        ("像黑客一样思考的一本", [(None, None), (None, None)], 2),
    ],
)
def test_how_much_must_be_named(title: str, said: list[tuple[str | None, str | None]], books: int) -> None:
    """Listings are one book if the names suffice; otherwise they stay apart."""
    listings = [people_of(names, house, number, title) for number, (names, house) in enumerate(said)]
    assert len(same_books(listings)) == books


def test_an_original_name_is_a_person_s_name() -> None:
    """Sellers who name the original, both names, or only the translation mean the same person."""
    both = make_listing(contributors=(Contributor("安·李", "著", "英", "Ann Lee"),))
    original = make_listing(product_id="29000002", contributors=(Contributor("Ann Lee"),))
    chinese = make_listing(product_id="29000003", contributors=(Contributor("安·李"),))
    assert len(same_books([both, original, chinese])) == 1


def test_a_number_with_several_options_is_nobody_s_twin() -> None:
    """Its price is that of one of several options."""
    plain = make_listing()
    options = [
        make_listing(product_id=f"2900000{n}", flags=frozenset({Flag.OPTIONS}), volumes=None) for n in (1, 2)
    ]
    assert len(same_books([plain, *options])) == 3


@pytest.mark.parametrize(
    "title",
    [
        "小狗你好 海岸出版社",
        "【海岸出版社】小狗你好",
        "小狗你好（海岸出版社）",
        "小狗你好 林甲一 著",
        "小狗你好（林甲一）",
        "林甲一：小狗你好",
        "小狗你好 林甲一 海岸出版社",
        "林甲一《小狗你好》",
    ],
)
def test_a_title_may_repeat_its_own_author_and_publisher(title: str) -> None:
    """Sellers add author and publisher to a title; another's name is a part of the title."""
    people, house = parse_contributors("林甲一 著"), "海岸出版社"
    plain = make_listing(product_id="1", title="小狗你好", contributors=people, publisher=house)
    decorated = make_listing(product_id="2", title=title, contributors=people, publisher=house)
    assert len(same_books([plain, decorated])) == 1
    others = parse_contributors("周乙二 著")
    assert len(same_books([plain, make_listing(product_id="2", title=title, contributors=others)])) == 2


def test_a_title_that_is_its_author_stays() -> None:
    """The name of its author alone is a title, and so is what only contains a name."""
    people = parse_contributors("林甲一 著")
    titles = ("林甲一", "林甲一传", "走近林甲一", "林甲一 传")
    listings = [
        make_listing(product_id=str(n), title=title, contributors=people, publisher="海岸出版社")
        for n, title in enumerate(titles)
    ]
    assert len(same_books(listings)) == 4
