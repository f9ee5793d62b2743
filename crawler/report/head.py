"""What stands above the list in every report for people: the answers first, then how far they can be trusted.

The words are made here once; table, Markdown, HTML and XLSX lay them out. All text is cleaned, none is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from crawler.clean import clean, crop
from crawler.labels import ENGLISH, Labels
from crawler.local_time import offset_name
from crawler.report.wording import (
    day,
    group_failures,
    note,
    price,
    price_failures,
    product_link,
    rating,
    sanitize,
    yuan,
)
from crawler.verdict import Verdict
from parsers import SHOPS
from parsers.model import Flag

if TYPE_CHECKING:
    import datetime as dt

    from crawler.books.book import Book
    from crawler.results import SearchResult

__all__ = ["Alarm", "Answer", "Head", "head_of", "how_far", "mark_of", "tail_of"]

TITLE_LIMIT = 100
"""Characters of a title, and of the names behind it, in an answer."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that no reader may miss."""

    name: str
    """One word in capitals, DEMO, REPLICA, PARTIAL or FAILED, and the same in the report's language."""
    text: str
    details: tuple[tuple[str, str], ...] = ()
    """Failed pages and how they failed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A line that answers what was asked."""

    label: str
    """What it answers: «Cheapest»; '' for a line that only says why there is no answer."""
    words: str
    """The answer itself."""
    text: str
    """The whole line, with the marks of alarms before it."""
    book: Book | None = None
    link: str | None = None
    """The product page of the book in it."""


@dataclass(frozen=True, slots=True)
class Head:
    """The parts of a report's head, in reading order."""

    answers: tuple[Answer, ...]
    """The cheapest book, the best, the best value; one line alone, that says why, where there is no book."""
    cheaper: tuple[Answer, ...]
    """What is cheaper than the cheapest book and no answer: a used copy, an accessory that was kept."""
    alarms: tuple[Alarm, ...]
    facts: tuple[tuple[str, str], ...]
    """Label and words."""


def head_of(result: SearchResult, say: Labels = ENGLISH) -> Head:
    """Return the head of a report on `result`, in the words of `say`."""
    answers = tuple(_answers(result, say))
    alarms = tuple(_alarms(result, say))
    return Head(answers, tuple(_cheaper(result, say)), alarms, tuple(_facts(result, say)))


def mark_of(result: SearchResult, say: Labels = ENGLISH) -> str:
    """Return the names of a report's alarms, «DEMO, PARTIAL»; '' for a whole answer of the live shop."""
    return ", ".join(alarm.name for alarm in _alarms(result, say))


def tail_of(result: SearchResult, top: int | None, say: Labels = ENGLISH) -> str:
    """Return the line below a list that is cut to `top` books; '' when it is whole."""
    left = len(result.books) - top if top is not None else 0
    return say("more", n=left, all=len(result.books)) if left > 0 else ""


def _answers(result: SearchResult, say: Labels) -> Iterator[Answer]:
    """Yield the three answers, the first with what limits them all.

    Who searches for books means books: an accessory comes in where there is nothing else.
    """
    caveat = say("and").join([say("caveat"), *how_far(result, say)])
    if not result.books:
        yield _line(result, say, "", _why_nothing(result, say))
        return
    if result.cheapest is None:
        # Used copies or accessories alone, or what was kept though it cannot be bought.
        for label, flag in (("used_only", Flag.SECOND_HAND), ("accessories_only", Flag.ACCESSORY)):
            if (first := _cheapest_with(result, flag)) is not None:
                yield _book_line(result, say, say(label), first, caveat)
                return
        yield _line(result, say, "", say("nothing_on_sale"))
        return
    yield _book_line(result, say, say("cheapest"), result.cheapest, caveat)
    for label, book in ((say("best"), result.best), (say("value"), result.best_value)):
        if book is None:
            yield _line(result, say, label, say("nobody_rated"))
        else:
            yield _book_line(result, say, label, book)


def how_far(result: SearchResult, say: Labels) -> Iterator[str]:
    """Yield how far the cheapest is the cheapest: of all, or of the pages read, and then what would settle it."""
    check = result.price_check
    if check is not None and check.proven:
        yield say("cheapest_listed") if check.total is None else say("cheapest_of_all", n=check.total)
    elif _not_asked_for(result):
        ok = sum(1 for page in result.pages if page.verdict is Verdict.OK)
        yield say("pages_read", ok=ok, all=_pages_to_be_had(result))
        if option := _settling(result):
            yield say("may_settle", option=option)


def _settling(result: SearchResult) -> str:
    """Return the option that may prove which book is cheapest; '' where none is known to help."""
    check, shop = result.price_check, SHOPS[result.shop]
    most = shop.max_pages
    if check is None:
        return "--price-check 3" if "price" in shop.sorts else "--pages all"
    if check.reason in {"failed", "stopped"}:
        return "--resume"
    if check.reason == "not_passed" and len(check.pages) < most:
        if result.options.get("sort") == "price":
            return f"--pages {min(most, 2 * len(check.pages))}"
        return f"--price-check {min(most, max(10, 2 * len(check.pages)))}"
    return "--pages all"


def _price_check(result: SearchResult, say: Labels) -> str:
    """Return what the price check found."""
    check = result.price_check
    if check is None:
        return ""
    if check.proven and check.whole:
        return say("price_proven_whole", listings=check.listings)
    if check.proven:
        pages = say("one_page" if len(check.pages) == 1 else "n_pages", n=len(check.pages))
        return say("price_proven", price=_bound(check.up_to), listings=check.listings, pages=pages)
    if check.reason == "failed":
        return say("price_unproven", why=price_failures(check.pages, say))
    return say("price_unproven", why=say(f"price_why_{check.reason}", price=_bound(check.up_to)))


def _bound(amount: Decimal | None) -> str:
    return yuan(amount or Decimal(0))


def _cheaper(result: SearchResult, say: Labels) -> Iterator[Answer]:
    """Yield the used copy and the accessory that are cheaper than the cheapest book."""
    cheapest = result.cheapest
    if cheapest is None or cheapest.price is None:
        return
    for label, flag in (("used_cheaper", Flag.SECOND_HAND), ("accessory_cheaper", Flag.ACCESSORY)):
        first = _cheapest_with(result, flag)
        if first is not None and first.price is not None and first.price < cheapest.price:
            yield _book_line(result, say, say(label), first, marked=False)


def _cheapest_with(result: SearchResult, flag: Flag) -> Book | None:
    """Return the cheapest on sale of the books with a flag that keeps them from being an answer."""
    if flag is Flag.ACCESSORY and result.all_goods:
        return None
    return min(
        (
            book
            for book in result.books
            if flag in book.listing.flags and book.price is not None and not book.listing.sold_out
        ),
        key=lambda book: (book.price, book.rank),
        default=None,
    )


def _line(result: SearchResult, say: Labels, label: str, words: str) -> Answer:
    text = say("answer", label=label, words=words) if label else words
    return Answer(label, words, _mark(result, say) + text)


def _book_line(
    result: SearchResult, say: Labels, label: str, book: Book, caveat: str = "", *, marked: bool = True
) -> Answer:
    names = say("comma").join(filter(None, map(clean, book.authors[:2])))
    credit = say("credit").join(filter(None, (names, clean(book.publisher or ""))))
    parts = [f"{price(book, say)}  {crop(clean(book.listing.title), TITLE_LIMIT)}"]
    if special := note(book, say):
        parts.append(f"[{special}]")
    if credit:
        parts.append(f"— {crop(credit, TITLE_LIMIT)}")
    if stars := rating(book):
        parts.append(f"· {stars}" if credit else f"— {stars}")
    words = " ".join(parts) + (say("bracketed", words=caveat) if caveat else "")
    mark = _mark(result, say) if marked else ""
    text = mark + say("answer", label=label, words=words)
    return Answer(label, words, text, book, product_link(result, book.listing))


def _mark(result: SearchResult, say: Labels) -> str:
    marks = mark_of(result, say)
    return say("mark", marks=marks) if marks else ""


def _why_nothing(result: SearchResult, say: Labels) -> str:
    if not result.had_a_page:
        return say("no_page_left" if result.not_read else "no_page", **_losses(result))
    if result.counts.unique:
        return say("all_dropped", dropped=_dropped(result, say))
    what = "no_book" if result.options.get("category") == "books" else "no_product"
    nothing = say(what, shop=_shop_name(result, say), query=clean(result.query_sent))
    if result.failed:
        return nothing + say("on_read_pages_left" if result.not_read else "on_read_pages", **_losses(result))
    if scope := _scope(result, say):
        nothing += say("bracketed", words=scope)
    return nothing + (say("try_all_sellers") if result.options.get("sellers") == "self" else "")


def _losses(result: SearchResult) -> dict[str, int]:
    """Return how many pages failed, how many were left unread when the search ended, and how many were asked for."""
    left = len(result.not_read)
    return {"failed": len(result.failed) - left, "left": left, "all": len(result.pages)}


def _alarms(result: SearchResult, say: Labels) -> Iterator[Alarm]:
    if result.failed:
        losses = _losses(result)
        both = "pages_failed_left" if losses["left"] else "pages_failed"
        text = say(both if losses["failed"] else "pages_left", **losses)
        proven = result.price_check is not None and result.price_check.proven
        text += say("no_answer" if not result.had_a_page else "may_miss_dearer" if proven else "may_miss")
        if result.stopped:
            text += say("stopped_early", why=clean(say.text(result.stopped)))
        yield Alarm(say(_loss(result)), text, group_failures(result.failed, say))
    if result.demo:
        yield Alarm(say("DEMO"), say("demo_text"))
    elif not result.is_live:
        yield Alarm(say("REPLICA"), say("replica_text", address=clean(result.base_url)))


def _loss(result: SearchResult) -> str:
    return "PARTIAL" if result.had_a_page else "FAILED"


def _wholeness(result: SearchResult, say: Labels) -> str:
    left, loss = _not_asked_for(result), say(_loss(result))
    if not left:
        return say("whole") if result.complete else loss
    asked = say("no_page_failed") if result.complete else loss
    return asked + say("one_more_page" if left == 1 else "more_pages", n=left, all=_pages_to_be_had(result))


def _pages_to_be_had(result: SearchResult) -> int:
    """Return how many pages the shop would give: those that it states, as far as it serves them."""
    return min(result.available or 0, SHOPS[result.shop].max_pages)


def _not_asked_for(result: SearchResult) -> int:
    """Return how many pages there are beyond those that were asked for."""
    return max(0, _pages_to_be_had(result) - len(result.pages))


def _facts(result: SearchResult, say: Labels) -> Iterator[tuple[str, str]]:
    query, sent = clean(result.query), clean(result.query_sent)
    yield say("query"), query if query == sent else say("sent_as", query=query, sent=sent)
    if result.suggestion:
        yield say("suggestion"), say("suggestion_words", words=clean(result.suggestion))
    yield say("shop"), _shop(result, say)
    yield say("time"), _time(result, say)
    yield say("pages"), _pages(result, say)
    yield say("listings"), _listings(result, say)
    yield say("result"), _wholeness(result, say)
    if checked := _price_check(result, say):
        yield say("price_check"), checked
    if result.robots_ignored:
        yield say("robots"), say("robots_ignored")
    if scope := _scope(result, say):
        yield say("only"), scope
    sort = result.options.get("sort", "default")
    if sort != "default":
        yield say("shops_order"), say(f"sort_{sort}")
    if result.recorded:
        yield say("history"), _history(result, say)
    if result.books:
        yield say("order"), say(f"by_{result.rank}")
        yield say("frontier"), say("frontier_words", n=sum(book.frontier for book in result.books))
    if result.stopped and not result.failed:
        yield say("stopped"), clean(say.text(result.stopped))
    for text in result.notes:
        yield say("note"), sanitize(text, say)


def _history(result: SearchResult, say: Labels) -> str:
    since = [book.history.since for book in result.books if book.history is not None]
    if not since:
        return say("history_begins" if result.books else "history_empty", all=len(result.books))
    return say("history_of", n=len(since), all=len(result.books), on=day(min(since), say))


def _shop_name(result: SearchResult, say: Labels) -> str:
    if result.demo:
        return say("the_demo_shop")
    if result.is_live:
        return say.shop(SHOPS[result.shop])
    return say("the_replica", address=clean(result.base_url))


def _shop(result: SearchResult, say: Labels) -> str:
    shop = say.shop(SHOPS[result.shop])
    if result.demo:
        return say("demo_shop", shop=shop)
    return shop if result.is_live else say("replica_shop", shop=shop, address=clean(result.base_url))


def _time(result: SearchResult, say: Labels) -> str:
    """Return when the search was made and how long it took; and of what time its pages are, where some are older."""
    started = result.started_at
    seconds = (result.finished_at - started).total_seconds()
    words = f"{_second(started, say)}, {seconds:.1f} s"
    times = [page.fetched_at for page in (*result.pages, *result.price_pages)]
    earlier = [time for time in times if time is not None and time < started]
    if not earlier:
        return words
    since = _second(min(earlier), say)
    return (
        words
        + say("and")
        + say("resumed_one" if len(earlier) == 1 else "resumed", n=len(earlier), time=since)
    )


def _second(moment: dt.datetime, say: Labels) -> str:
    local = moment.astimezone(say.zone)
    return f"{local:%Y-%m-%d %H:%M:%S} {offset_name(local)}"


def _pages(result: SearchResult, say: Labels) -> str:
    verdicts = [page.verdict for page in result.pages]
    ended = [say("ok", n=verdicts.count(Verdict.OK)), say("failed", n=_losses(result)["failed"])]
    for verdict, name in (
        (Verdict.NOT_ASKED, "left"), (Verdict.PAST_END, "past_end"), (Verdict.NO_RESULTS, "without_results"),
    ):  # fmt: skip
        if number := verdicts.count(verdict):
            ended.append(say(name, n=number))
    available = result.available
    stated = say("states_nothing") if available is None else say("states", n=available)
    return say("of_asked", ended=say("comma").join(ended), all=len(verdicts), stated=stated)


def _listings(result: SearchResult, say: Labels) -> str:
    counts = result.counts
    return say(
        "counts", listings=counts.listings, unique=counts.unique, kept=counts.kept, books=counts.books,
        dropped=_dropped(result, say) or say("none"),
    )  # fmt: skip


def _dropped(result: SearchResult, say: Labels) -> str:
    return say("comma").join(
        say("count_of", n=number, what=say.reason(reason))
        for reason, number in result.counts.dropped.items()
        if number
    )


def _scope(result: SearchResult, say: Labels) -> str:
    """Return what the search was narrowed to; '' when it was not."""
    options, words = result.options, []
    if options.get("sellers") == "self":
        words.append(say("own_goods"))
    if options.get("category") == "books":
        words.append(say("books"))
    if (condition := options.get("condition")) == "new":
        words.append(say("new_copies"))
    elif condition == "used":
        words.append(say("used_copies"))
    for name, word in (
        ("min_price", "from_price"), ("max_price", "to_price"), ("max_volume_price", "to_volume_price"),
    ):  # fmt: skip
        if (amount := options.get(name)) is not None:
            words.append(say(word, price=yuan(amount)))
    for name, word in (("publisher", "of_publisher"), ("author", "of_author")):
        if text := options.get(name):
            words.append(say(word, name=clean(text)))
    if (year := options.get("since")) is not None:
        words.append(say("since_year", year=year))
    if (reviews := options.get("min_reviews")) is not None:
        words.append(say("from_reviews", n=reviews))
    return say("comma").join(words)
