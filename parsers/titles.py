"""What a book's title says of the goods: how many volumes, a bundle, second hand, an accessory, sold out.

Titles of Chinese shops carry this in free words. Precision comes first: a word that may be praise or subject
(«首印售罄», «二手时间», «AI+教育») sets no flag.
"""

from __future__ import annotations

import re
import unicodedata

from parsers.model import Flag
from parsers.text import NUMERAL, parse_numeral

__all__ = ["parse_volumes", "says_sold_out", "title_flags"]

MAX_VOLUMES = 400
"""More than any set on sale holds; a larger number is of something else."""

_UNIT = r"(?:[册卷辑]|本(?![书通领事色味章体]|草纲)|部(?!曲|分|编)|集(?!训|锦|合|团)|种(?=[)\s]|$)|函)"
_RANGE = re.compile(rf"(\d{{1,3}})\s*[-~—–至到]\s*(\d{{1,3}})\s*{_UNIT}")
_COUNTED = re.compile(
    rf"(?:全套?|共计?|套装共?全?|合计|整套|礼盒装?)\s*[(:]?\s*[共全]?\s*({NUMERAL})\s*(?:大|小|巨|分)?{_UNIT}"
)
_PAIR = re.compile(rf"上\s*([、+/&和]?\s*中\s*)?[、+/&和]?\s*下\s*(?:({NUMERAL})\s*)?(?:{_UNIT}|全|(?=\)))")
_BOTH = re.compile(r"上[册卷](?:\s*中[册卷])?\s*[、+/&和]?\s*下[册卷]")
_PLAIN = re.compile(
    rf"(?<![第\d一二三四五六七八九十百年级前.])({NUMERAL})\s*(?:[册]|本(?=[)\s,、装套]|$)|卷(?=[)本]|$))(?![书通])"
)
_GIFT_BEFORE = re.compile(r"(?:赠送?|送|附|附赠|另有|随书)[^,，。!()]{0,6}$")
_UNCOUNTED = re.compile(rf"套装|全套|整套|套书|{NUMERAL}部曲(?!\s*(?:之|第|:))")
_NO_SET = re.compile(r"(?:非|不含|拆)套装|单[本册]|套装(?:软件|工具)")


def parse_volumes(title: str) -> tuple[int | None, bool]:
    """Return how many volumes a title sells together, and whether it sells a set at all.

    (1, False) for a single book, which «第3册», «四年级下册» and «全一册» are too; (3, True) for «全3册», «套装共3册», «上中下»,
    «1-3册»; (None, True) for a set that does not say how many it holds: «套装», and «三部曲», which names the
    work and not the parcel. Volumes given away («赠2册») do not count.
    """
    text = unicodedata.normalize("NFKC", title)
    for pattern in (_RANGE, _COUNTED, _BOTH, _PAIR, _PLAIN):
        for match in pattern.finditer(text):
            if _GIFT_BEFORE.search(text, 0, match.start()):
                continue
            count = _count(pattern, match)
            if count is not None and 1 <= count <= MAX_VOLUMES:
                return count, count > 1
    if _UNCOUNTED.search(text) and not _NO_SET.search(text):
        return None, True
    return 1, False


def _count(pattern: re.Pattern[str], match: re.Match[str]) -> int | None:
    if pattern is _RANGE:
        first, last = int(match[1]), int(match[2])
        return last - first + 1 if last > first else None
    if pattern is _BOTH:
        return 3 if "中" in match[0] else 2
    if pattern is _PAIR:
        said = parse_numeral(match[2]) if match[2] else None
        return said or (3 if match[1] else 2)
    return parse_numeral(match[1])


_SECOND_HAND = re.compile(
    r"二手\s*(?:书|正版|旧|教材|包邮|原版|[\]】)」:])|(?:^|[\[【(「\s])(?:正版)?二手(?=\s)|正版二手|"
    r"(?:^|[\[【(「\s])旧书(?=[\]】)」\s:]|$)|[七八九789]\s*[.]?\s*\d?\s*成[新品]|(?<!\d)[789][05]新(?![版编概大])"
)
_ACCESSORY_NOUN = (
    r"(?:书签|书皮|书套|书衣|包书[膜纸皮]|书立|书挡|书架|书柜|阅读架|读书架|阅读灯|读书灯|护眼灯|台灯|文具盒|文具套装|文具|"
    r"铅笔|中性笔|签字笔|钢笔|圆珠笔|荧光笔|水彩笔|彩铅|橡皮擦?|笔袋|书包|帆布袋|帆布包|放大镜|便利贴|便签纸?|藏书票|墨水)"
)
_ACCESSORY = re.compile(
    rf"(?<![+赠送附配含与和])(?<!画)(?<!赠送)(?<!附赠){_ACCESSORY_NOUN}(?:\s*\d+\s*[支个张只件]装?)?\s*(?:$|[(\s\[【,,])"
)
_BOOK_WORDS = re.compile(r"[《》]|教程|字帖|临摹|入门|技法|绘本|画册|[著编译]\b|从零|故事|小说|赠|附|送")
_PART = re.compile(r"[\s(){}\[\]【】《》「」“”\"',、。:;!?·—-]")
_EXTRAS = re.compile(
    r"光盘|CD|DVD|VCD|MP3|视频|音频|录音|课件|赠|送|附|配套|答案|习题|练习|题库|试卷|真题|贴纸|卡片|挂图|拼图|手册|导图|明信片|书签|"
    r"海报|笔记|资源|电子书|APP|软件|素材|源码|代码|二维码|扫码|玩具|材料包|教具|案例|实战|实操|光碟|磁带|点读|精讲|图解|解析|指导|书\b",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
_LEAST_WORK = 4
"""Letters a title on either side of a plus must have: «AI+教育» is one subject, not two books."""


def title_flags(title: str, *, is_set: bool) -> frozenset[Flag]:
    """Return the flags that a title (without marketing text) justifies; `is_set` is `parse_volumes`' word."""
    text = unicodedata.normalize("NFKC", title)
    flags = {Flag.SET} if is_set else set()
    if _is_bundle(text):
        flags.add(Flag.BUNDLE)
    if _SECOND_HAND.search(text):
        flags.add(Flag.SECOND_HAND)
    if _ACCESSORY.search(text) and not _BOOK_WORDS.search(text):
        flags.add(Flag.ACCESSORY)
    return frozenset(flags)


def _is_bundle(text: str) -> bool:
    # What stands in brackets describes one book («收录《呐喊》+《彷徨》», «书+视频»).
    bare = _BRACKETED.sub("", text).replace("C++", "C").replace("++", "")
    parts = bare.split("+")
    if len(parts) < 2:
        return False
    works = [part for part in parts if len(_PART.sub("", part)) >= _LEAST_WORK and not _EXTRAS.search(part)]
    return len(works) >= 2


_SOLD_OUT = re.compile(r"已\s*(?:经)?\s*售\s*(?:罄|完)|已断货|已下架|已绝版|暂时缺货|\(缺货\)|【缺货】")
_PRAISE_BEFORE = re.compile(
    r"(?:首印|首批|首版|首刷|预售|[0-9一二三四五六七八九十百千万]+(?:册|本|套|刷|次|天|小时|分钟)|海外|上市|开售|秒|即)[^,。;!()]{0,6}$"
)
_PRAISE_AFTER = re.compile(r"\s*[,!]?\s*(?:加印|重印|再版|紧急|火速|[0-9一二三四五六七八九十百千]+万?[册本])")


def says_sold_out(title: str) -> bool:
    """Return whether a title says that the goods are gone: «此版本已售罄».

    «首印售罄», «上市即售罄», «首印5万册已售罄» and pre-orders (预售) speak of an earlier printing: praise.
    """
    text = unicodedata.normalize("NFKC", title)
    return any(
        not _PRAISE_BEFORE.search(text, max(0, match.start() - 20), match.start())
        and not _PRAISE_AFTER.match(text, match.end())
        for match in _SOLD_OUT.finditer(text)
    )
