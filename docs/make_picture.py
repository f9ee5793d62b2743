"""Make docs/report.png, the picture in the README, from what the command really prints.

    python docs/make_picture.py

Needs Chromium and a monospaced Chinese font (Debian: chromium, fonts-noto-cjk). Nothing is fetched.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

ROOT = Path(__file__).parents[1]
COMMAND = ("crawler", "滲透測試", "--pages", "20", "--demo", "--top", "10", "--format", "table")
COLUMNS = 104
FRAME = """<!DOCTYPE html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 22px 26px; background: {background}; color: {foreground}; }}
pre {{ margin: 0; font: 15px/22px "Noto Sans Mono CJK SC", monospace; }}
i {{ display: inline-block; width: .5em; transform: scaleX(.5); transform-origin: left; font-style: normal; }}
</style><pre>{code}</pre>"""


def main() -> None:
    """Run the command on the demo shop and photograph what it prints."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    printed = subprocess.run(
        [sys.executable, "-m", *COMMAND],
        stdout=subprocess.PIPE, check=True, cwd=ROOT, env=environment, encoding="utf-8",
    ).stdout  # fmt: skip
    prompt = f"[bold green]$[/] python -m {' '.join(COMMAND[:-2])}\n"
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(prompt)
    console.print(Text.from_ansi(printed))
    page = console.export_html(theme=DIMMED_MONOKAI, code_format=FRAME, inline_styles=True)
    # Terminals give these half the width that the font gives them.
    page = re.sub("[…─·—]", lambda match: f"<i>{match[0]}</i>", page)
    height = 22 * (printed.count("\n") + 2) + 44
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "report.html"
        source.write_text(page, encoding="utf-8")
        subprocess.run(
            [
                shutil.which("chromium") or "google-chrome", "--headless", "--no-sandbox", "--disable-gpu",
                "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--disable-quic", "--hide-scrollbars", f"--user-data-dir={folder}/profile",
                f"--window-size=880,{height}", f"--screenshot={ROOT / 'docs' / 'report.png'}", source.as_uri(),
            ],
            check=True, stderr=subprocess.DEVNULL,
        )  # fmt: skip


if __name__ == "__main__":
    main()
