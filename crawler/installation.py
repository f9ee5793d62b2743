"""Find missing packages, and the command that installs them."""

from __future__ import annotations

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

__all__ = ["PACKAGES", "install_command", "missing_packages"]

PACKAGES = (
    "aiofiles",
    "aiohttp",
    "can_ada",
    "filelock",
    "jinja2",
    "markupsafe",
    "msgspec",
    "multidict",
    "opencc",
    "platformdirs",
    "rich",
    "selectolax",
    "tomlkit",
    "warcio",
    "yarl",
)
"""The packages that every search needs, by their import names; a test compares them with pyproject.toml."""

_CLONE = Path(__file__).parent.parent
"""The folder of a clone; for an installed wheel, the folder of all packages."""


def missing_packages() -> str | None:
    """Return a message that names the missing packages and the command to install them; None if none is missing.

    Nothing is imported.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if not missing:
        return None
    names = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
    return f"{_python()} lacks {names}; install the missing packages: {install_command()}"


def install_command(extra: str | None = None) -> str:
    """Return the command that installs this program's requirements, or in addition those of an extra.

    In a clone, the former is the README's command: it creates a virtual environment, which is then the one to use.
    """
    if not (_CLONE / "pyproject.toml").is_file():
        wanted = f"bookprice-crawler[{extra}]" if extra else "bookprice-crawler"
        return f"{_python()} -m pip install -U {shlex.quote(wanted)}"
    if extra:
        constraints, wanted = _CLONE / "constraints.txt", f"{_CLONE}[{extra}]"
        return f"{_python()} -m pip install -c {shlex.quote(str(constraints))} -e {shlex.quote(wanted)}"
    away = f"cd {shlex.quote(str(_CLONE))} && " if Path.cwd() != _CLONE else ""
    return f"{away}python3 -m venv .venv && .venv/bin/python -m pip install -c constraints.txt -e ."


def _python() -> str:
    return shlex.quote(sys.executable) if sys.executable else "python3"
