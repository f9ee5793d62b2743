"""Pure parsers, one folder a shop: bytes in, values out.

No network, no files, no event loop, no settings. Worker processes import this package, so it pulls in the
standard library alone; selectolax comes with the parser that needs it, in the process that parses.
"""

from __future__ import annotations

from parsers.registry import SHOPS, parse_search_page_to_wire, register_shop
from parsers.shop import Shop

__all__ = ["SHOPS", "Shop", "parse_search_page_to_wire", "register_shop"]
