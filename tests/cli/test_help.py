"""The help: complete, correct and fast."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from crawler import Settings
from crawler.__main__ import main
from crawler.cli import search_options
from crawler.cli.app import COMMANDS, build_parser
from crawler.cli.exit_codes import MEANINGS, ExitCode
from crawler.report import FORMATS
from crawler.settings import setting_flags
from crawler.version import __version__

HEAVY = {"aiohttp", "asyncio", "rich", "msgspec", "multiprocessing", "opencc", "selectolax", "tomllib"}


def parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield each command's parser."""
    for action in build_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def options() -> dict[str, argparse.Action]:
    """Return the options of a search by their flag's attribute."""
    return {action.dest: action for action in dict(parsers())["search"]._actions}


@pytest.mark.parametrize("arguments", [["--help"], ["search", "--help"], ["-h"], ["--pages", "3", "--help"]])
def test_help_is_the_searchs_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Help asked for in any way shows every option of a search, the other commands and the exit codes."""
    assert main(arguments) == 0
    out = capsys.readouterr().out
    for action in options().values():
        assert all(flag in out for flag in action.option_strings)
    assert all(f"\n  {command} " in out for command in COMMANDS)
    assert all(re.search(rf"^  {code:d} +\S", out, re.MULTILINE) for code in ExitCode)


def test_help_shows_how_it_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    """Two commands to copy are at the top, and the help of --pages says why more of them help."""
    assert main(["--help"]) == 0
    head, _, _ = capsys.readouterr().out.partition("positional arguments")
    commands = [line for line in head.splitlines() if line.startswith("  ") and "滲" in line]
    assert [command.split("滲透測試")[1] for command in commands] == [" --pages 20", " --demo"]
    assert all(re.match("  (bookprice|python -m crawler) 滲", command) for command in commands)
    assert "better books may be on later pages" in (options()["pages"].help or "")


def test_every_command_and_option_has_help() -> None:
    """No command and no option is without help."""
    assert [name for name, _ in parsers()] == list(COMMANDS)
    for name, parser in parsers():
        assert parser.description, name
        for action in parser._actions:
            assert action.help, (name, action.dest)
            assert action.help is not argparse.SUPPRESS, (name, action.dest)


def test_every_exit_code_has_a_meaning() -> None:
    """The list of exit codes is complete."""
    assert set(MEANINGS) == set(ExitCode)


def test_defaults_in_the_help_are_the_settings_own() -> None:
    """The help must not load the settings, but its defaults equal theirs."""
    settings = Settings()
    for dest, flag in setting_flags("search").items():
        # Switches say what is done without them; where the history is depends on the system.
        if dest in {"obey_robots", "record_history", "history_file"}:
            continue
        help_text = options()[dest].help or ""
        shown = re.search(r"\(default: ([^)]*)\)", help_text)
        assert shown is not None, dest
        table, _, name = flag.key.rpartition(".")
        value = getattr(settings.report if table else settings, name)
        assert shown[1] == ("none" if value in (None, ()) else str(value)), dest


def test_formats_are_those_of_the_reports() -> None:
    """The formats in the help are those that can be written."""
    assert set(search_options.FORMATS) == set(FORMATS)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["demo", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    """Help is fast: it imports neither network, nor loop, nor colours, nor settings."""
    program = (
        "import sys; from crawler.__main__ import main; code = main(sys.argv[1:]); "
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout
    assert not HEAVY & set(done.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "commands"),
    [
        (["--help"], {"search"}),
        (["三体", "--help"], {"search"}),
        (["help", "watch"], {"watch"}),
        (["demo", "--help"], {"demo"}),
        (["history", "prune", "--help"], {"history"}),
        (["--version"], set()),
    ],
)
def test_a_command_loads_no_other(arguments: list[str], commands: set[str]) -> None:
    """The modules of other commands would delay each start."""
    program = (
        "import sys; from crawler.__main__ import main; code = main(sys.argv[1:]); "
        "print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.split())
    assert {name for name in COMMANDS if f"crawler.cli.{name}" in loaded} == commands
    if commands <= {"search"}:
        assert not loaded & {"dataclasses", "inspect", "logging", "pathlib"}  # slow to load


def test_the_main_module_loads_next_to_nothing() -> None:
    """A spawned process that imports the main module again does not load the command line."""
    program = "import sys; import crawler.__main__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    ours = {name for name in done.stdout.split() if name.partition(".")[0] in {"crawler", "parsers"}}
    assert ours == {"crawler", "crawler.__main__", "crawler.version"}


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version names the distribution and its version."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"bookprice-crawler {__version__}\n"


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize(
    "command",
    ["search", "watch", "alerts", "rank", "doctor", "demo", "history", "history prune", "history export"],
)
def test_help_fits_the_terminal(
    command: str, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line is wider than the terminal (a Chinese character takes two columns), and no word is lost."""
    monkeypatch.setenv("COLUMNS", "1000")
    assert main([*command.split(), "--help"]) == 0
    whole = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main([*command.split(), "--help"]) == 0
    narrow = capsys.readouterr().out
    assert [line for line in narrow.splitlines() if cell_len(line) > columns] == []
    after_usage = [text[text.index("\n\n") :].split() for text in (narrow, whole)]
    # argparse breaks a long word at its hyphens.
    assert "".join(after_usage[0]) == "".join(after_usage[1])


def test_lists_in_the_help_stay_lists(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even on a narrow terminal, an exit code begins its line, and its meaning is wrapped below its own first word."""
    monkeypatch.setenv("COLUMNS", "40")
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.partition("exit codes:\n")[2].splitlines()
    starts = [line for line in lines if not line.startswith(" " * 7)]
    assert [int(line.split()[0]) for line in starts] == [int(code) for code in ExitCode]
    assert len(lines) > len(starts)
