"""The documents agree with each other and with the program: links, options, exit codes, the command's name."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.cli.app import build_parser
from crawler.cli.exit_codes import ExitCode

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    *ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "benchmarks").glob("*.md")),
]  # fmt: skip
MANUALS = [path for path in DOCUMENTS if path.name != "CHANGELOG.md"]
FOREIGN = {
    "--user", "--now", "--app-name", "--rounds", "--check", "--seconds", "--rates", "--products", "--only", "--quick",
    "--cpu", "--store", "--record", "--fetches", "--scale", "--host", "--nworkers", "--nthreads",
}  # fmt: skip
"""Options of other programs that the documents name: systemctl, notify-send, dask, the benchmarks."""

in_each = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
in_each_manual = pytest.mark.parametrize("document", MANUALS, ids=lambda path: str(path.relative_to(ROOT)))


def prose(document: Path) -> str:
    """Return the text of a document without its code blocks."""
    return re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(document: Path) -> list[str]:
    """Return the targets of the links and pictures in a document."""
    text = prose(document)
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'<img src="([^"]+)"', text)


@in_each
def test_every_link_leads_somewhere(document: Path) -> None:
    """Files exist, and so do the headings of anchors; addresses on the web are not checked."""
    broken = []
    for link in links(document):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_the_readme_leads_to_every_document() -> None:
    """Nobody finds a page without a link to it."""
    for readme in (ROOT / "README.md", ROOT / "docs" / "README.zh-Hant.md"):
        found = {(readme.parent / link.partition("#")[0]).resolve() for link in links(readme)}
        assert {path.resolve() for path in DOCUMENTS} - found == {readme.resolve()}


@in_each_manual
def test_the_command_has_one_name(document: Path) -> None:
    """It is `bookprice`; each README says once that `python -m crawler` is the same."""
    times = 1 if document.name.startswith("README") and document.parent.name != "benchmarks" else 0
    if document.name == "architecture.md":
        times = 1  # where it says what __main__.py is
    assert document.read_text(encoding="utf-8").count("python -m crawler") == times


@in_each_manual
def test_every_option_exists(document: Path) -> None:
    known = {flag for parser in parsers(build_parser()) for flag in parser._option_string_actions}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", document.read_text(encoding="utf-8")))
    assert named - known - FOREIGN == set()


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield a parser and those of its commands."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from parsers(below)


def test_every_exit_code_is_explained() -> None:
    text = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (\d+) \|", text, re.MULTILINE) == [str(int(code)) for code in ExitCode]
