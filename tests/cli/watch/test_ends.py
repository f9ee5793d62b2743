"""However a watch ends, its delivery processes end with it, and the next watch sends the alert."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from crawler.cli.interrupts import SAME_KEYSTROKE_SECONDS
from tests.alerts.endpoints import Endpoint, endpoint
from tests.cli.conftest import Ended
from tests.processes import gone
from tests.watching.scripted_shop import ScriptedShop, scripted_shop, shelf

Start = Callable[..., Awaitable[asyncio.subprocess.Process]]
Ends = tuple[tuple[signal.Signals, ...], set[int]]
Run = Callable[..., Awaitable[Ended]]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")

WATCH = '[[watch]]\nquery = "三体"\ntarget_price = 20\n[alerts]\n'

HANGING = "trap '' TERM INT; sleep 1000 & echo $! $$ > pids.new; mv pids.new pids; wait; wait"
"""A command that ignores what it can, with a child."""

ENDS = pytest.mark.parametrize(
    "ends",
    [
        ((signal.SIGTERM,), {143}),
        ((signal.SIGINT,), {130}),
        # The second one may meet a Python that has ended its work, which then dies of it: 130 to a shell as well.
        ((signal.SIGINT,) * 2, {130, -2}),
        ((signal.SIGKILL,), {-9}),
    ],
)


@pytest.fixture
async def shop() -> AsyncIterator[ScriptedShop]:
    async with scripted_shop() as served:
        served.pages = [shelf({"11": "19.00"})]
        yield served


@pytest.fixture
async def service() -> AsyncIterator[Endpoint]:
    async with endpoint() as served:
        yield served


async def end(
    process: asyncio.subprocess.Process, signals: tuple[signal.Signals, ...]
) -> tuple[bytes, bytes]:
    for number in signals:
        if process.returncode is None:
            process.send_signal(number)
        if len(signals) > 1:
            # Not to outwait a race: two signals closer together than this count as one.
            await asyncio.sleep(SAME_KEYSTROKE_SECONDS * 1.1)
    return await asyncio.wait_for(process.communicate(), 3)


@ENDS
async def test_a_command_ends_with_its_watch(
    start: Start, run: Run, folder: Path, shop: ScriptedShop, ends: Ends
) -> None:
    """With its whole process group, within three seconds, whatever the signal."""
    (folder / "hang.sh").write_text(HANGING)
    (folder / "c.toml").write_text(f'{WATCH}command = ["sh", "hang.sh"]\n', encoding="utf-8")
    words = ("watch", "--config", "c.toml", "--base-url", shop.base_url)
    process = await start(*words)
    async with asyncio.timeout(30):
        while not (folder / "pids").exists():  # noqa: ASYNC110 – another process makes it
            await asyncio.sleep(0.02)
    pids = [int(word) for word in (folder / "pids").read_text().split()]
    _, err = await end(process, ends[0])
    assert process.returncode in ends[1]
    assert [await gone(pid, 3) for pid in pids] == [True, True]
    if ends[0] == (signal.SIGTERM,):
        assert b"1 alert not delivered to command sh, kept for the next watch: interrupted" in err
    (folder / "hang.sh").write_text("cat > told.txt")
    ended = await run(*words)
    assert (ended.code, "delivered to command sh: 1 alert\n" in ended.text) == (0, True), ended.err
    assert "第11种讲法" in (folder / "told.txt").read_text("utf-8")


@ENDS
async def test_the_process_of_apprise_ends_with_its_watch(
    start: Start,
    folder: Path,
    shop: ScriptedShop,
    service: Endpoint,
    ends: Ends,
) -> None:
    url = f"json://127.0.0.1:{service.port}/"
    (folder / "c.toml").write_text(f'{WATCH}urls = ["{url}"]\n', encoding="utf-8")
    service.silent = asyncio.Event()
    process = await start("watch", "--config", "c.toml", "--base-url", shop.base_url)
    await asyncio.wait_for(service.came.wait(), 30)
    (apprise,) = (
        child
        for child in psutil.Process(process.pid).children()
        if any("apprise_process.py" in word for word in child.cmdline())
    )
    await end(process, ends[0])
    assert process.returncode in ends[1]
    assert await gone(apprise.pid, 3)


async def test_what_a_command_leaves_running_stays(run: Run, folder: Path, shop: ScriptedShop) -> None:
    """The command has accepted the message; processes that it leaves running are its own business."""
    (folder / "c.toml").write_text(
        f'{WATCH}command = ["sh", "-c", "sleep 1000 & echo $! > pid"]\n', encoding="utf-8"
    )
    assert (await run("watch", "--config", "c.toml", "--base-url", shop.base_url)).code == 0
    left = psutil.Process(int((folder / "pid").read_text()))
    assert left.is_running()
    left.kill()
