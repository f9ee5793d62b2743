"""Make docs/report.svg, the picture in the README, from what the command really prints.

    python docs/make_picture.py

The output is drawn as text in an SVG, so the picture needs no browser and no fonts of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

ROOT = Path(__file__).parents[1]
COMMAND = ("crawler", "滲透測試", "--pages", "20", "--demo", "--top", "10", "--format", "table")
COLUMNS = 104

# As rich's own, without its web font: the picture must not fetch anything.
FRAME = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: "Noto Sans Mono CJK SC", "Sarasa Mono SC", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: arial, sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def main() -> None:
    """Run the command on the demo shop and draw what it prints."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    printed = subprocess.run(
        [sys.executable, "-m", *COMMAND],
        stdout=subprocess.PIPE, check=True, cwd=ROOT, env=environment, encoding="utf-8",
    ).stdout  # fmt: skip
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 – ends with us
    console.print(Text.from_ansi(printed))
    title = f"python -m {' '.join(COMMAND[:-2])}"
    picture = console.export_svg(title=title, theme=DIMMED_MONOKAI, code_format=FRAME, unique_id="report")
    (ROOT / "docs" / "report.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
