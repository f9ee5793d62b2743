"""The watches: list, add, change, delete, run, test the alerts; and the schedule."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from crawler.alerts.wording import headline
from crawler.clean import clean
from crawler.configuration.watch_file import UnknownWatchError, WatchConflictError, watch_version
from crawler.errors import UsageError
from crawler.phrases import reason_of
from crawler.settings import options_of
from crawler.watching.watch import SEARCH_KEYS, Watch, WatchTerms
from crawler.watching.wording import conditions_in_words, interval_in_words, problem_in_words
from crawler.webapp.endpoints import Endpoints
from crawler.webapp.language import labels_of
from crawler.webapp.problems import Problem
from crawler.webapp.watch_service import LastRun, WatchBusyError, WatchService

if TYPE_CHECKING:
    from crawler.labels import Labels
    from crawler.watching.overview import WatchOverview

__all__ = ["ENDPOINTS", "WATCHES", "WatchList", "WatchView", "undeliverable", "watch_list"]

ENDPOINTS = Endpoints("watches")

WATCHES = web.AppKey("watches", WatchService)
"""The watches of an application."""

Setting = str | int | float | bool | list[str]

NewSetting = Annotated[str, Meta(max_length=200)] | int | float | bool | list[str]
"""A setting as a visitor sends it; a file may have longer texts, but the page does not write them."""


class RunView(msgspec.Struct):
    """The last run of a watch since the page is served."""

    at: dt.datetime
    books: int
    pages: int
    """The number of pages that were read."""
    alerts: int
    problem: str
    """Why not every page was read, or nothing was recorded; '' if there is nothing wrong."""


class AlertView(msgspec.Struct):
    """An alert."""

    at: dt.datetime
    words: str
    title: str
    product_id: str
    url: str
    price: Decimal | None


class WatchView(msgspec.Struct):
    """A watch: its settings, and what is known of it."""

    name: str
    query: str
    version: str
    """Changes when a setting does; send it with a change, so that a later one of somebody else is not overwritten."""
    every: str
    paused: bool
    target_price: Decimal | None
    drop_percent: Decimal | None
    new_lowest: bool
    new_lowest_days: int
    new_books: bool
    back_in_stock: bool
    products: list[str]
    search: dict[str, Setting]
    """Its own settings of the search."""
    interval: str
    """`every` in words."""
    conditions: list[str]
    """The conditions of its alerts, in words."""
    running: bool
    due: bool
    last_success: dt.datetime | None
    next_run: dt.datetime | None
    last_alert: AlertView | None
    problem: str
    """Its problems in words; '' if there are none."""
    last_run: RunView | None


class WatchList(msgspec.Struct):
    """All watches."""

    watches: list[WatchView]
    editable: bool
    """False if no configuration file is open for changes."""
    scheduled: bool
    """True if due watches run by themselves while the page is served."""
    problem: str
    """Why the schedule could not run watches; '' if it could."""
    undelivered: str
    """Why an alert of the last round was not delivered; '' if there is nothing wrong."""


class NewWatch(msgspec.Struct, forbid_unknown_fields=True):
    """A watch to add; the settings are those of a [[watch]] table."""

    query: str
    name: str | None = None
    every: str | None = None
    paused: bool | None = None
    target_price: Decimal | None = None
    drop_percent: Decimal | None = None
    new_lowest: bool | None = None
    new_lowest_days: int | None = None
    new_books: bool | None = None
    back_in_stock: bool | None = None
    products: list[str] | None = None
    search: dict[str, NewSetting] | None = None


class WatchChanges(msgspec.Struct, forbid_unknown_fields=True):
    """Settings of a watch to change; null removes one, and those left out stay."""

    version: str | None = None
    """The version that was shown; without it, the change is made whatever the watch has become."""
    query: str | UnsetType = UNSET
    name: str | UnsetType | None = UNSET
    every: str | UnsetType | None = UNSET
    paused: bool | UnsetType | None = UNSET
    target_price: Decimal | UnsetType | None = UNSET
    drop_percent: Decimal | UnsetType | None = UNSET
    new_lowest: bool | UnsetType | None = UNSET
    new_lowest_days: int | UnsetType | None = UNSET
    new_books: bool | UnsetType | None = UNSET
    back_in_stock: bool | UnsetType | None = UNSET
    products: list[str] | UnsetType | None = UNSET
    search: dict[str, NewSetting | None] | UnsetType = UNSET


class WatchVersion(msgspec.Struct):
    """The version of the watch to delete."""

    version: str | None = None


class RunStarted(msgspec.Struct):
    """A run that goes on; the watch shows its end."""

    name: str


class TestResult(msgspec.Struct):
    """The outcome of a test message to one place."""

    place: str
    why: str
    """Why it was not accepted; '' if it was."""


class TestResults(msgspec.Struct):
    """The outcomes of the test messages."""

    places: list[TestResult]


class Schedule(msgspec.Struct, forbid_unknown_fields=True):
    """Whether due watches run by themselves while the page is served."""

    on: bool


@ENDPOINTS("GET", "/api/v1/watches", problems=(503,))
async def list_watches(request: web.Request) -> WatchList:
    """List the watches of the configuration file."""
    return await watch_list(request)


@ENDPOINTS("POST", "/api/v1/watches", status=201, problems=(409, 503))
async def create_watch(request: web.Request, body: NewWatch) -> WatchView:
    """Add a watch to the configuration file."""
    values = _settings(msgspec.structs.asdict(body))
    _check_name(body.name or body.query)
    with _as_problems(request):
        watch = await request.app[WATCHES].add(values)
    return await _view(request, watch)


@ENDPOINTS("GET", "/api/v1/watches/{name}", problems=(404, 503))
async def show_watch(request: web.Request) -> WatchView:
    """Show a watch."""
    with _as_problems(request):
        watch = await request.app[WATCHES].watch(request.match_info["name"])
    return await _view(request, watch)


@ENDPOINTS("PATCH", "/api/v1/watches/{name}", problems=(404, 409, 503))
async def update_watch(request: web.Request, body: WatchChanges) -> WatchView:
    """Change settings of a watch in the configuration file; its comments stay."""
    given = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}
    version = given.pop("version", None)
    service, name = request.app[WATCHES], request.match_info["name"]
    with _as_problems(request):
        if "name" in given or "query" in given:
            terms = (await service.watch(name)).terms
            _check_name(given.get("name", terms.name) or given.get("query", terms.query))
        watch = await service.change(name, _settings(given), version)
    return await _view(request, watch)


@ENDPOINTS("DELETE", "/api/v1/watches/{name}", status=204, problems=(404, 409, 503))
async def delete_watch(request: web.Request, query: WatchVersion) -> web.Response:
    """Remove a watch from the configuration file; its recorded prices and alerts stay."""
    with _as_problems(request):
        await request.app[WATCHES].delete(request.match_info["name"], query.version)
    return web.Response(status=204)


@ENDPOINTS("POST", "/api/v1/watches/{name}/runs", status=202, problems=(404, 409, 503))
async def run_watch(request: web.Request) -> RunStarted:
    """Run a watch now, due or not, and deliver its alerts."""
    name = request.match_info["name"]
    with _as_problems(request):
        await request.app[WATCHES].run_now(name)
    return RunStarted(name)


@ENDPOINTS("POST", "/api/v1/watches/{name}/test-alerts", problems=(404, 409, 503))
async def test_alerts(request: web.Request) -> TestResults:
    """Send a test message to each place of the table [alerts], in the language of the watch."""
    service, say = request.app[WATCHES], labels_of(request)
    with _as_problems(request):
        watch = await service.watch(request.match_info["name"])
        sent = await service.send_test(service.context.settings.report.lang, watch.terms.query)
    return TestResults(
        [TestResult(each.channel, "" if each.why is None else say.text(each.why)) for each in sent]
    )


@ENDPOINTS("GET", "/api/v1/schedule")
async def show_schedule(request: web.Request) -> Schedule:
    """Return the state of the schedule: on if due watches run by themselves."""
    return Schedule(request.app[WATCHES].scheduled)


@ENDPOINTS("PUT", "/api/v1/schedule", problems=(409,))
async def set_schedule(request: web.Request, body: Schedule) -> Schedule:
    """Start or stop running due watches by themselves while the page is served."""
    with _as_problems(request):
        request.app[WATCHES].schedule(on=body.on)
    return Schedule(request.app[WATCHES].scheduled)


async def watch_list(request: web.Request) -> WatchList:
    """Return all watches in the language of the request."""
    service = request.app[WATCHES]
    with _as_problems(request):
        watches = await service.watches()
    views = await _views(request, watches)
    say = labels_of(request)
    return WatchList(
        views,
        editable=service.context.watch_config is not None,
        scheduled=service.scheduled,
        problem=clean(say.text(service.problem)),
        undelivered=clean(say.text(service.undelivered)),
    )


async def undeliverable(request: web.Request) -> str:
    """Return the reason why no alert is sent, in the language of the request; '' if alerts are sent."""
    say = labels_of(request)
    try:
        channels = await request.app[WATCHES].channels()
    except UsageError as error:
        return clean(say.text(reason_of(error)))
    return "" if channels else say("watch_no_place")


async def _view(request: web.Request, watch: Watch) -> WatchView:
    [view] = await _views(request, [watch])
    return view


async def _views(request: web.Request, watches: Sequence[Watch]) -> list[WatchView]:
    service, say = request.app[WATCHES], labels_of(request)
    # Before the history is read: a watch that does not run any more has its outcome there.
    running = frozenset(service.running)
    found = await service.overviews(watches)
    return [
        _view_of(each, service.last_runs.get(each.watch.name), say, running=each.watch.name in running)
        for each in found
    ]


def _view_of(each: WatchOverview, last: LastRun | None, say: Labels, *, running: bool) -> WatchView:
    watch, terms = each.watch, each.watch.terms
    return WatchView(
        name=watch.name,
        query=terms.query,
        version=watch_version(watch),
        every=terms.every,
        paused=terms.paused,
        target_price=terms.target_price,
        drop_percent=terms.drop_percent,
        new_lowest=terms.new_lowest,
        new_lowest_days=terms.new_lowest_days,
        new_books=terms.new_books,
        back_in_stock=terms.back_in_stock,
        products=list(terms.products),
        search={name: _shown(value) for name, value in watch.search.items()},
        interval=interval_in_words(terms.every, say),
        conditions=conditions_in_words(watch, say),
        running=running,
        due=each.next_run is None and not terms.paused,
        last_success=each.last_success,
        next_run=each.next_run,
        last_alert=None if each.last_alert is None else alert_view(each.last_alert, say),
        problem=problem_in_words(each, say),
        last_run=None if last is None else _run_view(last, say),
    )


def alert_view(alert: Any, say: Labels) -> AlertView:
    """Return an alert in words."""
    facts = alert.as_json(say)
    return AlertView(
        alert.at, headline(alert, say), facts["title"], facts["product_id"], facts["url"], facts["price"]
    )


def _run_view(last: LastRun, say: Labels) -> RunView:
    return RunView(last.at, last.books, last.pages, last.alerts, clean(say.text(last.problem)))


def _shown(value: Any) -> Setting:
    if isinstance(value, Decimal):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a [[watch]] table. Raises Problem for a setting of the search that no watch can have."""
    values = {name: value for name, value in given.items() if name != "search"}
    own = options_of(WatchTerms)
    for name, value in (given.get("search") or {}).items():
        if name in own or name not in SEARCH_KEYS:
            raise Problem(422, "watch_setting", name=clean(name)[:60])
        values[name] = _amount(name, value)
    return values


def _check_name(name: str) -> None:
    """Raise Problem for a name that no address can have: a browser takes it for a step in the path."""
    if name.strip() in {".", ".."}:
        raise Problem(422, "watch_name")


def _amount(name: str, value: Any) -> Any:
    """Return a setting of the search as a file has it: amounts may come as texts, as they are sent."""
    if name in {"min_price", "max_price", "max_volume_price"} and isinstance(value, str):
        try:
            return Decimal(value)
        except ArithmeticError:
            return value
    return value


@contextlib.contextmanager
def _as_problems(request: web.Request) -> Iterator[None]:
    """Turn errors about watches into problems, in the language of the request."""
    say = labels_of(request)
    try:
        yield
    except UnknownWatchError as error:
        raise Problem(404, "watch_unknown", why=clean(say.text(reason_of(error)))) from error
    except (WatchConflictError, WatchBusyError) as error:
        raise Problem(409, "watch_conflict", why=clean(say.text(reason_of(error)))) from error
    except UsageError as error:
        raise Problem(422, "watch_refused", why=clean(say.text(reason_of(error)))) from error
