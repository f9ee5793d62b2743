"""State the facts of a search: its scope, its outcome, and how complete the result is."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, assert_never

from crawler.clean import clean
from crawler.labels import Labels
from crawler.local_time import offset_name
from crawler.report.common.wording import day, sanitize, source_in_words
from crawler.report.search.outcomes import price_failures
from crawler.source import SourceKind
from crawler.verdict import Verdict

if TYPE_CHECKING:
    import datetime as dt

    from crawler.results import SearchResult

__all__ = [
    "dropped_counts",
    "facts_of",
    "loss_mark",
    "losses",
    "pages_available",
    "pages_not_requested",
    "scope_of",
    "shop_name",
]


def facts_of(result: SearchResult, say: Labels) -> Iterator[tuple[str, str]]:
    """Yield the facts about a search, each as its label and its words."""
    query, sent = clean(result.query), clean(result.query_sent)
    yield say("query"), query if query == sent else say("sent_as", query=query, sent=sent)
    if result.suggestion:
        yield say("suggestion"), say("suggestion_words", words=clean(result.suggestion))
    yield say("shop"), _shop_fact(result, say)
    yield say("time"), _time(result, say)
    yield say("pages"), _pages(result, say)
    yield say("listings"), _listings(result, say)
    yield say("result"), _wholeness(result, say)
    if checked := _price_check(result, say):
        yield say("price_check"), checked
    if result.robots_ignored:
        yield say("robots"), say("robots_ignored")
    if scope := scope_of(result, say):
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


def _price_check(result: SearchResult, say: Labels) -> str:
    """Describe the result of the price check."""
    check = result.price_check
    if check is None:
        return ""
    if check.proven and check.whole:
        return say("price_proven_whole", listings=check.listings)
    if check.proven:
        pages = say("one_page" if len(check.pages) == 1 else "n_pages", n=len(check.pages))
        return say("price_proven", price=_bound(check.up_to, say), listings=check.listings, pages=pages)
    if check.reason == "failed":
        return say("price_unproven", why=price_failures(check.pages, say))
    return say("price_unproven", why=say(f"price_why_{check.reason}", price=_bound(check.up_to, say)))


def _bound(amount: Decimal | None, say: Labels) -> str:
    return say.money(amount or Decimal(0))


def _wholeness(result: SearchResult, say: Labels) -> str:
    left, loss = pages_not_requested(result), say(loss_mark(result))
    if not left:
        return say("whole") if result.complete else loss
    asked = say("no_page_failed") if result.complete else loss
    return asked + say("one_more_page" if left == 1 else "more_pages", n=left, all=pages_available(result))


def _shop_fact(result: SearchResult, say: Labels) -> str:
    source = result.source
    shop = say.shop(source.shop)
    match source.kind:
        case SourceKind.LIVE:
            return shop
        case SourceKind.DEMO:
            return say("demo_shop", shop=shop)
        case SourceKind.REPLICA:
            return say("replica_shop", shop=shop, address=clean(source.base_url))
        case other:
            assert_never(other)


def shop_name(result: SearchResult, say: Labels) -> str:
    """Return the name of the searched shop: the live shop, a replica, or the demo."""
    return source_in_words(result.source, say)


def _time(result: SearchResult, say: Labels) -> str:
    """Return the time and duration of the search, and the age of its pages if some are older."""
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
    ended = [say("ok", n=verdicts.count(Verdict.OK)), say("failed", n=losses(result)["failed"])]
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
        dropped=dropped_counts(result, say) or say("none"),
    )  # fmt: skip


def dropped_counts(result: SearchResult, say: Labels) -> str:
    """Return the number of dropped products by reason; '' for none."""
    return say("comma").join(
        say("count_of", n=number, what=say.reason(reason))
        for reason, number in result.counts.dropped.items()
        if number
    )


def scope_of(result: SearchResult, say: Labels) -> str:
    """Describe the options that narrow the search; '' for none."""
    options, words = result.options, []
    if options.get("sellers") == "self":
        words.append(say("own_goods"))
    if options.get("category") == "books":
        words.append(say("books"))
    if (condition := options.get("condition")) in {"new", "used"}:
        words.append(say(f"{condition}_copies"))
    for name, word in (
        ("min_price", "from_price"), ("max_price", "to_price"), ("max_volume_price", "to_volume_price"),
    ):  # fmt: skip
        if (amount := options.get(name)) is not None:
            words.append(say(word, price=say.money(amount)))
    for name, word in (("publisher", "of_publisher"), ("author", "of_author")):
        if text := options.get(name):
            words.append(say(word, name=clean(text)))
    if (year := options.get("since")) is not None:
        words.append(say("since_year", year=year))
    if (reviews := options.get("min_reviews")) is not None:
        words.append(say("from_reviews", n=reviews))
    return say("comma").join(words)


def losses(result: SearchResult) -> dict[str, int]:
    """Return the numbers of failed pages, of pages left unread when the search ended, and of requested pages."""
    left = len(result.not_read)
    return {"failed": len(result.failed) - left, "left": left, "all": len(result.pages)}


def loss_mark(result: SearchResult) -> str:
    """Return the mark of a result that lacks pages: PARTIAL, or FAILED if no page could be read."""
    return "PARTIAL" if result.had_a_page else "FAILED"


def pages_available(result: SearchResult) -> int:
    """Return the number of pages that the shop states, limited to the most that it serves."""
    return min(result.available or 0, result.source.shop.max_pages)


def pages_not_requested(result: SearchResult) -> int:
    """Return the number of available pages that were not requested."""
    return max(0, pages_available(result) - len(result.pages))
