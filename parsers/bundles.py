"""Detect titles of several works that are sold together: «红楼梦+三国演义», «史记、汉书（全2册）»."""

from __future__ import annotations

import re

__all__ = ["is_bundle"]

_LETTERS = re.compile(r"[A-Za-z\u3400-\u9fff]")
_CJK = re.compile(r"[\u3400-\u9fff]")
_BRACKETED = re.compile(r"\([^()]*(?:\)|$)|\[[^\[\]]*(?:\]|$)|【[^【】]*(?:】|$)")
_EXTRAS = re.compile(
    r"光[盘碟]|CD|DVD|MP3|视频|音频|录音|课件|赠|送|附|配套|贴纸|卡片|挂图|拼图|导图|明信片|书签|海报|电子书|APP|扫码|材料包|教具|磁带|点读|"
    r"彩蛋|手账|签名|函套|立牌|桌垫|习题|题库|试卷|真题|注音|导读|(?:软件|素材|源码|代码|玩具|翻译|注释|答案|练习)$|[\u4e00-\u9fff]篇$",
    re.IGNORECASE,
)
"""Extras that come with a book."""
_EXTRAS_OR_TITLES = re.compile(
    r"手册|笔记|注解|图解|解析|视频|音频|习题|题库|试卷|真题|软件|源码|代码|素材|答案|练习|配套|导图",
    re.IGNORECASE,
)
"""Words for extras («+学习手册», «+视频») that also occur in titles («渗透测试实战手册», «恶意代码分析»)."""
_GENERIC = re.compile(
    r"学习|练习|阅读|使用|教师|教学|实验|操作|错题|复习|考点|课堂|课程|家长|伴读|随堂|同步|指导|知识|精讲|彩色|全彩|思维|重点|"
    r"名师|名家|词汇|单词|记忆|口袋|便携|精美|定制|限量|读书|详细|全套|完整|超值|实例|案例|全书|书中|程序|讲解|在线|高清|免费|创作|亲子|有声|彩图|插图|课程"
)
_OWN_WORDS = 4
"""How many other characters a part with an extra's word must have to count as a title."""
_PHRASE = re.compile(r"[\s,，。:、!?()\[\]【】]+")
_ISBN = re.compile(r"\d{10,13}")
_NUMBERS_ADDED = re.compile(r"(?<=\d)\s*\+\s*(?=\d)")
"""«75+80首», «3+1»: a sum."""
_AND_MORE = re.compile(
    r"(?:(?<=\d)|(?<=\d[岁万年级天个项种门]))\+\s*(?=周|个|[大]?[幅张种道题词条页首篇位次例款招项部场分小城国案知手插细万千名]|岁|[\s,，)】!]|$)|(?<=\d岁)\+"
)
"""«200+细节», «7岁+»: at least this many."""
_EDITION = re.compile(
    r"(?:原书|原著)?第?\s*[\d一二三四五六七八九十]+\s*版|[修增]订版|中文版|英文版|修订本|著$|\([^()]*版[^()]*\)|\(\s*\)"
)
_QUOTED = re.compile(r"《[^《》]+》(?:\s*[、,，和与及&/·]?\s*(?:《[^《》]+》))+")
_QUOTED_TITLE = re.compile(r"《[^《》]*[A-Za-z\u3400-\u9fff][^《》]*》")
_FORMS = re.compile(
    r".*(?:[中英日法德俄双原]文|双语|[上中下][册卷部]?|教材|教辅|主书|正文|附录|彩[色图绘]|黑白|拼音|.版)"
)
"""Forms and parts of one work: «中文+英文», «上+下»."""
_OTHER_JOINT = re.compile("[《、&]")
_JOINED = re.compile(r"[、&]")
_SET_WORDS = re.compile(
    r"\s*[(\[【]?\s*(?:全套?|共计?|套装|组套|整套|合计)[^、&]*$|\s*[(\[【]?\s*[\d一二两三四五六七八九十]+\s*[册本]\s*(?:套装?)?\s*[)\]】]?\s*$"
)


def is_bundle(text: str, volumes: int | None) -> bool:
    """Return True if a title in NFKC form names several works.

    Text in brackets describes one book («收录《呐喊》+《彷徨》», «书+视频»), unless the title sells a set. Signs
    other than a plus join works only in a set, and only if there are as many works as volumes.
    """
    if "+" in text and _joined_by_plus(text, volumes):
        return True
    if volumes == 1 or _OTHER_JOINT.search(text) is None:
        return False
    quoted = _QUOTED.match(_BRACKETED.sub("", text).strip()) if "《" in text else None
    if quoted is not None:
        titles = quoted[0].count("《")
        return volumes is None or volumes >= titles
    return volumes is not None and _named_one_by_one(text, volumes)


def _joined_by_plus(text: str, volumes: int | None) -> bool:
    bare = _BRACKETED.sub("", text) if volumes == 1 else text
    bare = _ISBN.sub("", bare).replace("C++", "C").replace("++", "")
    bare = _AND_MORE.sub("", _NUMBERS_ADDED.sub(".", bare))
    parts = bare.split("+")
    last, counted = len(parts) - 1, volumes is not None and volumes > 1
    works = [
        _is_work(part, first=at == 0, last=at == last, counted=counted, others=bare)
        for at, part in enumerate(parts)
    ]
    if sum(works) >= 2:
        return True
    # «山海经（共3册）神话+神兽+异人国»: the text after the count describes one work.
    described = _TEXT_AFTER_BRACKET.search(_BRACKETED_FRONT.sub("", parts[0]))
    return counted and volumes == len(parts) and not described and all(map(_may_be_title, parts))


def _may_be_title(part: str) -> bool:
    """Return True if a part may be a title where a set has one volume for each part: «语文+数学 全2册»."""
    words = _SET_WORDS.sub("", _BRACKETED.sub("", part)).strip()
    return (
        len(_LETTERS.findall(words)) >= 2
        and not _EXTRAS.search(words)
        and not _EXTRAS_OR_TITLES.search(words)
        and not _FORMS.fullmatch(words)
    )


def _is_work(part: str, *, first: bool, last: bool, counted: bool, others: str) -> bool:
    """Return True if a part beside a plus may be a title: not a subject («AI+教育»), not an extra («书+光盘»).

    `counted`: the title states the number of volumes, so a 手册 or 笔记 is one of them.
    """
    bare = _EDITION.sub(" ", part).strip()
    if _QUOTED_TITLE.fullmatch(bare):
        return True
    words = list(filter(None, _PHRASE.split(bare))) or [""]
    word = words[-1] if first else words[0] if last else bare
    if len(_LETTERS.findall(word)) < 3:
        return False
    own = _GENERIC.sub("", _EXTRAS_OR_TITLES.sub("", word))
    if _EXTRAS.search(_EXTRAS_OR_TITLES.sub("", word)):
        return False
    letters = "".join(_LETTERS.findall(own))
    if _EXTRAS_OR_TITLES.search(word):
        if counted and _EXTRAS.search(word) is None:
            if not letters:
                return False
        elif len(letters) < _OWN_WORDS and (len(letters) < 2 or others.count(letters) < 2):
            return False
    elif not own.strip():
        return False
    return _CJK.search(word) is not None or len(_CJK.findall(part)) >= 4


def _named_one_by_one(text: str, volumes: int) -> bool:
    """Return True if a set's title lists as many titles as it has volumes: «史记、汉书（全2册）»."""
    names = _SET_WORDS.sub("", _BRACKETED_FRONT.sub("", text))
    if not _JOINED.search(names) or _PHRASE_END.search(names):
        return False
    parts = [part.strip("《》 ") for part in _JOINED.split(names)]
    return len(parts) == volumes and all(
        len(_CJK.findall(part)) >= 2 and not _PART_OF_WORK.search(part) for part in parts
    )


_BRACKETED_FRONT = re.compile(r"^\s*[(\[【][^()\[\]【】]*[)\]】]\s*")
_TEXT_AFTER_BRACKET = re.compile(r"[)\]】]\s*[^\s)\]】]")
_PHRASE_END = re.compile(r"[,，。:!?;(（【]")
_PART_OF_WORK = re.compile(r"^[上中下]|[上中下][册卷部]?$|第.{1,3}[册卷部辑]|年级")
