"""Manage the contenders' virtual environment, which has the versions in `peers.txt`."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import venv
from pathlib import Path

FOLDER = Path(__file__).parent
ENVIRONMENT = FOLDER / ".venv-peers"
PACKAGES = ("beautifulsoup4", "crawlee[parsel]", "gevent", "lxml", "parsel", "requests", "scrapy")
NAMED = (
    "Scrapy", "Twisted", "crawlee", "impit", "parsel", "lxml", "beautifulsoup4", "gevent", "requests", "urllib3",
)  # fmt: skip
"""Packages whose versions the results name."""


def peers_python() -> str:
    """Return the interpreter of the contenders' environment; create it if it is absent or its versions changed."""
    constraints = FOLDER / "peers.txt"
    stamp = ENVIRONMENT / "made-of"
    made_of = hashlib.sha256(constraints.read_bytes() + sys.version.encode()).hexdigest()
    python = ENVIRONMENT / "bin" / "python"
    if not stamp.is_file() or stamp.read_text() != made_of:
        print(f"installing the contenders into {ENVIRONMENT.relative_to(FOLDER.parent)}", flush=True)
        venv.EnvBuilder(clear=True, with_pip=True).create(ENVIRONMENT)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", str(constraints)]
        subprocess.run([str(python), *install, *PACKAGES], check=True)
        stamp.write_text(made_of)
    return str(python)


def versions(python: str, names: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of packages in an interpreter's environment."""
    script = (
        "import json, sys; from importlib.metadata import version; "
        "print(json.dumps({name: version(name) for name in sys.argv[1:]}))"
    )
    done = subprocess.run([python, "-c", script, *names], stdout=subprocess.PIPE, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found
