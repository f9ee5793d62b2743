"""Derive facts from a title: number of volumes, bundle, second hand, accessory, sold out.

Titles in Chinese shops state these in free text. Precision comes first: a word that may be praise or a subject
(«首印售罄», «二手时间», «AI+教育») sets no flag.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from parsers.bundles import is_bundle
from parsers.condition import says_sold_out, title_says_used
from parsers.model import Flag
from parsers.text import nfkc
from parsers.volumes import count_volumes

__all__ = ["TitleFacts", "read_title"]


class TitleFacts(NamedTuple):
    """The facts that a title states."""

    volumes: int | None
    """Volumes sold together; None for a set or bundle that does not state the number."""
    flags: frozenset[Flag]
    sold_out: bool


def read_title(title: str) -> TitleFacts:
    """Derive the facts from a title (without marketing text).

    A listing that offers one of several volumes («3册任选») has options, and its price is that of one of them.

    Volumes: 1 for a single book, which includes «第3册», «四年级下册» and «全一册»; 3 for «全3册», «套装共3册»,
    «上中下», «1-3册» and «(1-3)»; None for a set without a number, such as «套装» or «三部曲», which names the work
    and not the package, and for a bundle without a count («A+B»). Free extra volumes («赠2册») do not count, nor do
    copies («100册以上团购»). An audio or video disc («150集 8DVD») is an accessory of one volume.
    """
    if not _ANY_SIGN_IN_ANY_FORM.search(title):
        return _PLAIN_BOOK
    text = nfkc(_NO_DIGITS.sub(" ", title))
    if not _ANY_SIGN.search(text):
        return _PLAIN_BOOK
    if "冊" in text or "書" in text or "裝" in text or "輯" in text:
        text = text.translate(_SIMPLIFIED)
    if _DISC_LETTER.search(text) and _RECORDING_SIGN.search(text) and _is_recording(text):
        return TitleFacts(1, _accessory_flags(text), says_sold_out(text))
    volumes = count_volumes(text)
    flags = set()
    if volumes != 1:
        flags.add(Flag.SET)
    if (volumes != 1 or "+" in text) and is_bundle(text, volumes):
        flags.add(Flag.BUNDLE)
        volumes = None if volumes == 1 else volumes  # each work may itself have several volumes
    if "选" in text and _CHOICE.search(text):
        flags, volumes = {Flag.OPTIONS}, None
    if _USED_SIGN.search(text) and title_says_used(text):
        flags.add(Flag.SECOND_HAND)
    if _is_accessory(text):
        flags.add(Flag.ACCESSORY)
    return TitleFacts(volumes, frozenset(flags), says_sold_out(text))


_NO_DIGITS = re.compile("[²³¹¼-¾⁰-₉⅐-⅟↉①-⒛⓪-⓿❶-➓㈠-㈩㉈-㉏㉑-㉟㊀-㊉㊱-㊿]")
"""Exponents, fractions and enclosed numbers: NFKC would turn them into digits, and «①②③册» would be 123 volumes."""

_TRADITIONAL = "冊輯種書舊贈兩裝組總貳叄參陸計禮滿買購團訂級單張絕斷"
_SIMPLIFIED = str.maketrans(_TRADITIONAL, "册辑种书旧赠两装组总贰叁叁陆计礼满买购团订级单张绝断")
"""Characters of the words below in the titles of imported books («全2冊», «二手書»)."""

_CHOICE = re.compile(
    r"[册本卷套][)\]】]?\s*(?:可|任意?|自)选(?![择集文诗题商股取用])|任意?选\s*[一1单]\s*[册本]"
)
"""A choice of one volume, not the price of all: «3册任选», «任选一本»."""

_PLAIN_BOOK = TitleFacts(1, frozenset(), sold_out=False)
_SIGNS = (
    "冊輯種舊貳叄册卷辑套函本部集种上下+手旧成新书品闲膜纸皮立挡架柜灯盒具笔铅擦袋包镜贴便票水"
    "垫恤枕扣杯瑕售断绝缺罄~—–〜至盘碟带胶DM-"
)
"""A character of every word that is searched for below: volumes, bundles, used copies and so on."""
_ANY_SIGN = re.compile(f"[{_SIGNS}]")
_ANY_SIGN_IN_ANY_FORM = re.compile(
    "[\x80-\xb6\xb8-\u2017\u201a\u201b\u201e-\u2fff\u3000\u3003-\u3007\u3012-\u4dff\ua000-\uff00"
    f"\uff0b\uff0d\uff24\uff2d\uff5e-\U0010ffff{_SIGNS}]"
)
"""Matches a sign, and every character that NFKC may turn into one: the few others in Chinese titles stay harmless.

Six titles of ten do not match, and take a third of the time.
"""
_USED_SIGN = re.compile(r"二手|旧书|成新|成品|品相|闲置|瑕|[近乎]全新|[五六七八九05-9]新|[五九5]品|\d\s*成")

_ACCESSORY_NOUN = re.compile(
    r"(?:书签|书皮|书套|书衣|包书[膜纸皮]|书立|书挡|书架|书柜|阅读架|读书架|阅读灯|读书灯|护眼灯|台灯|文具盒|文具套装|文具|铅笔|中性笔|签字笔|"
    r"钢笔|圆珠笔|荧光笔|水彩笔|彩铅|橡皮擦?|笔袋|书包|帆布袋|帆布包|放大镜|便利贴|便签纸?|藏书票|墨水|鼠标垫|键盘膜|马克杯|保温杯|手机壳|冰箱贴|钥匙扣|手办|抱枕|T恤衫?)"
    r"(?:\s*\d+\s*[支个张只件]装?)?(?=\s*(?:$|[(\s\[【,]))"
)
_GIVEN_WITH = frozenset("+赠送附配含与和画")
_BOOK_WORDS = re.compile(r"[《》]|教程|字帖|临摹|入门|技法|绘本|画册|从零|故事|小说|[赠附送著编译]")


def _is_accessory(text: str) -> bool:
    """Return True for reading accessories: their noun ends the title or a part of it, and no word suggests a book."""
    match = _ACCESSORY_NOUN.search(text)
    if match is None or _BOOK_WORDS.search(text):
        return False
    return match.start() == 0 or text[match.start() - 1] not in _GIVEN_WITH


_DISC_LETTER = re.compile("[Dd34盘碟片带胶]")
_RECORDING_SIGN = re.compile(r"[DV]VD|VCD|CD|MP[34]|光[盘碟]|[碟唱]片|磁带|黑胶|U盘", re.IGNORECASE)
_MEDIUM = r"(?:DVD(?:-?\d+)?|VCD|EVD|CD|MP[34]|蓝光碟?|光[盘碟]|[碟唱]片|碟|黑胶(?:唱片)?|磁带|U盘)"
_COUNTED_DISCS = re.compile(
    rf"(?<![\d.A-Za-z])(?:[2-9]|[1-9]\d+|[二两三四五六七八九十]+)\s*[张片盘盒]?\s*装?\s*{_MEDIUM}(?!-?ROM|[A-Za-z]|\s*(?:版|格式|音频|下载))|"
    rf"{_MEDIUM}\s*[(:]?\s*(?:[2-9]|[1-9]\d+|[二两三四五六七八九十]+)\s*[张片碟盘盒]",
    re.IGNORECASE,
)
"""«8DVD», «2张CD», «光盘10张»: such numbers of discs rarely come with a book."""
_EPISODES = re.compile(r"(?<!\d)\d+\s*[集讲]")
_DISC_AS_NOUN = re.compile(
    rf"(?:{_MEDIUM}\s*)+(?:\d+\s*[张片碟盘盒]装?)?\s*(?=$|[\s)\]】(\[【,])", re.IGNORECASE
)
_PERFORMED = re.compile(
    "动画片|电视剧|电影|纪录片|儿歌|歌曲|音乐|讲座|演唱会|戏曲|京剧|越剧|黄梅戏|评书|相声|小品|车载|教学片|专辑|广场舞|太极|瑜伽|"
    "舞蹈|唱片|黑胶|无损|高清|正版碟|佛[乐教]|交响|金曲|老歌|胎教"
)
_COMES_WITH = re.compile(r"(?:[附赠送含配带+]|另有|随书)[^,，。!()\[\]【】]{0,8}$")
_WITH_DISC = re.compile(
    r"书\s*[+&]|\d\s*书|[册卷]|课本|教材|教程|丛书|从入门|字帖|词汇|听力|口语|语法|作文|阅读|练习|试卷|真题|指南|绘本|(?<!评)书(?!法)"
)
"""Words for a book that comes with a disc."""


def _is_recording(text: str) -> bool:
    """Return True for an audio or video disc that does not come with a book."""
    if _WITH_DISC.search(text):
        return False
    match = _COUNTED_DISCS.search(text)
    if match is None:
        match = _DISC_AS_NOUN.search(text)
        if match is None or not (_PERFORMED.search(text) or _EPISODES.search(text)):
            return False
    return _COMES_WITH.search(text, max(0, match.start() - 12), match.start()) is None


def _accessory_flags(text: str) -> frozenset[Flag]:
    flags = {Flag.ACCESSORY}
    if _USED_SIGN.search(text) and title_says_used(text):
        flags.add(Flag.SECOND_HAND)
    return frozenset(flags)
