"""`bookprice serve`: serve the web page until a signal arrives."""

from __future__ import annotations

import argparse
import errno
import os
import socket
from typing import TYPE_CHECKING, Any

from crawler.cli import console, serve_options
from crawler.cli.exit_codes import ExitCode
from crawler.cli.interrupts import Interrupts

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from crawler.configuration import Loaded
    from crawler.parsing.page_parser import PageParser
    from crawler.settings import Settings
    from crawler.webapp.access import Access
    from crawler.webapp.context import WebContext

__all__ = ["add_parser", "run"]


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the command line."""
    serve_options.add_parser(subparsers).set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until a signal arrives; return the exit code. Raises UsageError or HistoryError."""
    from crawler.configuration import load
    from crawler.parsing.page_parser import page_parser, worker_count
    from crawler.settings import setting_flags

    flags = {flag.key: getattr(args, dest, None) for dest, flag in setting_flags("serve").items()}
    loaded = load(flags, config=args.config, environ=os.environ)
    console.speak(loaded.settings.report.lang)
    for note in loaded.notes:
        console.error(note)
    settings = loaded.settings.replace(base_url=None) if args.demo else loaded.settings
    if args.verbose:
        _show_tracebacks()
    with Interrupts() as interrupts:
        # Start the pool while no thread runs and the network library is not loaded: forking is then cheap and safe.
        pool = page_parser(workers=worker_count(settings.workers), timeout=settings.parse_timeout, early=True)
        try:
            import asyncio

            asyncio.run(_serve(args, loaded, settings, pool=pool, interrupts=interrupts))
        except OSError as error:
            if (words := _reason(error, args.host, args.port)) is None:
                raise
            console.error(words)
            return ExitCode.USAGE
        except SystemExit:  # a signal before the page was served, or after it closed: the intended end
            if interrupts.exit_code is None:
                raise
        finally:
            pool.kill()
    return ExitCode.WHOLE


def _show_tracebacks() -> None:
    """Print the whole error of a request; without this, the first line is printed."""
    import logging

    for name in ("crawler.webapp", "aiohttp.server"):
        logging.getLogger(name).addHandler(logging.StreamHandler())


async def _serve(
    args: argparse.Namespace, loaded: Loaded, settings: Settings, *, pool: PageParser, interrupts: Interrupts
) -> None:
    import asyncio
    from contextlib import AsyncExitStack

    from crawler.cli.page_source import cache_folder
    from crawler.engine import Crawler
    from crawler.webapp.server import serving

    stopped_by: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def stop(reason: str) -> None:
        if not stopped_by.done():
            stopped_by.set_result(reason)

    async with AsyncExitStack() as stack:
        crawler = await stack.enter_async_context(
            Crawler(
                settings,
                pool=pool,
                demo=args.demo,
                demo_day=_today if args.demo else None,
                robots_folder=cache_folder(settings) / "robots",
            )
        )
        folder = _demo_folder(stack) if args.demo else None
        context = _context(args, loaded, settings, crawler, folder)
        if args.demo:
            await asyncio.to_thread(_record_demo_year, context.history)
        stack.enter_context(interrupts.stopping(stop, at_once=pool.kill))
        server = await stack.enter_async_context(serving(context, host=args.host, port=args.port))
        console.write_stdout(f"{_address(server.url, context.access)}\n")
        reason = await stopped_by
        if partial := await server.stop_searches(reason):
            console.line(console.words()("searches_stopped", n=partial))


def _context(
    args: argparse.Namespace, loaded: Loaded, settings: Settings, crawler: Any, folder: Path | None
) -> WebContext:
    """Return the context of the application; temporary files of a demo go to `folder`."""
    from crawler.history.recording import history_file
    from crawler.history.store import History
    from crawler.source import Source
    from crawler.webapp.context import WebContext

    source = Source.at(settings.base_url, demo=args.demo)
    record = settings.history.record
    if folder is not None and args.history_file is None:
        path = folder / "history.sqlite3"
    else:
        path = history_file(settings.history.path)
    records = args.demo or record == "always" or (record == "live" and source.is_live)
    if records:
        History(path).close()  # raises now what would otherwise fail after each search
    return WebContext(
        settings=settings,
        crawler=crawler,
        source=source,
        history=path,
        record=records,
        access=_access(args),
        watch_config=_watch_file(loaded, folder if args.config is None else None),
        run_watches=args.run_watches,
    )


def _watch_file(loaded: Loaded, folder: Path | None) -> Path | None:
    """Return the file with the watches; None if the file in this folder may come from someone else.

    With `folder`, it is there: watches of the demo shop do not belong in the file of someone who only looks around,
    even if the history is kept.
    """
    if folder is not None:
        return folder / "config.toml"
    return None if loaded.is_stray else loaded.watch_file


def _access(args: argparse.Namespace) -> Access:
    """Return the accepted hosts and the token; make one if others can reach the page."""
    import secrets

    from crawler.webapp.access import Access, is_loopback

    local = is_loopback(args.host)
    # A name of its own means that a server before this one lets others in.
    alone = local and all(map(is_loopback, args.allow_host))
    token = args.token or (None if alone else secrets.token_urlsafe(24))
    names = {"localhost", *(name.lower() for name in args.allow_host)}
    if not local:
        names |= {socket.gethostname().lower(), args.host.lower()}
    return Access(names=frozenset(names), any_address=not local, token=token)


def _demo_folder(stack: Any) -> Path:
    """Return a folder that is deleted at the end: nobody asked to keep made-up prices."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    return Path(stack.enter_context(TemporaryDirectory(prefix="bookprice-demo-")))


def _record_demo_year(path: Path) -> None:
    """Record a year of prices of the demo shop up to yesterday; today's searches continue it."""
    import datetime as dt

    from crawler.demo.catalogue import PAGE_SIZE
    from crawler.demo.year import year
    from crawler.history.store import History

    with History(path) as history:
        history.record_all(year(_today() - dt.timedelta(days=1), cheapest=2 * PAGE_SIZE))


def _today() -> dt.date:
    import datetime as dt

    from crawler.local_time import local_zone

    return dt.datetime.now(local_zone()).date()


def _address(url: str, access: Access) -> str:
    return url if access.token is None else f"{url}/?token={access.token}"


def _reason(error: OSError, host: str, port: int) -> str | None:
    """Put the reason why the server cannot listen into words; return None for another error."""
    say = console.words()
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return say("serve_no_address", host=host)
    if error.errno == errno.EADDRINUSE:
        return say("serve_port_used", port=port)
    if error.errno == errno.EACCES:
        return say("serve_port_forbidden", port=port)
    return None
