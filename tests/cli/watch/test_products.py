"""The products that cause an alert, and those that do not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.cli.watch.conftest import configured, told
from tests.watching.scripted_shop import PREFIX, ScriptedShop, shelf

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run


async def test_named_products_are_picked_out(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """Sold out or not, in the report or not; a number that is not found is reported."""
    shop.pages = [shelf({"11": "30.00", "12": "30.00"}, sold_out=["11"])]
    text = f'[[watch]]\nquery = "三体"\nback_in_stock = true\nproducts = ["{PREFIX}11", "{PREFIX}19"]\n'
    words = (*configured(folder, text), "--base-url", shop.base_url, "--all")
    first = await run(*words)
    assert f"product {PREFIX}19 was not found" in first.text
    shop.pages = [shelf({"11": "30.00", "12": "30.00"})]
    second = await run(*words)
    assert "back in stock: ¥30.00 · 三体 第11种讲法" in second.text


async def test_an_accessory_is_no_book_at_its_target(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """A bookmark for 3 yuan causes no alert, unless its number is named."""
    mark = replace(shelf({"12": "3.00"})[0], title="三体主题书签 黄铜镂空")
    shop.pages = [[*shelf({"11": "19.00"}), mark]]
    words = (
        *configured(folder, '[[watch]]\nquery = "三体"\ntarget_price = 20\n'),
        "--base-url",
        shop.base_url,
    )
    ended = await run(*words)
    assert [line.partition(" · ")[2] for line in told(ended.text)[1:]] == ["三体 第11种讲法"]
    named = configured(folder, f'[[watch]]\nquery = "三体"\ntarget_price = 20\nproducts = ["{PREFIX}12"]\n')
    assert "书签" in (await run(*named, "--base-url", shop.base_url)).text


async def test_a_used_copy_is_no_book_at_its_target(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """A target price means a new book; a watch can select used copies, only or as well."""
    used = replace(shelf({"12": "3.00"})[0], title="【二手】三体 第12种讲法")
    shop.pages = [[*shelf({"11": "19.00"}), used]]
    for condition, found in (
        ("", ["三体 第11种讲法"]),
        ('condition = "new"\n', ["三体 第11种讲法"]),
        ('condition = "used"\n', ["【二手】三体 第12种讲法"]),
        ('condition = "any"\n', ["【二手】三体 第12种讲法", "三体 第11种讲法"]),
    ):
        name = f"watch{len(condition)}{condition[-4:-2]}"
        text = f'[[watch]]\nname = "{name}"\nquery = "三体"\ntarget_price = 20\n{condition}'
        ended = await run(*configured(folder, text), "--base-url", shop.base_url)
        titles = [
            title for title in ("【二手】三体 第12种讲法", "三体 第11种讲法") if f" · {title}" in ended.text
        ]
        assert titles == found, condition


async def test_a_book_from_the_price_order_is_not_new(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """New books are those on the requested pages: for those of the price check, only the price counts."""
    shop.pages = [shelf({"11": "30.00"})]
    text = '[[watch]]\nquery = "三体"\nnew_books = true\ntarget_price = 20\nprice_check = 1\npages = 1\n'
    words = (*configured(folder, text), "--base-url", shop.base_url, "--all")
    assert "0 alerts" in (await run(*words)).text
    shop.price_pages = [shelf({"12": "19.00", "11": "30.00"})]
    second = await run(*words)
    assert "1 alert" in second.text
    assert "target reached: ¥19.00" in second.text
    shop.pages = [shelf({"11": "30.00", "13": "30.00"})]
    assert "new on these pages" in (await run(*words)).text
