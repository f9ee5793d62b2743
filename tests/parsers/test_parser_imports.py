from __future__ import annotations

import json
import pkgutil
import subprocess
import sys

import pytest

import parsers

BASE = {"parsers", "parsers.dangdang", "parsers.dangdang.shop", "parsers.registry", "parsers.shop"}
"""What the package itself brings: the shops by name."""

OURS: dict[str, set[str]] = {
    "parsers": set(),
    "parsers.shop": set(),
    "parsers.registry": set(),
    "parsers.model": {"parsers.model"},
    "parsers.text": {"parsers.text"},
    "parsers.bundles": {"parsers.bundles"},
    "parsers.condition": {"parsers.condition", "parsers.text"},
    "parsers.volumes": {"parsers.model", "parsers.text", "parsers.volumes"},
    "parsers.titles": {
        "parsers.bundles",
        "parsers.condition",
        "parsers.model",
        "parsers.text",
        "parsers.titles",
        "parsers.volumes",
    },
    "parsers.name_words": {"parsers.name_words"},
    "parsers.plain_names": {"parsers.name_words", "parsers.plain_names"},
    "parsers.names": {
        "parsers.model",
        "parsers.name_words",
        "parsers.names",
        "parsers.plain_names",
        "parsers.text",
    },
    "parsers.dangdang": set(),
    "parsers.dangdang.shop": set(),
    "parsers.dangdang.urls": {"parsers.dangdang.urls"},
    "parsers.dangdang.signs": {"parsers.dangdang.signs", "parsers.model", "parsers.text"},
    "parsers.dangdang.page_metadata": {"parsers.dangdang.page_metadata", "parsers.text"},
    "parsers.dangdang.search_page": {
        "parsers.bundles",
        "parsers.condition",
        "parsers.dangdang.author_block",
        "parsers.dangdang.item",
        "parsers.dangdang.item_pattern",
        "parsers.dangdang.page_metadata",
        "parsers.dangdang.plain_item",
        "parsers.dangdang.result_list",
        "parsers.dangdang.search_page",
        "parsers.dangdang.signs",
        "parsers.dangdang.urls",
        "parsers.model",
        "parsers.name_words",
        "parsers.names",
        "parsers.plain_names",
        "parsers.text",
        "parsers.titles",
        "parsers.volumes",
        "selectolax",
    },
    "parsers.charsets": {"parsers", "parsers.charsets", "parsers.text"},
    "parsers.product": {"parsers", "parsers.product"},
    "parsers.product.model": {"parsers", "parsers.product", "parsers.product.model"},
    "parsers.product.page": {
        "parsers",
        "parsers.charsets",
        "parsers.product",
        "parsers.product.amounts",
        "parsers.product.candidate",
        "parsers.product.currencies",
        "parsers.product.identifiers",
        "parsers.product.json_ld",
        "parsers.product.metadata",
        "parsers.product.microdata",
        "parsers.product.model",
        "parsers.product.nodes",
        "parsers.product.offers",
        "parsers.product.page",
        "parsers.product.scan",
        "parsers.product.vocabulary",
        "parsers.text",
        "selectolax",
    },
}
"""What each module brings with it, besides `BASE` and the standard library."""

HEAVY = {"asyncio", "aiohttp", "msgspec", "crawler", "multiprocessing", "ssl", "socket", "urllib.request"}


def loaded_by(module: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after importing `module`."""
    code = (
        f"import json, sys; before = set(sys.modules); import {module}; "
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("module", OURS)
def test_what_a_parser_module_pulls_in(module: str) -> None:
    """A worker process imports the parsers: each loads what it needs, and neither a loop nor a network."""
    loaded = loaded_by(module)
    assert not {name for name in loaded if name in HEAVY or name.partition(".")[0] in HEAVY}
    foreign = {name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names}
    compiled = {name for name in foreign if name.startswith(("selectolax.", "_cython", "cython_runtime"))}
    assert foreign - compiled == BASE | OURS[module]


def test_every_parser_module_is_pinned() -> None:
    """No module of the parsers is missing: each is pinned itself, or loaded by a pinned one."""
    there = {"parsers", *(module.name for module in pkgutil.walk_packages(parsers.__path__, "parsers."))}
    assert there == BASE.union(*OURS.values()) - {"selectolax"}
