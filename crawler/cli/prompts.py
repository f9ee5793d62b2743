"""Ask the questions of a command without arguments: what to search for, and how many pages to read."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TypeVar

from crawler.cli.searched_words import searched_words
from crawler.configuration import load
from crawler.errors import UsageError
from crawler.labels import labels_for
from crawler.settings import Settings, checked

__all__ = ["ask_for_search"]

Answer = TypeVar("Answer")


def ask_for_search() -> list[str]:
    """Ask on the terminal, again after an invalid answer, and return the arguments of a search.

    The questions go to stderr, because stdout is for the report.

    Raises UsageError at the end of input, and for invalid settings.
    """
    settings = load({}, config=None, environ=os.environ).settings
    say = labels_for(settings.report.lang, "")
    query = _ask(say("ask_query"), searched_words)

    def pages(answer: str) -> list[str]:
        if answer.strip():
            checked(Settings, "pages", answer.strip(), label="the number of pages", text=True)
        return ["--pages", answer.strip()] if answer.strip() else []

    return ["search", *_ask(say("ask_pages", default=settings.pages), pages), "--", query]


def _ask(question: str, check: Callable[[str], Answer]) -> Answer:
    while True:
        sys.stderr.write(question)
        sys.stderr.flush()
        answer = sys.stdin.readline()
        if not answer:
            sys.stderr.write("\n")
            raise UsageError("no input; see --help")
        try:
            return check(answer)
        except UsageError as error:
            sys.stderr.write(f"{error}\n")
