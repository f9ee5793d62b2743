"""What the README says is what happens."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.configuration import load

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
CONSOLE = re.findall(
    r"```console\n\$ python -m crawler ([^\n|]*)(?:\| head -n (\d+))?\n(.*?)```", README, re.DOTALL
)
"""Commands, how many lines of each are shown, and these."""


async def run(*arguments: str, cwd: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    environment["XDG_CACHE_HOME"] = str(cwd / "cache")  # not the reader's own
    for name in [name for name in environment if name.startswith("CRAWLER_") or name == "COLUMNS"]:
        del environment[name]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, env=environment
    )
    out, err = await process.communicate()
    assert (process.returncode, err.decode()) == (0, "")
    return out.decode()


def without_time(text: str) -> list[str]:
    """Return the lines of a table, less its time; trailing blanks do not show."""
    return [line.rstrip() for line in text.strip().splitlines() if not line.startswith("Time ")]


@pytest.mark.parametrize(("command", "lines", "output"), CONSOLE, ids=["table", "filters"])
async def test_the_console_is_what_the_command_prints(
    command: str, lines: str, output: str, tmp_path: Path
) -> None:
    """What the README shows of a command comes from it, to the letter but for the time."""
    printed = await run("-m", "crawler", *shlex.split(command), cwd=tmp_path)
    shown = without_time(printed)[: int(lines) if lines else None]
    assert shown == without_time(output)


@pytest.mark.parametrize("example", EXAMPLES, ids=["crawl", "events"])
async def test_the_examples_run(example: str, tmp_path: Path) -> None:
    """Each Python example runs as it stands, on the demo shop."""
    (tmp_path / "example.py").write_text(example, encoding="utf-8")
    printed = await run("example.py", cwd=tmp_path)
    assert "True" in printed


async def test_the_watch_is_what_it_prints(tmp_path: Path) -> None:
    """The configuration as it stands, on the demo shop; its commented lines, uncommented, say where alerts go."""
    (config,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    ((command, shown),) = re.findall(r"```console\n\$ bookprice (watch [^\n]*)\n(.*?)```", README, re.DOTALL)
    (tmp_path / "books.toml").write_text(config, encoding="utf-8")
    printed = await run("-m", "crawler", *command.split(), "--history-file", "prices.sqlite3", cwd=tmp_path)
    assert printed == shown
    (tmp_path / "alerts.toml").write_text(re.sub(r"^# ", "", config, flags=re.MULTILINE), encoding="utf-8")
    assert load({}, config=str(tmp_path / "alerts.toml"), environ={}).alerts.urls == (
        "ntfys://${NTFY_TOPIC}",
    )


async def test_the_history_is_that_of_the_demos_year(tmp_path: Path) -> None:
    ((command, shown),) = re.findall(
        r"```console\n\$ bookprice (history [^\n]*)\n(.*?)```", README, re.DOTALL
    )
    file = ("--history-file", "prices.sqlite3")
    await run("-m", "crawler", "demo", "--history", *file, cwd=tmp_path)
    printed = await run("-m", "crawler", *shlex.split(command), *file, cwd=tmp_path)
    assert without_time(printed) == without_time(shown)


async def test_the_first_examples_output_is_real(tmp_path: Path) -> None:
    """What the README shows under the first example is what it prints."""
    shown = re.findall(r"```console\n\$ python example\.py\n(.*?)```", README, re.DOTALL)
    (tmp_path / "example.py").write_text(EXAMPLES[0], encoding="utf-8")
    assert [await run("example.py", cwd=tmp_path)] == shown
