"""The end of the command's process: quick, and nothing is lost by that."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.__main__ import main

ROOT = Path(__file__).parents[2]

SCRIPT = """
import atexit, os, sys, threading

class Last:
    def __del__(self, write=os.write):
        write(1, b"torn down\\n")

def last_words():
    threading.main_thread().join()
    os.write(1, b"thread ended\\n")

sys.modules["last"] = Last()
atexit.register(print, "at exit")
{before}
from crawler.__main__ import run
run()
"""


def ended(
    *arguments: str, before: str = "", options: tuple[str, ...] = (), stdout: int = subprocess.PIPE
) -> tuple[int, list[str], str]:
    """Run the command in a process that says how it ends; return exit code, lines of stdout, and stderr."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, *options, "-c", SCRIPT.format(before=before), *arguments],
        stdout=stdout, stderr=subprocess.PIPE, text=True, encoding="utf-8", check=False,
        env=environment | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.returncode, (done.stdout or "").splitlines(), done.stderr


@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["--help"], 0), (["--no-such"], 2)])
def test_it_ends_as_python_would(arguments: list[str], code: int) -> None:
    """Exit code and output are complete, functions registered with atexit run; only the teardown is left out."""
    quick, out, err = ended(*arguments)
    usual, all_out, all_err = ended(*arguments, options=("-W", "default"))
    assert quick == usual == code
    assert (*out, "torn down") == tuple(all_out)
    assert out[-1] == "at exit"
    assert err == all_err


@pytest.mark.parametrize(
    "before",
    [
        "sys.settrace(lambda *_: None)",
        "sys.setprofile(lambda *_: None)",
        pytest.param(
            "sys.monitoring.use_tool_id(1, 'coverage')",
            marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="new in Python 3.12"),
        ),
    ],
)
def test_a_tool_that_is_attached_gets_its_usual_end(before: str) -> None:
    """Profilers and coverage tools write their results after the command has returned."""
    assert ended("--version", before=before)[1][-1] == "torn down"


def test_threads_end_first() -> None:
    _, out, _ = ended("--version", before="threading.Thread(target=last_words).start()")
    assert "thread ended" in out
    assert out[-1] == "torn down"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_output_that_cannot_be_written_is_still_an_error() -> None:
    """Python's exit code for that stays."""
    with open("/dev/full", "w") as full:  # noqa: PTH123 – a descriptor is all that is wanted
        quick = ended("--version", stdout=full.fileno())
        usual = ended("--version", stdout=full.fileno(), options=("-W", "default"))
    assert quick[0] == usual[0] == 120
    assert "No space left on device" in quick[2]


def test_a_caller_in_the_same_process_keeps_its_garbage_collection(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`main` returns its exit code and changes nothing; only `run` owns the process."""
    before = gc.get_threshold()
    assert main(["--version"]) == 0
    assert gc.get_threshold() == before
    assert capsys.readouterr().out
