"""The lines for cron and systemd from the documents, run in the same bare environment."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Ended
from tests.watching.scripted_shop import ScriptedShop, scripted_shop, shelf

WATCHING = (ROOT / "docs" / "watching.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
CRONTAB = re.findall(r"^[*/0-9]+ [*/0-9]+ \* \* \* (.+)$", WATCHING, re.MULTILINE)
ALERTS = r"""
[alerts]
file = "alerts.txt"
command = ["sh", "-c", 'printf "%s\n" "$BOOKPRICE_TITLE" > told; cat >> told']
"""
SERVICE, TIMER = re.findall(r"```ini\n(.*?)```", WATCHING, re.DOTALL)


@pytest.fixture
async def shop() -> AsyncIterator[ScriptedShop]:
    async with scripted_shop() as served:
        served.pages = [shelf({"11": "19.00"}), shelf({"12": "30.00"})]
        yield served


@pytest.fixture
def home(tmp_path: Path, shop: ScriptedShop) -> Path:
    """Return a home with the program in the documented place, and a configuration with a watch."""
    home = tmp_path / "home"
    program = home / "bookprice-crawler/.venv/bin/bookprice"
    program.parent.mkdir(parents=True)
    # What pip installs there is a script of these two lines; this one finds the checkout, too.
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from crawler.__main__ import main\nsys.exit(main())\n"
    )
    program.chmod(0o755)
    folder = home / ".config/bookprice-crawler"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(
        f'[crawler]\nbase_url = "{shop.base_url}"\n'
        '[[watch]]\nname = "三體便宜了"\nquery = "三體"\ntarget_price = 20\n',
        encoding="utf-8",
    )
    return home


async def ran(command: list[str], home: Path, **env: str) -> Ended:
    """Run a command as cron does: in the home, with five variables, the C locale and no terminal."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=home,
        env={"HOME": str(home), "LOGNAME": "reader", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin", **env},
        start_new_session=True,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return Ended(process.returncode, out, err.decode("utf-8"))


def test_the_readme_has_the_same_lines() -> None:
    assert len(CRONTAB) == 2
    assert all(line in README for line in CRONTAB)


async def test_the_crontab_lines(home: Path, shop: ScriptedShop) -> None:
    """Chinese is intact, no output means no problem, and the exit code shows problems."""
    watch, doctor = (["/bin/sh", "-c", line] for line in CRONTAB)
    first = await ran(watch, home)
    assert (first.code, first.err) == (0, "")
    assert "三體便宜了：達到目標：¥19.00" in first.text
    assert "三体 第11种讲法" in first.text
    second = await ran(watch, home)
    assert (second.code, second.out, second.err) == (0, b"", "")
    well = await ran(doctor, home)
    assert (well.code, well.out, well.err) == (0, b"", "")
    shop.failing = {2}
    forced = await ran(["/bin/sh", "-c", f"{CRONTAB[0]} --all"], home)
    assert (forced.code, forced.out) == (3, b"")
    assert forced.only_line.startswith("bookprice: ")
    assert "三體便宜了" in forced.only_line
    assert "405" in forced.only_line


async def test_the_timers_command(home: Path) -> None:
    """The command for systemd, with tokens from its file, also runs a command that gets intact Chinese."""
    (tokens_of,) = re.findall(r"^EnvironmentFile=-(.+)$", SERVICE, re.MULTILINE)
    (command,) = re.findall(r"^ExecStart=(.+)$", SERVICE, re.MULTILINE)
    assert tokens_of.startswith("%h/.config/bookprice-crawler/")
    config = home / ".config/bookprice-crawler/config.toml"
    with config.open("a", encoding="utf-8") as file:
        file.write(ALERTS)
    ended = await ran(command.replace("%h", str(home)).split(), home, INVOCATION_ID="1", NTFY_TOPIC="topic")
    assert (ended.code, ended.err) == (0, "")
    assert ended.text.startswith("三體便宜了：2 ")
    told = (home / "told").read_text("utf-8")
    assert "三体 第11种讲法" in told
    assert (
        told.splitlines()[0]
        == "【REPLICA 副本】三體便宜了：達到目標：¥19.00（目標 ¥20.00，便宜 5%） · 三体 第11种讲法"
    )
    assert "三体 第11种讲法" in (home / "alerts.txt").read_text("utf-8")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
async def test_systemd_understands_service_and_timer(tmp_path: Path) -> None:
    """`systemd-analyze` accepts the units, and the program that they name exists."""
    (tmp_path / "bookprice.service").write_text(re.sub(r"=%h/\S+/bookprice ", "=/bin/true ", SERVICE))
    (tmp_path / "bookprice.timer").write_text(TIMER)
    process = await asyncio.create_subprocess_exec(
        "systemd-analyze", "verify", str(tmp_path / "bookprice.service"), str(tmp_path / "bookprice.timer"),
        stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    _, err = await process.communicate()
    assert (process.returncode, err.decode()) == (0, "")
