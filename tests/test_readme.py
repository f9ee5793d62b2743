"""The README and docs show the real output of the commands, and the README's first commands set up everything."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from docs.make_examples import DOCUMENTS, ROOT, Example, examples

README = (ROOT / "README.md").read_text(encoding="utf-8")
IN_CHINESE = (ROOT / "docs" / "README.zh-Hant.md").read_text(encoding="utf-8")
EXAMPLES = [example for document in DOCUMENTS for example in examples(document)]


@pytest.fixture(scope="module")
def runs() -> Iterator[dict[Example, Future[str]]]:
    """Run all examples, one per CPU at a time."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        yield {example: threads.submit(example.run) for example in EXAMPLES}


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=[f"{example.document.name}:{example.line}" for example in EXAMPLES]
)
def test_an_example_is_what_its_commands_print(example: Example, runs: dict[Example, Future[str]]) -> None:
    """Exactly, except for time, duration and ports; docs/make_examples.py updates them."""
    assert runs[example].result() == example.text


def test_both_readmes_have_examples() -> None:
    """Command line, history, watch, bulk crawl and library, in each of them."""
    for document in ("README.md", "README.zh-Hant.md"):
        commands = " ".join(
            command
            for example in EXAMPLES
            if example.document.name == document
            for command in example.commands
        )
        for part in (
            "--pages 20 --demo", "bookprice history", "bookprice watch", "bookprice bulk --demo", "bookprice rank",
            "python example.py",
        ):  # fmt: skip
            assert part in commands


def test_every_file_of_an_example_is_used() -> None:
    """A file that no command names would be untested."""
    for example in EXAMPLES:
        commands = " ".join(
            command for other in EXAMPLES if other.document == example.document for command in other.commands
        )
        for name, _ in example.files:
            assert name in commands


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("$ echo 9.30\n9.50\n", "$ echo 9.30\n9.30\n"),
        ("$ echo 1; echo 2 >&2\n1\n", "$ echo 1; echo 2 >&2\n1\n2\n"),
        ("$ printf 'a  \\n\\n'\n", "$ printf 'a  \\n\\n'\na\n\n"),
        ("$ echo $HOME/a\n", "$ echo $HOME/a\n~/a\n"),
        ("$ cat note.txt\n$ rm note.txt\n", "$ cat note.txt\nnoted\n$ rm note.txt\n"),
        (
            "$ echo 'Time  2026-01-01 00:00:00 UTC, 1.0 s'\nTime  2026-11-28 17:26:08 UTC, 2.3 s\n",
            "$ echo 'Time  2026-01-01 00:00:00 UTC, 1.0 s'\nTime  2026-11-28 17:26:08 UTC, 2.3 s\n",
        ),
        ("$ echo 127.0.0.1:43210\n127.0.0.1:54321\n", "$ echo 127.0.0.1:43210\n127.0.0.1:54321\n"),
    ],
    ids=["changed", "stderr", "blank line", "home", "file", "clock", "port"],
)
def test_an_output_is_written_anew(written: str, shown: str) -> None:
    """A wrong output is replaced; one that differs only by the clock or a port stays."""
    assert Example(Path("a.md"), 1, written, (("note.txt", "noted\n"),)).run() == shown


def test_a_failing_command_is_no_example() -> None:
    with pytest.raises(RuntimeError, match="exit code 3"):
        Example(Path("a.md"), 1, "$ exit 3\n", ()).run()


def test_the_first_two_commands_set_up_everything() -> None:
    """The first searches the demo shop, the second is that of .ci/run; the Chinese README has the same."""
    commands = re.findall(r"^```sh\n(.*?)\n```$", README, re.MULTILINE | re.DOTALL)
    assert len(commands) == 2
    assert all(command.startswith("python3 -m venv .venv && ") for command in commands)
    assert re.search(r'-e \. && \.venv/bin/bookprice "滲透測試" .*--demo', commands[0])
    pattern = re.search(r"grep -m 1 -E '(.*)' README", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert pattern
    assert re.findall(f"{pattern[1]}.*", README, re.MULTILINE) == commands[1:]
    in_chinese = re.findall(r"^```sh\n(.*?)\n```$", IN_CHINESE, re.MULTILINE | re.DOTALL)
    assert in_chinese == [commands[0].removesuffix(" --lang en"), commands[1]]
