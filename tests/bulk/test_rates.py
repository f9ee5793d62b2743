"""Files of exchange rates: CSV and JSON, exact numbers, and one line for what is wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from crawler.bulk.rates import MAX_BYTES, read_rates
from crawler.errors import UsageError

SAME = {
    "csv": "EUR,8.2\nUSD,7.1\n",
    "header": "currency,rate\nEUR,8.2\nUSD,7.1\n",
    "other columns": "date,rate,name,currency\n2026-11-29,8.2,Euro,EUR\n2026-11-29,7.1,Dollar,USD\n",
    "semicolons": "Currency; Rate\r\nEUR; 8.2\r\nUSD; 7.1\r\n",
    "tabs": "EUR\t8.2\nUSD\t7.1\n",
    "mark, comments and blank lines": "\ufeff# rates of today\n\nEUR,8.2\n\n#GBP,9\nUSD,7.1",
    "quotes": '"EUR","8.2"\n"USD","7.1"\n',
    "repeated": "EUR,8.2\nUSD,7.1\nEUR,8.20\n",
    "object": '{"EUR": 8.2, "USD": "7.1"}',
    "list": '[{"currency": "EUR", "rate": 8.2, "date": "2026"}, {"currency": "USD", "rate": 7.1}]',
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_forms_of_a_file(tmp_path: Path, text: str) -> None:
    """All forms give the same rates, exactly as written; without another base, they are in CNY."""
    path = tmp_path / "rates"
    path.write_text(text, encoding="utf-8")
    rates = read_rates(path)
    assert rates.values == {"EUR": Decimal("8.2"), "USD": Decimal("7.1")}
    assert (rates.currency, rates.factor("EUR"), rates.factor("CNY")) == ("CNY", Decimal("8.2"), Decimal(1))
    assert rates.factor("SEK") is None
    in_dollars = read_rates(path, "USD")
    assert in_dollars.factor("EUR") == Decimal("8.2") / Decimal("7.1")
    assert in_dollars.factor("CNY") is None


def test_the_base_of_the_file(tmp_path: Path) -> None:
    """The currency with the rate 1 is the one to compare in; any other with a rate can be named instead."""
    path = tmp_path / "rates.csv"
    path.write_text("EUR,1\nUSD,0.8\n")
    assert read_rates(path).currency == "EUR"
    assert read_rates(path, "USD").factor("EUR") == Decimal("1.25")
    with pytest.raises(UsageError, match=r"no rate for CNY.* rates are in EUR"):
        read_rates(path, "CNY")
    path.write_text("CNY,1\nXXX,1\n")
    assert read_rates(path).currency == "CNY"


REFUSED = {
    "": "no rates",
    "# nothing\n": "no rates",
    "EUR\n": "line 1: not a currency and a rate",
    "EUR,8.2\n\nUSD,seven\n": "line 3: the rate of USD is not a number above 0: 'seven'",
    "EUR;8,2\n": "line 1: the rate of EUR is not a number above 0: '8,2'",
    "EUR,0\n": "not a number above 0",
    "EUR,-1\n": "not a number above 0",
    "EUR,NaN\n": "not a number above 0",
    "EUR,1e400\n": "not a number above 0",
    "EUR,inf\n": "not a number above 0",
    "euro,8.2\n": "line 1: 'euro' is not a currency code",
    "EUR,8.2\nEUR,8.3\n": "line 2: a second rate of EUR: '8.3'",
    "EUR,8.2\n\x1b[31mUSD,7\n": "is not a currency code",
    '{"EUR": 8.2': "not valid JSON",
    '{"EUR": NaN}': "not valid JSON: NaN is not a number",
    '{"EUR": true}': "the rate of EUR is not a number above 0: 'True'",
    '{"EUR": 8.2, "EUR": 8.3}': "a second rate of EUR",
    '{"base": "EUR", "rates": {"USD": 1.1}}': "'base' is not a currency code",
    '[{"EUR": 8.2}]': "item 1: not an object with currency and rate",
    "[8.2]": "item 1: not an object with currency and rate",
    "[" * 100_000: "not valid JSON",
    "[]": "no rates",
    '"' + "x" * 200_000: "field larger than field limit",
    "x" * (MAX_BYTES + 1): "too large for a file of rates",
}


@pytest.mark.parametrize("text", REFUSED, ids=[f"{at}" for at in range(len(REFUSED))])
def test_a_wrong_file_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        read_rates(path)
    words = str(refused.value)
    assert words.startswith(f"--rates {path}: ")
    assert REFUSED[text] in words
    assert words.isprintable()
    assert len(words) < 400 + len(str(path))


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xe9uro,8.2\n")
    for name, words in (("missing", "No such file"), (".", "Is a directory"), ("latin", "not in UTF-8")):
        with pytest.raises(UsageError, match=words):
            read_rates(tmp_path / name)
