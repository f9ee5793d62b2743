from __future__ import annotations

import csv
import io
import json
import re
import sys

import pytest

from parsers import titles
from parsers.model import Flag
from parsers.text import nfkc
from parsers.titles import read_title
from tests.parsers.markup import real


def test_no_character_hides_a_sign_from_the_first_look() -> None:
    """A title that is taken for a plain book at first sight has no sign in its normal form either."""
    harmless = "".join(
        char for char in map(chr, range(sys.maxunicode)) if not titles._ANY_SIGN_IN_ANY_FORM.search(char)
    )
    assert "（" in harmless
    assert "＋" not in harmless
    normal = nfkc(harmless)
    assert not titles._ANY_SIGN.search(normal)
    # None of them joins with its neighbours to another character.
    assert normal == "".join(map(nfkc, harmless))


@pytest.mark.parametrize(
    ("title", "volumes"),
    [
        ("三体（全3册）", 3),
        ("套装共5册", 5),
        ("论语 共5册", 5),
        ("论语(套装全4册)", 4),
        ("高等数学 上下册", 2),
        ("史记 上下2册", 2),
        ("水浒传 上中下(三册)", 3),
        ("飘（上下）", 2),
        ("飘 上下两卷", 2),
        ("论语 全四册", 4),
        ("史记 全十二册", 12),
        ("笨狼 3本", 3),
        ("笨狼 套装4本", 4),
        ("米小圈 1-5册", 5),
        ("史记 全两卷", 2),
        ("学会爱自己 全6辑", 6),
        ("史记（全１２册）", 12),
        ("三国演义（上、下册）", 2),
        ("三国演义 上册+下册", 2),
        ("银火箭 第1-3册", 3),
        ("平凡的世界（全三部）", 3),
        ("史记（十二卷）", 12),
        ("学会爱自己（全3辑 套装共14册）", 14),
        ("100层的房子（5本套）", 5),
        ("猫武士（6册/套）", 6),
        ("编程（第1辑）(套装共3册)", 3),
        ("数学帮帮忙（全25册+导读手册）", 25),
        ("和大人一起读（一至四册）", 4),
        ("语文 第二至四册", 3),
        ("三国演义 上册 中册 下册", 3),
        ("经典名著 全400册", 400),
        ("漫画中国史 1-60", 60),
        ("漫画中国史 (1-150)", 150),
        ("漫画中国史全集(0-12)", 13),
        ("漫画中国史 (19-24)", 6),
        ("三体 3册 起点中文网", 3),
    ],
)
def test_volumes(title: str, volumes: int) -> None:
    """A counted set gives its count, in digits of either width or in Chinese."""
    assert read_title(title).volumes == volumes
    assert (Flag.SET in read_title(title).flags) == (volumes > 1)


@pytest.mark.parametrize(
    "title",
    [
        "三体",
        "三体（第3册）",
        "语文 四年级下册",
        "数学 八年级上册",
        "红楼梦 第二册",
        "红楼梦（三）",
        "毛泽东选集 第一卷",
        "论语 全一册",
        "本草纲目",
        "一本书读懂金融",
        "一读就懂：30本书",
        "世界上下五千年",
        "地球往事三部曲之一",
        "悲惨世界（雨果“命运三部曲”之一）",
        "秘密（三部曲扛鼎之作）",
        "七色花 二年级下册 教科书配套书目",
        "小满（手绘明信片全套8张）",
        "论语（赠3册）",
        "毛泽东传（1949-2000）",
        "摄影一本就够",
        "单册 论语",
        # more than a set has, an age, numbers in no order, and so many or more
        "经典名著 全401册",
        "漫画中国史 1-61",
        "漫画中国史 (1-151)",
        "漫画中国史全集(3-5)",
        "漫画中国史 (13-18)",
        "漫画中国史 (5-3)",
        "漫画中国史 (一二-三)",
        "三体 3册起售",
    ],
)
def test_single_volumes(title: str) -> None:
    """A volume's number, a book for a school term and a count of something else are not sets."""
    facts = read_title(title)
    assert (facts.volumes, facts.flags) == (1, frozenset())


@pytest.mark.parametrize(
    "title",
    [
        "红楼梦 珍藏套装",
        "红楼梦 全套",
        "人工智能三部曲（给孩子）",
        "三剑客（当当套装",
        "一本漫画看懂历史 套装",
    ],
)
def test_sets_that_do_not_say_how_many(title: str) -> None:
    """A set without a count has no number of volumes; 三部曲 names the work and does not count the package."""
    facts = read_title(title)
    assert facts.volumes is None
    assert facts.flags == {Flag.SET}


@pytest.mark.parametrize(
    ("title", "bundle"),
    [
        ("人工智能的底层逻辑+深入浅出人工智能", True),
        ("红楼梦＋三国演义", True),
        ("Python编程三剑客：从入门到实践第2版+Python编程快速上手+Python极客项目编程（当当套装", True),
        ("七年级下册套装（骆驼祥子+海底两万里）共2册", True),
        ("渗透测试实战手册+渗透测试项目实践（套装共2册）", True),
        ("图解人工智能+人工智能学习笔记（套装共2册）", True),
        ("人工智能通识课+学习手册", False),
        ("图解人工智能+导读手册（全2册）", False),
        ("C++ Primer 中文版", False),
        ("Python+Spark 2.0+Hadoop机器学习与大数据实战", False),
        ("AI+教育", False),
        ("互联网+", False),
        ("新概念英语（书+视频）", False),
        ("新概念英语+光盘", False),
        ("呐喊（收录《呐喊》+《彷徨》）", False),
        ("三国演义 生僻字注音+注释+注解 插图版", False),
        ("趣说中国史1+2", False),
    ],
)
def test_bundle(title: str, bundle: bool) -> None:
    """A plus between two works is a bundle; between subjects, extras or letters it is not."""
    assert (Flag.BUNDLE in read_title(title).flags) == bundle


@pytest.mark.parametrize(
    ("title", "volumes", "flags"),
    [
        ("人工智能的底层逻辑+深入浅出人工智能", None, {Flag.BUNDLE}),
        ("红楼梦＋三国演义 套装", None, {Flag.BUNDLE, Flag.SET}),
        ("红楼梦+三国演义（套装共2册）", 2, {Flag.BUNDLE, Flag.SET}),
        ("红楼梦 第二册+三国演义", None, {Flag.BUNDLE}),
    ],
)
def test_volumes_of_a_bundle(title: str, volumes: int | None, flags: set[Flag]) -> None:
    """A bundle has as many volumes as its title counts, otherwise unknown; it is a set if it says so."""
    facts = read_title(title)
    assert facts.volumes == volumes
    assert facts.flags == flags


@pytest.mark.parametrize(
    ("title", "flag"),
    [
        ("【二手旧书】Python学习手册：第4版", Flag.SECOND_HAND),
        ("正版二手 高等数学", Flag.SECOND_HAND),
        ("[二手]三体", Flag.SECOND_HAND),
        ("三体 九成新", Flag.SECOND_HAND),
        ("二手时间", None),
        ("旧书店的秘密", None),
        ("二手房买卖指南", None),
        ("古典中国风书签 30张", Flag.ACCESSORY),
        ("透明包书膜 自粘", Flag.ACCESSORY),
        ("护眼阅读灯", Flag.ACCESSORY),
        ("三体（赠书签）", None),
        ("三体+书签", None),
        ("一支铅笔的梦想", None),
        ("山茶文具店", None),
        ("钢笔 楷书字帖", None),
    ],
)
def test_what_is_no_new_book(title: str, flag: Flag | None) -> None:
    """Used books and reading accessories are flagged; books about them, or with them, are not."""
    assert read_title(title).flags == ({flag} if flag else set())


@pytest.mark.parametrize(
    ("title", "sold_out"),
    [
        ("追风筝的人（1-9年级必读书单）此版本已售罄，请购买新版", True),
        ("三体 旧版已售罄", True),
        ("三体 已售完", True),
        ("三体（首印售罄）", False),
        ("三体（上市即售罄）", False),
        ("三体（首印5万册已售罄）", False),
        ("三体（3天已售罄，紧急加印）", False),
        ("三体 预售", False),
    ],
)
def test_sold_out(title: str, sold_out: bool) -> None:
    """An edition that is gone is sold out; an earlier printing that sold well is praise."""
    assert read_title(title).sold_out == sold_out


def test_titles_without_a_sign_are_plain_books(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 2,000 real titles, those that the first check skips contain nothing that the patterns after it would find."""
    rows = csv.DictReader(io.StringIO(real("catalogue_2023_1000.csv").decode("utf-8-sig")))
    lines = real("mobile_2018_python_1000.jsonl").splitlines()
    found = [row["书名"] for row in rows] + [json.loads(line)["book_name"] for line in lines]
    quick = [read_title(title) for title in found]
    monkeypatch.setattr(titles, "_ANY_SIGN", re.compile(""))
    assert quick == [read_title(title) for title in found]


@pytest.mark.parametrize(
    "word",
    [
        "书签", "书皮", "书套", "书衣", "包书膜", "包书纸", "包书皮", "书立", "书挡", "书架", "书柜", "阅读架",
        "读书架", "阅读灯", "读书灯", "护眼灯", "台灯", "文具盒", "文具套装", "文具", "铅笔", "中性笔", "签字笔",
        "钢笔", "圆珠笔", "荧光笔", "水彩笔", "彩铅", "橡皮", "橡皮擦", "笔袋", "书包", "帆布袋", "帆布包", "放大镜",
        "便利贴", "便签", "便签纸", "藏书票", "墨水", "鼠标垫", "键盘膜", "马克杯", "手机壳", "冰箱贴", "钥匙扣",
        "手办", "抱枕", "T恤",
    ],
)  # fmt: skip
def test_a_thing_for_readers_is_an_accessory(word: str) -> None:
    """Flag each thing that a bookshop sells beside books."""
    assert Flag.ACCESSORY in read_title(f"古典 {word}").flags
