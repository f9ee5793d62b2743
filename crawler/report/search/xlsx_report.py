"""The XLSX report: a workbook to sort and filter. Numbers are numbers, dates are dates, titles are links.

The first column of each list warns about its rows, in red: DEMO, REPLICA, PARTIAL. It is empty for a complete result
from the live shop. Text is cleaned, is always written as text, and begins with an apostrophe if a spreadsheet would
interpret it as a formula.

The date in the file is that of the search, not the clock's: the same result gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import io
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crawler.books.offers import price_of
from crawler.clean import clean, crop
from crawler.local_time import date_in
from crawler.report.common.formulas import escape_formula
from crawler.report.search.head import head_of, mark_of, tail_of
from crawler.report.search.history_wording import raised_then_cut
from crawler.report.search.wording import (
    FRONTIER,
    contributor_in_words,
    note,
    percent_off,
    product_link,
    translators,
)

if TYPE_CHECKING:
    import xlsxwriter  # type: ignore[import-untyped]

    from crawler.books.book import Book
    from crawler.labels import Labels
    from crawler.prices.price_history import PriceHistory
    from crawler.report.search import Style
    from crawler.report.search.head import Head
    from crawler.results import SearchResult
    from parsers.model import Listing

__all__ = ["render"]

MAX_LINKS = 65_530
"""The maximum number of links in one sheet of Excel."""

MAX_URL = 2_079
"""The maximum number of characters in a link of Excel."""

TEXT_LIMIT = 16_000
"""The maximum number of characters of a cell: Excel allows 32,767 UTF-16 units, and a character may need two."""

SHEET_NAME_LIMIT = 31
"""The maximum number of characters in the name of a sheet of Excel."""

MAX_ROWS = 1_048_575
"""The maximum number of rows below the header."""

_FIRST_YEAR = 1900
"""The earliest year in Excel."""

_MARGIN = 2
"""Column width beyond the text; most of it is for the filter's button."""

_FORMATS: dict[str, dict[str, Any]] = {
    "text": {},
    "count": {"num_format": "#,##0"},
    "money": {"num_format": "{sign}#,##0.00"},
    "from money": {"num_format": '{sign}#,##0.00"起"'},
    "percent": {"num_format": "0%"},
    "rating": {"num_format": "0.0"},
    "score": {"num_format": "0.00"},
    "quality": {"num_format": "0.000"},  # with two digits, 4.996 would show as 5
    "date": {"num_format": "yyyy-mm-dd"},
    "head": {"bold": True, "bottom": 1},
    "label": {"bold": True, "valign": "top"},
    "alarm": {"bold": True, "font_color": "#C00000", "valign": "top"},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "wrapped alarm": {"bold": True, "font_color": "#C00000", "text_wrap": True, "valign": "top"},
    "link": {"font_color": "#0563C1", "underline": 1},
    "wrapped link": {
        "font_color": "#0563C1",
        "underline": 1,
        "bold": True,
        "text_wrap": True,
        "valign": "top",
    },
}

_ALARM_COLOR = "#C00000"


@dataclass(frozen=True, slots=True)
class _Linked:
    """A text with a link."""

    text: str
    url: str | None


@dataclass(frozen=True, slots=True)
class _Amount:
    """The lowest price of several options: a number that shows as «¥54.50起»."""

    yuan: Decimal

    @classmethod
    def of(cls, listing: Listing) -> _Amount | Decimal | None:
        """Return the price of a listing as a cell's value."""
        amount = price_of(listing)
        return cls(amount) if amount is not None and listing.from_price else amount


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a list."""

    label: str
    """The name of its label."""
    cell: Callable[[Any], object]
    """The value of a row: a text, a number, a date, a bool, an `_Amount`, a `_Linked`, or None for an empty cell."""
    form: str = "text"
    """A key of `_FORMATS`."""
    widest: int = 24
    """The maximum width, in columns of a screen; a Chinese character takes two."""


def render(result: SearchResult, style: Style) -> bytes:
    """Return the workbook; `style.top` shortens the lists of books and offers, but not of dropped products."""
    import xlsxwriter

    output = io.BytesIO()
    # Only write_string writes text; the options protect a plain write() that someone may add.
    options = {"in_memory": True} | dict.fromkeys(
        ("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False
    )
    workbook = xlsxwriter.Workbook(output, options)
    workbook.set_properties(
        {"title": _text(result.query), "created": result.started_at.astimezone(dt.UTC).replace(tzinfo=None)}
    )
    _Writer(workbook, result, style).write()
    workbook.close()
    return output.getvalue()


class _Writer:
    """Fill a workbook with a result."""

    def __init__(self, workbook: xlsxwriter.Workbook, result: SearchResult, style: Style) -> None:
        self._workbook = workbook
        self._result = result
        self._top = style.top
        self._say: Labels = style.labels(result)
        self._mark = mark_of(result, self._say)
        self._formats: dict[str, xlsxwriter.format.Format] = {
            name: workbook.add_format(_with_sign(properties, self._say.currency_sign))
            for name, properties in _FORMATS.items()
        }

    def write(self) -> None:
        result, books = self._result, self._result.books[: self._top]
        self._list("sheet_books", self._book_columns(), books)
        self._head(head_of(result, self._say))
        offers = [(book, offer) for book in books if len(book.offers) > 1 for offer in book.offers]
        if offers:
            self._list("sheet_offers", self._offer_columns(), offers)
        if result.dropped:
            self._list("sheet_dropped", self._dropped_columns(), result.dropped)

    def _book_columns(self) -> tuple[_Column, ...]:
        say = self._say
        past = self._past_columns() if any(book.history for book in self._result.books) else ()
        return (
            _Column("rank", lambda book: book.rank, "count"),
            _Column("frontier", lambda book: FRONTIER if book.frontier else None),
            _Column("price", lambda book: _Amount.of(book.listing), "money"),
            _Column("volume_price", lambda book: book.price_per_volume, "money"),
            _Column("list_price", lambda book: book.listing.list_price, "money"),
            _Column("off", _discount, "percent"),
            _Column("title", lambda book: self._linked(book.listing), widest=60),
            _Column("author", lambda book: say("comma").join(book.authors), widest=30),
            _Column("translator", lambda book: say("comma").join(translators(book)), widest=20),
            _Column("publisher", lambda book: book.publisher),
            _Column("date", lambda book: book.published, "date"),
            _Column("rating", lambda book: book.rating, "rating"),
            _Column("reviews", lambda book: book.reviews, "count"),
            # Without stars, both would be a guess from the mean of other books.
            _Column("quality", lambda book: book.quality if book.rating is not None else None, "quality"),
            _Column("value_score", lambda book: book.value if book.rating is not None else None, "score"),
            _Column("remarks", lambda book: note(book, say), widest=40),
            _Column("volumes", lambda book: book.listing.volumes, "count"),
            _Column("seller", lambda book: book.listing.seller),
            _Column("self_operated", lambda book: book.listing.self_operated),
            _Column("ebook_price", lambda book: book.listing.ebook_price, "money"),
            _Column("offers_count", lambda book: len(book.offers), "count"),
            _Column("product", lambda book: book.listing.product_id),
            _Column("contributors", _people, widest=40),
            _Column("subtitle", lambda book: book.listing.subtitle, widest=60),
            *past,
        )

    def _past_columns(self) -> tuple[_Column, ...]:
        """Return the columns of the price history, empty for a book without one."""
        say = self._say

        def column(
            label: str, cell: Callable[[PriceHistory], object], form: str, widest: int = 24
        ) -> _Column:
            return _Column(
                label, lambda book: None if book.history is None else cell(book.history), form, widest
            )

        return (
            column("lowest_column", lambda past: past.lowest, "money"),
            column(
                "lowest_at_column", lambda past: past.lowest_at and date_in(say.zone, past.lowest_at), "date"
            ),
            column("median_column", lambda past: past.median, "money"),
            column("change_column", lambda past: past.change, "money"),
            column("lowest_in_column", lambda past: past.lowest_in_days, "count"),
            column("since_column", lambda past: date_in(say.zone, past.since), "date"),
            column("days_column", lambda past: past.days, "count"),
            column(
                "raised_column",
                lambda past: past.raised_then_cut and raised_then_cut(past.raised_then_cut, say),
                "text",
                60,
            ),
        )

    def _offer_columns(self) -> tuple[_Column, ...]:
        return (
            _Column("rank", lambda row: row[0].rank, "count"),
            _Column("title", lambda row: self._linked(row[1]), widest=60),
            _Column("price", lambda row: _Amount.of(row[1]), "money"),
            _Column("seller", lambda row: row[1].seller),
            _Column("self_operated", lambda row: row[1].self_operated),
            _Column("date", lambda row: row[1].published, "date"),
            _Column("product", lambda row: row[1].product_id),
        )

    def _dropped_columns(self) -> tuple[_Column, ...]:
        say = self._say
        return (
            _Column("reason", lambda row: say.reason(row[0])),
            _Column("title", lambda row: self._linked(row[1]), widest=60),
            _Column("price", lambda row: _Amount.of(row[1]), "money"),
            _Column("product", lambda row: row[1].product_id),
            _Column("place", lambda row: say("place_words", page=row[1].page, position=row[1].position)),
        )

    def _linked(self, listing: Listing) -> _Linked:
        return _Linked(listing.title, product_link(self._result, listing))

    def _sheet(self, name: str) -> xlsxwriter.worksheet.Worksheet:
        sheet = self._workbook.add_worksheet(_sheet_name(self._mark, self._say(name)))
        if self._mark:
            sheet.set_tab_color(_ALARM_COLOR)
        return sheet

    def _list(self, name: str, columns: Sequence[_Column], rows: Sequence[object]) -> None:
        """Add a sheet with a frozen header, filters, and one row for each of `rows`, after the mark."""
        sheet, rows = self._sheet(name), rows[:MAX_ROWS]
        columns = (_Column("mark_column", lambda _: self._mark, "alarm", widest=40), *columns)
        for at, column in enumerate(columns):
            header = self._say(column.label)
            sheet.write_string(0, at, header, self._formats["head"])
            values = [column.cell(row) for row in rows]
            for number, value in enumerate(values, start=1):
                self._cell(sheet, number, at, value, column.form)
            widest = max(map(_width, values), default=0)
            sheet.set_column(at, at, max(_width(header), min(widest, column.widest)) + _MARGIN)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(rows), len(columns) - 1)

    def _head(self, head: Head) -> None:
        """Add a sheet with the head of the other reports: mark, label and words in each line."""
        sheet, say = self._sheet("sheet_answers"), self._say
        sheet.set_column(0, 0, max(12, _width(self._mark)) + _MARGIN)
        sheet.set_column(1, 1, 24)
        sheet.set_column(2, 2, 110)
        lines: list[tuple[str, object, str]] = [
            (answer.label, _Linked(answer.words, answer.link), "wrapped")
            for answer in (*head.answers, *head.cheaper)
        ]
        for alarm in head.alarms:
            lines.append((alarm.name, alarm.text, "wrapped alarm"))
            lines += [(pages, reason, "wrapped alarm") for pages, reason in alarm.details]
        lines += [(label, words, "wrapped") for label, words in head.facts]
        if tail := tail_of(self._result, self._top, say):
            lines.append(("", tail, "wrapped"))
        for number, (label, words, form) in enumerate(lines):
            self._cell(sheet, number, 0, self._mark, "alarm")
            self._cell(sheet, number, 1, label, "alarm" if form == "wrapped alarm" else "label")
            self._cell(sheet, number, 2, words, form)

    def _cell(
        self, sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: object, form: str
    ) -> None:
        """Write a value with its own type; write nothing for None or an empty text."""
        style = self._formats[form]
        if isinstance(value, _Linked):
            text = _text(value.text)
            if value.url and text and len(value.url) <= MAX_URL and row <= MAX_LINKS:
                link = self._formats["wrapped link" if form == "wrapped" else "link"]
                sheet.write_url(row, column, value.url, link, text)
            elif text:
                sheet.write_string(row, column, text, style)
        elif isinstance(value, _Amount):
            sheet.write_number(row, column, value.yuan, self._formats["from money"])
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value, style)
        elif isinstance(value, int | float | Decimal):
            sheet.write_number(row, column, value, style)
        elif isinstance(value, dt.date) and value.year >= _FIRST_YEAR:
            sheet.write_datetime(row, column, value, style)
        elif value is not None and (text := _text(str(value))):
            sheet.write_string(row, column, text, style)


def _with_sign(properties: dict[str, Any], sign: str) -> dict[str, Any]:
    """Return the properties of a format, with a currency's sign in place of `{sign}`."""
    form = properties.get("num_format", "")
    if "{sign}" not in form:
        return properties
    # Excel takes quoted letters and signs literally; it knows ¥ without quotes.
    return properties | {"num_format": form.replace("{sign}", sign if sign == "¥" else f'"{sign}"')}


def _people(book: Book) -> str:
    return "; ".join(map(contributor_in_words, book.contributors))


def _discount(book: Book) -> float | None:
    percent = percent_off(book)
    return -percent / 100 if percent else None


def _text(text: str) -> str:
    """Return a text that is safe in a cell."""
    text = crop(escape_formula(clean(text)), TEXT_LIMIT)
    # XlsxWriter would write such a text into the file unescaped, because its own rich strings look like that.
    return f"'{text}" if text.startswith("<r>") and text.endswith("</r>") else text


def _sheet_name(mark: str, name: str) -> str:
    """Return the name of a sheet, after the mark: «DEMO books»; «Books» without a mark."""
    return crop(f"{mark} {name}", SHEET_NAME_LIMIT) if mark else name.capitalize()


def _width(value: object) -> int:
    """Estimate how many columns of a screen a value takes."""
    if isinstance(value, _Linked):
        value = value.text
    if isinstance(value, _Amount):
        return _width(value.yuan) + 2
    if value is None or isinstance(value, bool):
        return 5
    if isinstance(value, int | float | Decimal):
        return len(f"{value:,.2f}") + 1
    if isinstance(value, dt.date):
        return 10
    return _columns(clean(str(value)))


def _columns(text: Iterable[str]) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
