"""The options that the subcommands of `bookprice history` share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.cli import console

if TYPE_CHECKING:
    from crawler.settings import Settings

__all__ = [
    "SETTING_OF_FLAG",
    "add_common_options",
    "add_source_options",
    "called",
    "chosen_source",
    "history_path",
    "loaded_settings",
    "program_of",
]

SETTING_OF_FLAG = {
    "top": "report.top",
    "lang": "report.lang",
    "keep": "keep",
    "base_url": "base_url",
    "history_file": "history.path",
}
"""The configuration key that each flag overrides."""


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every subcommand has."""
    parser.add_argument(
        "--history-file", metavar="FILE", help="history file (default: key path in table [history])"
    )
    parser.add_argument("--config", metavar="FILE", help="read the settings from FILE")
    parser.add_argument("--verbose", action="store_true", help="show where an internal error happened")


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that select a price source; without any, it is the live shop, or `base_url` if that is set."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--demo", action="store_true", help="use prices of the demo shop instead of the live shop"
    )
    source.add_argument(
        "--base-url",
        metavar="URL",
        help="use prices of the replica at this address (default: as configured, else the live shop)",
    )
    source.add_argument(
        "--source", metavar="NAME", help="use prices of this source, named as in CSV and JSON"
    )


def loaded_settings(args: argparse.Namespace) -> Settings:
    """Return the settings, overridden by the flags; print warnings to stderr. Raises SettingsError."""
    from crawler.configuration import load

    flags = {key: getattr(args, flag, None) for flag, key in SETTING_OF_FLAG.items()}
    loaded = load(flags, config=args.config, environ=os.environ)
    query = getattr(args, "surely_query", None) or getattr(args, "query", None) or ""
    console.speak(loaded.settings.report.lang, query)
    for note in loaded.notes:
        console.error(note)
    return loaded.settings


def history_path(settings: Settings) -> Path:
    """Return the history file."""
    from crawler.history.recording import history_file

    return history_file(settings.history.path)


def chosen_source(args: argparse.Namespace, settings: Settings) -> str:
    """Return the selected source, by its name in the history."""
    from parsers import SHOPS

    if args.source is not None:
        return str(args.source)
    return "demo" if args.demo else (settings.base_url or SHOPS["dangdang"].base_url).rstrip("/")


def program_of(args: argparse.Namespace) -> str:
    """Return the program's name as the user runs it: «bookprice», or «python -m crawler»."""
    return str(args.parser.prog).partition(f" {args.command}")[0]


def called(source: str) -> str:
    """Return a source with the option that selects it: «the demo shop (--demo)»."""
    from parsers import SHOPS

    say = console.words()
    if source == "demo":
        return say("source_demo")
    if source in {shop.base_url for shop in SHOPS.values()}:
        return say("source_live")
    return say("source_other", source=source)
