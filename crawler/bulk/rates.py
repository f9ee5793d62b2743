"""Read a file of exchange rates, and convert amounts with it: exactly, and never by a guess."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

from crawler.clean import clean, crop
from crawler.errors import UsageError

__all__ = ["Rates", "is_currency", "read_rates"]

MAX_BYTES = 1_000_000
"""Limit on the size of a file of rates."""

_CODE = re.compile(r"[A-Z]{3}")
_LOWEST, _HIGHEST = Decimal("1e-12"), Decimal("1e12")
_DEFAULT = "CNY"


def is_currency(text: str) -> bool:
    """Return True if a text has the form of an ISO 4217 code."""
    return _CODE.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Rates:
    """The value of one unit of each currency, in any currency that is the same for all, and the one to compare in."""

    values: Mapping[str, Decimal]
    currency: str

    def factor(self, currency: str) -> Decimal | None:
        """Return the value of one unit of `currency` in that of the comparison; None without a rate."""
        if currency == self.currency:
            return Decimal(1)
        value = self.values.get(currency)
        return None if value is None else value / self.values.get(self.currency, Decimal(1))


def read_rates(path: Path, currency: str | None = None) -> Rates:
    """Read a CSV or JSON file of currencies and rates; a rate is the value of one unit of its currency.

    CSV has a currency and a rate in each line, with or without a header; JSON is an object of rates by currency, or a
    list of objects with both. `currency` is the one to compare in; None means the one whose rate is 1, or CNY if there
    is none. It needs no rate unless another currency has the rate 1, because then the rates are in that one.

    Raises UsageError for a file that cannot be read, a rate that is not a number above 0, and a comparison in a
    currency without a rate.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"--rates {_shown(path)}: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > MAX_BYTES:
        _refuse(path, f"more than {MAX_BYTES:,} bytes, too large for a file of rates")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse(path, "not in UTF-8")
    pairs = _json(path, text) if text.lstrip().startswith(("{", "[")) else _csv(path, text)
    values: dict[str, Decimal] = {}
    for place, code, written in pairs:
        values[code] = _rate(path, place, code, written, values.get(code))
    if not values:
        _refuse(path, "no rates; each line needs a currency and a rate, as in EUR,7.85")
    units = [code for code, value in values.items() if value == 1]
    wanted = currency or (units[0] if len(units) == 1 else _DEFAULT)
    if wanted not in values and units:
        _refuse(
            path,
            f"no rate for {wanted}, in which to compare; its rates are in {units[0]}, so add one for {wanted}",
        )
    return Rates(values, wanted)


def _csv(path: Path, text: str) -> Iterator[tuple[str, str, object]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = next((sign for sign in ";\t" if sign in first), ",")
    columns = (0, 1)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells) or cells[0].startswith("#"):
                continue
            names = [cell.lower() for cell in cells]
            if "currency" in names and "rate" in names:
                columns = (names.index("currency"), names.index("rate"))
                continue
            place = f"line {reader.line_num}"
            if len(cells) <= max(columns):
                _refuse(path, f"{place}: not a currency and a rate, as in EUR,7.85")
            yield place, cells[columns[0]], cells[columns[1]]
    except csv.Error as error:
        _refuse(path, f"line {reader.line_num}: {error}")


def _json(path: Path, text: str) -> Iterator[tuple[str, str, object]]:
    def constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is not a number")

    try:
        found = json.loads(
            text, parse_float=Decimal, parse_int=Decimal, parse_constant=constant, object_pairs_hook=_Pairs
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        _refuse(path, f"not valid JSON: {error}")
    if isinstance(found, _Pairs):
        yield from (("", code, written) for code, written in found)
        return
    for number, item in enumerate(found, 1):
        fields = dict(item) if isinstance(item, _Pairs) else {}
        if not {"currency", "rate"} <= fields.keys():
            _refuse(path, f"item {number}: not an object with currency and rate")
        yield f"item {number}", fields["currency"], fields["rate"]


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object, which may repeat a name."""


def _rate(path: Path, place: str, code: object, written: object, known: Decimal | None) -> Decimal:
    """Return a rate, after all checks."""
    where = f"{place}: " if place else ""
    if not isinstance(code, str) or not is_currency(code):
        _refuse(path, f"{where}{_quoted(code)} is not a currency code such as EUR")
    value = None
    if isinstance(written, str | Decimal):
        try:
            value = Decimal(written)
        except InvalidOperation:
            value = None
    if value is None or not value.is_finite() or not _LOWEST <= value <= _HIGHEST:
        _refuse(path, f"{where}the rate of {code} is not a number above 0: {_quoted(written)}")
    if known is not None and known != value:
        _refuse(path, f"{where}a second rate of {code}: {_quoted(written)}")
    return value


def _quoted(value: object) -> str:
    return repr(crop(clean(str(value)), 40))


def _shown(path: Path) -> str:
    return clean(str(path))


def _refuse(path: Path, trouble: str) -> NoReturn:
    raise UsageError(f"--rates {_shown(path)}: {trouble}")
