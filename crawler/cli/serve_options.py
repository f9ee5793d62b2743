"""The options of `bookprice serve`."""

from __future__ import annotations

import argparse
from typing import Any

from crawler.cli.help_text import HelpFormatter
from crawler.cli.shared_options import add_config, add_verbose

__all__ = ["DEFAULT_PORT", "add_parser"]

DEFAULT_PORT = 8787

SHORTEST_TOKEN = 16
"""Characters: an access token is guessed against over the network, without any limit on attempts."""

DESCRIPTION = """\
Serve a web page on this machine: search, watch the pages arrive, look at prices. Its address is printed on stdout.

  {program}                 at http://127.0.0.1:{port}
  {program} --demo          with the embedded demo shop and a year of made-up prices
  {program} --host 0.0.0.0  for other machines, too; everyone needs the access token that is printed
"""

EPILOG = """\
Searches from the page use the configured settings, share one engine with its limits, and are recorded in the history
like those of the command line. Only this machine can reach the page, unless --host says otherwise; then every request
needs the access token. The connection is not encrypted: outside your own network, put a server with TLS before it.

Ctrl-C or SIGTERM stops it: running searches end with the pages that they have. The API is described at
/api/v1/openapi.json; /healthz and /metrics are for monitoring.

exit codes:
  0    stopped by a signal
  1    the history cannot be used; or open files, memory or threads ran out
  2    wrong usage or configuration; the port is in use
  70   internal error, a bug in this program
"""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> argparse.ArgumentParser:
    """Add the command `serve` with its options, and return its parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "serve",
        help="serve a web page for searching and for looking at prices",
        epilog=EPILOG,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    parser.description = DESCRIPTION.format(program=parser.prog, port=DEFAULT_PORT)
    parser.add_argument(
        "--host",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="address to listen on; any but this machine's own needs an access token (default: 127.0.0.1)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        metavar="N",
        help=f"port to listen on; 0 picks a free one (default: {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--token",
        type=_token,
        metavar="TOKEN",
        help=f"access token that every request needs, at least {SHORTEST_TOKEN} letters and digits (default: none on "
        "this machine's own address without --allow-host, else a new one, which is printed)",
    )
    parser.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="also answer under this host name, as behind a proxy; may be repeated",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--demo", action="store_true", help="search the embedded demo shop, with a year of made-up prices"
    )
    source.add_argument("--base-url", metavar="URL", help="send the shop's requests to this address instead")
    parser.add_argument(
        "--history-file",
        metavar="FILE",
        help="history file (default: key path in table [history]; with --demo, a temporary one)",
    )
    add_config(parser, reads="the settings and watches")
    parser.add_argument(
        "--run-watches",
        action="store_true",
        help="run due watches on their schedule while the page is served, as the command watch does",
    )
    add_verbose(parser)
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"not a port from 0 to 65535: {text!r}")
    return int(text)


def _token(text: str) -> str:
    if (
        len(text) < SHORTEST_TOKEN
        or not text.isascii()
        or not text.replace("-", "").replace("_", "").isalnum()
    ):
        raise argparse.ArgumentTypeError(
            f"a token has at least {SHORTEST_TOKEN} characters: letters, digits, - and _"
        )
    return text
