"""Messages if the program cannot run: a package is missing, or Python is too old."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import crawler.installation
from crawler.__main__ import OLDEST, main
from crawler.installation import PACKAGES, install_command, missing_packages

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
FROM_CLONE = "python3 -m venv .venv && .venv/bin/python -m pip install -c constraints.txt -e ."


def test_the_packages_are_those_of_the_project() -> None:
    """Each import name is that of its distribution."""
    assert sorted(re.split("[<>=]", name)[0] for name in PROJECT["dependencies"]) == sorted(PACKAGES)
    assert missing_packages() is None


RUN = "import sys; sys.path.insert(0, '.'); from crawler.__main__ import main; sys.exit(main(sys.argv[1:]))"


def bare(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command of this clone with a Python that has only the standard library."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", RUN, *arguments],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip


def test_without_its_packages_it_names_the_way() -> None:
    """One line has the README's command, and does not report a bug; no file is created."""
    ended = bare("書", "--demo", "-o", "nowhere/a.md")
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    assert " lacks aiofiles, aiohttp, can_ada and 12 more; install the missing packages: " in line
    assert line.endswith(FROM_CLONE)
    assert FROM_CLONE.removesuffix(" -e .") in (ROOT / "README.md").read_text("utf-8").replace(" -q", "")


@pytest.mark.parametrize(
    "arguments", [["watch"], ["history"], ["history", "export"], ["doctor"], ["demo"], ["書"]]
)
def test_every_command_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str]
) -> None:
    monkeypatch.setattr(crawler.installation, "PACKAGES", ("asyncio", "no_such_package"))
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"lacks no_such_package; install the missing packages: cd {ROOT} && {FROM_CLONE}" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--help"], ["-V"], ["help", "watch"]])
def test_help_and_version_need_no_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.setattr(crawler.installation, "PACKAGES", ("no_such_package",))
    assert main(arguments) == 0
    assert capsys.readouterr().err == ""


def test_a_package_that_is_broken_is_no_defect_of_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Only its name exists; a missing module of our own is a bug."""
    monkeypatch.chdir(tmp_path)
    for module, code, words in (
        ("msgspec", 1, "a package is broken: "),
        ("crawler.configuration", 70, "internal error: "),
    ):
        with monkeypatch.context() as patch:
            for name in [*sys.modules]:
                if name == "msgspec" or name.startswith(("crawler.configuration", "crawler.settings")):
                    patch.delitem(sys.modules, name)
            patch.setitem(sys.modules, module, None)
            patch.setattr(crawler.installation, "PACKAGES", ())
            assert main(["書", "--demo"]) == code
        (line,) = capsys.readouterr().err.splitlines()
        assert words in line


def test_a_wheel_has_no_clone_to_install_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(crawler.installation, "_CLONE", tmp_path)
    monkeypatch.setattr(sys, "executable", "/a b/python")
    assert install_command() == "'/a b/python' -m pip install -U bookprice-crawler"
    assert install_command("xlsx") == "'/a b/python' -m pip install -U 'bookprice-crawler[xlsx]'"


def test_an_old_python_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Python 3.8 can parse the files needed for that."""
    assert PROJECT["requires-python"].startswith(">={}.{},".format(*OLDEST))
    monkeypatch.setattr(sys, "version_info", (3, 10, 12, "final", 0))
    assert main(["--help"]) == 1
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == ""
    assert line.startswith("bookprice: Python 3.11 or newer is needed, and ")
    assert line.endswith(" is 3.10: run it with a newer one")
    for name in ("__init__.py", "__main__.py"):
        ast.parse((ROOT / "crawler" / name).read_text("utf-8"), feature_version=(3, 8))
