"""Read the product page of any shop: `parse_product_page` reads JSON-LD, microdata, RDFa and OpenGraph.

The parser imports selectolax, so import it only when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parsers.product.model import (
        Availability,
        Condition,
        Offer,
        Problem,
        ProblemCode,
        ProductPage,
        Source,
    )
    from parsers.product.page import parse_product_page

__all__ = [
    "Availability",
    "Condition",
    "Offer",
    "Problem",
    "ProblemCode",
    "ProductPage",
    "Source",
    "parse_product_page",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        home = "page" if name == "parse_product_page" else "model"
        return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
