"""Find regressions: ratios that grew by more than 15 % over those in `baseline.json`.

Each task runs beside a floor, and only their ratio is compared, so the machine hardly matters. With valgrind,
instructions are counted: load on the machine does not change them, so two counts run at once. Without valgrind, the CPU
time of processes is measured, in turn, and the lowest of five rounds counts.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.arithmetic import in_turns, regressions
from benchmarks.jobs import CONNECTIONS, FLOOR, INLINE, OURS, QUERY
from benchmarks.measured_runs import CONTENDERS, ROOT, Bench, Work
from benchmarks.shop import make_shop, serving

TOLERANCE = 0.15
ROUNDS = 5
"""Rounds for CPU time; instructions are counted once."""
REPEATS = 8
"""Factor for the number of fetches and parsed pages if time is measured: it keeps noise small beside their cost."""
VERSION = ".".join(platform.python_version_tuple()[:2])
BASELINE = Path(__file__).with_name("baseline.json")


@dataclass(frozen=True)
class Comparison:
    """A task and its floor: commands, each with a smaller command whose cost is subtracted."""

    name: str
    ours: tuple[str, ...]
    floor: tuple[str, ...]
    ours_less: tuple[str, ...] = ()
    floor_less: tuple[str, ...] = ()

    def ratio(self, costs: dict[tuple[str, ...], float]) -> float:
        """Return ours ÷ floor."""
        return (costs[self.ours] - costs.get(self.ours_less, 0)) / (
            costs[self.floor] - costs.get(self.floor_less, 0)
        )


def comparisons(bench: Bench, times: int) -> list[Comparison]:
    """Return the comparisons to make; fetches and parsed pages are repeated `times` as often as for counting."""
    python = sys.executable
    work = Work("quick", bench.server.fast, CONNECTIONS, ((QUERY, 10),))
    pages = bench.folder / "parsed"
    pages.mkdir()
    for page in range(1, 5):
        (pages / f"{page}.html").write_bytes(bench.shop.body(QUERY, page))
    fetch = (python, str(ROOT / "benchmarks" / "fetch.py"), "--one")
    port = str(urlsplit(bench.server.fast).port)
    parse = (python, str(CONTENDERS / "parse_pages.py"))
    few, many = ("--fetches", "20"), ("--fetches", str(20 + 400 * times))
    passes = str(1 + 5 * times)
    raw, raw_less = (*fetch, "aiohttp", port, *many), (*fetch, "aiohttp", port, *few)
    own_less = (*fetch, "downloader", port, *few)
    floor = tuple(FLOOR.command(bench, work, bench.folder / "floor.json"))
    return [
        Comparison("--help ÷ python -c pass", (python, "-m", "crawler", "--help"), (python, "-c", "pass")),
        Comparison(
            "parse one page ÷ decode and Lexbor",
            (*parse, "ours", str(pages), passes), (*parse, "floor", str(pages), passes),
            (*parse, "ours", str(pages), "1"), (*parse, "floor", str(pages), "1"),
        ),
        Comparison("a fetch ÷ raw aiohttp", (*fetch, "downloader", port, *many), raw, own_less, raw_less),
        # Its start costs as much as that of a fetch without records, so subtract the latter.
        Comparison("a fetch with WARC ÷ raw aiohttp", (*fetch, "warc", port, *many), raw, own_less, raw_less),
        Comparison("10 pages, command ÷ aiohttp, one wave",
                   tuple(OURS.command(bench, work, bench.folder / "command.json")), floor),
        Comparison("10 pages, library inline ÷ aiohttp, one wave",
                   tuple(INLINE.command(bench, work, bench.folder / "inline.json")), floor),
    ]  # fmt: skip


def _instructions(bench: Bench, valgrind: str, command: tuple[str, ...]) -> float:
    """Return the number of instructions that a command and its children execute."""
    counter = [valgrind, "--tool=cachegrind", "--cache-sim=no", "--trace-children=yes",
               "--cachegrind-out-file=/dev/null"]  # fmt: skip
    done = subprocess.run(
        [*counter, *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=bench.folder,
        env={**bench.environment, "PYTHONHASHSEED": "0"},
    )
    counts = re.findall(r"I +refs: +([\d,]+)", done.stderr)
    if done.returncode or not counts:
        raise RuntimeError(f"{' '.join(command)} failed under valgrind:\n{done.stderr[-4000:]}")
    return float(sum(int(count.replace(",", "")) for count in counts))


def _measure(bench: Bench, wanted: list[Comparison], valgrind: str | None) -> tuple[str, dict[str, float]]:
    """Return the unit of the costs (`instructions` or `cpu`), and the ratios."""
    commands = list(
        dict.fromkeys(
            command
            for one in wanted
            for command in (one.ours, one.floor, one.ours_less, one.floor_less)
            if command
        )
    )
    for command in commands:  # compile the modules and cache robots.txt
        bench.run(command)
    if valgrind is not None:
        with ThreadPoolExecutor(2) as threads:
            counts = threads.map(partial(_instructions, bench, valgrind), commands)
            costs = dict(zip(commands, counts, strict=True))
        return "instructions", {one.name: one.ratio(costs) for one in wanted}
    runs = in_turns({command: partial(bench.run, command) for command in commands}, ROUNDS)
    # Take the lowest of the rounds, because a disturbance can only add time.
    costs = {command: min(cost.cpu for cost in runs[command]) for command in commands}
    return "cpu", {one.name: one.ratio(costs) for one in wanted}


def quick(*, store: bool, cpu: bool) -> int:
    """Measure, compare and print; return the exit code. `cpu` measures CPU time even if valgrind is installed."""
    began = time.monotonic()
    valgrind = None if cpu else shutil.which("valgrind")
    print("measuring CPU time" if valgrind is None else "counting instructions with valgrind", flush=True)
    with tempfile.TemporaryDirectory(prefix="bookprice-benchmarks-") as temporary:
        folders = [Path(temporary) / name for name in ("pages", "runs")]
        for folder in folders:
            folder.mkdir()
        shop = make_shop(folders[0], {QUERY: 10}, (), 0)
        with serving(shop, 0.0) as server:
            bench = Bench(folders[1], shop, server, peers="", rounds=1)
            wanted = comparisons(bench, 1 if valgrind else REPEATS)
            how, now = _measure(bench, wanted, valgrind)
            if not store and valgrind is None and regressions(now, stored_ratios(how), TOLERANCE):
                # A busy machine makes a ratio larger, or a change did; only the change does so twice.
                again = _measure(bench, wanted, valgrind)[1]
                now = {name: min(ratio, again[name]) for name, ratio in now.items()}
    for line in lines(now, stored_ratios(how)):
        print(line)
    print(f"{time.monotonic() - began:.0f} s")
    return judge(how, now, store=store)


def _stored() -> dict[str, dict[str, dict[str, float]]]:
    """Return the stored ratios by Python version and unit."""
    kept: dict[str, dict[str, dict[str, float]]] = (
        json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    )
    return kept


def stored_ratios(how: str) -> dict[str, float]:
    """Return the stored ratios for this Python."""
    return _stored().get(VERSION, {}).get(how, {})


def judge(how: str, now: dict[str, float], *, store: bool) -> int:
    """Store the ratios, or compare them with the stored ones; return the exit code."""
    if store:
        kept = _stored()
        kept.setdefault(VERSION, {})[how] = {name: round(ratio, 3) for name, ratio in now.items()}
        text = json.dumps(kept, indent=2, sort_keys=True, ensure_ascii=False)
        BASELINE.write_text(text + "\n", encoding="utf-8")
        return 0
    stored = stored_ratios(how)
    if not stored:
        print(f"{BASELINE.name} has no ratios of {how} for Python {VERSION}; --store keeps these")
        return 0
    slower = regressions(now, stored, TOLERANCE)
    if slower:
        print(f"more than {TOLERANCE:.0%} slower than {BASELINE.name}: {'; '.join(slower)}")
    return 1 if slower else 0


def lines(now: dict[str, float], stored: dict[str, float]) -> Iterable[str]:
    """Yield a line for each ratio: its value, the stored value, and the change."""
    for name, ratio in now.items():
        before = stored.get(name)
        change = f"   stored {before:6.2f}   {ratio / before - 1:+.1%}" if before else ""
        yield f"{name:48} {ratio:6.2f}{change}"
