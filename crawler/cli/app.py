"""The whole command line: find the command, parse its options, return its exit code.

Every error ends in one line on stderr and an exit code that the help lists. Import only the module of the command that
runs: the others would delay each start.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterable, Sequence
from typing import NoReturn

from crawler.cli import console
from crawler.cli.charset import decoded_argument
from crawler.cli.command_line import CommandLine, for_shell, nearest_command, program
from crawler.cli.exit_codes import ExitCode
from crawler.errors import CrawlerError, UsageError
from crawler.version import __version__

__all__ = ["COMMANDS", "build_parser", "run_command"]

COMMANDS = ("search", "bulk", "rank", "watch", "alerts", "history", "doctor", "demo")
"""The names of the commands and of their modules. A command line whose first word is not a command is a search."""


class Parser(argparse.ArgumentParser):
    """An argparse parser whose errors are one line, raised as UsageError."""

    def error(self, message: str) -> NoReturn:
        """Raise `message` as UsageError."""
        raise UsageError(f"{message}; see {self.prog} --help")

    @property
    def flags(self) -> tuple[str, ...]:
        """All options, in all spellings."""
        return tuple(self._option_string_actions)


def build_parser(commands: Iterable[str] = COMMANDS) -> Parser:
    """Return the parser of the given commands."""
    parser = Parser(prog=program(), allow_abbrev=False)
    parser.add_argument(
        "-V",
        "--version",
        action="version",
        version=f"bookprice-crawler {__version__}",
        help="show the version and exit",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, help="what to do")
    for name in commands:
        importlib.import_module(f"crawler.cli.{name}").add_parser(subparsers)
        subparsers.choices[name].set_defaults(parser=subparsers.choices[name])
    return parser


def run_command(argv: Sequence[str] | None = None) -> int:
    """Run a command line (default: that of the process) and return its exit code."""
    console.set_up()
    arguments = list(map(decoded_argument, sys.argv[1:] if argv is None else argv))
    try:
        return _run(arguments)
    except UsageError as error:
        console.error(error)
        return ExitCode.USAGE
    except CrawlerError as error:
        console.error(error)
        return ExitCode.NOT_WRITTEN
    except SystemExit as done:  # argparse has printed the help, or a signal arrived
        return done.code if isinstance(done.code, int) else 0
    except KeyboardInterrupt:
        console.line("")
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 – the last resort: a user gets a line, not a traceback
        from crawler.cli.resources import say_once, shortage

        if (words := shortage(error)) is not None:
            say_once(words)
            return ExitCode.NOT_WRITTEN
        if isinstance(error, ImportError) and not _is_ours(error.name):  # an installed but broken package
            from crawler.installation import install_command

            console.error(f"a package is broken: {error}; install it again: {install_command()}")
            return ExitCode.NOT_WRITTEN
        if "--verbose" in arguments:
            import traceback

            console.block(traceback.format_exc())
        hint = "please report it" if "--verbose" in arguments else "--verbose shows where; please report it"
        console.error(f"internal error: {type(error).__name__}: {error} ({hint})")
        return ExitCode.INTERNAL
    finally:
        console.speak(None)  # the caller may run another command


def _is_ours(module: str | None) -> bool:
    return (module or "").partition(".")[0] in {"crawler", "parsers"}


def _run(arguments: list[str]) -> int:
    if not arguments and not (console.is_terminal(sys.stdin) and console.is_terminal(sys.stderr)):
        raise UsageError("QUERY is missing; see --help")
    args = _parse(arguments) if arguments else None  # help and version need no package
    from crawler.cli.resources import quiet_libraries, too_little
    from crawler.installation import missing_packages

    if (words := missing_packages()) is not None:
        console.error(words)
        return ExitCode.NOT_WRITTEN
    if args is None:
        from crawler.cli.prompts import ask_for_search

        args = _parse(ask_for_search())
    if args.command != "history":  # that one opens only one file
        quiet_libraries()
        if (words := too_little()) is not None:
            console.error(words)
            return ExitCode.NOT_WRITTEN
    return int(args.run(args))


def _parse(typed: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments. Raises UsageError; help and version are printed, then the program exits."""
    arguments = list(typed)
    if arguments[0] == "help":
        arguments = [*arguments[1:], "--help"]
    if arguments[0] not in {*COMMANDS, "-V", "--version"}:
        arguments = ["search", *arguments]
    # The suspect word is the query of a command line without a command.
    known: tuple[str, ...] = COMMANDS
    words = typed
    if arguments[0] == "history":
        from crawler.cli import history

        arguments = history.named(arguments)
        if typed[0] == "history":
            known, words = history.PARTS, typed[1:]
    elif arguments[0] == "bulk":
        from crawler.cli import bulk

        arguments = bulk.named(arguments)
    named = not words or words[0] in known
    parser = build_parser(name for name in COMMANDS if name == arguments[0])
    try:
        args, left = parser.parse_known_args(arguments)
    except UsageError:
        if not named:
            _check_spelling(words[0], typed[0], [words[0]], known)
        raise
    if not named and "--" not in words and args.query is not None and (not left or left[0].startswith("-")):
        _check_spelling(args.query, typed[0], [args.query] if left else words, known)
    if left:
        args.parser.error(_what_is(left[0], args))
    args.command_line = CommandLine(tuple(typed), _parse)
    return args


def _check_spelling(word: str, first: str, words: Sequence[str], known: tuple[str, ...]) -> None:
    """Raise UsageError for a query that is a misspelt command, or a command after its options, instead of searching.

    `first` is the first word of the command line; `words` are the arguments that search for the word itself; `known`
    are the commands, or the subcommands of `history`.
    """
    if first == "history":
        what, itself = "subcommand of history", ["history", "--query", *words]
    else:
        what, known, itself = "command", (*known, "help"), ["search", *words]
    remedy = f"to search for the word itself: {for_shell(itself)}"
    if word in known:
        raise UsageError(f"{word} is a {what} and goes before its options; {remedy}")
    if nearest := nearest_command(word, known):
        raise UsageError(f"the {what} nearest to {word!r} is {nearest}; {remedy}")


def _what_is(word: str, args: argparse.Namespace) -> str:
    """Describe a word that the command cannot use."""
    if word.startswith("-"):
        name, equals, value = word.partition("=")
        flag = _nearest(name, args.parser.flags)
        if equals and (flag == "--proxy" or "@" in value or ":" in value):
            word = f"{name}=…"  # the value may contain a password
        return f"unknown option {word}" + (f"; the nearest is {flag}" if flag else "")
    if "@" in word or getattr(args, "proxy", None):  # the part of a password after a space
        return "unexpected word; put a query of several words, or a URL with a space, in quotes"
    if not hasattr(args, "query"):
        return f'unexpected word {word!r}: {args.command} takes only options; to search for it: "{args.command} {word}"'
    command = _nearest(args.query, COMMANDS)
    return f"unexpected word {word!r}; put a query of several words in quotes" + (
        f"; the command nearest to {args.query!r} is {command}" if command and command != args.query else ""
    )


def _nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that resembles `word`; None if there is none."""
    import difflib

    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.75)), None)
