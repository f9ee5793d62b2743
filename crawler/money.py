"""Format amounts of money in the currency of the shop."""

from __future__ import annotations

from decimal import Decimal

__all__ = ["money", "sign_of"]

_SIGNS = {
    "CNY": "¥", "EUR": "€", "GBP": "£", "HKD": "HK$", "INR": "₹", "JPY": "JP¥", "KRW": "₩", "TWD": "NT$", "USD": "$",
}  # fmt: skip
"""Signs before an amount. Japan uses the same sign as China; here it stands for the yuan."""


def sign_of(currency: str) -> str:
    """Return the sign before an amount in a currency: «¥»; the code if it has no sign, «CHF »."""
    return _SIGNS.get(currency, f"{currency} ")


def money(amount: Decimal, currency: str) -> str:
    """Format an amount with its currency: «¥1,299.00»."""
    return f"{sign_of(currency)}{amount:,.2f}"
