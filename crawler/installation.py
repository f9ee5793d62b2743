"""How this program is installed, and the command that installs what is missing of it."""

from __future__ import annotations

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

__all__ = ["PACKAGES", "install_command", "missing_packages"]

PACKAGES = (
    "aiofiles",
    "aiohttp",
    "filelock",
    "jinja2",
    "markupsafe",
    "msgspec",
    "opencc",
    "platformdirs",
    "rich",
    "selectolax",
    "warcio",
    "yarl",
)
"""The packages that no search goes without, by what they are called in an import; a test compares them with
pyproject.toml."""

_CLONE = Path(__file__).parent.parent
"""The folder of a clone; in an installation from a wheel, that of all packages."""


def missing_packages() -> str | None:
    """Return a message with the packages that are not installed and the command that installs them; None without any.

    Nothing is imported.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if not missing:
        return None
    names = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
    return f"{_python()} lacks {names}; install the missing packages: {install_command()}"


def install_command(extra: str | None = None) -> str:
    """Return the command that installs what this program needs, or the packages of an extra beside it.

    In a clone the first is the README's: it makes an environment of its own, which is then the one to use.
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
