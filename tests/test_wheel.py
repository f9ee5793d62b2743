"""The program installed from the wheel, without a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = (ROOT / "config.toml").read_bytes()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it, like an installer; return the folder."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", build, folder], cwd=ROOT, capture_output=True, text=True, check=True
    )
    with zipfile.ZipFile(folder / done.stdout.strip()) as wheel:
        wheel.extractall(folder / "installed")
    return folder / "installed"


def doctor(packages: Path, folder: Path) -> str:
    """Return the first line of `doctor` with these packages, in a folder without a configuration."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CRAWLER_")}
    environment |= {"PYTHONPATH": str(packages), "HOME": str(folder), "PYTHONIOENCODING": "utf-8"}
    for name in ("CONFIG", "DATA", "CACHE"):
        environment[f"XDG_{name}_HOME"] = str(folder / name.lower())
    done = subprocess.run(
        [sys.executable, "-m", "crawler", "doctor", "--demo"],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()[0]


def test_the_wheel_has_the_documented_settings(installed: Path, tmp_path: Path) -> None:
    """They are in the package, and `doctor` names the file."""
    example = installed / "crawler" / "config.toml"
    assert example.read_bytes() == EXAMPLE
    line = doctor(installed, tmp_path)
    assert line.startswith("ok     configuration: no file")
    assert f" {example} documents every setting; " in line
    assert line.endswith(f" {tmp_path}/config/bookprice-crawler/config.toml")


def test_a_checkout_has_them_beside_the_package(tmp_path: Path) -> None:
    """One file serves both; none is in the package's own folder there."""
    assert not (ROOT / "crawler" / "config.toml").exists()
    assert f" {ROOT / 'config.toml'} documents every setting; " in doctor(ROOT, tmp_path)


def test_the_wheel_has_every_file_of_the_packages(installed: Path) -> None:
    """Templates, style sheets and scripts, too."""
    files = {
        path.relative_to(ROOT)
        for package in ("crawler", "parsers")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert len(files) > 100
    assert {path for path in files if not (installed / path).is_file()} == set()
