"""Group listings of the same book: same title, author and publisher, whatever sellers add to the title.

Precision comes first: in doubt, keep two listings apart. A missed match costs one line in the report. A wrong match, of
a set with a single volume or of two editions, reports a price at which the book is not for sale.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from itertools import product

from crawler.books.offers import Offers, in_order
from parsers.model import MAX_VOLUMES, Contributor, Flag, Listing
from parsers.text import NUMERAL, nfkc, parse_numeral

__all__ = ["SHORT_TITLE", "same_books", "title_key"]

SHORT_TITLE = 10
"""Length in letters, where three letters of an alphabet count as one Chinese character. Several authors may have used a
shorter title («高等数学», «Python程序设计»); a longer one is hardly chosen twice."""


def same_books(
    listings: Iterable[Listing], kept_for: Callable[[Listing], Hashable] = lambda _: None
) -> list[Offers]:
    """Group `listings` into books, each as its offers, cheapest first; the order of `listings` does not matter.

    Two listings are the same book if their titles agree (see `title_key`), as do volumes, set, bundle, condition and
    kind of goods, and

    - both name author and publisher, and these agree; so do the translators, if both name any; or
    - one names less, and what it names agrees with exactly one of the books that name more, or only with others that
      name as little. With a short title (`SHORT_TITLE`), it must name at least the author. Two listings that name
      nothing are never the same book.

    A second-hand copy is never an offer of the new book. An accessory is never grouped, nor is a product number with
    several options, because its price is that of one option. Listings with different `kept_for` stay apart: one that
    is unavailable is not an offer of one that is available.
    """
    groups: dict[Hashable, list[Listing]] = defaultdict(list)
    for listing in listings:
        groups[_kind(listing, kept_for(listing))].append(listing)
    return [offers for group in groups.values() for offers in _parted(group)]


def _kind(listing: Listing, apart: Hashable) -> Hashable:
    """Return everything that two listings must share besides people and publisher."""
    if Flag.ACCESSORY in listing.flags or listing.from_price:
        return listing.product_id
    key = _own_key(listing)
    # The shop cuts long titles, so the edition may be in the subtitle.
    edition = None if "版" in key or "版" not in listing.subtitle else _first_edition(listing.subtitle)
    return key, edition, listing.volumes, listing.flags, listing.ebook_only, apart


def _own_key(listing: Listing) -> str:
    """Return the key of a title without the listing's own publisher and authors at its ends: «三体 刘慈欣 著»."""
    title = listing.title
    names = [c.name for c in listing.writers if c.name in title]
    if listing.publisher and listing.publisher in title:
        names.append(listing.publisher)
    return title_key(_without_names(title, tuple(names)) if names else title)


@lru_cache(maxsize=4096)
def _without_names(title: str, names: tuple[str, ...]) -> str:
    either = "|".join(map(re.escape, names))
    at_end = re.compile(
        rf"(?:(?<![\s,，/|])[\s,，/|]++|(?<=[)\]）】》]))(?:{either})(?:\s*(?:编著|主编|著|编))?\s*$|[(\[（【](?:{either})[)\]）】]\s*$"
    )
    in_front = re.compile(rf"^\s*(?:(?:{either})(?:[\s:：]+|(?=《))|[(\[（【](?:{either})[)\]）】])")
    while True:
        bare = at_end.sub("", in_front.sub("", title))
        if bare == title or not _letters(nfkc(bare)):
            return title
        title = bare


_Mark = tuple[str, str, str]
"""Publisher, one author, one translator; '' if not stated."""

_MOST_NAMES = 12
"""How many names of a listing to compare: a block with hundreds of names is not a list of authors."""


class _Work:
    """Listings of one book, with all combinations of the publisher, authors and translators that they name."""

    def __init__(self, listing: Listing) -> None:
        self.listings = [listing]
        stated = ({publisher_key(listing.publisher)} - {""}, name_keys(listing), _translators(listing))
        self.says = sum(map(bool, stated))
        """How many of publisher, authors and translators are named."""
        self.names_author = bool(stated[1])
        self.marks: set[_Mark] = set(
            product(*(sorted(names)[:_MOST_NAMES] or [""] for names in stated))  # type: ignore[arg-type]
        )

    def absorb(self, other: _Work) -> None:
        self.listings += other.listings
        self.marks |= other.marks


def _parted(group: Sequence[Listing]) -> list[Offers]:
    """Group listings whose titles agree into books."""
    if len(group) == 1:  # nearly always
        return [tuple(group)]
    first = group[0]
    if publisher_key(first.publisher) and name_keys(first):
        stated = first.publisher, first.contributors
        if all((one.publisher, one.contributors) == stated for one in group):  # the usual case for one book
            return [in_order(group)]
    houses = {publisher_key(one.publisher) for one in group}
    if len(houses) == len(group) and "" not in houses:  # the usual case for different books with one title
        return [(one,) for one in group]
    is_short = _is_short(_own_key(first))
    works = [_Work(listing) for listing in group]
    books: list[_Work] = []
    for says in sorted({work.says for work in works}, reverse=True):
        like, alone = _unplaced([work for work in works if work.says == says], books, is_short=is_short)
        # If nobody names anything, a title alone does not make two listings the same: T-shirts come in many kinds.
        books += alone + (_linked(like) if says else like)
    return [in_order(book.listings) for book in books]


def _unplaced(
    works: Iterable[_Work], books: list[_Work], *, is_short: bool
) -> tuple[list[_Work], list[_Work]]:
    """Add each work to the one book that it fits; return those that fit none, and those that stay books of their own.

    All `works` name as much and are judged against the same books, or their order would matter.
    """
    places = _by_mark(books)
    like, alone = list[_Work](), list[_Work]()
    for work in works:
        fits = {id(book): book for mark in work.marks for book in places[mark]}
        if is_short and not work.names_author:
            alone.append(work)
        elif len(fits) == 1:
            fits.popitem()[1].listings.extend(work.listings)
        elif fits:
            alone.append(work)
        else:
            like.append(work)
    return like, alone


def _by_mark(books: Iterable[_Work]) -> defaultdict[_Mark, list[_Work]]:
    """Index the books by their marks, both complete and with any part left out."""
    places: defaultdict[_Mark, list[_Work]] = defaultdict(list)
    for book in books:
        parts = {part for mark in book.marks for part in product(*(("", name) for name in mark))}
        for part in parts:
            places[part].append(book)  # type: ignore[index]
    return places


def _linked(works: Iterable[_Work]) -> list[_Work]:
    """Merge works that share a mark: co-authors may connect works that seemed different."""
    owners: dict[_Mark, _Work] = {}
    for work in works:
        for other in {id(owner): owner for mark in work.marks if (owner := owners.get(mark))}.values():
            work.absorb(other)
        owners.update(dict.fromkeys(work.marks, work))
    return list({id(work): work for work in owners.values()}.values())


MAX_LENGTH = 500
"""Maximum length of a title in characters; a longer one was not written by a person and is compared unchanged."""

_BRACKETS = re.compile(
    r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|<[^<>]*>|〖[^〖〗]*〗|『[^『』]*』|「[^「」]*」|\{[^{}]*\}|≪[^≪≫]*≫|〈[^〈〉]*〉"
)
_FROM_SHOP = "(?:全新|官方|当当网?|新华书店|原装|塑封|出版社|厂家|仓库)"
_SERVICE = (
    r"(?:(?:北京|上海|广州|仓库|多仓|就近|本地|当[天日]|今日|次日|隔日|极速|闪电|急速|快速|顺丰|厂家|随机|随时|全国|拍下|立即|即刻|"
    r"\d{1,3}小时内?|[24]8小时内?|[一1]天内)?(?:发货|速发|闪发|直发|即发|可发|极速达)|次日达|当日达|[24]小时达|现[货发]当天发|当天[可就]?发|速达|"
    r"假一(?:赔|罚)[一二三四十\d百]+|(?:正版|正品|品质|质量)(?:保证|保障|承诺)|(?:[七7]天)?(?:支持)?(?:[七7]天)?无理由(?:退换?货?|退款)?|退换无忧|"
    r"售后无忧|放心(?:购买|购|下单)|送?运费险|库存充足|全新(?:塑封|未拆封?)|塑封(?=$|\s)|官方授权|出版社直[供发销]|"
    r"限时(?:抢购?|优惠|折扣|特惠|特价|秒杀)|(?:今日|全场|新店|活动|店铺)?(?:特[惠价卖]|秒杀|清仓|促销价?|大促|立减|直降)|"
    r"(?:可|支持|提供|正规)?开?(?:电子|增值税)?发票|(?:可|凭票)报销|"
    r"(?:区域|全国|全场|多省|顺丰|快递|部分地区|大部分地区|优选)?(?:包邮|免邮)|满\d{1,4}(?:元)?(?:减\d{1,4}|包邮|免邮)?(?:元)?)"
)
_PHONE = r"[\d\s:转\-—]*"
_BULK = (
    rf"(?:(?:\d+|[一二三四五六七八九十百]+)\s*[册本套](?:\(?含\)?)?\s*(?:及|或|和)?(?:以上|起[订批售购]?))?\s*(?:(?:如需|大量|批量|单位|集体|学校)*"
    rf"(?:团购|团订|批发|批量采购|采购|起[订批])(?:请|可|欢迎|联系|致电|咨询|电话|热线|客服|优惠|价格|更|享|有|从|:)*{_PHONE})|"
    r"(?:\d+|[一二三四五六七八九十百]+)\s*[册本](?:\(?含\)?)?\s*(?:及|或|和)?(?:以上|起[订批售购])(?:[^\w]*(?:优惠|[\d.]+折|请?联系客服|请?致电|享优惠|更优惠))?"
)
_BULK_ORDER = re.compile(
    rf"(?:^|(?<=[\s,。!;|·)\]】]))(?:{_BULK})(?=$|[\s,。!;|·(\[【])|团购(?:优惠|咨询|请)*(?:电话|热线)\s*:?\s*\d[\d\s转\-]{{6,}}"
)
"""Price and contact for bulk orders, outside brackets."""
_SELLERS_WORDS = re.compile(
    rf"{_FROM_SHOP}*(?:正版|正品|现货|自营|直营|直发)(?:保证|保障|图书|书籍|好书|新书|直供|现货|速发|包邮)*|{_SERVICE}|"
    rf"旗舰店|专营店|专卖店|新华书店|{_BULK}|预售|热卖|热销|爆款|热门|推荐购买|满减|当当网?(?:专享|专供|独家|专售)(?!版)|"
    r"(?:预计)?\d{1,2}月(?:\d{1,2}[日号]|[上中下]旬|初|底)?(?:左右|前后|起)?(?:陆续)?(?:发货|发出)|"
    r"二手(?=$|[\s,、/|!·+]|正版|旧?书|图书)(?:旧?书|图书|书籍)?|旧书(?=$|[\s,、/|!·+])|[五六七八九\d.]{1,3}成新|[6789][05]新(?![版编概大])|"
    r"品相(?:良好|完好|极佳|如图|好)"
)
"""Words about the sale, not about the book."""
_NOTHING_ELSE = re.compile(
    r"(?:全新|官方|当当网?|新书|图书|书籍|好书|优选|精选|保证|保障|店|本店|请|联系|客服|致电|咨询|优惠|[^\w+#])*"
)
"""Text that may remain in a bracket with sales words."""
_SALE_ALONE = frozenset({"全新", "官方", "当当", "当当网", "新书", "优选", "官方店", "正版书", "全新书"})
_PRAISE = re.compile("推荐|必读|畅销|力荐|作序|重磅|!")
_SHORT_PRAISE = 12
"""Maximum length in letters. A shorter bracket with only an exclamation mark («快跑!») may be a volume's name."""
_GIFT = re.compile(
    r"\W*(?:随书|另|独家)?(?:附?赠|[附赠]送|送(?=书签|海报|明信片|贴纸|视频|课件|手账|笔记))(?![予别言])"
)
_GOODS_APART = re.compile(
    r"[版+]|[精平]装|签[名章]|套装|第.{1,4}[册卷辑部季集]|[上中下][册卷]|(?<!\w)[上中下](?!\w)|年级|学期|"
    r"(?<![a-z])(?!mp[34]|cd|dvd|app|ppt|pdf|vip)[a-z]{2}"
)
_TELLS_APART = re.compile(
    r"\d|[a-z]{2}|[版+注译绘图彩含配]|[上中下]\s*[册卷部编篇]|第.{1,4}[册卷辑部季集]|[一二三四五六七八九]\s*年级|学期|[全共套].{0,4}[册本卷]|"
    r"[精平简线软硬盒特套]装|礼盒|修订|增订|增补|校订|典藏|珍藏|纪念|签[名章]|钤印|毛边|限量|丛书|系列|文库|书系|名著|全集|选集|精选|节选|全本|"
    r"足本|缩写|改编|改写|教材|教辅|教师|课标|统编|部编|[小中大]学|初中|高中|考研|学生|少年|少儿|青少|儿童|幼儿|拼音|双语|英文|中文|英汉|"
    r"漫画|连环画|白话|文言|无障碍|(?<!\w)[上中下一二三四五六七八九十](?!\w)|"
    r"大字|口袋|练习|习题|答案|试卷|真题|题库|解析|导读|手册|笔记|光盘"
)
"""Words in a bracket of praise that distinguish books; such a bracket stays."""
_GIFTS = (
    r"(?:随书|另|独家)?(?:附?赠送?|附送|送)(?:[^\W\d]{0,6}?(?:书签|海报|明信片|贴纸|书衣|藏书票|徽章|帆布袋|卡片|立牌|手账本?|笔记本|思维导图|音频|视频|课件)"
    r"[\s+、,/&和及]*)+"
)
"""Gifts that are no books."""
_GIFTS_ALONE = re.compile(_GIFTS)
_SELLS = "(?:正版|现货|包邮|自营|直营|二手|旧书|预售)"
_FRONT = re.compile(
    rf"^(?:{_FROM_SHOP}*{_SELLS}(?:正版|现货|包邮|二手|旧书|图书|书籍|书|速发)*|{_SERVICE}|新华书店|当当网?|全新|新书|{_GIFTS})[\s:·|,_/-]+"
)
_BACK = re.compile(
    rf"(?<![\s,·|_/-])[\s,·|_/-]++(?:{_GIFTS}|(?:图书|书籍)+|{_FROM_SHOP}*(?:{_SELLS}|直发|速发)(?:图书|书籍|现货|包邮|旧书|书|正版|速发)*|{_SERVICE}|"
    rf"[五六七八九\d.]{{1,3}}成新|新华书店)$"
)
_PRINTING = re.compile(
    rf"(?:\d{{4}}年(?:\d{{1,2}}月)?)?第?{NUMERAL}次印刷|(?<![^\s(\[【,])第?\d+印(?![^\s)\]】,])|"
    r"新[老旧](?:封面|版本?|包装)?.{0,4}随机发货?"
)
_EDITION = re.compile(
    rf"(?<![\d.零〇一二两三四五六七八九十百])(?:原书|原著)?第?\s?({NUMERAL})\s?版(?!本|[画权式面税])"
)
_VOLUMES = re.compile(
    rf"(?:套装\s*)?(?<![安公完健大保])(?:全套?|共计?|套装共?全?|合计|整套)\s*[共全]?\s*({NUMERAL})\s*[册本卷辑函]|"
    rf"套装\s*({NUMERAL})\s*[册本卷]|上\s*[、,]?\s*(?:中\s*[、,]?\s*)?下\s*[两三二]?[册卷部集]|"
    r"上[册卷]\s*[、,+]?\s*(?:中[册卷])?\s*[、,+]?\s*下[册卷]"
)
_COUNTED = re.compile("[册本卷辑函部集]")
"""The characters with which the words for a set end."""
_GAPS = re.compile(r"(?:[^\w+#]|_)+")


# Called when a page arrives while others are on their way, and again when the books are built.
@lru_cache(maxsize=16_384)
def title_key(title: str) -> str:
    """Return the distinguishing part of a title: lower case, half width, no spaces, no punctuation.

    Remove sales words («【正版现货】», «新华书店正版 …»), gifts and praise in brackets («(赠书签)»), printings, and
    words for a set that the listing's own `volumes` states («全3册», «上下册»). Keep editions, with numbers in one form
    («第二版», «2版»), bindings, series, grades, single volumes and every other word. Keep a title unchanged if it
    consists only of such decoration, or is longer than `MAX_LENGTH` characters.
    """
    text = " ".join(nfkc(title).casefold().replace("♯", "#").split())
    if len(text) > MAX_LENGTH:
        return _letters(text)
    # Most titles contain none of these words, and searching for one character costs a tenth of the pattern.
    bare = _PRINTING.sub("", text) if "印" in text or "随机" in text else text
    if "购" in bare or "批" in bare or "以上" in bare or "起" in bare:
        bare = _BULK_ORDER.sub(" ", bare)
    bare = _BRACKETS.sub(_bracket, _without_volumes(bare))
    while (shorter := _BACK.sub("", _FRONT.sub("", bare.strip()))) != bare:
        bare = shorter
    if "版" in bare:
        bare = _EDITION.sub(_edition, bare)
    return _letters(bare) or _letters(text) or text


def _bracket(match: re.Match[str]) -> str:
    """Return the part of a bracket to keep: drop sales words, gifts, and praise that does not distinguish books."""
    inside = match[0][1:-1].strip()
    if _GIFTS_ALONE.fullmatch(inside):
        return " "
    bare = _SELLERS_WORDS.sub(" ", inside)
    if inside in _SALE_ALONE or (bare != inside and _NOTHING_ELSE.fullmatch(bare)):
        return " "
    if match.start() == 0:  # at the start, the bracket contains the title itself: «【名家推荐 人间失格】»
        return f" {bare} "
    if _GIFT.match(bare):
        return f" {bare} " if _GOODS_APART.search(bare) else " "
    praise = _PRAISE.search(bare)
    if praise is None or _TELLS_APART.search(bare) or (praise[0] == "!" and len(bare) < _SHORT_PRAISE):
        return f" {bare} "
    return " "


def _without_volumes(text: str) -> str:
    """Remove the words for a set if they give one number of volumes; two numbers may belong to two works."""
    found = list(_VOLUMES.finditer(text)) if _COUNTED.search(text) else []
    counts = {_count(match) for match in found}
    # Keep counts that the parser does not accept as volumes, because the listing does not state them.
    if len(counts | {1}) != 2 or any(count is None or count > MAX_VOLUMES for count in counts):
        return text
    return _VOLUMES.sub(lambda match: match[0] if _count(match) == 1 else " ", text)


def _count(match: re.Match[str]) -> int | None:
    numeral = match[1] or match[2]
    return parse_numeral(numeral) if numeral else 3 if "中" in match[0] or "三" in match[0] else 2


def _edition(match: re.Match[str]) -> str:
    number = parse_numeral(match[1])
    return f" 第{number}版 " if number is not None else match[0]


def _first_edition(text: str) -> int | None:
    match = _EDITION.search(nfkc(text[:MAX_LENGTH]))
    return parse_numeral(match[1]) if match else None


def _letters(text: str) -> str:
    """Return the letters of `text`, with a dot between separate numbers: 3.5 is not 35, and 1-2 is not 12."""
    return _GAPS.sub(_gap, text)


def _gap(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    if start > 0 and end < len(text) and text[start - 1].isdigit() and text[end].isdigit():
        return "."
    if match[0].isascii():
        return ""
    # Vowel signs of Indic scripts and the like are not letters to `\w`, but distinguish words.
    return "".join(char for char in match[0] if unicodedata.category(char).startswith("M"))


def _is_short(key: str) -> bool:
    return sum(3 if char >= "\u2e80" else 1 for char in key) < 3 * SHORT_TITLE


_HOUSE = re.compile(
    r"(?:出版|发行)?(?:股份|集团|有限|责任|总)*(?:公司|集团)|出版社?(?!中心)|发行[部室]|\s|\((?:原|前身).*?\)"
)
_NO_HOUSE = frozenset({"", "无", "不详", "未知", "其他", "其它", "暂无", "暂无信息", "不明"})


@lru_cache(maxsize=4096)
def publisher_key(publisher: str | None) -> str:
    """Return a publisher's name without its legal form: «人民邮电» for «人民邮电出版社有限公司»; '' for None."""
    if not publisher:
        return ""
    text = nfkc(publisher[:MAX_LENGTH]).casefold()
    key = _letters(_HOUSE.sub("", text)) or _letters(text)
    return "" if key in _NO_HOUSE else key


_NOBODY = frozenset(
    "佚名 无名氏 匿名 多人 集体 无 编写组 本书编写组 本书编委会 编委会 本社 本书编者 编者 译者 作者".split()  # noqa: SIM905 (a table of words)
)


def name_keys(listing: Listing) -> frozenset[str]:
    """Return the authors' names in comparable forms: the name, and its original in brackets; none for «佚名»."""
    return frozenset(key for person in listing.writers for key in _forms(person))


_TRANSLATES = re.compile("译|改编|改写|缩写|编写")


def _translators(listing: Listing) -> frozenset[str]:
    """Return the names of those who reworked another's text: translators and retellers."""
    return frozenset(
        key
        for person in listing.contributors
        if person.role and _TRANSLATES.search(person.role)
        for key in _forms(person)
    )


def _forms(person: Contributor) -> tuple[str, ...]:
    """Return a person's name, and the original name, in comparable forms."""
    forms = _name_forms(person.name)
    return forms if person.original_name is None else (*forms, *_name_forms(person.original_name))


@lru_cache(maxsize=4096)
def _name_forms(name: str) -> tuple[str, ...]:
    text = nfkc(name).casefold()
    own, bracket, rest = text.partition("(")
    # A bracket in the same script as the name is not the original name but an alias or a title.
    original = rest if bracket and own.strip().isascii() != rest.isascii() else ""
    return tuple(form for form in map(_letters, (own, original)) if form and form not in _NOBODY)
