"""Run the examples in the README and in docs, and insert their output.

    .venv/bin/python docs/make_examples.py [--check]

In a ```console block, each line that begins with `$ ` is a command and the lines below it are its output. Each block
runs in an empty folder, in UTC, in the locale of the document's readers, with an empty home (shown as `~`) and the
interpreter that runs this script. Blocks whose first line is a comment with a file name, such as `# books.toml`, become
files in the folder.

With --check, nothing is written, and the exit code is 1 if an output differs, ignoring what differs from run to run:
its time and duration, and the ports of the demo's shops.
Needs the extra `dev`.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE_NAME = re.compile(r"# ([\w-]+\.\w+)\n")
_CHANCE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, \d+\.\d s|127\.0\.0\.1:\d{5}")


@dataclass(frozen=True)
class Example:
    """A console block: its position, its text, and the files for its commands."""

    document: Path
    line: int
    text: str
    files: tuple[tuple[str, str], ...]

    @property
    def commands(self) -> list[str]:
        """The commands, in order."""
        return [line.removeprefix("$ ") for line in self.text.splitlines() if line.startswith("$ ")]

    @property
    def locale(self) -> str:
        """The locale of a reader of the document, which decides the language of a command without a query."""
        return "zh_TW.UTF-8" if "zh-Hant" in self.document.name else "C.UTF-8"

    def run(self) -> str:
        """Run the commands and return the correct block; raise RuntimeError if a command fails."""
        with tempfile.TemporaryDirectory() as folder:
            home, work = Path(folder, "home"), Path(folder, "work")
            home.mkdir()
            work.mkdir()
            for name, content in self.files:
                (work / name).write_text(content, encoding="utf-8")
            shown = "".join(
                f"$ {command}\n{_output(command, home, work, self.locale)}" for command in self.commands
            )
        return self.text if without_chance(shown) == without_chance(self.text) else shown


def main() -> None:
    """Run all examples, and rewrite the documents or compare them."""
    parser = argparse.ArgumentParser(description="Run the examples of README and docs.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 if an output differs"
    )
    check = parser.parse_args().check
    differences: list[str] = []
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for document in DOCUMENTS:
            text = document.read_text(encoding="utf-8")
            found = list(examples(document))
            for example, shown in zip(found, threads.map(Example.run, found), strict=True):
                differences += difflib.unified_diff(
                    example.text.splitlines(), shown.splitlines(),
                    f"{document.name}:{example.line}", "as it runs", lineterm="",
                )  # fmt: skip
                text = text.replace(f"```console\n{example.text}```", f"```console\n{shown}```")
            if not check:
                document.write_text(text, encoding="utf-8")
    if check and differences:
        raise SystemExit("\n".join(differences))


def examples(document: Path) -> Iterator[Example]:
    """Yield the console blocks of a document."""
    text = document.read_text(encoding="utf-8")
    blocks = list(_BLOCK.finditer(text))
    files = tuple((name[1], block["text"]) for block in blocks if (name := _FILE_NAME.match(block["text"])))
    for block in blocks:
        if block["language"] == "console":
            yield Example(document, text.count("\n", 0, block.start()) + 1, block["text"], files)


def without_chance(text: str) -> str:
    """Replace the parts that differ from run to run: its time and duration, and the ports of the demo's shops."""
    return _CHANCE.sub("CHANCE", text)


def _output(command: str, home: Path, work: Path, locale: str) -> str:
    """Return the output of a command on stdout and stderr, without trailing blanks."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),  # this checkout, whichever is installed
        "LANG": locale,
        "TZ": "UTC",
    }
    ended = subprocess.run(
        ["/bin/sh", "-c", command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        cwd=work, env=environment, encoding="utf-8", check=False,
    )  # fmt: skip
    if ended.returncode:
        raise RuntimeError(f"{command}: exit code {ended.returncode}\n{ended.stdout}")
    return re.sub(r"[ \t]+$", "", ended.stdout.replace(str(home), "~"), flags=re.MULTILINE)


if __name__ == "__main__":
    main()
