"""Compare every contender on the same work, in turn, and write `RESULTS.md`; `--quick` only checks for regressions.

    python -m benchmarks [--rounds N] [--only NAME,…] [--output FOLDER]
    python -m benchmarks --quick [--cpu] [--store]

A full run takes about 20 minutes on two idle cores. `--only` measures the named sections and prints their results; it
writes files only if `--output` names a folder. `--quick` takes less than two minutes, needs no contenders, and exits
with 1 if a ratio grew by more than 15 % over the one in `baseline.json`; `--store` saves the new ratios there.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

FOLDER = Path(__file__).parent
LATENCY = 0.2
NOTES = (
    "Contenders take turns in each round (A B C A B C …), after one round that warms up; `benchmarks/contenders/` has "
    "their scripts. The shop is the demo shop, its pages saved beforehand. Each contender's records are compared with "
    "what the pages show, product by product and, where it reads prices, price by price."
)
SECTIONS = ("job", "cpu", "parse", "fetch", "replay", "loop", "startup", "memory", "scale", "bulk")


def run(names: tuple[str, ...], rounds: int, output: Path | None) -> bool:
    """Measure the sections and write or print the results; return True if every section was measured."""
    from benchmarks import jobs, parts, scale
    from benchmarks.bulk import bulk
    from benchmarks.measured_runs import Bench
    from benchmarks.peers import peers_python
    from benchmarks.results import Section, markdown
    from benchmarks.shop import make_shop, serving

    began = time.monotonic()
    peers = peers_python()
    searches = 100 if "scale" in names else 50
    with tempfile.TemporaryDirectory(prefix="bookprice-benchmarks-") as temporary:
        folders = [Path(temporary) / name for name in ("pages", "runs", "charts")]
        for folder in folders:
            folder.mkdir()
        print("saving pages of the demo shop", flush=True)
        shop = make_shop(folders[0], {jobs.QUERY: 20, jobs.LONG_QUERY: 100}, jobs.QUERIES, searches)
        with serving(shop, LATENCY) as server:
            bench = Bench(folders[1], shop, server, peers, rounds)
            measures = {
                **{name: getattr(jobs, name) for name in ("job", "cpu", "memory")},
                **{name: getattr(parts, name) for name in ("parse", "fetch", "replay", "loop", "startup")},
                "scale": partial(scale.scale, output=output or folders[2]),
                "bulk": bulk,
            }
            facts = machine(peers, server.kind, rounds)
            sections: list[Section] = []
            failed = []
            for name in names:
                started = time.monotonic()
                try:
                    sections.append(measures[name](bench))
                except (
                    AssertionError,
                    OSError,
                    RuntimeError,
                    ValueError,
                    subprocess.SubprocessError,
                ) as error:
                    failed.append(name)  # keep the other sections of a long run
                    sections.append(Section(f"{name}: not measured", f"```\n{error}\n```"))
                    print(error, file=sys.stderr)
                print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
                if output is not None:  # after each section, so that an interrupted run keeps its results
                    (output / "RESULTS.md").write_text(markdown(facts, NOTES, sections), encoding="utf-8")
    if output is None:
        print(markdown(facts, NOTES, sections))
    else:
        print(f"{output / 'RESULTS.md'}: {(time.monotonic() - began) / 60:.0f} minutes")
    return not failed


def machine(peers: str, server: str, rounds: int) -> list[tuple[str, str]]:
    """Return the conditions of the measurement, by name."""
    from benchmarks.peers import NAMED, versions

    own = ("bookprice-crawler", "aiohttp", "selectolax")
    words = {name: ", ".join(f"{k} {v}" for k, v in versions(*args).items()) for name, args in (
        ("ours", (sys.executable, own)), ("others", (peers, NAMED)))}  # fmt: skip
    return [
        ("Date", time.strftime("%Y-%m-%d", time.gmtime())),
        ("Processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("Load before", f"{os.getloadavg()[0]:.2f}"),
        ("System", f"{platform.system()} {platform.release()}"),
        ("Python", platform.python_version()),
        ("Shop served by", server),
        ("Ours", words["ours"]),
        ("Others", words["others"]),
        ("Rounds", str(rounds)),
    ]


def _processor() -> str:
    """Return the processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def _sections(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if name not in SECTIONS:
            raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(SECTIONS)}")
    return names


def _rounds(text: str) -> int:
    rounds = int(text)
    if rounds < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return rounds


def main() -> int:
    """Run the measurements that the options name, and return the exit code."""
    options = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=_rounds, default=7, help="at least 1 (default: 7)")
    options.add_argument("--only", type=_sections, metavar="NAME,…", help=f"of {', '.join(SECTIONS)}")
    options.add_argument("--output", type=Path, metavar="FOLDER", help="for RESULTS.md and charts/")
    options.add_argument("--quick", action="store_true", help="only check for regressions")
    options.add_argument("--cpu", action="store_true", help="with --quick: CPU time, no valgrind")
    options.add_argument("--store", action="store_true", help="with --quick: keep the ratios measured")
    wanted = options.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # without .pyc files, each process compiles every module
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends the servers and removes the pages
    if wanted.quick:
        from benchmarks.quick import quick

        return quick(store=wanted.store, cpu=wanted.cpu)
    output = wanted.output or (None if wanted.only else FOLDER)
    return 0 if run(wanted.only or SECTIONS, wanted.rounds, output) else 1


if __name__ == "__main__":
    sys.exit(main())
