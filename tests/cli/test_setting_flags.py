"""Flags of settings: the metadata of the settings and the command lines agree."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler import Settings
from crawler.__main__ import main
from crawler.cli.app import build_parser
from crawler.settings import HistorySettings, ReportSettings, SettingFlag, options_of, setting_flags

TABLES = (Settings, ReportSettings, HistorySettings)


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Return each command's parser."""
    return {
        name: parser
        for action in build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
        for name, parser in action.choices.items()
    }


def actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the options of a command and of its parts."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for part in action.choices.values():
                yield from actions(part)
        else:
            yield action


@pytest.mark.parametrize("command", parsers())
def test_a_command_has_the_flags_of_its_settings_and_reads_no_others(command: str) -> None:
    """Flag and attribute are those that the settings name; no flag that sets a setting elsewhere is ignored here."""
    flags = setting_flags(command)
    found = {action.dest: set(action.option_strings) for action in actions(parsers()[command])}
    assert all(flag.name in found.get(dest, ()) for dest, flag in flags.items())
    assert found.keys() & set().union(*map(setting_flags, parsers())) == flags.keys()
    assert len({flag.key for flag in flags.values()}) == len(flags)


def test_the_commands_of_the_settings_exist() -> None:
    """A flag of a command that is misspelt would be nobody's."""
    named = {name for table in TABLES for option in options_of(table).values() for name in option.commands}
    assert named <= parsers().keys()


def test_every_flag_named_like_a_setting_sets_it() -> None:
    """No option of a search looks like a setting and is read by nobody."""
    names = {name for table in TABLES for name in options_of(table)}
    options = {action.dest for action in actions(parsers()["search"])}
    assert options & names <= setting_flags("search").keys()


@pytest.mark.parametrize("flag", setting_flags("search").values(), ids=lambda flag: flag.name)
def test_a_replay_refuses_the_flags_of_requests(
    flag: SettingFlag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It refuses a flag whose setting says so, by its name, before it looks for the file; the others it takes."""
    monkeypatch.chdir(tmp_path)
    table, _, name = flag.key.rpartition(".")
    settings = Settings()
    default = getattr(getattr(settings, table) if table else settings, name)
    takes_a_value = next(
        action.nargs != 0 for action in actions(parsers()["search"]) if flag.name in action.option_strings
    )
    value = "none" if default in (None, ()) else str(default)
    if flag.dest == "history_file":
        value = "h.sqlite3"
    assert main(["--replay", "missing.warc", flag.name, *[value] * takes_a_value]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"--replay makes no requests; omit {flag.name}") == (flag.option.replay == "refused")
    assert ("missing.warc" in line) == (flag.option.replay != "refused")
