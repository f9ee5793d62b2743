"""The options that the parts of `bookprice history` share, and what they mean."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.cli import console

if TYPE_CHECKING:
    from crawler.settings import Settings

__all__ = [
    "add_common_options",
    "add_source_options",
    "called",
    "chosen_source",
    "history_path",
    "loaded_settings",
    "program_of",
]


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add what every part has."""
    parser.add_argument(
        "--history-file", metavar="FILE", help="history file (default: key path in table [history])"
    )
    parser.add_argument("--config", metavar="FILE", help="read the settings from FILE")
    parser.add_argument("--verbose", action="store_true", help="show where an internal error happened")


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Add what says whose prices are meant: without one of these the live shop's, or those of `base_url`."""
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
    """Return the settings with the flags over them; warnings go to stderr. Raises SettingsError."""
    from crawler.configuration import load
    from crawler.settings import setting_flags

    flags = {flag.key: getattr(args, dest, None) for dest, flag in setting_flags(args.command).items()}
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
    """Return the source that is meant, as the history names it."""
    from parsers import SHOPS

    if args.source is not None:
        return str(args.source)
    return "demo" if args.demo else (settings.base_url or SHOPS["dangdang"].base_url).rstrip("/")


def program_of(args: argparse.Namespace) -> str:
    """Return the program as the user calls it: «bookprice», or «python -m crawler»."""
    return str(args.parser.prog).partition(f" {args.command}")[0]


def called(source: str) -> str:
    """Return a source with the way to ask for it: «the demo shop (--demo)»."""
    from parsers import SHOPS

    say = console.words()
    if source == "demo":
        return say("source_demo")
    if source in {shop.base_url for shop in SHOPS.values()}:
        return say("source_live")
    return say("source_other", source=source)
