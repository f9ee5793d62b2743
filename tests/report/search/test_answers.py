"""The first lines of a report: which book is cheapest, best, and best for its price."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from crawler.books.filters import Filters
from crawler.books.pipeline import SelectionCriteria
from crawler.books.topic import Topic
from crawler.labels import ENGLISH, LANGUAGES, Labels
from crawler.report import render
from crawler.report.search.head import head_of, mark_of
from crawler.report.search.wording import discount, note, price
from parsers.model import Contributor, Flag, Listing
from tests.factories import make_listing, make_result
from tests.report.search.heads import CAVEAT, FAILED, fact, in_order


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


def test_the_first_line_names_two_authors_at_most() -> None:
    """A book with many authors does not fill the line."""
    crowd = tuple(Contributor(name, "著") for name in ("甲", "乙", "丙"))
    answer = head_of(make_result([make_listing(contributors=crowd, publisher=None)])).answers[0]
    assert in_order(answer.text, f"甲{ENGLISH('comma')}乙", "4.5 (1,234)", CAVEAT)
    assert "丙" not in answer.text


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
