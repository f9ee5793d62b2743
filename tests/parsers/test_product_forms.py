"""The parser reads every form of product data in docs/product-pages.md as stated there."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from parsers.product import ProblemCode, ProductPage, parse_product_page
from parsers.product.amounts import read_amount
from parsers.product.currencies import currency_of
from tests.parsers.product_forms import FORMS, PRICES, Form, Price, form_rows, outcome, price_rows

DOCUMENT = Path(__file__).parents[2] / "docs" / "product-pages.md"


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_form_gives_what_the_table_says(form: Form) -> None:
    page = parse_product_page(form.markup.encode(), url="https://x.org/p")
    found = {field: outcome(page, field) for field in form.expected}
    for field in ("price", "list_price", "high_price"):
        if field in found and found[field] != "None":
            assert Decimal(found[field]) == Decimal(form.expected[field])
            found[field] = form.expected[field]
    assert found == form.expected
    assert ProductPage.from_wire(page.to_wire()) == page


@pytest.mark.parametrize(
    "price", PRICES, ids=lambda price: f"{price.written[:20]} {price.currency} {price.language}"
)
def test_a_price_is_read_as_the_table_says(price: Price) -> None:
    amount = read_amount(price.written, currency=price.currency or None, language=price.language)
    if amount.value is None:
        assert amount.fault is not None
        assert price.expected == f"absent: {amount.fault}"
        return
    currency = price.currency or currency_of(amount.sign, price.language) or ""
    assert (
        " ".join(filter(None, (str(amount.value), currency, "?" if amount.fault else ""))) == price.expected
    )


def test_the_document_shows_the_tables() -> None:
    """The tables of the document match the forms and prices, row by row."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for rows in (form_rows(), price_rows()):
        assert "\n".join(rows) in text


def test_an_absent_price_leaves_a_problem() -> None:
    """Every absent price leaves a problem."""
    for price in PRICES:
        if price.expected.startswith("absent"):
            markup = f'<meta property="og:price:amount" content="{price.written}">'
            page = parse_product_page(markup.encode())
            assert page.price is None
            codes = {problem.code for problem in page.problems}
            assert codes & {ProblemCode.UNREADABLE_PRICE, ProblemCode.PRICE_OUT_OF_RANGE}
