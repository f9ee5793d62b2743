from __future__ import annotations

import csv
import io
import json
import re

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from parsers.names import _read_names, is_unknown, parse_contributors
from parsers.plain_names import read_plain_names
from parsers.text import fold
from tests.parsers.markup import real
from tests.profiles import examples


def shown(text: str) -> list[str]:
    """Return the contributors as «[nationality]name（original）=role»."""
    return [
        f"{f'[{c.nationality}]' if c.nationality else ''}{c.name}{f'（{c.original_name}）' if c.original_name else ''}"
        f"{f'={c.role}' if c.role else ''}"
        for c in parse_contributors(text)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("不详", []),
        ("张长水", ["张长水"]),
        ("(英)迈克尔.伍尔德里奇 著；读客文化 出品", ["[英]迈克尔.伍尔德里奇=著", "读客文化=出品"]),
        (
            "[美]斯图尔特·罗素（Stuart Russell） 著，张博雅 译",
            ["[美]斯图尔特·罗素（Stuart Russell）=著", "张博雅=译"],
        ),
        (
            "[南非] 里沙尔·赫班斯(Rishal Hurbans)著 王晓雷 陈巍卿 译",
            ["[南非]里沙尔·赫班斯（Rishal Hurbans）=著", "王晓雷=译", "陈巍卿=译"],
        ),
        ("腾讯研究院、腾讯AI Lab、腾讯开放平台", ["腾讯研究院", "腾讯AI Lab", "腾讯开放平台"]),
        ("亨利·基辛格 埃里克·施密特", ["亨利·基辛格", "埃里克·施密特"]),
        ("[意] 皮埃罗·斯加鲁菲（Piero Scaruffi）", ["[意]皮埃罗·斯加鲁菲（Piero Scaruffi）"]),
        (
            "[美]史蒂芬·卢奇（Stephen Lucci） 萨尔汗·M.穆萨（Sarhan M. Musa） 丹尼·科佩克（Danny Kopec）",
            [
                "[美]史蒂芬·卢奇（Stephen Lucci）",
                "萨尔汗·M.穆萨（Sarhan M. Musa）",
                "丹尼·科佩克（Danny Kopec）",
            ],
        ),
        ("A君，B君等 译", ["A君=译", "B君=译"]),
        ("谈峥 于海江 等译", ["谈峥=译", "于海江=译"]),
        ("〔俄〕克雷洛夫，朱宪生 邱静娟 译", ["[俄]克雷洛夫", "朱宪生=译", "邱静娟=译"]),
        ("【美】张纯如（Iris Chang）", ["[美]张纯如（Iris Chang）"]),
        ("（清）曹雪芹　等著；（清）无名氏　续", ["[清]曹雪芹=著", "[清]无名氏=续"]),
        ("徐刚 著 绘", ["徐刚=著绘"]),
        ("[日] 福田纯子/著绘 丁虹/译", ["[日]福田纯子=著绘", "丁虹=译"]),
        ("高士其/著", ["高士其=著"]),
        ("刘敬余/主编", ["刘敬余=主编"]),
        ("王力 编 著", ["王力=编著"]),
        (
            "原编者  王力 岑麒祥 等，修订者  蒋绍愚 唐作藩",
            ["王力=原编者", "岑麒祥=原编者", "蒋绍愚=修订", "唐作藩=修订"],
        ),
        ("赵晓玉 ，《图说天下.国家地理系列》编委会", ["赵晓玉", "《图说天下.国家地理系列》编委会"]),
        ("歪歪兔关键期早教 项目组编绘", ["歪歪兔关键期早教 项目组=编绘"]),
        ("冯友兰著，赵复三译", ["冯友兰=著", "赵复三=译"]),
        ("莫言；读客文化 出品", ["莫言", "读客文化=出品"]),
        ("毛姆  ，译者  韦清琦，果麦文化 出品", ["毛姆", "韦清琦=译", "果麦文化=出品"]),
        ("丹尼尔・笛福 著，作家榜经典名著 出品", ["丹尼尔・笛福=著", "作家榜经典名著=出品"]),
        ("（美）马克 吐温", ["[美]马克 吐温"]),
        ("何孝荣 侯振龙", ["何孝荣", "侯振龙"]),
        ("(美)Zed A. Shaw,王魏魏", ["[美]Zed A. Shaw", "王魏魏"]),
        ("(美) Al Sweigart 斯维加特", ["[美]Al Sweigart 斯维加特"]),
        ("(美)Brett Slatkin(布雷特·斯拉特金) 著", ["[美]布雷特·斯拉特金（Brett Slatkin）=著"]),
        ("（加）E T 西顿", ["[加]E T 西顿"]),
        ("泰戈尔（印度）", ["[印度]泰戈尔"]),
        ("郑利强 段虹(绘) 步印童书 出品", ["郑利强", "段虹=绘", "步印童书=出品"]),
        ("美) 塔尼娅・奥尔特曼", ["[美]塔尼娅・奥尔特曼"]),
        ("[美]卡勒德·胡赛尼（Khaled Hos", ["[美]卡勒德·胡赛尼（Khaled Hos）"]),
        ("编者:杨秀璋//颜娜", ["杨秀璋=编", "颜娜=编"]),
        # roles in front of names, without a colon
        ("主编 林甲一 周乙二", ["林甲一=主编", "周乙二=主编"]),
        ("主编 林甲一 副主编 周乙二 李丙", ["林甲一=主编", "周乙二=副主编", "李丙=副主编"]),
        ("主编林甲一 周乙二", ["林甲一=主编", "周乙二=主编"]),
        ("总主编 林甲一 本册主编 李丙", ["林甲一=总主编", "李丙=本册主编"]),
        ("主编 林甲一；李丙 译", ["林甲一=主编", "李丙=译"]),
        ("主编 林甲一 李丙 译", ["林甲一=主编", "李丙=译"]),
        ("译 李丙文", ["李丙文=译"]),
        ("文 林甲一 图 李丙", ["林甲一=文", "李丙=图"]),
        ("编著 [英]安·李 周乙二", ["[英]安·李=编著", "周乙二=编著"]),
        ("林甲一 主编 李丙 副主编", ["林甲一=主编", "李丙=副主编"]),
        ("文 珍", ["文 珍"]),
        # two labels in a row
        ("作者：主编：林甲一", ["林甲一=主编"]),
        ("作者：主编 林甲一", ["林甲一=主编"]),
        ("文：图：林甲一", ["林甲一=文图"]),
        ("译者 校者 林甲一", ["林甲一=译校"]),
        # a role in brackets applies to one name, of however many words
        ("Peter Norvig（绘）", ["Peter Norvig=绘"]),
        ("Mary Ann Lee (编)", ["Mary Ann Lee=编"]),
        ("马克 吐温（著）", ["马克 吐温=著"]),
        ("[美] 马克 吐温（著），张三（译）", ["[美]马克 吐温=著", "张三=译"]),
        ("张三 李四（绘）", ["张三", "李四=绘"]),
        ("Peter Norvig, Ann Lee（著）", ["Peter Norvig", "Ann Lee=著"]),
        ("[英] Eric Carle（文/图）", ["[英]Eric Carle=文图"]),
        ("[美]艾瑞·卡尔 (Eric Carle)（著·绘）", ["[美]艾瑞·卡尔（Eric Carle）=著绘"]),
        ("Penguin Books 出品", ["Penguin Books=出品"]),
        ("大星文化 Penguin Books 出品", ["大星文化", "Penguin Books=出品"]),
        # words between two names
        ("（美）金柏莉・迪安与詹姆斯・迪安著", ["[美]金柏莉・迪安=著", "詹姆斯・迪安=著"]),
        ("张三和李四 著", ["张三=著", "李四=著"]),
        ("张三 与 李四 著", ["张三=著", "李四=著"]),
        ("John Smith and Mary Lee", ["John Smith", "Mary Lee"]),
        ("稻盛和夫 著", ["稻盛和夫=著"]),
        ("与谢野晶子 著", ["与谢野晶子=著"]),
        ("李和平", ["李和平"]),
        # both forms of a name, and another name behind them
        ("(美) Micha Gore 戈雷利克 Ian Osh 欧日沃尔德", ["[美]Micha Gore 戈雷利克", "Ian Osh 欧日沃尔德"]),
        ("(印) 赫曼塔 库玛 梅赫塔 Hemant Kumar", ["[印]赫曼塔 库玛 梅赫塔 Hemant Kumar"]),
        ("(加) Cameron Pilon 卡梅隆 皮隆", ["[加]Cameron Pilon 卡梅隆 皮隆"]),
        ("(?)Warren Sande?Carter Sande ?", ["Warren Sande", "Carter Sande"]),
        ("(美)Dan,Sanderson(丹·桑德森)", ["[美]丹·桑德森（Dan Sanderson）"]),
        ("(美)Julia Elman(茱莉亚?埃尔曼)", ["[美]茱莉亚?埃尔曼（Julia Elman）"]),
        ("Jean-Paul Sartre（让-保罗·萨特）著", ["让-保罗·萨特（Jean-Paul Sartre）=著"]),
        ("TJ Hook(TJ 奥科罗)", ["TJ 奥科罗（TJ Hook）"]),
        ("Albert Luka, PhD", ["Albert Luka, PhD"]),
        ("Martin King, Jr. 著", ["Martin King, Jr.=著"]),
        # roles beyond authors and translators; a label with a space within, labels one after another
        ("[日]宫崎骏 监修", ["[日]宫崎骏=监修"]),
        ("张三监修", ["张三=监修"]),
        ("张三著译", ["张三=著译"]),
        ("张三 主译 李四 参译", ["张三=主译", "李四=参译"]),
        ("张三 总策划；李四 责任编辑", ["张三=总策划", "李四=责任编辑"]),
        ("张三 编剧 李四 导演", ["张三=编剧", "李四=导演"]),
        ("张三 绘图/李四 文字", ["张三=绘图", "李四=文字"]),
        ("张三 校点 李四 辑校", ["张三=校点", "李四=辑校"]),
        ("张三 编著 李四 绘 王五 摄", ["张三=编著", "李四=绘", "王五=摄"]),
        ("作 者：张三", ["张三=著"]),
        ("文字：张三 绘画：李四", ["张三=文字", "李四=绘画"]),
        ("文：张三 图：李四", ["张三=文", "李四=图"]),
        ("文/张三 图/李四", ["张三=文", "李四=图"]),
        ("主编/张三 副主编/李四", ["张三=主编", "李四=副主编"]),
        ("张三/文/李四/图", ["张三=文", "李四=图"]),
        ("文/林甲一，海岸 出品，图/安·李，周乙二 译", ["林甲一=文", "海岸=出品", "安·李=图", "周乙二=译"]),
        ("漫画 张三 脚本 李四", ["张三=漫画", "李四=脚本"]),
        # two roles of one person, roles behind a dot, roles of one character that are attached
        ("张三 编著、绘", ["张三=编著", "张三=绘"]),
        ("张三 著 摄影", ["张三=著", "张三=摄影"]),
        ("【美】大卫·香农 文·图 余治莹 译", ["[美]大卫·香农=文图", "余治莹=译"]),
        ("张三·文 李四·图", ["张三=文", "李四=图"]),
        ("张三著 李四注 王五校", ["张三=著", "李四=注", "王五=校"]),
        ("（汉）司马迁 撰（南朝宋）裴骃 集解", ["[汉]司马迁=撰", "[南朝宋]裴骃=集解"]),
        ("张三 教授 李四 博士", ["张三 教授", "李四 博士"]),
        ("张三.", ["张三"]),
        ("奥古斯汀. 特拉尼 著", ["奥古斯汀. 特拉尼=著"]),
        # nobody
        ("佚名", []),
        ("佚名 著", []),
        ("（清）佚名", []),
        ("作者不详", []),
        ("暂无作者信息", []),
        ("N/A", []),
        ("无名氏 著", ["无名氏=著"]),
        # a comma for a space within a Latin name, or between two
        ("Jan,Peter", ["Jan Peter"]),
        ("Jan,Erik,Solem 张三", ["Jan Erik Solem", "张三"]),
        ("John Smith,Jones", ["John Smith", "Jones"]),
        ("Jan, Erik", ["Jan", "Erik"]),
        (",Yuxi", ["Yuxi"]),
        # brackets: of the name before, of the one behind, or a part of it
        ("张三；泰戈尔（印度）", ["张三", "[印度]泰戈尔"]),
        ("[英]泰戈尔（印度）", ["[英]泰戈尔"]),
        ("张三；[英]泰戈尔（印度）", ["张三", "[英]泰戈尔"]),
        ("张三 [英] 李四 译", ["张三=译", "[英]李四=译"]),
        ("文[美]李四", ["文", "[美]李四"]),
        ("Yuxi(Hayden) Liu", ["Yuxi(Hayden) Liu"]),
        ("Yuxi (Hayden) Liu", ["Yuxi (Hayden) Liu"]),
        ("Peter Norvig 李四（Ann Lee）", ["Peter Norvig", "李四（Ann Lee）"]),
        ("[英]Yuxi,[美]Jan 著", ["[英]Yuxi=著", "[美]Jan=著"]),
        ("[英] 海明威 （?）王小波 著", ["[英]海明威=著", "王小波=著"]),
        # no comma for a space: another sign, another script
        ("Yuxi/Jan 著", ["Yuxi=著", "Jan=著"]),
        ("海明威,Jan 著", ["海明威=著", "Jan=著"]),
        ("Yuxi,海明威 著", ["Yuxi=著", "海明威=著"]),
        # a role with a colon for a comma, roles in front and behind
        ("谢茹 著: 高凯 绘", ["谢茹=著", "高凯=绘"]),
        ("作者：张三 译者：李四", ["张三=著", "李四=译"]),
        ("主编王小波 主编 李四", ["王小波=主编", "李四=主编"]),
        ("海明威 著；主编王小波", ["海明威=著", "主编王小波"]),
        ("李四 著、张三 王小波 出品", ["李四=著", "张三=出品", "王小波=出品"]),
        ("[美]斯图尔特·罗素 [英]王小波 译", ["[美]斯图尔特·罗素=译", "[英]王小波=译"]),
        # a role before a slash, a name that ends like one, «and others» alone
        ("文/维尔纳·霍尔茨瓦特；图/沃尔夫·埃布鲁赫", ["维尔纳·霍尔茨瓦特=文", "沃尔夫·埃布鲁赫=图"]),
        ("主编/", []),
        ("丁著", ["丁著"]),
        ("马克·吐温[美]、等", ["[美]马克·吐温"]),
        ("绘 等 李四 著", ["等 李四=著"]),
        # a body is a part of the name before it; a translator without an author's role before
        ("Yuxi 工作室出品", ["Yuxi 工作室=出品"]),
        ("Norvig、工作室译", ["Norvig", "工作室=译"]),
        # originals in either order, and aliases that are not originals
        ("[日]安井一（やすいはじめ）", ["[日]安井一（やすいはじめ）"]),
        ("大云（林甲一）", ["大云（林甲一）"]),
    ],
)
def test_contributors(text: str, expected: list[str]) -> None:
    """Every name of a block gets its own role and nationality."""
    assert shown(text) == expected


_NO_LETTER = re.compile(r"[\s、，,;；|/／:：()\[\]（）［］【】〔〕〖〗｛｝&?？.。…]")
_SAID_OTHERWISE = re.compile(
    "等|作绘者|译者|作者|编者|著者|绘者|著作|翻译|修订者|原编者|图/|著|译|编|绘|图|校|与"
)


def real_blocks() -> list[str]:
    """Return the 2,000 author texts of the captured catalogues."""
    rows = csv.DictReader(io.StringIO(real("catalogue_2023_1000.csv").decode("utf-8-sig")))
    lines = real("mobile_2018_python_1000.jsonl").splitlines()
    return [row["作者"] for row in rows] + [json.loads(line)["author_name"] for line in lines]


def test_no_name_of_real_blocks_is_lost() -> None:
    """In 2,000 real author texts, every letter outside punctuation, roles and «and others» is in a name."""
    for text in filter(None, real_blocks()):
        given_out = "".join(
            f"{c.name}{c.original_name or ''}{c.role or ''}{c.nationality or ''}"
            for c in parse_contributors(text)
        )
        wanted = _SAID_OTHERWISE.sub("", _NO_LETTER.sub("", text))
        lost = [letter for letter in wanted if letter not in given_out]
        assert not lost or text in {"无", "暂无", "不详", "暂无作者信息"}, (text, given_out, lost)


def test_plain_blocks_among_the_real_ones() -> None:
    """More than half of the real blocks take the fast path, with the same result as the full parser."""
    blocks = [fold(text) for text in real_blocks()]
    plain = [(block, names) for block in blocks if (names := read_plain_names(block)) is not None]
    assert len(plain) > len(blocks) / 2
    for block, names in plain:
        assert names == _read_names(block), block


NAMES = (
    "王小明",
    "李约",
    "安·李",
    "冯友文",
    "张三编",
    "团队",
    "编写组",
    "美国",
    "中国",
    "不详",
    "维",
    "司马一心",
)
PIECES = st.tuples(
    st.sampled_from(("", "", "[美]", "（英） ", "(清)", "【编】")),
    st.sampled_from(NAMES),
    st.sampled_from(("", "", "（Ann Lee）", "(J. O?Hara.)")),
    st.sampled_from(("", "", " 等")),
    st.sampled_from(("", "", " 著", " 译", " 译者", " 编著", " 出品", "著", " 绘")),
    st.sampled_from((" ", "，", "； ", "、", ",", " ，", "")),
).map("".join)


@settings(max_examples=examples(400))
@given(st.lists(PIECES, min_size=1, max_size=5).map("".join).map(fold))
def test_the_short_way_is_the_full_reader_s(block: str) -> None:
    """Whatever block the fast path accepts, the full parser gives the same names, roles and nationalities."""
    names = read_plain_names(block)
    event("plain" if names is not None else "left to the full reader")
    assert names is None or names == _read_names(block)


@given(st.text(alphabet="王小明李·著译编绘等出品 ，；、()[]美英abc./:（）", max_size=60))
def test_any_text_is_read(text: str) -> None:
    """Any block gives names, none of them empty."""
    assert all(contributor.name.strip() for contributor in parse_contributors(text))


def test_a_letter_before_a_role_is_no_name() -> None:
    """The full reader leaves such a word whole, as the short way does."""
    assert _read_names("丁著") == [("丁著", None, None)]


def test_an_alias_is_no_original() -> None:
    """A bracket in another script contains the original; one in Chinese after a Chinese name belongs to the name."""
    (person,) = parse_contributors("[英]安·李（Ann Lee）")
    assert (person.name, person.original_name) == ("安·李", "Ann Lee")
    (alias,) = parse_contributors("大云（林甲一）")
    assert (alias.name, alias.original_name) == ("大云（林甲一）", None)


@pytest.mark.parametrize(
    "words", ["不详", "无", "佚名", "暂无", "未知", "其他", "（不详）", "出版社不详", "N/A"]
)
def test_words_in_the_place_of_a_publisher(words: str) -> None:
    """A placeholder is unknown; a publisher whose name begins like one is not."""
    assert is_unknown(words)
    assert not is_unknown(f"{words.strip('（）')}山海出版社") or words == "出版社不详"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", [".", " .", ". 张", "·张.", "?", "- "])
@pytest.mark.parametrize("count", [40, 900])
def test_what_repeats_in_brackets_takes_no_exponential_time(piece: str, count: int) -> None:
    """The name of a foreign author that stands in brackets after the original."""
    found = parse_contributors(f"Dan Sanderson（张三{piece * count}!） 著")
    assert "".join(each.name for each in found)


def test_names_in_brackets_are_read_with_dots_and_spaces() -> None:
    for inside in ("丹·桑德森", "丹 · 桑德森", "A. 桑德森", "丹. B. 桑德森", "丹-桑德森"):
        (found,) = parse_contributors(f"Dan Sanderson（{inside}） 著")
        assert found.original_name == "Dan Sanderson", inside
