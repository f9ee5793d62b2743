"""Alerts that `watch` could not deliver: none is lost, and none is sent twice."""

from __future__ import annotations

import asyncio
import shlex
import sys
from typing import TYPE_CHECKING

from tests.cli.watch.conftest import configured
from tests.watching.scripted_shop import ScriptedShop, shelf

if TYPE_CHECKING:
    from pathlib import Path

    from tests.alerts.endpoints import Endpoint
    from tests.cli.conftest import Run, Start


async def test_alerts_without_a_place_to_go_are_on_stdout_even_when_quiet(
    run: Run, folder: Path, shop: ScriptedShop
) -> None:
    shop.pages = [shelf({"11": "19.00"})]
    words = configured(folder, '[[watch]]\nquery = "三体"\ntarget_price = 20\n')
    ended = await run(*words, "--base-url", shop.base_url, "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert "target reached: ¥19.00 (target ¥20.00, 5% less) · 三体 第11种讲法" in ended.text
    assert ended.text.count("REPLICA") == 3  # in the title, in a line of its own, and beside the alert


async def test_a_delivery_that_was_killed_is_made_again(
    run: Run, start: Start, folder: Path, shop: ScriptedShop, service: Endpoint
) -> None:
    """Killed before the server had responded: the alert is recorded, and the next watch delivers it."""
    shop.pages = [shelf({"11": "19.00"})]
    text = f'[[watch]]\nquery = "三体"\ntarget_price = 20\n[alerts]\nurls = ["json://127.0.0.1:{service.port}/"]\n'
    words = (*configured(folder, text), "--base-url", shop.base_url)
    service.silent = asyncio.Event()
    process = await start(*words)
    await asyncio.wait_for(service.came.wait(), 30)
    process.kill()
    await process.communicate()
    service.silent.set()
    service.requests.clear()
    ended = await run(*words)
    assert "delivered to urls[1] (json): 1 alert\n" in ended.text
    assert len(service.requests) == 1
    assert "delivered" not in (await run(*words, "--all")).text


async def test_alerts_that_stdout_does_not_take_are_kept(
    run: Run, folder: Path, shop: ScriptedShop, environ: dict[str, str]
) -> None:
    """A full disk, or a reader that has gone: all watches run, and the alerts are sent next time."""
    shop.pages = [shelf({"11": "19.00"})]
    text = '[[watch]]\nname = "a"\nquery = "三体"\ntarget_price = 20\n[[watch]]\nname = "b"\nquery = "三体"\n'
    words = (*configured(folder, text), "--base-url", shop.base_url)
    command = shlex.join([sys.executable, "-m", "crawler", *words, "--all"])
    ends = (
        (f"{command} > /dev/full", b"No space left on device"),
        (f"{command} --quiet | true; exit ${{PIPESTATUS[0]}}", b"nothing is reading it"),
    )
    for number, (shell, why) in enumerate(ends, 1):
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", shell, stderr=asyncio.subprocess.PIPE, cwd=folder, env=environ
        )
        _, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 1, err
        assert b"1 alert not delivered to stdout, kept for the next watch" in err
        assert why in err.splitlines()[-1]
        assert (b"nothing is reading it" in err) is (number == 2)
        assert shop.asked.count(1) == 2 * number
    assert "target reached: ¥19.00" in (await run(*words, "--quiet")).text
    assert (await run(*words, "--quiet", "--all")).out == b""


async def test_a_file_that_cannot_be_written_yet_gets_its_alerts_later(
    run: Run, folder: Path, shop: ScriptedShop
) -> None:
    shop.pages = [shelf({"11": "19.00"})]
    text = '[[watch]]\nquery = "三体"\ntarget_price = 20\n[alerts]\nfile = "usb/alerts.txt"\n'
    words = (*configured(folder, text), "--base-url", shop.base_url)
    first = await run(*words)
    assert first.code == 1
    assert f"there is no folder {folder / 'usb'}" in first.err
    assert "1 alert not delivered to file usb/alerts.txt, kept for the next watch" in first.err
    (folder / "usb").mkdir()
    assert (await run(*words)).code == 0
    assert "三体 第11种讲法" in (folder / "usb/alerts.txt").read_text("utf-8")
