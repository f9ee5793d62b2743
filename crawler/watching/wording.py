"""Watches in words, for the list of the command and for the web page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.alerts.wording import headline
from crawler.clean import clean
from crawler.report.common.wording import minute

if TYPE_CHECKING:
    from crawler.labels import Labels
    from crawler.watching.overview import WatchOverview
    from crawler.watching.watch import Watch

__all__ = ["conditions_in_words", "interval_in_words", "last_alert_in_words", "problem_in_words"]


def interval_in_words(every: str, say: Labels) -> str:
    """Return a watch's interval in words, «every 12 hours», from the configuration's «12h»."""
    number, unit = int(every[:-1]), every[-1]
    return say(f"every_one_{unit}") if number == 1 else say(f"every_{unit}", n=number)


def conditions_in_words(watch: Watch, say: Labels) -> list[str]:
    """Return the alert conditions of a watch in words."""
    terms, words = watch.terms, []
    if terms.target_price is not None:
        words.append(say("against_target_price", price=say.money(terms.target_price)))
    if terms.drop_percent is not None:
        words.append(say("tells_drop", percent=f"{terms.drop_percent.normalize():f}"))
    if terms.new_lowest:
        match terms.new_lowest_days:
            case 0:
                words.append(say("alert_new_lowest"))
            case 1:
                words.append(say("tells_lowest_after_one"))
            case days:
                words.append(say("tells_lowest_after", n=days))
    if terms.new_books:
        words.append(say("alert_new_book"))
    if terms.back_in_stock:
        words.append(say("alert_back_in_stock"))
    words = words or [say("tells_nothing")]
    if terms.products:
        words.append(say("tells_of_products", n=len(terms.products)))
    return words


def last_alert_in_words(each: WatchOverview, say: Labels) -> str:
    """Return the time and the headline of the last alert of a watch."""
    if each.last_alert is None:
        return say("watch_never")
    return say("answer", label=minute(each.last_alert.at, say), words=headline(each.last_alert, say))


def problem_in_words(each: WatchOverview, say: Labels) -> str:
    """Return the problem of a watch in words; '' if there is none."""
    words = []
    if each.failed_at is not None:
        failed = (
            say("watch_problem_no_page")
            if each.failed_pages is None
            else say("watch_failed", n=each.failed_pages)
        )
        words.append(say("answer", label=minute(each.failed_at, say), words=failed))
    if each.undelivered:
        kept = say("watch_undelivered", n=each.undelivered)
        words.append(
            say("answer", label=kept, words=clean(say.text(each.why_undelivered)))
            if each.why_undelivered
            else kept
        )
    return say("and").join(words)
