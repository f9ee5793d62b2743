"""A ranking in words, shared by its reports for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from crawler.clean import clean, crop
from crawler.money import sign_of
from crawler.report.common.alarms import source_alarms
from crawler.source import Source

if TYPE_CHECKING:
    from crawler.bulk.rank import CurrencyRanking, OfferRanking, RankedBook, RankedOffer
    from crawler.labels import Labels

__all__ = ["alarms", "amount", "facts", "heading", "link", "offer_in_words", "other_offers", "price", "title"]

MOST_OFFERS = 4
"""How many offers of a book to name besides the cheapest; the others are counted."""

MOST_FILES = 3
MAX_DECIMALS = 6

_LINK = re.compile(r"https?://[!-~]+", re.ASCII)
_BREAKS_MARKUP = {ord(char): f"%{ord(char):02X}" for char in '()<>[]\\|"`'}


def alarms(ranking: OfferRanking, say: Labels) -> Iterator[str]:
    """Yield the warnings that no reader may miss."""
    if ranking.demo:
        for alarm in source_alarms(Source.at(None, demo=True), say):
            yield say("alarm", name=alarm.name, text=alarm.text)


def facts(ranking: OfferRanking, say: Labels) -> Iterator[tuple[str, str]]:
    """Yield the facts about the whole ranking, each with its label."""
    counts = ranking.counts
    offers = sum(each.offers for each in ranking.rankings)
    yield (
        say("rank_crawl"),
        say("rank_read", path=clean(str(ranking.place)), pages=counts.pages, offers=offers),
    )
    left_out = [
        say(name, n=number)
        for name, number in (
            ("rank_sold_out", counts.sold_out),
            ("rank_without_price", counts.without_price),
            ("rank_unreadable_price", counts.unreadable_price),
            ("rank_without_currency", counts.without_currency),
            ("rank_repeated", ranking.repeated),
        )
        if number
    ]
    left_out += [
        say("rank_other_currency", n=number, currency=clean(currency))
        for currency, number in counts.other_currency.most_common()
    ]
    if counts.failed:
        verdicts = [
            say("rank_verdict", name=say(f"verdict_{verdict}"), n=number)
            for verdict, number in counts.failed.most_common()
        ]
        left_out.append(say("rank_failed", n=counts.failed.total(), verdicts=say("comma").join(verdicts)))
    if left_out:
        yield say("rank_left_out"), say("comma").join(left_out)
    if ranking.rates is not None:
        factors = {code: ranking.rates.factor(code) for code in sorted(ranking.rates.values)}
        rates = [
            say("rank_rate", currency=code, value=f"{factor:.6g} {ranking.rates.currency}")
            for code, factor in factors.items()
            if factor is not None and code != ranking.rates.currency
        ]
        if rates:
            yield say("rank_rates"), say("comma").join(rates)
    if counts.without_rate:
        apart = [
            say("rank_apart", currency=clean(currency), n=number)
            for currency, number in counts.without_rate.most_common()
        ]
        yield say("rank_no_rate"), say("comma").join(apart)
    if counts.damaged:
        yield (
            say("rank_damaged"),
            say("rank_damaged_lines", n=counts.damaged, first=clean(counts.first_damaged)),
        )
    if counts.torn:
        files = say("comma").join(map(clean, counts.torn[:MOST_FILES]))
        yield (
            say("rank_torn"),
            say("rank_torn_files", files=files + ("…" if len(counts.torn) > MOST_FILES else "")),
        )


def heading(each: CurrencyRanking, say: Labels) -> str:
    """Return the heading of the ranking in one currency."""
    return say(
        "rank_title", currency=clean(each.currency), books=each.books, offers=each.offers, shops=each.shops
    )


def amount(value: Decimal, currency: str, *, decimals: int | None = None) -> str:
    """Format an amount: «¥1,299.00», «KWD 1.250»; with all its decimals, at least two, unless `decimals` is given."""
    exponent = value.as_tuple().exponent
    if decimals is None:
        decimals = min(max(2, -exponent), MAX_DECIMALS) if isinstance(exponent, int) else 2
    return f"{sign_of(clean(currency))}{value:,.{decimals}f}"


def price(offer: RankedOffer, currency: str, say: Labels) -> str:
    """Return the price of an offer; one in another currency than the ranking's with both amounts."""
    own = amount(offer.price, offer.currency)
    if offer.currency == currency:
        return own
    return say("rank_converted", price=own, compared=amount(offer.compared, currency, decimals=2))


def offer_in_words(offer: RankedOffer, currency: str, say: Labels) -> str:
    """Return an offer with its shop: «€12.50 = ¥98.10 shop.example»."""
    return say("rank_offer", price=price(offer, currency, say), shop=clean(offer.shop))


def other_offers(book: RankedBook, currency: str, say: Labels) -> list[str]:
    """Return the offers of a book after the cheapest; the last item may count the rest."""
    shown = book.offers[1 : 1 + MOST_OFFERS]
    words = [offer_in_words(offer, currency, say) for offer in shown]
    if left := book.offer_count - 1 - len(shown):
        words.append(say("rank_more_offers", n=left))
    return words


def title(book: RankedBook) -> str:
    """Return the title of the cheapest offer, or its address if the page has none."""
    return crop(clean(book.cheapest.title or book.cheapest.url), 200)


def link(url: str) -> str:
    """Return an address that may stand in a link of a terminal or of Markdown; '' for any other text."""
    return url.translate(_BREAKS_MARKUP) if _LINK.fullmatch(url) else ""
