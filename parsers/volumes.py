"""Count the volumes that a title sells together: «全3册», «上下册», «1-5册», «(1-12)», «10本…».

A number of copies is not a number of volumes: «100册以上团购», «首印300册», «满3本减5元»; nor is one of gifts: «赠2册».
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from parsers.model import MAX_VOLUMES
from parsers.text import NUMERAL, parse_numeral

__all__ = ["count_volumes"]

_DASH = "[-~—–〜至到]"
_VOLUME_SIGN = re.compile(
    r"[册卷辑套函]|[本部集种](?:$|[^\u4e00-\u9fff]|[装套组合])|部曲|[全共套].{0,3}[本部集种]|上.{0,3}下"
)
_ANY_DASH = re.compile(_DASH)
_UNIT = r"(?:[册卷辑]|本(?![书通领事色味章体]|草纲)|部(?!曲|分|编)|集(?!训|锦|合|团)|种(?=[)\s]|$)|函)"
_FORMAL_NUMERAL = "[壹贰叁肆伍陆柒捌玖拾佰]+"
_TOTAL = rf"(?:全套?|共计?|套装共?全?|合计|整套|礼盒装?)\s*[(:]?\s*[共全]?\s*({NUMERAL}|{_FORMAL_NUMERAL})\s*[大小巨]?"
# 全3辑 套装共14册: if both are counted, use the books.
_COUNTED_BOOKS = re.compile(rf"{_TOTAL}(?:册|本(?![书通领]))")
# 套装1-15册, 全集共30册: a range of books is for sale, and the total describes the whole work.
_BOOK_RANGE = re.compile(rf"({NUMERAL})\s*{_DASH}\s*({NUMERAL})\s*(?:册|本(?![书通领事色味章体]|草纲))")
# 全2函20册: count the books, not their cases.
_BOOKS_IN_PARTS = re.compile(rf"{NUMERAL}\s*[函辑部套]\s*[,、(/]?\s*共?\s*({NUMERAL})\s*[册本](?![书通领])")
_RANGE = re.compile(rf"({NUMERAL})\s*{_DASH}\s*({NUMERAL})\s*{_UNIT}")
_COUNTED = re.compile(rf"{_TOTAL}{_UNIT}")
_BOTH = re.compile(r"上[册卷](?:\s*中[册卷])?\s*[、,+/&和]?\s*下[册卷]")
_PAIR = re.compile(rf"上\s*([、,+/&和]?\s*中\s*)?[、,+/&和]?\s*下\s*(?:({NUMERAL})\s*)?(?:{_UNIT}|全|(?=\)))")
_BARE_PAIR = re.compile(
    r"(?<=[\s)》])上\s*[、,/]?\s*(?:(中)\s*[、,/]?\s*下(?=\s|$|[(\[【])|下(?=\s*(?:$|[(\[【])))"
)
_PLAIN = re.compile(
    rf"(?<![第\d一二三四五六七八九十百年级前每.])(?<!\d{_DASH})({NUMERAL})\s*"
    r"(?:册|本(?=[)\s,、/装套组全]|合[集售]|一套|$)|卷(?=[)本全]|$))(?![书通])"
)
_IN_FRONT = re.compile(
    rf"^(?:[\[【(][^\[\]【】()]*[\]】)]\s*)?({NUMERAL})\s*本(?=[\u4e00-\u9fff《])"
    r"(?![^\s,、。:]{0,3}书(?![法画签包])|[通领事色味章体]|草纲|以[上下内]|起)"
)
_COUNTS = (
    (_BOOK_RANGE, True, False), (_COUNTED_BOOKS, False, False), (_BOOKS_IN_PARTS, False, False),
    (_RANGE, True, False), (_COUNTED, False, False), (_BOTH, False, True), (_PAIR, False, True),
    (_PLAIN, False, False), (_IN_FRONT, False, False), (_BARE_PAIR, False, True),
)  # fmt: skip
"""Patterns in order of precedence, and whether a match needs a dash or the character 下."""
_COUNTS_IN = {
    (dash, down): tuple(
        p for p, needs_dash, needs_down in _COUNTS if dash >= needs_dash and down >= needs_down
    )
    for dash in (False, True)
    for down in (False, True)
}
"""The patterns that can match, by whether a title has a dash and 下: most have neither."""
_COUNT_SIGN = re.compile(f"{NUMERAL}|上")
"""Matches what each of `_COUNTS` needs."""
_BARE_RANGE = re.compile(
    rf"[(\[【]\s*(?P<set>套装|全套|全集|合集)?\s*:?\s*(?P<first>{NUMERAL})\s*{_DASH}\s*(?P<last>{NUMERAL})\s*[)\]】]"
)
_OPEN_RANGE = re.compile(
    r"(?<=[\u4e00-\u9fff\s》)])(?<!第)(?P<set>)(?P<first>\d{1,2})\s*[-~—–〜]\s*(?P<last>\d{1,2})(?=\s|$|[(\[【]|全集|全套|套装|合集|完结)"
    r"(?!\s*(?:岁|年级|月|级|章|课|单元|学期|周|天|年|分|阶|季|元|折))"
)
_LONGEST_RANGE = 150
"""Highest last number of a range in brackets. Exam codes («640-802») begin beyond it."""
_LONGEST_OPEN_RANGE = 60
"""The same without brackets, where the range may mean something else: «口算 1-100»."""
_OLDEST_CHILD = 18
_NO_VOLUME_BEFORE = re.compile(
    r"(?:年级|单元|数字|级别|阶段|科目|level|unit|ages?|grade)\s*[(\[【]?\s*$", re.IGNORECASE
)
_FOR_CHILDREN = re.compile("宝宝|婴|幼儿|早教|低幼|小学|年级")
_SAYS_AGE = re.compile(r"\d\s*(?:岁|年级)|[一二三四五六]年级")

_GIVEN = re.compile(r"(?:赠送?|送|附赠?|另有|随书)([^,，。!()]{0,12})$")
_FINISHED_GIFT = re.compile(
    r"(?:光[盘碟]|CD(?:-?ROM)?|DVD|VCD|MP[34]|磁带|音频|视频|录音|课件|贴纸|书签|海报|卡片?|地图|挂图|导图|明信片|二维码|APP|"
    r"点读笔|软件|立牌|手账|日历|玩具|笔|尺|袋|扫码.{0,4}|资[料源]|素材|源码|代码|答案)\s*(?:[\d一二两三四五六七八九十]+\s*[张个枚份片支套]?)?\s*$",
    re.IGNORECASE,
)
"""A gift that is not counted in 册 or 本: a count after it counts the books."""
_TOTAL_SIGN = re.compile("[全共套合整礼]")
_COPIES_BEFORE = re.compile(
    r"(?:满|够|达|超过?|逾|(?<!最)近|突破|首[印刷批发版]|加印|重印|起印|印[数量制刷]|印|(?:销售|出售|销量|售出)|[热畅狂]销|已售|卖出|发行|库存|"
    r"限量(?:编号|发行|印制)?|仅限|团购|批发|采购|订购|起[批订购]|购买?|(?<![收])买|任[选意]|(?<![公纪])元(?:任?选)?|[最至]多|凑|拍|累计|大约)\s*:?\s*(?:数?量)?\s*(?:超过?|达|逾|约|近|了|仅|各|为)?\s*:?\s*$"
)
_COPIES_AFTER = re.compile(
    r"\s*(?:\(含\))?\s*(?:及|或|和|\(含)?\s*(?:以[上下内]|之内|起(?![源点飞义步初床码来风])|[\d.一二三四五六七八九]+折|减\d|包邮|免邮|团购|批发|采购|[十百千万]\s*[册本])"
)
"""Text after a minimum number of copies for an offer."""
_NOTICE_AFTER = re.compile(r"\s*(?:包邮|免邮|团购|批发|采购)")
"""Text that may also follow the count of a set that is marked as one: «全5册包邮»."""
_UNCOUNTED = re.compile(rf"套装|组套|套组(?!织)|(?<!配)套书(?!目)|整套|全套(?!\s*{NUMERAL}\s*[张个])")
_CYCLE = re.compile(rf"{NUMERAL}部曲(?![”\"』》]?\s*(?:之|第|:))")
_NO_SET = re.compile(r"(?:非|不含|拆)套装|单[本册]|套装(?:软件|工具)")
_BRACKETED = re.compile(r"\([^()]*(?:\)|$)|\[[^\[\]]*(?:\]|$)|【[^【】]*(?:】|$)")


def count_volumes(text: str) -> int | None:
    """Return the number of volumes in a title in NFKC form: 1 for a single book, None for a set without a number."""
    dashed = _ANY_DASH.search(text)
    if dashed is None and "本" not in text and not _VOLUME_SIGN.search(text):
        return 1
    for pattern in _COUNTS_IN[dashed is not None, "下" in text] if _COUNT_SIGN.search(text) else ():
        for match in pattern.finditer(text):
            count = _count(pattern, match)
            if count is None or not 1 <= count <= MAX_VOLUMES:
                continue
            if not _given_away(text, match) and not _counts_copies(text, match):
                return count
    if dashed is not None and (count := next(_bare_ranges(text), None)) is not None:
        return count
    if _NO_SET.search(text):
        return 1
    # Brackets may name another work by the author («…三部曲扛鼎之作»); the product itself is outside them.
    sells_set = _UNCOUNTED.search(text) or _CYCLE.search(_BRACKETED.sub("", text))
    return None if sells_set else 1


def _count(pattern: re.Pattern[str], match: re.Match[str]) -> int | None:
    if pattern is _RANGE or pattern is _BOOK_RANGE:
        first, last = parse_numeral(match[1]), parse_numeral(match[2])
        return last - first + 1 if first is not None and last is not None and last > first else None
    if pattern is _BOTH or pattern is _BARE_PAIR:
        return 3 if "中" in match[0] else 2
    if pattern is _PAIR:
        stated = parse_numeral(match[2]) if match[2] else None
        return stated or (3 if match[1] else 2)
    count = parse_numeral(match[1])
    return None if pattern is _IN_FRONT and count == 1 else count


def _given_away(text: str, match: re.Match[str]) -> bool:
    """Return True if the count is that of a gift: «赠3册», «附赠练习手册2册»; not «附光盘 共20册»."""
    given = _GIVEN.search(text, max(0, match.start() - 16), match.start())
    if given is None:
        return False
    gift = given[1]
    if _FINISHED_GIFT.search(gift):
        return False
    # «赠导读手册 全3册»: a total that is separate from the gift counts the set.
    return not (gift.strip() and gift.endswith((" ", ";", "/")) and _TOTAL_SIGN.match(match[0]))


def _counts_copies(text: str, match: re.Match[str]) -> bool:
    """Return True if the number counts copies: printed, in stock, or the minimum order for an offer."""
    after = _COPIES_AFTER.match(text, match.end())
    if _TOTAL_SIGN.match(match[0]):
        return after is not None and not _NOTICE_AFTER.match(text, match.end())
    return (
        after is not None
        or _COPIES_BEFORE.search(text, max(0, match.start() - 12), match.start()) is not None
    )


def _bare_ranges(text: str) -> Iterator[int]:
    """Yield the counts from first and last volumes without a unit: «(1-12)», «半小时漫画1-5»."""
    for pattern, longest in ((_BARE_RANGE, _LONGEST_RANGE), (_OPEN_RANGE, _LONGEST_OPEN_RANGE)):
        for match in pattern.finditer(text):
            first, last = parse_numeral(match["first"]), parse_numeral(match["last"])
            if first is None or last is None or not first < last <= longest:
                continue
            if _NO_VOLUME_BEFORE.search(text, max(0, match.start() - 8), match.start()):
                continue
            count = last - first + 1
            if match["set"]:
                yield count
            elif first == 1:
                if last > 9 or not _FOR_CHILDREN.search(text) or _SAYS_AGE.search(text):  # an age, a grade?
                    yield count
            elif pattern is _BARE_RANGE and first > 1 and last > _OLDEST_CHILD and (first - 1) % count == 0:
                yield count  # a later part of a series: «(13-24)»
            elif first == 0 and pattern is _BARE_RANGE and re.search("全集|套装|全套", text[: match.start()]):
                yield count
