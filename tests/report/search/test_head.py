"""The head of a report: first the answer, then everything that limits it."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from crawler.books.filters import Filters
from crawler.books.pipeline import SelectionCriteria
from crawler.books.ranking import RANKINGS
from crawler.books.topic import Topic
from crawler.labels import ENGLISH, LANGUAGES, Labels
from crawler.report import render
from crawler.report.search.head import head_of, mark_of, tail_of
from crawler.report.search.outcomes import outcome, page_numbers, price_failures
from crawler.report.search.wording import discount, note, price
from crawler.results import PriceCheck, SearchResult
from crawler.verdict import Verdict
from parsers.model import Contributor, Flag, Listing
from tests.factories import make_empty_result, make_listing, make_page, make_result

CAVEAT = ENGLISH("caveat")
FAILED = [
    make_page(2, verdict=Verdict.BLOCKED, detail="405 Not Allowed"),
    make_page(3, verdict=Verdict.BLOCKED, detail="405 Not Allowed"),
    make_page(5, verdict=Verdict.NETWORK_ERROR, detail="timed out"),
]


def fact(result: SearchResult, label: str, say: Labels = ENGLISH) -> str | None:
    """Return the words of a fact, by the name of its label; None if the head omits it."""
    return dict(head_of(result, say).facts).get(say(label))


def in_order(text: str, *parts: str) -> bool:
    """Return True if a text contains the parts in this order."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def test_the_first_line_is_the_answer() -> None:
    """The first line has price, title, author, publisher and stars of the cheapest book, with the caveat."""
    cheap = make_listing(product_id="1", title="便宜的书", price=Decimal("1008.80"))
    head = head_of(make_result([make_listing(product_id="2", price=Decimal("2000.00")), cheap]))
    parts = (ENGLISH("cheapest"), "¥1,008.80", "便宜的书", "张三", "演示出版社", "4.5 (1,234)", CAVEAT)
    assert in_order(head.answers[0].text, *parts)
    assert head.answers[0].link == "https://product.dangdang.com/1.html"
    assert head.alarms == ()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"volumes": 3, "flags": frozenset({Flag.SET})}, [ENGLISH("set_of", n=3, price="¥13.00")]),
        ({"volumes": None, "flags": frozenset({Flag.SET})}, [ENGLISH("set")]),
        (
            {"flags": frozenset({Flag.SECOND_HAND, Flag.BUNDLE})},
            [ENGLISH("bundle"), ENGLISH("second_hand")],
        ),
        (
            {"flags": frozenset({Flag.ACCESSORY}), "seller": "书友\u202e店"},
            [ENGLISH("accessory"), ENGLISH("sold_by", seller="书友店")],
        ),
        ({"self_operated": False}, [ENGLISH("marketplace")]),
    ],
)
def test_the_answer_says_what_is_special(fields: dict[str, Any], words: list[str]) -> None:
    """A cheapest «book» that is a set, used, an accessory or another shop's is labelled so beside its price."""
    criteria = SelectionCriteria(keep=frozenset({"accessory"}))
    text = head_of(make_result([make_listing(**fields)], criteria=criteria)).answers[0].text
    assert f"[{' · '.join(words)}]" in text


def test_an_accessory_is_not_the_cheapest_book() -> None:
    """The first line names the cheapest book; a cheaper product that is no book is in the second, in both reports."""
    bookmark = make_listing(product_id="1", price=Decimal("3.30"), flags=frozenset({Flag.ACCESSORY}))
    kept = SelectionCriteria(keep=frozenset({"accessory"}))
    result = make_result([bookmark, make_listing(product_id="2", title="渗透测试")], criteria=kept)
    head = head_of(result)
    assert in_order(head.answers[0].text, ENGLISH("cheapest"), "¥39.00", "渗透测试", CAVEAT)
    (cheaper,) = head.cheaper
    assert (cheaper.label, cheaper.book and cheaper.book.listing) == (ENGLISH("accessory_cheaper"), bookmark)
    assert in_order(cheaper.text, ENGLISH("accessory_cheaper"), "¥3.30")
    for form in ("table", "md"):
        text = str(render(result, form))
        assert cheaper.text.split("  ")[0] in text
        assert "https://product.dangdang.com/2.html" in text
    assert head_of(make_result()).cheaper == ()
    only = head_of(make_result([bookmark], criteria=kept))
    assert in_order(only.answers[0].text, ENGLISH("accessories_only"), "¥3.30")
    assert only.cheaper == ()


def test_a_used_copy_is_not_the_cheapest_book() -> None:
    """The three answers name new copies; a cheaper used one gets its own line, a more expensive one does not."""
    used = make_listing(
        product_id="1", price=Decimal("3.30"), flags=frozenset({Flag.SECOND_HAND}), rating=5.0
    )
    new = make_listing(product_id="2", title="渗透测试")
    result = make_result([used, new])
    head = head_of(result)
    assert [answer.book and answer.book.listing for answer in head.answers] == [new, new, new]
    (cheaper,) = head.cheaper
    assert cheaper.book is not None
    assert cheaper.book.listing == used
    assert in_order(cheaper.text, ENGLISH("used_cheaper"), "¥3.30")
    for form in ("table", "md", "html"):
        assert ENGLISH("used_cheaper") in str(render(result, form))
    assert head_of(make_result([replace(used, price=Decimal(40)), new])).cheaper == ()
    alone = head_of(make_result([used]))
    (answer,) = alone.answers
    assert in_order(answer.text, ENGLISH("used_only"), "¥3.30")
    assert alone.cheaper == ()
    wanted = make_result([used], criteria=SelectionCriteria(filters=Filters(condition="used")))
    assert wanted.cheapest is not None
    assert in_order(head_of(wanted).answers[0].text, ENGLISH("cheapest"), "¥3.30")
    scope = fact(wanted, "only")
    assert scope is not None
    assert scope.endswith(ENGLISH("used_copies"))


def test_among_all_kinds_of_goods_the_cheapest_is_the_answer() -> None:
    """A search of all categories is not only about books."""
    bookmark = make_listing(product_id="1", price=Decimal("3.30"), flags=frozenset({Flag.ACCESSORY}))
    result = make_result(
        [bookmark, make_listing(product_id="2")],
        criteria=SelectionCriteria(goods=True),
        options={"category": "all"},
    )
    head = head_of(result)
    assert in_order(head.answers[0].text, ENGLISH("cheapest"), "¥3.30")
    assert head.cheaper == ()


CHEAP = make_listing(product_id="1", title="便宜的书", price=Decimal(10), rating=3.0, reviews=500)
GOOD = make_listing(product_id="2", title="最好的书", price=Decimal(90), rating=5.0, reviews=5000)
WORTH = make_listing(product_id="3", title="划算的书", price=Decimal(12), rating=4.5, reviews=900)


def answers(*listings: Listing, **over: Any) -> list[str]:
    return [answer.text for answer in head_of(make_result(listings, **over)).answers]


def test_three_lines_answer_three_questions() -> None:
    """The cheapest, the best and the best value each have price, book and link; the first has the caveat."""
    head = head_of(make_result([GOOD, CHEAP, WORTH]))
    assert [answer.label for answer in head.answers] == [
        ENGLISH(name) for name in ("cheapest", "best", "value")
    ]
    expected = [
        ("¥10.00", "便宜的书", "3.0 (500)"),
        ("¥90.00", "最好的书", "5.0 (5,000)"),
        ("¥12.00", "划算的书", "4.5 (900)"),
    ]
    for answer, (cost, title, stars) in zip(head.answers, expected, strict=True):
        assert in_order(answer.words, cost, title, "张三", "演示出版社", stars)
    assert [CAVEAT in answer.words for answer in head.answers] == [True, False, False]
    assert [answer.link for answer in head.answers] == [
        f"https://product.dangdang.com/{n}.html" for n in (1, 2, 3)
    ]
    assert [answer.book and answer.book.listing for answer in head.answers] == [CHEAP, GOOD, WORTH]
    assert all(in_order(answer.text, answer.label, answer.words) for answer in head.answers)


def test_the_answers_are_those_of_the_result() -> None:
    """`SearchResult` has the same three books, whatever the order of its list."""
    for rank in ("cheapest", "best", "value", "per-volume"):
        result = make_result([GOOD, CHEAP, WORTH], criteria=SelectionCriteria(rank=rank))
        found = (result.cheapest, result.best, result.best_value)
        assert [book and book.listing for book in found] == [CHEAP, GOOD, WORTH]
    nothing = make_result([])
    assert (nothing.cheapest, nothing.best, nothing.best_value) == (None, None, None)


def test_one_book_may_be_every_answer() -> None:
    """A book that is cheapest, best and best value is named three times: each line gives its own answer."""
    lines = answers(make_listing())
    labels = [ENGLISH(name) for name in ("cheapest", "best", "value")]
    assert all(
        in_order(line, label, "¥39.00", "渗透测试实战") for line, label in zip(lines, labels, strict=True)
    )


def test_of_unrated_books_none_is_the_best() -> None:
    """If nobody has rated a book, the cheapest is known, and the other two lines give the reason."""
    unrated = make_listing(rating=None, reviews=None)
    cheapest, *others = answers(unrated)
    assert in_order(cheapest, ENGLISH("cheapest"), "¥39.00", "渗透测试实战", "张三", "演示出版社", CAVEAT)
    assert "·" not in cheapest  # before the stars
    assert others == [
        ENGLISH("answer", label=ENGLISH(name), words=ENGLISH("nobody_rated")) for name in ("best", "value")
    ]
    assert [answer.link for answer in head_of(make_result([unrated])).answers[1:]] == [None, None]
    cheap = make_listing(product_id="2", title="甲书", price=Decimal(1), rating=None, reviews=None)
    result = make_result([make_listing(), cheap])
    assert result.cheapest is not None
    assert result.best is not None
    assert result.best_value is not None
    assert result.cheapest.listing == cheap
    assert result.best.rating == result.best_value.rating == 4.5


def test_what_was_kept_but_is_not_on_sale_answers_nothing() -> None:
    """Books kept without a price, or although sold out, are listed; one line says that none is available."""
    criteria = SelectionCriteria(keep=frozenset({"sold_out", "no_price"}))
    result = make_result(
        [make_listing(product_id="1", price=None), make_listing(product_id="2", title="甲书", sold_out=True)],
        criteria=criteria,
    )
    (answer,) = head_of(result).answers
    assert answer.text == ENGLISH("nothing_on_sale")
    assert (answer.label, answer.link, answer.book) == ("", None, None)
    assert len(result.books) == 2


def test_accessories_alone_are_told_so_once() -> None:
    """If no book was found at all, one line has the cheapest accessory, with the caveat."""
    lamp = make_listing(product_id="1", title="夹书灯", price=Decimal(8), flags=frozenset({Flag.ACCESSORY}))
    mark = make_listing(product_id="2", title="书签", price=Decimal(3), flags=frozenset({Flag.ACCESSORY}))
    (line,) = answers(lamp, mark, criteria=SelectionCriteria(keep=frozenset({"accessory"})))
    assert in_order(line, ENGLISH("accessories_only"), "¥3.00", "书签", CAVEAT)


def test_every_answer_bears_the_marks() -> None:
    """A line copied from a demo, a partial run or a replica's still says so, in every language."""
    unrated = make_listing(rating=None, reviews=None)
    for listings in ((GOOD, CHEAP, WORTH), (unrated,)):
        lines = answers(*listings, failed=FAILED, demo=True)
        assert len(lines) == 3
        for say in map(Labels, LANGUAGES):
            head = head_of(make_result(listings, failed=FAILED, demo=True), say)
            mark = say("mark", marks=f"{say('PARTIAL')}, {say('DEMO')}")
            assert all(answer.text.startswith(mark) for answer in head.answers)
    assert mark_of(make_result(failed=FAILED, demo=True)) == "PARTIAL, DEMO"
    assert mark_of(make_result(base_url="http://127.0.0.1:1")) == "REPLICA"
    assert mark_of(make_result()) == ""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_answers_speak_the_language_of_the_report(lang: str) -> None:
    """Labels and caveat are in the report's language, titles and names are those of the shop."""
    say = Labels(lang)
    found = head_of(make_result([GOOD, CHEAP, WORTH]), say).answers
    assert [answer.label for answer in found] == [say("cheapest"), say("best"), say("value")]
    assert found[0].words.endswith(say("bracketed", words=say("caveat")))
    for answer, title in zip(found, ("便宜的书", "最好的书", "划算的书"), strict=True):
        assert answer.text == say("answer", label=answer.label, words=answer.words)
        assert in_order(answer.words, title, f"张三{say('credit')}演示出版社")


def test_the_mainlands_wording_is_suggested() -> None:
    """The suggestion is right below the query, and says that it was not searched; otherwise there is none."""
    result = make_result(query="人工智慧", query_sent="人工智慧", suggestion="人工智能\u202e")
    assert [label for label, _ in head_of(result).facts][:2] == [ENGLISH("query"), ENGLISH("suggestion")]
    assert fact(result, "suggestion") == ENGLISH("suggestion_words", words="人工智能")
    assert fact(make_result(), "suggestion") is None


def test_what_narrowed_the_search_is_told() -> None:
    """One line states all filters in words; without filters, the line is missing."""
    options = {
        "sellers": "all", "category": "all", "min_price": Decimal(5), "max_price": Decimal(1000),
        "max_volume_price": Decimal("12.5"), "publisher": "人民\x1b[2J邮电", "author": "尼克", "since": 2019,
        "min_reviews": 1500,
    }  # fmt: skip
    for say in map(Labels, LANGUAGES):
        assert fact(make_result(options=options), "only", say) == say("comma").join(
            [
                say("from_price", price="¥5.00"),
                say("to_price", price="¥1,000.00"),
                say("to_volume_price", price="¥12.50"),
                say("of_publisher", name="人民邮电"),
                say("of_author", name="尼克"),
                say("since_year", year=2019),
                say("from_reviews", n=1500),
            ]
        )
    assert fact(make_result(options={"sellers": "all", "category": "all"}), "only") is None
    nothing = make_result(options=dict.fromkeys(options, None) | {"min_reviews": 0, "since": 0})
    words = [ENGLISH("since_year", year=0), ENGLISH("from_reviews", n=0)]
    assert fact(nothing, "only") == ENGLISH("comma").join(words)


def test_every_reason_for_a_drop_is_counted_in_words() -> None:
    """The listings count the drops for each reason, in the report's language, and omit reasons without any."""
    listings = [
        make_listing(product_id="1"),
        make_listing(product_id="2", title="甲书", ebook_only=True),
        make_listing(product_id="3", title="乙书", publisher="别的社"),
        make_listing(product_id="4", title="丙书", publisher="别的社"),
    ]
    result = make_result(listings, criteria=SelectionCriteria(filters=Filters(publisher="演示")))
    for say in map(Labels, LANGUAGES):
        dropped = say("comma").join(
            [say("count_of", n=1, what=say("ebook")), say("count_of", n=2, what=say("publisher_differs"))]
        )
        words = say("counts", listings=4, unique=4, kept=1, books=1, dropped=dropped)
        assert fact(result, "listings", say) == words
    nothing = ENGLISH("counts", listings=1, unique=1, kept=1, books=1, dropped=ENGLISH("none"))
    assert fact(make_result(), "listings") == nothing


@pytest.mark.parametrize("rank", RANKINGS)
def test_the_order_of_the_list_is_told(rank: str) -> None:
    """Each ranking has its own words; an empty list has no order and no frontier."""
    words = ENGLISH(f"by_{rank}")
    assert fact(make_result(criteria=SelectionCriteria(rank=rank)), "order") == words
    assert [ENGLISH(f"by_{other}") for other in RANKINGS].count(words) == 1
    assert (fact(make_result([]), "order"), fact(make_result([]), "frontier")) == (None, None)


def test_the_note_tells_of_other_offers() -> None:
    """A book with several offers states their number and the highest price."""
    offers = [make_listing(product_id=str(n), price=Decimal(n)) for n in (10, 11, 1200)]
    (book,) = make_result(offers).books
    for say in map(Labels, LANGUAGES):
        assert note(book, say) == say("offers", n=3, price="¥1,200.00")
    unpriced = make_result(
        [make_listing(), make_listing(product_id="2", price=None)],
        criteria=SelectionCriteria(keep=frozenset({"no_price"})),
    )
    assert not any("¥" in note(book) for book in unpriced.books)


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        ("ebook", {"ebook_only": True, "price": None, "ebook_price": Decimal(9)}),
        ("sold_out", {"sold_out": True}),
        ("no_price", {"price": None}),
        ("accessory", {"flags": frozenset({Flag.ACCESSORY})}),
        ("off_topic", {"highlighted": False}),
    ],
)
def test_the_note_tells_what_was_kept(reason: str, fields: dict[str, Any]) -> None:
    """A product that only --keep has saved states the reason."""
    topic = Topic("钢琴") if reason == "off_topic" else Topic()
    (book,) = make_result(
        [make_listing(**fields)], criteria=SelectionCriteria(topic, keep=frozenset({reason}))
    ).books
    words = ENGLISH("accessory") if reason == "accessory" else ENGLISH("kept", reason=ENGLISH(reason))
    assert note(book) == words


def test_a_whole_live_search_is_told_in_full() -> None:
    """A plain search states query, query sent, shop, time, pages, listings and limits."""
    result = make_result(
        [
            make_listing(product_id="1"),
            make_listing(product_id="1", position=2),
            make_listing(product_id="2", sold_out=True),
        ],
        available=1,
        notes=("page 1: 50 listings; a full page has 60",),
        options={
            "sellers": "self",
            "category": "books",
            "sort": "sales",
            "min_price": Decimal(10),
            "max_price": None,
        },
    )
    say = ENGLISH
    ended = say("comma").join([say("ok", n=1), say("failed", n=0)])
    dropped = say("count_of", n=1, what=say("sold_out"))
    scope = [say("own_goods"), say("books"), say("from_price", price="¥10.00")]
    expected = [
        ("query", say("sent_as", query="滲透測試", sent="渗透测试")),
        ("shop", "Dangdang 当当网"),
        ("time", "2026-01-31 08:00:00 UTC, 3.4 s"),
        ("pages", say("of_asked", ended=ended, all=1, stated=say("states", n=1))),
        ("listings", say("counts", listings=3, unique=2, kept=1, books=1, dropped=dropped)),
        ("result", say("whole")),
        ("only", say("comma").join(scope)),
        ("shops_order", say("sort_sales")),
        ("order", say("by_cheapest")),
        ("frontier", say("frontier_words", n=1)),
        ("note", "page 1: 50 listings; a full page has 60"),
    ]
    assert head_of(result).facts == tuple((say(name), words) for name, words in expected)


def test_an_equal_query_is_shown_once() -> None:
    """A query that was sent as typed is not repeated."""
    assert fact(make_result(query="渗透测试"), "query") == "渗透测试"


def test_a_partial_search_cannot_be_missed() -> None:
    """The first line opens with PARTIAL, and the failed pages are listed by number, grouped by outcome."""
    head = head_of(make_result(failed=FAILED, stopped="interrupted"))
    assert head.answers[0].text.startswith("PARTIAL")
    assert in_order(head.answers[0].text, ENGLISH("cheapest"), "¥39.00")
    (alarm,) = head.alarms
    assert alarm.name == "PARTIAL"
    assert alarm.text.startswith(ENGLISH("pages_failed", failed=3, all=4) + ENGLISH("may_miss"))
    assert "interrupted" in alarm.text
    blocked, network = ENGLISH("verdict_blocked"), ENGLISH("verdict_network_error")
    assert alarm.details == (
        ("pages 2–3", ENGLISH("verdict", verdict=blocked, why="405 Not Allowed")),
        ("page 5", ENGLISH("verdict", verdict=network, why="timed out")),
    )


def test_pages_that_were_not_read_did_not_fail() -> None:
    """An interrupt leaves pages that were never requested: they are counted and labelled apart from failed ones."""
    left = [make_page(n, verdict=Verdict.NOT_ASKED, detail="interrupted") for n in range(6, 9)]
    only_left = make_result(failed=left, stopped="interrupted", available=None)
    assert (fact(only_left, "pages") or "").startswith("1 ok, 0 failed, 3 not read of 4 requested")
    (alarm,) = head_of(only_left).alarms
    assert alarm.name == "PARTIAL"
    assert alarm.text.startswith("3 of 4 pages not read: ")
    assert alarm.details == (("pages 6–8", "not read: interrupted"),)
    both = make_result(failed=[*FAILED, *left], stopped="interrupted")
    assert (fact(both, "pages") or "").startswith("1 ok, 3 failed, 3 not read of 7 requested")
    assert head_of(both).alarms[0].text.startswith("3 of 7 pages failed, 3 not read: ")
    assert "not read" not in (fact(make_result(failed=FAILED), "pages") or "")
    assert [page.page for page in both.not_read] == [6, 7, 8]


@pytest.mark.parametrize("form", ["table", "md", "html", "xlsx"])
@pytest.mark.parametrize(("lang", "failed"), [("en", "failed"), ("zh-Hans", "失败"), ("zh-Hant", "失敗")])
def test_no_report_calls_an_unread_page_failed(form: str, lang: str, failed: str) -> None:
    """In every format and language, «failed» appears only to say that no page did."""
    left = [make_page(n, verdict=Verdict.NOT_ASKED, detail="interrupted") for n in range(2, 5)]
    report = render(make_result(failed=left, stopped="interrupted"), form, lang=lang)
    text = words_of_workbook(report) if isinstance(report, bytes) else report
    text = re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL)
    assert re.findall(rf"(\d+)\D{{0,3}}{failed}|{failed}", text) == ["0"]


def words_of_workbook(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as workbook:
        return workbook.read("xl/sharedStrings.xml").decode()


def test_price_pages_that_failed_are_said_together() -> None:
    """Their number and common outcome are given once; a page that was not requested does not count."""
    alike_ones = [make_page(n, verdict=Verdict.HTTP_ERROR, detail="404") for n in (1, 2, 3)]
    assert price_failures(alike_ones) == "3 of 3 price pages failed: HTTP error: 404"
    different = [*alike_ones[:2], make_page(3, verdict=Verdict.BLOCKED, detail="405")]
    words = "3 of 3 price pages failed: pages 1–2: HTTP error: 404; page 3: blocked: 405"
    assert price_failures(different) == words
    left = [make_page(1), *alike_ones[1:2], make_page(3, verdict=Verdict.NOT_ASKED, detail="interrupted")]
    assert price_failures(left) == "1 of 3 price pages failed: HTTP error: 404"
    assert price_failures([make_page(1)]) == price_failures(()) == ""
    check = PriceCheck(tuple(alike_ones), True, False, None, None, "failed")
    result = make_result(price_pages=tuple(alike_ones), price_check=check)
    assert fact(result, "price_check") == "not proven: 3 of 3 price pages failed: HTTP error: 404"


def test_a_demo_cannot_be_missed() -> None:
    """The first line opens with DEMO, the shop is labelled as one, and no link leads to the real shop."""
    head = head_of(make_result(demo=True, base_url="http://127.0.0.1:4321"))
    assert head.answers[0].text.startswith("DEMO")
    assert in_order(head.answers[0].text, ENGLISH("cheapest"), "¥39.00")
    assert [(alarm.name, alarm.text) for alarm in head.alarms] == [("DEMO", ENGLISH("demo_text"))]
    assert dict(head.facts)[ENGLISH("shop")] == ENGLISH("demo_shop", shop="Dangdang 当当网")
    assert head.answers[0].link is None


def test_a_replica_is_not_the_live_shop() -> None:
    """Requests to another address are announced, too, and no link leads to the real shop."""
    address = "http://127.0.0.1:4321"
    replica: dict[str, Any] = {"base_url": address}
    head = head_of(make_result(**replica))
    assert head.answers[0].text.startswith("REPLICA")
    assert in_order(head.answers[0].text, ENGLISH("cheapest"), "¥39.00")
    (alarm,) = head.alarms
    assert (alarm.name, alarm.text) == ("REPLICA", ENGLISH("replica_text", address=address))
    replicated = ENGLISH("replica_shop", shop="Dangdang 当当网", address=address)
    assert dict(head.facts)[ENGLISH("shop")] == replicated
    assert head.answers[0].link is None
    assert "product.dangdang.com" not in str(render(make_result(**replica), "md"))
    assert head_of(make_result(failed=FAILED, **replica)).answers[0].text.startswith("PARTIAL, REPLICA")
    nothing = make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS), available=0, **replica)
    shop = ENGLISH("the_replica", address=address)
    assert in_order(
        head_of(nothing).answers[0].text, "REPLICA", ENGLISH("no_book", shop=shop, query="渗透测试")
    )


@pytest.mark.parametrize("base_url", ["https://search.dangdang.com", "https://search.dangdang.com/"])
def test_the_shops_own_address_is_the_live_shop(base_url: str) -> None:
    """A base URL that is the shop's is no replica, with or without a slash."""
    head = head_of(make_result(base_url=base_url))
    assert head.alarms == ()
    assert dict(head.facts)[ENGLISH("shop")] == "Dangdang 当当网"
    assert head.answers[0].link is not None


def test_pages_that_were_not_asked_for_are_told() -> None:
    """If the shop has more pages than requested, the first line and the result say so, up to the shop's limit."""
    say = ENGLISH
    pages = tuple(make_page(n) for n in (1, 2, 3))

    def limits(ok: int, of: int) -> str:
        read, settle = say("pages_read", ok=ok, all=of), say("may_settle", option="--price-check 3")
        return say("and").join([CAVEAT, read, settle])

    for available, first, result in (
        (3, CAVEAT, say("whole")),
        (2, CAVEAT, say("whole")),
        (None, CAVEAT, say("whole")),
        (4, limits(3, 4), say("no_page_failed") + say("one_more_page", all=4)),
        (36, limits(3, 36), say("no_page_failed") + say("more_pages", n=33, all=36)),
        (5000, limits(3, 100), say("no_page_failed") + say("more_pages", n=97, all=100)),
    ):
        search = make_result(pages=pages, available=available)
        assert head_of(search).answers[0].text.endswith(say("bracketed", words=first))
        assert fact(search, "result") == result
        assert search.complete
    partial = make_result(failed=FAILED, available=36)
    assert head_of(partial).answers[0].text.endswith(say("bracketed", words=limits(1, 36)))
    assert fact(partial, "result") == say("PARTIAL") + say("more_pages", n=32, all=36)


def test_the_first_line_names_two_authors_at_most() -> None:
    """A book with many authors does not fill the line."""
    crowd = tuple(Contributor(name, "著") for name in ("甲", "乙", "丙"))
    answer = head_of(make_result([make_listing(contributors=crowd, publisher=None)])).answers[0]
    assert in_order(answer.text, f"甲{ENGLISH('comma')}乙", "4.5 (1,234)", CAVEAT)
    assert "丙" not in answer.text


def test_who_stopped_a_whole_search_is_told() -> None:
    """A search that was stopped without loss says so among the facts; one that lost pages says so in its alarm."""
    assert fact(make_result(stopped="interrupted"), "stopped") == "interrupted"
    assert fact(make_result(stopped="interrupted", failed=FAILED), "stopped") is None
    assert fact(make_result(), "stopped") is None


@pytest.mark.parametrize(
    ("cost", "listed", "shown"),
    [
        ("25", "78", "-68%"),
        ("39", "39", ""),
        ("39", "38", ""),
        ("38.90", "39", ""),
        ("38.80", "39", "-1%"),
        ("0.10", "9999", "-99%"),
        ("39", None, ""),
        ("39", "0", ""),
    ],
)
def test_what_is_taken_off_is_shown_in_whole_percent(cost: str, listed: str | None, shown: str) -> None:
    """The share follows from price and list price; it is never 0, and 100 only for a free product."""
    listing = make_listing(price=Decimal(cost), list_price=None if listed is None else Decimal(listed))
    assert discount(make_result([listing]).books[0]) == shown


def test_only_what_costs_nothing_is_wholly_off() -> None:
    """A price of 0 is 100 % off."""
    assert discount(replace(make_result().books[0], price=Decimal(0))) == "-100%"


def test_a_price_that_is_missing_is_a_dash() -> None:
    """A product kept without a price shows «–» and no discount."""
    kept = SelectionCriteria(keep=frozenset({"no_price"}))
    (book,) = make_result([make_listing(price=None)], criteria=kept).books
    assert (price(book), discount(book), book.discount, book.price_per_volume) == ("–", "", None, None)


def test_every_verdict_has_words() -> None:
    """Every verdict has words, with a reason and without one."""
    for verdict in Verdict:
        assert outcome(verdict, "")
        assert outcome(verdict, "why\x1b[2J").endswith("why")


NOTHING = make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS, detail="抱歉"), available=0)
ALL_DROPPED = make_result([make_listing(sold_out=True)])
NO_PAGE = make_empty_result(*FAILED)
LEFT = make_page(7, verdict=Verdict.NOT_ASKED, detail="interrupted")
LEFT_EARLY = make_empty_result(FAILED[0], LEFT, LEFT)
LEFT_EMPTY = make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS), LEFT)
SOME_PAGES = make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS), *FAILED)


@pytest.mark.parametrize(
    ("result", "marks", "parts"),
    [
        (
            NOTHING,
            "",
            [
                ENGLISH("no_book", shop="Dangdang 当当网", query="渗透测试"),
                ENGLISH("bracketed", words=ENGLISH("comma").join([ENGLISH("own_goods"), ENGLISH("books")])),
                ENGLISH("try_all_sellers"),
            ],
        ),
        (LEFT_EARLY, "FAILED", [ENGLISH("no_page_left", failed=1, left=2, all=3)]),
        (
            LEFT_EMPTY,
            "PARTIAL",
            [
                ENGLISH("no_book", shop="Dangdang 当当网", query="渗透测试"),
                ENGLISH("on_read_pages_left", failed=0, left=1, all=2),
            ],
        ),
        (
            ALL_DROPPED,
            "",
            [ENGLISH("all_dropped", dropped=ENGLISH("count_of", n=1, what=ENGLISH("sold_out")))],
        ),
        (NO_PAGE, "FAILED", [ENGLISH("no_page", failed=3, all=3)]),
        (
            SOME_PAGES,
            "PARTIAL",
            [
                ENGLISH("no_book", shop="Dangdang 当当网", query="渗透测试"),
                ENGLISH("on_read_pages", failed=3, all=4),
            ],
        ),
    ],
)
def test_an_empty_list_has_its_reason(result: SearchResult, marks: str, parts: list[str]) -> None:
    """Nothing found, everything dropped and no page read have three different sentences."""
    answer = head_of(result).answers[0].text
    assert answer == (ENGLISH("mark", marks=marks) if marks else "") + "".join(parts)
    assert CAVEAT not in answer


def test_other_sellers_are_proposed_where_they_were_left_out() -> None:
    """If all sellers were searched, they are not suggested."""
    options = {"sellers": "all", "category": "books"}
    nothing = make_empty_result(make_page(1, verdict=Verdict.NO_RESULTS), available=0, options=options)
    answer = head_of(nothing).answers[0].text
    assert answer.endswith(ENGLISH("bracketed", words=ENGLISH("books")))
    assert "--sellers" not in answer


@pytest.mark.parametrize("result", [NOTHING, ALL_DROPPED, NO_PAGE, SOME_PAGES])
@pytest.mark.parametrize("form", ["table", "md", "csv", "json"])
def test_every_format_takes_an_empty_list(result: SearchResult, form: str) -> None:
    """A report without books is still a report: it raises nothing, and the formats for people state the reason."""
    text = render(result, form, top=50)
    assert isinstance(text, str)
    assert text.endswith("\n")
    if form in {"table", "md"}:
        assert head_of(result).answers[0].text in text


@pytest.mark.parametrize("form", ["table", "md"])
def test_what_is_left_out_is_counted(form: str) -> None:
    """A shortened list states how many more there are and how to get them; a complete one states nothing."""
    result = make_result([make_listing(product_id=str(n), title=f"书{n}") for n in range(1, 6)])
    cut = str(render(result, form, top=3))
    assert ENGLISH("more", n=2, all=5) in cut
    assert "书4" not in cut
    assert "--top" not in str(render(result, form, top=5))
    assert "书5" in str(render(result, form))
    assert tail_of(result, None) == ""


def test_page_numbers_are_short() -> None:
    """Runs of pages are written as ranges."""
    assert page_numbers([3]) == "page 3"
    assert page_numbers([1, 3]) == "pages 1, 3"
    assert page_numbers([1, 2, 3, 7, 9, 10]) == "pages 1–3, 7, 9–10"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_robots_that_were_ignored_are_told(lang: str) -> None:
    """The report of a search that ignored robots.txt says so; other reports do not mention it."""
    say = Labels(lang)
    assert fact(make_result(robots_ignored=True), "robots", say) == say("robots_ignored")
    assert fact(make_result(), "robots", say) is None


def test_pages_of_an_earlier_run_are_told_with_their_time() -> None:
    """Prices older than the search state their age."""
    old = dt.datetime(2026, 1, 31, 7, 31, 22, tzinfo=dt.UTC)
    result = make_result()
    earlier = [replace(result.pages[0], fetched_at=old + dt.timedelta(seconds=n)) for n in range(2)]
    resumed = replace(
        result, pages=(earlier[1], earlier[0], replace(make_page(3), fetched_at=result.started_at))
    )
    plain = "2026-01-31 08:00:00 UTC, 3.4 s"

    def and_earlier(name: str, time: str, **more: int) -> str:
        return plain + ENGLISH("and") + ENGLISH(name, time=f"2026-01-31 {time} UTC", **more)

    assert fact(resumed, "time") == and_earlier("resumed", "07:31:22", n=2)
    one = replace(result, pages=(earlier[1],))
    assert fact(one, "time") == and_earlier("resumed_one", "07:31:23")
    checked = replace(result, price_pages=(replace(make_page(1), fetched_at=old),))
    assert fact(checked, "time") == and_earlier("resumed_one", "07:31:22")
    assert checked.fetched_from == old
    assert fact(result, "time") == plain
