"""Suggest corrected command lines: the command that a misspelt word means, and a changed line to paste."""

from __future__ import annotations

import re
import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from typing import NamedTuple

from crawler.cli import console
from crawler.errors import UsageError

__all__ = ["CommandLine", "for_shell", "nearest_command", "program", "quoted"]

_PLAIN_WORD = re.compile(r"[\w@%+=:,./-]+")
"""Words that no shell interprets; `shlex.quote` would quote every Chinese word."""

_SHORT = 4
"""Maximum length of a word that resembles too many others: «demo» resembles demon, dome and memo."""


def program() -> str:
    """Return the command to type: with `python -m crawler`, the script may not be on the user's path."""
    return "python -m crawler" if sys.argv[0].endswith("__main__.py") else console.PROGRAM


def quoted(word: str) -> str:
    """Quote a word for a shell, if necessary."""
    return word if _PLAIN_WORD.fullmatch(word) else shlex.quote(word)


def nearest_command(word: str, commands: Iterable[str]) -> str | None:
    """Return the command that `word` misspells with a single typing error; None for any other word.

    A typing error is one extra, missing or wrong letter, or two swapped ones; the first letter must be right, as it
    nearly always is. Two errors would include words that people search for: docker resembles doctor, match resembles
    watch.
    """
    if not (word.isascii() and word.isalpha()):
        return None
    return next((command for command in commands if _misspells(word.lower(), command)), None)


def _misspells(word: str, command: str) -> bool:
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(word, command, strict=False)))
    rest, right = word[same:], command[same:]
    swapped = rest[:2] == right[1::-1] and rest[2:] == right[2:]
    if not same or len(command) <= _SHORT:
        return swapped
    one_letter = rest[1:] == right[1:] or rest[1:] == right or rest == right[1:]
    return swapped or one_letter


class CommandLine(NamedTuple):
    """The arguments of a command, and the function that parses them."""

    arguments: tuple[str, ...]
    parse: Callable[[Sequence[str]], Namespace]
    """Raises UsageError for invalid arguments."""

    def with_flag(self, flag: str) -> str:
        """Return the command line with `flag` added, for a shell."""
        words = list(self.arguments)
        if flag not in words:
            words.insert(words.index("--") if "--" in words else len(words), flag)
        return for_shell(words)

    def with_query(self, query: str) -> str:
        """Return the command line with another query, for a shell; without a query in it, a search for `query`."""
        for at in range(len(self.arguments)):
            words = [*self.arguments[:at], query, *self.arguments[at + 1 :]]
            try:
                if self.parse(words).query == query:
                    return for_shell(words)
            except UsageError:
                continue
        return for_shell([query])


def for_shell(words: Sequence[str]) -> str:
    """Format a command line of this program for a shell, without the user name and password of a URL."""
    shown = [
        _without_credentials(word) if "://" in word or "--proxy" in {before, word.partition("=")[0]} else word
        for before, word in zip(["", *words], words, strict=False)
    ]
    return " ".join([program(), *map(quoted, shown)])


def _without_credentials(word: str) -> str:
    before, at, host = word.rpartition("@")
    if not at:
        return word
    option = before.partition("=")[0] + "=" if before.startswith("--") else ""
    scheme = before.removeprefix(option).partition("//")
    return f"{option}{scheme[0]}//…@{host}" if scheme[1] else f"{option}…@{host}"
