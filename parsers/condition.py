"""Detect listings whose text says that the copy is used or damaged, or that the product is sold out.

Precision comes first: «二手时间» and «旧书店» are titles of books, «首印售罄» is praise.
"""

from __future__ import annotations

import re

from parsers.text import nfkc

__all__ = ["says_sold_out", "says_used", "seller_sells_used", "title_says_used"]

_NEW = re.compile(r"[成五50乎近六七八九6-9](?:新|全新)")
_TENTHS = r"(?:[五六七八九5-9]\s*(?:[-~到至、]\s*[六七八九6-9]|[.点]?\s*[五5])?)"
_GRADE = (
    rf"(?<![\d一二三四五六七八九十]){_TENTHS}\s*成(?:左右)?\s*(?:新(?![手人员生闻创兴增型股娘药品媒])|品(?=相|$|[\s,。)】\]]))|"
    r"(?<![\d.])[6789][05]新(?![版编概大潮生兴人华时一代篇式])|(?<!\w)[六七八九]五新(?!\w)|"
    r"(?<![\d\w])(?:[六七八九]五|[6789]5)品(?=相|$|[\s,。)】\]!])|"
    r"品相\s*:?\s*(?:[很较非常]{0,2}好(?!坏)|完[好美]|良好|如图|极佳|不错|一般|[六七八九]|[6789]|自[定鉴看])|"
    r"(?:个人|转让)闲置|闲置(?:转让|旧?书|二手|图书)|(?:几乎|近乎|接近|[\[(【]近)全新"
)
"""Grades of used copies: 九成新, 八五成新, 8.5成新, 8-9成新, 95新, 八五品, 品相良好."""
_DAMAGED = (
    r"瑕疵(?:[书本](?![写籍评])|品(?!质|牌|控|类|检|率|管|分))|(?:轻微|微小|少许|细微|书角|封[面皮底]|外观|书脊|品相|内页)(?:有|略有|轻微|少许)*瑕疵(?!检|识|图|缺)|"
    r"[\[(【][^\[\]()【】《》]{0,6}瑕疵[^\[\]()【】《》的论]{0,6}[\])】]|(?<![璧玉])微瑕(?=$|[\s,。!;:)\]】疵处书特])|"
    r"(?<!\w)略?有瑕疵(?=$|[\s,。!;)\]】]|介意|慎拍)"
)
"""Words for a damaged copy; «白璧微瑕» is praise, «瑕疵担保» a subject."""
_WORN = (
    r"无笔记\s*[,、]?\s*无划线|(?<![有无])无划线\s*[,、]?\s*无笔记|(?:少量|少许|些许|轻微)(?:的)?划线|"
    r"自然泛黄|(?:轻微|略微|略有|稍有)泛黄(?!的)|自然旧(?!的)|馆藏章|"
    r"(?:封[面皮底]|书[角脊皮]|边角)(?:略|有|轻微|少许)*(?:磨损|破损)(?!的)"
)
"""Traces of use that only a seller describes."""
_OF_USED = r"(?![店屋摊铺商市业贩信局肆堆海痕贸])"
_PHRASE = re.compile(
    rf"{_GRADE}|{_DAMAGED}|{_WORN}|正版\s*二手(?![时房车烟])|(?:二手|闲置)\s*[六七八九6-9]\s*新|(?<![\w.])[789]新(?=$|[\s,。;!)】\]])|(?<!\w)九品(?=,)|二手\s*(?:不退|好书(?=$|[\s,。]))|二手\s*(?:正版|旧书{_OF_USED}|图书(?![馆市商])|书籍|教材|原版|包邮|正品|[五六七八九5-9]\s*成)|"
    rf"(?:正版|原版|绝版|老版|二手|保真)\s*旧书{_OF_USED}|"
    rf"(?:^|[\s,。!;(\[【|/])(?:全?本店?|此书?|本书|该书)?(?:均|都|是|为|系)*(?:正版|出售)?(?:二手书|旧书)(?=$|[\s,。!;:)\]】|/]|籍|正版|包邮|[五六七八九\d].{{0,3}}成)"
    r"(?!\s*(?:店|屋|摊|市))"
)
"""Phrases that reveal a used copy wherever they occur."""
_IN_TITLE = re.compile(
    rf"二手\s*书{_OF_USED}|(?:^|[\[【(「<\s/|·,_—-])(?:正版)?二手(?=[\s,、/|·:\-\])】」>《_]|$)|二手(?=[\])】」>:])|二手\s*旧|"
    r"(?:^|[\[【(「<\s])旧书(?=[\]】)」>\s:,]|$)"
)
_SELLER = re.compile("二手|旧书|古旧|中古书|闲置|多抓鱼")


def title_says_used(text: str) -> bool:
    """Return True if a title in NFKC form says that the copy is used or damaged: «【二手】…», «… 九成新»."""
    return _PHRASE.search(text) is not None or _IN_TITLE.search(text) is not None


def says_used(text: str) -> bool:
    """Return True if a subtitle or description says that the copy is used or damaged: «正版旧书», «八五成新»."""
    # A page has 120 such texts. Searching for characters that few of them contain costs only 0.1 µs each.
    if not (
        ("手" in text and "二手" in text)
        or ("旧" in text and ("旧书" in text or "自然旧" in text))
        or ("品" in text and ("品相" in text or "五品" in text or "5品" in text or "九品" in text))
        or ("新" in text and _NEW.search(text))
        or ("闲" in text and "闲置" in text)
        or ("划" in text and "划线" in text)
        or ("黄" in text and "泛黄" in text)
        or ("藏" in text and "馆藏章" in text)
        or "损" in text
        or "瑕" in text
    ):
        return False
    return _PHRASE.search(nfkc(text)) is not None


def seller_sells_used(seller: str | None) -> bool:
    """Return True if a marketplace seller's name shows that it sells used books: «二手街», «小城旧书»."""
    return seller is not None and _SELLER.search(seller) is not None


_SOLD_OUT = re.compile(
    r"已\s*(?:经)?\s*售\s*(?:罄|完)|已断货|已下架|已绝版|暂时缺货|[(\[【](?:缺货|无货|暂缺|断货|售罄|下架)[)\]】]"
)
_PRAISE_BEFORE = re.compile(
    r"(?:首印|首批|首版|首刷|预售|[0-9一二三四五六七八九十百千万]+(?:册|本|套|刷|次|天|小时|分钟)|海外|上市|开售|秒|即)[^,。;!()]{0,6}$"
)
_PRAISE_AFTER = re.compile(r"\s*[,!]?\s*(?:加印|重印|再版|紧急|火速|[0-9一二三四五六七八九十百千]+万?[册本])")


def says_sold_out(text: str) -> bool:
    """Return True if a title in NFKC form says that the product is sold out: «此版本已售罄».

    «首印售罄», «上市即售罄», «首印5万册已售罄» and pre-orders (预售) refer to an earlier printing: praise.
    """
    if "已" not in text and "缺" not in text and "罄" not in text:  # one of them is in every such phrase
        return False
    return any(
        not _PRAISE_BEFORE.search(text, max(0, match.start() - 20), match.start())
        and not _PRAISE_AFTER.match(text, match.end())
        for match in _SOLD_OUT.finditer(text)
    )
