"""What a book's title says of the goods: how many volumes, a bundle, second hand, an accessory, sold out.

Titles of Chinese shops carry this in free words. Precision comes first: a word that may be praise or subject
(«首印售罄», «二手时间», «AI+教育») sets no flag.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from parsers.model import Flag
from parsers.text import NUMERAL, nfkc, parse_numeral

__all__ = ["TitleFacts", "read_title"]

MAX_VOLUMES = 400
"""More than any set on sale holds; a larger number is of something else."""


class TitleFacts(NamedTuple):
    """What a title says of the goods."""

    volumes: int | None
    """Volumes sold together; None for a set or bundle that does not say how many."""
    flags: frozenset[Flag]
    sold_out: bool


def read_title(title: str) -> TitleFacts:
    """Return what a title (without marketing text) says of the goods.

    Volumes: 1 for a single book, which «第3册», «四年级下册» and «全一册» are too; 3 for «全3册», «套装共3册», «上中下»
    and «1-3册»; None for a set that does not say how many it holds: «套装», and «三部曲», which names the work and not
    the parcel; and for a bundle without a count («A+B»). Volumes given away («赠2册») do not count.
    """
    text = nfkc(_NO_DIGITS.sub(" ", title))
    if not _ANY_SIGN.search(text):  # six titles of ten say nothing of the kind
        return _PLAIN_BOOK
    volumes = _volumes(text)
    flags = set()
    if volumes != 1:
        flags.add(Flag.SET)
    if "+" in text and _is_bundle(text, volumes):
        flags.add(Flag.BUNDLE)
        volumes = None if volumes == 1 else volumes  # each work may itself come in several
    if _USED_SIGN.search(text) and _SECOND_HAND.search(text):
        flags.add(Flag.SECOND_HAND)
    if _is_accessory(text):
        flags.add(Flag.ACCESSORY)
    return TitleFacts(volumes, frozenset(flags), _says_sold_out(text))


_NO_DIGITS = re.compile("[²³¹¼-¾⁰-₉⅐-⅟↉①-⒛⓪-⓿❶-➓㈠-㈩㉈-㉏㉑-㉟㊀-㊉㊱-㊿]")
"""Exponents, fractions and enclosed numbers: NFKC would make digits of them, and «①②③册» hold 123 volumes."""

_PLAIN_BOOK = TitleFacts(1, frozenset(), sold_out=False)
_ANY_SIGN = re.compile(r"[册卷辑套函本部集种上下+手旧成新书膜纸皮立挡架柜灯盒具笔铅擦袋包镜贴便票水售断绝缺]")
"""A letter of every word that is looked for below, each of which tells a volume, a bundle, a used thing and so on."""
_VOLUME_SIGN = re.compile(
    r"[册卷辑套函]|[本部集种](?:$|[^\u4e00-\u9fff]|[装套])|部曲|[全共套].{0,3}[本部集种]|上.{0,3}下"
)
_UNIT = r"(?:[册卷辑]|本(?![书通领事色味章体]|草纲)|部(?!曲|分|编)|集(?!训|锦|合|团)|种(?=[)\s]|$)|函)"
_TOTAL = rf"(?:全套?|共计?|套装共?全?|合计|整套|礼盒装?)\s*[(:]?\s*[共全]?\s*({NUMERAL})\s*[大小巨]?"
# 全3辑 套装共14册: where both are counted, the books.
_COUNTED_BOOKS = re.compile(rf"{_TOTAL}(?:册|本(?![书通领]))")
_RANGE = re.compile(rf"({NUMERAL})\s*[-~—–至到]\s*({NUMERAL})\s*{_UNIT}")
_COUNTED = re.compile(rf"{_TOTAL}{_UNIT}")
_BOTH = re.compile(r"上[册卷](?:\s*中[册卷])?\s*[、+/&和]?\s*下[册卷]")
_PAIR = re.compile(rf"上\s*([、+/&和]?\s*中\s*)?[、+/&和]?\s*下\s*(?:({NUMERAL})\s*)?(?:{_UNIT}|全|(?=\)))")
_PLAIN = re.compile(
    rf"(?<![第\d一二三四五六七八九十百年级前每.])({NUMERAL})\s*(?:册|本(?=[)\s,、装套]|$)|卷(?=[)本]|$))(?![书通])"
)
_GIFT_BEFORE = re.compile(r"(?:赠送?|送|附|附赠|另有|随书)[^,，。!()]{0,6}$")
_UNCOUNTED = re.compile(rf"套装|(?<!配)套书(?!目)|整套|全套(?!\s*{NUMERAL}\s*[张个])")
_CYCLE = re.compile(rf"{NUMERAL}部曲(?![”\"』》]?\s*(?:之|第|:))")
_NO_SET = re.compile(r"(?:非|不含|拆)套装|单[本册]|套装(?:软件|工具)")
_BRACKETED = re.compile(r"\([^()]*(?:\)|$)|\[[^\[\]]*(?:\]|$)|【[^【】]*(?:】|$)")


def _volumes(text: str) -> int | None:
    if not _VOLUME_SIGN.search(text):
        return 1
    for pattern in (_COUNTED_BOOKS, _RANGE, _COUNTED, _BOTH, _PAIR, _PLAIN):
        for match in pattern.finditer(text):
            count = _count(pattern, match)
            if count is not None and 1 <= count <= MAX_VOLUMES and not _given_away(text, match):
                return count
    if _NO_SET.search(text):
        return 1
    # In brackets stands whose work it is («…三部曲扛鼎之作»), in the open what is sold.
    sells_set = _UNCOUNTED.search(text) or _CYCLE.search(_BRACKETED.sub("", text))
    return None if sells_set else 1


def _given_away(text: str, match: re.Match[str]) -> bool:
    return _GIFT_BEFORE.search(text, max(0, match.start() - 12), match.start()) is not None


def _count(pattern: re.Pattern[str], match: re.Match[str]) -> int | None:
    if pattern is _RANGE:
        first, last = parse_numeral(match[1]), parse_numeral(match[2])
        return last - first + 1 if first and last and last > first else None
    if pattern is _BOTH:
        return 3 if "中" in match[0] else 2
    if pattern is _PAIR:
        said = parse_numeral(match[2]) if match[2] else None
        return said or (3 if match[1] else 2)
    return parse_numeral(match[1])


_USED_SIGN = re.compile(r"二手|旧书|成[新品]|[789][05]新")
_SECOND_HAND = re.compile(
    r"二手\s*(?:书|正版|旧|教材|包邮|原版|[\]】)」:])|(?:^|[\[【(「\s])(?:正版)?二手(?=\s)|正版二手|"
    r"(?:^|[\[【(「\s])旧书(?=[\]】)」\s:]|$)|[七八九789]\s*[.]?\s*\d?\s*成[新品]|(?<!\d)[789][05]新(?![版编概大])"
)

_ACCESSORY_NOUN = re.compile(
    r"(?:书签|书皮|书套|书衣|包书[膜纸皮]|书立|书挡|书架|书柜|阅读架|读书架|阅读灯|读书灯|护眼灯|台灯|文具盒|文具套装|文具|铅笔|中性笔|签字笔|"
    r"钢笔|圆珠笔|荧光笔|水彩笔|彩铅|橡皮擦?|笔袋|书包|帆布袋|帆布包|放大镜|便利贴|便签纸?|藏书票|墨水)"
    r"(?:\s*\d+\s*[支个张只件]装?)?(?=\s*(?:$|[(\s\[【,]))"
)
_GIVEN_WITH = frozenset("+赠送附配含与和画")
_BOOK_WORDS = re.compile(r"[《》]|教程|字帖|临摹|入门|技法|绘本|画册|从零|故事|小说|[赠附送著编译]")


def _is_accessory(text: str) -> bool:
    """Whether the goods are a thing for readers: its noun ends the title or a part of it, and no word is of a book."""
    match = _ACCESSORY_NOUN.search(text)
    if match is None or _BOOK_WORDS.search(text):
        return False
    return match.start() == 0 or text[match.start() - 1] not in _GIVEN_WITH


_LETTERS = re.compile(r"[A-Za-z\u3400-\u9fff]")
_CJK = re.compile(r"[\u3400-\u9fff]")
_EXTRAS = re.compile(
    r"光[盘碟]|CD|DVD|MP3|视频|音频|录音|课件|赠|送|附|配套|答案|习题|练习|题库|试卷|真题|贴纸|卡片|挂图|拼图|导图|明信片|书签|海报|"
    r"电子书|APP|软件|素材|源码|代码|扫码|玩具|材料包|教具|磁带|点读|彩蛋|手账|签名|函套|立牌|[\u4e00-\u9fff]篇$|注释|注音|导读|翻译",
    re.IGNORECASE,
)
_EXTRAS_OR_TITLES = re.compile(r"手册|笔记|注解|图解|解析")
"""Words of extras («+学习手册») that titles are made of as well («渗透测试实战手册»)."""
_ISBN = re.compile(r"\d{10,13}")


def _is_bundle(text: str, volumes: int | None) -> bool:
    """Whether a plus in the title stands between two works.

    What stands in brackets describes one book («收录《呐喊》+《彷徨》», «书+视频»), unless the title sells a set.
    """
    bare = _BRACKETED.sub("", text) if volumes == 1 else text
    parts = _ISBN.sub("", bare).replace("C++", "C").replace("++", "").split("+")
    last, counted = len(parts) - 1, volumes is not None and volumes > 1
    works = (_is_work(part, first=at == 0, last=at == last, counted=counted) for at, part in enumerate(parts))
    return sum(works) >= 2


def _is_work(part: str, *, first: bool, last: bool, counted: bool) -> bool:
    """Whether what stands beside a plus could be a title: no subject («AI+教育»), no extra («书+光盘»).

    `counted`: the title says how many volumes are sold, so a 手册 or 笔记 among them is one of the volumes.
    """
    words = re.split(r"[\s,，。:、!?]+", part.strip())
    word = words[-1] if first else words[0] if last else part
    if len(_LETTERS.findall(word)) < 3 or _EXTRAS.search(word):
        return False
    own = _EXTRAS_OR_TITLES.sub("", word)  # «导读手册», «图解» alone name no work
    if own != word and not (counted and _LETTERS.search(own)):
        return False
    return _CJK.search(word) is not None or len(_CJK.findall(part)) >= 4


_SOLD_OUT = re.compile(r"已\s*(?:经)?\s*售\s*(?:罄|完)|已断货|已下架|已绝版|暂时缺货|\(缺货\)|【缺货】")
_PRAISE_BEFORE = re.compile(
    r"(?:首印|首批|首版|首刷|预售|[0-9一二三四五六七八九十百千万]+(?:册|本|套|刷|次|天|小时|分钟)|海外|上市|开售|秒|即)[^,。;!()]{0,6}$"
)
_PRAISE_AFTER = re.compile(r"\s*[,!]?\s*(?:加印|重印|再版|紧急|火速|[0-9一二三四五六七八九十百千]+万?[册本])")


def _says_sold_out(text: str) -> bool:
    """Whether a title says that the goods are gone: «此版本已售罄».

    «首印售罄», «上市即售罄», «首印5万册已售罄» and pre-orders (预售) speak of an earlier printing: praise.
    """
    return any(
        not _PRAISE_BEFORE.search(text, max(0, match.start() - 20), match.start())
        and not _PRAISE_AFTER.match(text, match.end())
        for match in _SOLD_OUT.finditer(text)
    )
