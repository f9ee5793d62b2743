"""A working folder filled by an attacker: nothing is written, sent or deleted outside it.

The command is real, with its own home; the home is compared with its earlier state, and all possible targets of
requests listen on this machine and count.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sqlite3
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from crawler.history.store import History
from crawler.report.search.files import mark_query
from tests.alerts.endpoints import Endpoint
from tests.cli.conftest import Ended
from tests.watching.scripted_shop import ScriptedShop, scripted_shop, shelf

Run = Callable[..., Awaitable[Ended]]

OWN = (".local/share/bookprice-crawler", ".cache/bookprice-crawler")
"""Where the program keeps what is the user's own."""

REMEDY = "if it is yours, add --config ./config.toml"

WATCH = '[[watch]]\nquery = "三体"\ntarget_price = 20\n'


@dataclass
class Listener:
    """A server on this machine that accepts every connection and answers nothing."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.read(65_536))
        writer.close()


@pytest.fixture
async def stranger() -> AsyncIterator[Listener]:
    """Listen where the attacker wants data to be sent."""
    async for listener in listening():
        yield listener


@pytest.fixture
async def own_proxy() -> AsyncIterator[Listener]:
    """Listen at the proxy of the user's environment: requests to the live shop end here."""
    async for listener in listening():
        yield listener


async def listening() -> AsyncIterator[Listener]:
    listener = Listener()
    server = await asyncio.start_server(listener.take, "127.0.0.1", 0)
    listener.port = server.sockets[0].getsockname()[1]
    async with server:
        yield listener


@pytest.fixture
def env(own_proxy: Listener) -> dict[str, str]:
    """Return the variables that keep requests on this machine, and make failures quick."""
    proxy = f"http://127.0.0.1:{own_proxy.port}"
    return {"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy, "CRAWLER_ATTEMPTS": "1", "CRAWLER_WORKERS": "1"}


@pytest.fixture
def home(environ: dict[str, str]) -> Path:
    """Return a home with data that an attacker would want to read or change."""
    home = Path(environ["HOME"])
    for name, text in {
        ".bashrc": "alias ls='ls -F'\n",
        ".ssh/id_ed25519": "the key\n",
        ".ssh/authorized_keys": "",
        ".netrc": "machine 127.0.0.1 login reader password s3cr3t\ndefault login other password s3cr3t\n",
        "Documents/thesis.txt": "years of work\n",
    }.items():
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o600)
    return home


def seen(home: Path) -> dict[str, str]:
    """Return the content of the home except the program's own files: names with digests."""
    found = {}
    for path in home.rglob("*"):
        name = str(path.relative_to(home))
        if not any(name.startswith(own) or own.startswith(name) for own in OWN):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
    return found


def configure(folder: Path, text: str) -> None:
    (folder / "config.toml").write_text(f"[crawler]\n{text}", encoding="utf-8")


TRICKS = {
    "an alert file that is a link": '[alerts]\nfile = "alerts.txt"\n',
    "a history that is a key": '[history]\npath = "{home}/.ssh/authorized_keys"\nrecord = "always"\n',
    "a history that is not there yet": '[history]\npath = "{home}/.ssh/rc"\nrecord = "always"\n',
    "a base URL": 'base_url = "http://127.0.0.1:{port}/latest/meta-data"\n',
    "a proxy": 'proxy = "http://127.0.0.1:{port}"\n',
    "a feed": '[alerts]\nfeed = "{home}/feed.xml"\n',
    "a feed that is a link": '[alerts]\nfeed = "alerts.txt"\n',
    "alert URLs": '[alerts]\nurls = ["json://127.0.0.1:{port}/"]\n',
    "a command": '[alerts]\ncommand = ["sh", "-c", "touch {home}/ran"]\n',
    "reports elsewhere": '[report]\ndir = "{home}/Documents"\nkeep = 1\n',
    "reports above": '[report]\ndir = "../home/Documents"\n',
    "reports behind a link": '[report]\ndir = "documents"\n',
    "reports behind a link and back": '[report]\ndir = "documents/../.ssh"\n',
    "a cache elsewhere": 'cache_dir = "{home}/Documents"\nobey_robots = false\n',
    "a user agent": 'user_agent = "${{SECRET}}"\nmax_body_bytes = 1073741824\nconcurrency = 64\n',
    "all at once": 'base_url = "http://127.0.0.1:{port}"\nproxy = "http://127.0.0.1:{port}"\n'
    'cache_dir = "{home}/Documents"\n[report]\ndir = "{home}/.ssh"\nkeep = 1\n[history]\npath = "{home}/.bashrc"\n'
    '[alerts]\nurls = ["json://127.0.0.1:{port}"]\nfile = "alerts.txt"\nfeed = "{home}/feed.xml"\n'
    'command = ["touch", "{home}/ran"]\n',
}


@pytest.mark.parametrize("trick", TRICKS)
async def test_no_trick_of_a_strange_configuration_reaches_out(  # noqa: PLR0917 – fixtures
    run: Run,
    folder: Path,
    home: Path,
    env: dict[str, str],
    stranger: Listener,
    own_proxy: Listener,
    trick: str,
) -> None:
    """Whatever command runs: a search of the shop, one of the demo, a watch, the doctor, a look at the history."""
    (folder / "alerts.txt").symlink_to(home / ".bashrc")
    (folder / "documents").symlink_to(home / "Documents")
    for hour in ("08", "09"):
        report = home / f"Documents/2026-01-01T{hour}0000Z_三体.md"
        report.write_text(mark_query("三体", "demo"), encoding="utf-8")
    configure(folder, TRICKS[trick].format(home=home, port=stranger.port) + WATCH)
    before = seen(home)
    searched = await run("三体", "--pages", "1", env=env)
    assert (searched.code, REMEDY in searched.err) == (4, True)
    assert own_proxy.heard, "the search went to the shop"
    demo = await run("三体", "--demo", "--pages", "1", "--history", env=env)
    assert demo.code == 0
    assert REMEDY in demo.only_line
    assert "[[watch]]" in demo.only_line
    for words in (("watch", "--all"), ("watch", "--list"), ("watch", "--dry-run")):
        watched = await run(*words, "--demo", env=env)
        assert watched.code == 2
        assert REMEDY in watched.only_line
    if "[alerts]" in TRICKS[trick]:
        tried = await run("alerts", "--test", "--demo", env=env)
        assert tried.code == 2
        assert REMEDY in tried.only_line
    if trick == "all at once":
        assert "WRONG  configuration" in (await run("doctor", "--demo", env=env)).text
    assert seen(home) == before
    assert not stranger.heard
    assert list((folder / "reports").glob("*.md"))


async def test_a_folder_for_reports_that_is_a_link_out_of_the_folder(
    run: Run, folder: Path, home: Path, env: dict[str, str]
) -> None:
    """The default folder may be anybody's link; a link that a person named is followed."""
    (folder / "reports").symlink_to(home / ".ssh")
    before = seen(home)
    for words in (
        ("三体", "--demo", "--pages", "1"),
        ("三体", "--demo", "--pages", "1", "--keep-reports", "1"),
    ):
        refused = await run(*words, env=env)
        assert refused.code == 2
        assert "a link that points outside its folder; choose another place, with -o or" in refused.only_line
    looked = await run("doctor", "--demo", env=env)
    assert "WRONG  reports: reports cannot be written: it is a link" in looked.text
    assert seen(home) == before
    named = await run("三体", "--demo", "--pages", "1", env={**env, "CRAWLER_REPORT_DIR": "reports"})
    assert named.code == 0
    assert list((home / ".ssh").glob("*.md"))


@pytest.mark.parametrize("key", ["file", "feed"])
@pytest.mark.parametrize("target", [".bashrc", ".new"])
async def test_alerts_follow_no_link_out_of_their_folder(  # noqa: PLR0917 – fixtures
    run: Run, folder: Path, home: Path, env: dict[str, str], target: str, key: str
) -> None:
    """Not even if the user followed the remedy and named the attacker's file."""
    (folder / "alerts.txt").symlink_to(home / target)
    (folder / "out").symlink_to(home)
    before = seen(home)
    for name in ("alerts.txt", f"out/{target}"):
        configure(folder, f'[alerts]\n{key} = "{name}"\n{WATCH}')
        ended = await run("watch", "--all", "--demo", "--config", "config.toml", env=env)
        assert ended.code in {0, 1}
        assert f"[alerts] {name} cannot be written: it is a link that points outside its folder" in ended.err
    assert seen(home) == before


def plant_journal(database: Path, document: Path) -> None:
    """Write a rollback journal that names a document as its super-journal, in SQLite's file format."""
    magic, page = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 4096
    pages = database.stat().st_size // page if database.exists() else 0
    head = magic + struct.pack(">5I", 0, 1, pages, 512, page)
    name = os.fsencode(document)
    tail = struct.pack(">I", 2**30 // page + 1) + name + struct.pack(">2I", len(name), sum(name)) + magic
    database.with_name(f"{database.name}-journal").write_bytes(head.ljust(512, b"\0") + tail)


def test_the_planted_journal_does_its_harm_to_sqlite_alone(tmp_path: Path) -> None:
    """Otherwise the next test would prove nothing."""
    document = tmp_path / "thesis.txt"
    document.write_text("years of work\n")
    database = tmp_path / "h.sqlite3"
    History(database).close()
    plant_journal(database, document)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("SELECT count(*) FROM run")
    assert not document.exists()


COMMANDS: list[tuple[str, ...]] = [
    ("三体", "--demo", "--pages", "1", "--history"),
    ("history",),
    ("history", "export"),
    ("history", "prune", "--older-than", "1d"),
    ("history", "import", "e.csv"),
    ("watch", "--demo", "--config", "watch.toml", "--list"),
    ("watch", "--demo", "--config", "watch.toml", "--dry-run"),
    ("alerts", "--demo", "--config", "watch.toml"),
    ("watch", "--demo", "--config", "watch.toml"),
]
"""Every command that opens a history."""


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
async def test_files_planted_beside_a_history(
    run: Run, folder: Path, home: Path, env: dict[str, str], words: tuple[str, ...]
) -> None:
    """A journal that makes SQLite delete a document, an invalid one, links instead of SQLite's files: one line each."""
    database = folder / "h.sqlite3"
    (folder / "watch.toml").write_text(WATCH, encoding="utf-8")
    History(database).close()
    assert (await run("history", "export", "-o", "e.csv", "--history-file", "h.sqlite3")).code == 0
    content, before = database.read_bytes(), seen(home)

    async def refused(expected: str) -> None:
        ended = await run(*words, "--history-file", "h.sqlite3", env=env)
        assert ended.code in {1, 2}
        assert expected in ended.only_line
        assert "move that file away" in ended.only_line
        assert (seen(home), database.read_bytes()) == (before, content)

    journal, log, index = (folder / f"h.sqlite3-{suffix}" for suffix in ("journal", "wal", "shm"))
    plant_journal(database, home / "Documents/thesis.txt")
    await refused("names another file, which SQLite would delete")
    if words != COMMANDS[-1]:
        return  # all of them open it in one of two ways
    journal.write_bytes(journal.read_bytes()[:512])
    await refused("it uses a write-ahead log")
    journal.write_text("notes that are no journal")
    await refused("is not an SQLite journal")
    journal.unlink()
    for file in (journal, log, index):
        file.symlink_to(home / "Documents/thesis.txt")
        await refused("is not a regular file")
        file.unlink()
    assert (await run(*words, "--history-file", "h.sqlite3", env=env)).code == 0


TRIGGER = "CREATE TRIGGER x AFTER INSERT ON run BEGIN DELETE FROM observation; END"

SCHEMAS = [
    "CREATE VIEW x AS SELECT load_extension('x')",
    "CREATE INDEX x ON run (abs(pages_ok))",
    "CREATE TABLE x (a, b AS (abs(a)))",
    "CREATE VIRTUAL TABLE x USING fts5(a)",
    "DROP TABLE watched",
]


@pytest.mark.parametrize(
    ("words", "statement"),
    [*((words, TRIGGER) for words in COMMANDS), *((("history",), statement) for statement in SCHEMAS)],
)
async def test_a_history_with_a_schema_of_somebody_elses(
    run: Run, folder: Path, env: dict[str, str], words: tuple[str, ...], statement: str
) -> None:
    """A schema that this program does not create may run code when read or written: the file is left unchanged."""
    (folder / "watch.toml").write_text(WATCH, encoding="utf-8")
    (folder / "e.csv").write_text("")
    database = folder / "h.sqlite3"
    History(database).close()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(statement)
        connection.commit()
    content = database.read_bytes()
    ended = await run(*words, "--history-file", "h.sqlite3", env=env)
    assert ended.code in {1, 2}
    assert "is not a history of this program: its schema differs" in ended.only_line
    assert database.read_bytes() == content


async def test_the_lock_of_watches_is_no_link(
    run: Run, folder: Path, home: Path, env: dict[str, str]
) -> None:
    """The lock would be created at the link's target."""
    (folder / "watch.toml").write_text(WATCH, encoding="utf-8")
    (folder / "h.sqlite3.watch-lock").symlink_to(home / ".ssh/rc")
    before = seen(home)
    ended = await run("watch", "--demo", "--config", "watch.toml", "--history-file", "h.sqlite3", env=env)
    assert ended.code == 1
    assert "h.sqlite3.watch-lock is a link" in ended.only_line
    assert seen(home) == before


@pytest.mark.parametrize("part", ["robots", "journals"])
async def test_a_cache_whose_parts_are_links(
    run: Run, folder: Path, home: Path, env: dict[str, str], part: str
) -> None:
    (folder / "cache").mkdir()
    (folder / "cache" / part).symlink_to(home / "Documents")
    before = seen(home)
    ended = await run("三体", "--demo", "--pages", "1", env={**env, "CRAWLER_CACHE_DIR": "cache"})
    assert ended.code == 2
    assert f"cache/{part} is a link that points outside the cache folder" in ended.only_line
    assert seen(home) == before


async def test_nobody_gets_a_password_of_netrc(  # noqa: PLR0917 – fixtures
    run: Run, folder: Path, home: Path, env: dict[str, str], stranger: Listener, service: Endpoint
) -> None:
    """Neither a service for alerts nor a shop gets one: the author of an address need not own the host's password."""
    assert "127.0.0.1" in (home / ".netrc").read_text()
    async with scripted_shop() as shop:
        configured = await told(run, folder, shop, service, env)
    assert configured.code == 0, configured.err
    ((request, body),) = service.requests
    assert "Authorization" not in request.headers
    assert "¥19.00" in json.loads(body)["message"]
    await run("三体", "--pages", "1", "--base-url", f"http://127.0.0.1:{stranger.port}", env=env)
    assert stranger.heard
    assert not any(b"authorization" in heard.lower() for heard in stranger.heard)


async def told(run: Run, folder: Path, shop: ScriptedShop, service: Endpoint, env: dict[str, str]) -> Ended:
    shop.pages = [shelf({"11": "19.00"})]
    configure(folder, f'[alerts]\nurls = ["json://127.0.0.1:{service.port}/"]\n{WATCH}')
    words = ("watch", "--config", "config.toml", "--base-url", shop.base_url)
    return await run(*words, env={**env, "no_proxy": "127.0.0.1"})
