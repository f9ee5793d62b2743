"""The history file: data read back as written, and foreign files left alone."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import HistoryError
from crawler.history import exporting, schema
from crawler.history.observations import RunRecord, observed
from crawler.history.reading import open_history
from crawler.history.store import History
from crawler.phrases import Phrase, reason_of
from crawler.prices.observation import Observation
from crawler.source import Source
from crawler.verdict import Verdict
from tests.factories import STARTED, make_listing, make_page, make_result

SHOP = "https://search.dangdang.com"
RUN = RunRecord("key", SHOP, "渗透测试", STARTED, pages_ok=1, pages_failed=0)
SEEN = Observation(
    "29220317",
    "渗透测试实战",
    STARTED,
    Decimal("39.00"),
    Decimal("78.00"),
    4.5,
    1234,
    "某书店",
    sold_out=False,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history.sqlite3"


amounts = st.none() | st.decimals(0, 1_000_000, places=2)
observations = st.lists(
    st.builds(
        Observation,
        product_id=st.sampled_from("123456789"),
        title=st.text(st.characters(codec="utf-8"), max_size=20),
        at=st.integers(-3_600_000, 3_600_000).map(lambda ms: STARTED + dt.timedelta(milliseconds=ms)),
        price=amounts,
        list_price=amounts,
        rating=st.none() | st.integers(0, 500).map(lambda n: n / 100),
        reviews=st.none() | st.integers(0, 2**40),
        seller=st.none() | st.text(st.characters(codec="utf-8"), max_size=5),
        sold_out=st.booleans(),
    ),
    max_size=9,
    unique_by=lambda seen: seen.product_id,
)


@given(observations)
def test_what_goes_in_comes_out(tmp_path_factory: pytest.TempPathFactory, seen: list[Observation]) -> None:
    with History(tmp_path_factory.mktemp("history") / "h.sqlite3") as history:
        assert history.record(RUN, seen) == len(seen)
        past = history.series(SHOP, list("123456789"))
        assert past == {observation.product_id: (observation,) for observation in seen}


def test_a_run_is_recorded_once(file: Path) -> None:
    with History(file) as history:
        assert history.record(RUN, [SEEN]) == 1
        assert history.record(RUN, [SEEN, replace(SEEN, product_id="2")]) == 0
        assert history.series(SHOP, ["29220317", "2"]) == {"29220317": (SEEN,)}


def test_the_past_is_in_order_of_time_and_titles_are_the_newest(file: Path) -> None:
    later, earlier = STARTED + dt.timedelta(days=1), STARTED - dt.timedelta(days=1)
    with History(file) as history:
        for key, at, title in (("a", later, "新名"), ("b", earlier, "旧名")):
            history.record(replace(RUN, key=key, started_at=at), [replace(SEEN, at=at, title=title)])
        past = history.series(SHOP, ["29220317"])["29220317"]
    assert [observation.at for observation in past] == [earlier, later]


def test_prices_of_a_replica_are_kept_apart(file: Path) -> None:
    replica = Source.at("http://127.0.0.1:8000").name
    with History(file) as history:
        history.record(RUN, [SEEN])
        history.record(replace(RUN, key="r", source=replica), [replace(SEEN, price=Decimal(1))])
        assert history.series(SHOP, ["29220317"])["29220317"] == (SEEN,)
        assert [seen.price for seen in history.series(replica, ["29220317"])["29220317"]] == [Decimal(1)]
    assert Source.at("http://127.0.0.1:1", demo=True).name == Source.at("http://127.0.0.1:2", demo=True).name


def test_more_products_than_one_query_can_ask_for(file: Path) -> None:
    seen = [replace(SEEN, product_id=str(number)) for number in range(6000)]
    with History(file) as history:
        assert history.record(RUN, seen) == 6000
        assert len(history.series(SHOP, [observation.product_id for observation in seen])) == 6000


def test_a_run_that_fails_on_the_way_leaves_nothing(file: Path) -> None:
    with History(file) as history:
        with pytest.raises(OverflowError):
            history.record(RUN, [SEEN, replace(SEEN, product_id="2", reviews=2**70)])
        assert history.series(SHOP, ["29220317"]) == {}
        assert history.record(RUN, [SEEN]) == 1


def test_a_failed_page_is_no_observation() -> None:
    result = make_result(
        [make_listing(), make_listing(product_id="2", price=None, sold_out=True, seller="某店", position=2)],
        failed=[make_page(2, verdict=Verdict.BLOCKED, detail="405")],
    )
    run, seen = observed(result, "k")
    assert run == RunRecord("k", SHOP, "渗透测试", STARTED, pages_ok=1, pages_failed=1)
    assert [(o.product_id, o.price, o.available_price, o.sold_out, o.seller) for o in seen] == [
        ("29220317", Decimal("39.00"), Decimal("39.00"), False, None),
        ("2", None, None, True, "某店"),
    ]


def test_the_later_of_two_prices_is_observed() -> None:
    """A product on two pages with two prices is recorded as last seen, with that time."""
    pages = [
        replace(make_page(1, listings=[make_listing()]), fetched_at=STARTED + dt.timedelta(seconds=9)),
        replace(
            make_page(2, listings=[make_listing(page=2, price=Decimal(1))]),
            fetched_at=STARTED + dt.timedelta(seconds=3),
        ),
    ]
    _, seen = observed(make_result(pages=tuple(pages)), "k")
    assert [(o.price, o.at) for o in seen] == [(Decimal("39.00"), STARTED + dt.timedelta(seconds=9))]


def foreign(file: Path, *statements: str) -> None:
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


REFUSED = [
    (("CREATE TABLE mine (x)",), "is another program's database"),
    (("PRAGMA application_id = 7",), "is another program's database"),
    (
        (f"PRAGMA application_id = {schema.APPLICATION_ID}", f"PRAGMA user_version = {schema.VERSION + 1}"),
        "was written by a newer version of this program",
    ),
]


@pytest.mark.parametrize(("statements", "words"), REFUSED)
def test_a_file_that_is_not_ours_is_refused_and_left_alone(
    file: Path, statements: tuple[str, ...], words: str
) -> None:
    foreign(file, *statements)
    before = file.read_bytes()
    with pytest.raises(HistoryError, match=words) as caught:
        History(file)
    assert "[history] path" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert file.read_bytes() == before


def test_no_database_at_all_is_refused_and_left_alone(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"a letter, and no database" * 100)
    with pytest.raises(HistoryError, match="cannot be read: file is not a database"):
        History(file)
    assert file.read_bytes() == b"a letter, and no database" * 100


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(HistoryError, match="cannot be created: File exists"):
        History(tmp_path / "data" / "history.sqlite3")


def holding(file: Path, statement: str) -> sqlite3.Connection:
    """Return another program's connection, which locks the file."""
    other = sqlite3.connect(file, isolation_level=None)
    other.execute(statement)
    return other


def test_a_file_that_another_program_keeps_locked_is_one_line(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Give up after the wait for a turn, name the file, and record once the lock is released."""
    monkeypatch.setattr("crawler.history.store.WAIT_SECONDS", 0.05)
    locked = Phrase("history_not_used", path=str(file), why=Phrase("history_locked", seconds=0.05))
    with History(file) as history:
        with closing(holding(file, "BEGIN IMMEDIATE")), pytest.raises(HistoryError) as caught:
            history.record(RUN, [SEEN])
        assert reason_of(caught.value) == locked
        assert history.series(SHOP, ["29220317"]) == {}
        assert history.record(RUN, [SEEN]) == 1
    assert "\n" not in locked


def test_a_new_file_that_another_program_keeps_locked_is_one_line(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same while the file is opened, before its tables are created."""
    monkeypatch.setattr("crawler.history.store.WAIT_SECONDS", 0.05)
    file.parent.mkdir()
    with closing(holding(file, "BEGIN EXCLUSIVE")), pytest.raises(HistoryError) as caught:
        History(file)
    assert reason_of(caught.value) == Phrase(
        "history_not_used", path=str(file), why=Phrase("history_locked", seconds=0.05)
    )
    with History(file) as history:
        assert history.record(RUN, [SEEN]) == 1


def at_version(monkeypatch: pytest.MonkeyPatch, *migrations: str) -> None:
    monkeypatch.setattr(schema, "MIGRATIONS", migrations)
    monkeypatch.setattr(schema, "VERSION", len(migrations))
    monkeypatch.setattr("crawler.history.store.VERSION", len(migrations))


def tables(file: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with History(file) as history:
        history.record(RUN, [SEEN])
    today = schema.MIGRATIONS
    at_version(monkeypatch, *today, "CREATE TABLE extra (x);\nCREATE TABLE extra (x);")
    with pytest.raises(HistoryError, match="table extra already exists"):
        History(file)
    at_version(monkeypatch, *today, "CREATE TABLE extra (x);")
    with History(file) as history:
        assert history.series(SHOP, ["29220317"]) == {"29220317": (SEEN,)}
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(today) + 1,)


@pytest.mark.parametrize("version", range(1, schema.VERSION))
def test_a_file_of_an_earlier_version_becomes_one_of_today(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    """Nothing is lost, and its tables are then those of a new file."""
    with monkeypatch.context() as then:
        at_version(then, *schema.MIGRATIONS[:version])
        with History(file) as history:
            history.record(RUN, [SEEN])
    with History(file) as history:
        assert history.series(SHOP, ["29220317"]) == {"29220317": (SEEN,)}
    History(tmp_path / "new.sqlite3").close()
    assert tables(file) == tables(tmp_path / "new.sqlite3")


def test_titles_that_an_earlier_version_recorded_are_bounded(file: Path) -> None:
    """A title of 300,000 control characters costs each search little, and an export still contains it."""
    title = "\x9d" * 300_000
    with History(file) as history:
        history.record(
            RunRecord("k", "shop", "q", STARTED, pages_ok=1, pages_failed=0),
            [Observation("1", title, STARTED, Decimal(1), seller=title)],
        )
        (seen,) = history.series("shop", ["1"])["1"]
    assert len(seen.title) == len(seen.seller or "") < 5_000
    reader = open_history(file)
    assert reader is not None
    with reader:
        (line,) = b"".join(exporting.export(reader, "jsonl")).splitlines()
    assert json.loads(line)["title"] == title
