"""The standard streams of a command: the terminal's charset, one line per error, no error if a reader goes away."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from crawler.clean import crop
from crawler.cli.charset import has_chinese, is_double_width, readable_in, stream_encoding
from crawler.errors import OutputError
from crawler.phrases import Phrase, reason_of

if TYPE_CHECKING:
    from crawler.labels import Labels

__all__ = [
    "block",
    "columns",
    "error",
    "is_terminal",
    "language",
    "line",
    "one_line",
    "set_up",
    "show_cursor",
    "speak",
    "takes_control_codes",
    "visible",
    "wants_color",
    "why_stdout_is_lost",
    "words",
    "write_stdout",
]

PROGRAM = "bookprice"

LONGEST_LINE = 4_000
"""Maximum length of a message in characters."""

_MORE_COLUMNS = 8
"""Extra columns of a table's row in a terminal that draws ¥, ★, … and · two columns wide."""


def set_up() -> None:
    """Make the streams write Chinese in the terminal's charset; replace missing characters with readable ones."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # None under pythonw or after `>&-`
        if reconfigure is not None:
            encoding = stream_encoding(stream, terminal=is_terminal(stream))
            errors = "surrogateescape" if stream is sys.stdin else readable_in(encoding)
            reconfigure(encoding=encoding, errors=errors)


def is_terminal(stream: TextIO | None) -> bool:
    """Return True if `stream` is a terminal."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def takes_control_codes(stream: TextIO | None) -> bool:
    """Return True if `stream` is a terminal that supports cursor movement."""
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def wants_color(stream: TextIO | None) -> bool:
    """Return True if `stream` gets colour: a terminal does, unless NO_COLOR is set; FORCE_COLOR includes pipes."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return takes_control_codes(stream)


def one_line(text: object) -> str:
    """Return `text` on one line, with unprintable characters escaped: it may come from a shop or an argument.

    Text longer than `LONGEST_LINE` is cut.
    """
    folded = " ".join(crop(str(text), LONGEST_LINE).split())
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in folded)


def visible(text: str) -> str:
    """Return multi-line `text`, safe for a terminal: escape unprintable characters except line ends."""
    return "".join(c if c.isprintable() or c in "\r\n" else ascii(c)[1:-1] for c in text)


def columns() -> int | None:
    """Return the width of a report on stdout, in columns; None if neither a terminal nor COLUMNS gives it."""
    found = shutil.get_terminal_size(fallback=(0, 0)).columns
    if found and is_terminal(sys.stdout) and is_double_width(sys.stdout.encoding):
        return max(found - _MORE_COLUMNS, 1)
    return found or None


def language(wanted: str, stream: TextIO | None) -> str:
    """Return the language for `stream`: English instead of auto if its charset has no Chinese characters."""
    if wanted == "auto" and stream is not None and not has_chinese(stream.encoding):
        return "en"
    return wanted


def speak(lang: str | None, query: str = "") -> None:
    """Set the language of messages on stderr to a report's, that of `query` for auto; None is English."""
    _Speech.lang, _Speech.query, _Speech.labels = lang, query, None


def words() -> Labels:
    """Return the texts in the language of the command."""
    if _Speech.labels is None:
        from crawler.labels import ENGLISH, labels_for
        from crawler.local_time import local_zone

        _Speech.labels = ENGLISH
        if _Speech.lang is not None:
            _Speech.labels = labels_for(language(_Speech.lang, sys.stderr), _Speech.query, local_zone())
    return _Speech.labels


class _Speech:
    lang: str | None = None
    query = ""
    labels: Labels | None = None
    """Created on first use."""


def line(text: object) -> None:
    """Write a line to stderr: a text or the message of an exception, on one line; phrases are translated."""
    message = reason_of(text) if isinstance(text, Exception) else text
    block(one_line(words().text(message) if isinstance(message, Phrase) else message))


def block(text: str) -> None:
    """Write multi-line text to stderr; do nothing if it is closed."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def error(text: object) -> None:
    """Write one line to stderr that names the program."""
    message = reason_of(text) if isinstance(text, Exception) else text
    line(f"{PROGRAM}: {words().text(message) if isinstance(message, Phrase) else message}")


def show_cursor() -> None:
    """Show the cursor that a progress bar hid; safe in a signal handler."""
    with suppress(OSError):
        os.write(2, b"\x1b[?25h\n")


def write_report(report: str | bytes, *, utf8: bool) -> None:
    """Write a report to stdout: text to a terminal, otherwise bytes without a byte-order mark.

    Text uses the charset of stdout, except in a format whose standard requires UTF-8 (`utf8`). Raises OutputError if
    stdout cannot be written.
    """
    if isinstance(report, str) and sys.stdout is not None:
        encoding = sys.stdout.encoding
        if not is_terminal(sys.stdout):
            encoding = "utf-8" if utf8 else encoding
            report = report.encode(encoding, readable_in(encoding))
        elif is_double_width(encoding):
            report = report.replace("─", "-")
    write_stdout(report)


def write_stdout(content: str | bytes) -> bool:
    """Write to stdout, text as text and bytes unchanged; a reader that has gone away (`| head`) is not an error.

    Return False once nobody reads any more. Raises OutputError if stdout cannot be written (a full disk).
    """
    if sys.stdout is None or _Stdout.is_lost:  # closed by `>&-`: nobody reads it
        return False
    try:
        if isinstance(content, bytes):
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
        else:
            sys.stdout.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go_of_stdout()
        return False
    except OSError as failure:
        _let_go_of_stdout()
        _Stdout.why_lost = Phrase("stdout_not_written", why=str(failure.strerror))
        raise OutputError(_Stdout.why_lost) from failure
    return True


def why_stdout_is_lost() -> Phrase:
    """Return the reason that `write_stdout` wrote nothing: an earlier write failed, or nothing reads stdout."""
    return _Stdout.why_lost or Phrase("stdout_unread")


class _Stdout:
    is_lost = False
    """True once a write has failed: further output is discarded."""
    why_lost: Phrase | None = None
    """Why that write failed; None if its reader had gone away."""


def _let_go_of_stdout() -> None:
    """Point stdout at the null device, so that its buffered data does not fail again when Python exits."""
    _Stdout.is_lost = True
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
