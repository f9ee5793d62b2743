"""Amounts of money in words, by the currency of the shop."""

from __future__ import annotations

from decimal import Decimal

__all__ = ["money", "sign_of"]

_SIGNS = {
    "CNY": "¥", "EUR": "€", "GBP": "£", "HKD": "HK$", "INR": "₹", "JPY": "JP¥", "KRW": "₩", "TWD": "NT$", "USD": "$",
}  # fmt: skip
"""What stands before an amount. Japan has the sign of China; here the shops of China are at home."""


def sign_of(currency: str) -> str:
    """Return what stands before an amount in a currency: «¥»; for one without a sign its code, «CHF »."""
    return _SIGNS.get(currency, f"{currency} ")


def money(amount: Decimal, currency: str) -> str:
    """Return an amount with its currency: «¥1,299.00»."""
    return f"{sign_of(currency)}{amount:,.2f}"
