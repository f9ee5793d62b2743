"""`history`: price history, as a buyer asks for it."""

from __future__ import annotations

import asyncio
import codecs
import csv
import datetime as dt
import io
import json
import re
import shlex
import sys
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from crawler.cli import history_options, history_upkeep
from crawler.history import exporting
from crawler.history.observations import RunRecord
from crawler.history.store import History
from crawler.prices.observation import Observation
from crawler.report import history as history_report
from tests.cli.conftest import Ended

Run = Callable[..., Awaitable[Ended]]

SHOP = "https://search.dangdang.com"
START = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Return a history of 70 daily runs: 11 cut by half, 12 raised and then cut, 13 not seen lately, 14 sold out."""
    file = tmp_path / "home" / ".local/share/bookprice-crawler/history.sqlite3"
    with History(file) as past:
        for day in range(70):
            at = START + dt.timedelta(days=day)
            prices = {"11": "20" if day == 69 else "40", "12": "60" if 60 <= day < 69 else "50", "14": "9"}
            if day < 50:
                prices["13"] = "70"
            run = RunRecord(f"k{day}", SHOP, "三体", at, pages_ok=1, pages_failed=0)
            past.record(
                run,
                [
                    Observation(
                        number, f"三体{number}", at, Decimal(price), Decimal(100), sold_out=number == "14"
                    )
                    for number, price in prices.items()
                ],
            )
    return file


async def test_nothing_yet_is_said_and_makes_no_file(run: Run, tmp_path: Path) -> None:
    ended = await run("history")
    assert (ended.code, ended.err) == (0, "")
    assert ended.text.startswith("no history yet at ")
    assert not (tmp_path / "home" / ".local").exists()


async def test_what_there_is(run: Run, kept: Path) -> None:
    ended = await run("history", "--format", "json")
    (search,) = json.loads(ended.text)["searches"]
    assert (search["query"], search["runs"], search["products"]) == ("三体", 70, 4)
    assert search["observations"] == 3 * 70 + 50
    assert "三体" in (await run("history")).text


async def test_a_search_has_the_best_deal_first(run: Run, kept: Path) -> None:
    """By price relative to the product's own median; unavailable products come last, without a price."""
    ended = await run("history", "三體", "--format", "json")
    report = json.loads(ended.text)
    assert [product["product_id"] for product in report["products"]] == ["11", "12", "13", "14"]
    first, raised, gone, sold_out = report["products"]
    assert (first["price"], first["median_90_days"], first["lowest"], first["change"]) == (20, 40, 20, -20)
    assert raised["raised_then_cut"]["kind"] == "price"
    assert (gone["in_last_run"], gone["last_seen"]) == (False, "2026-02-19T08:00:00Z")
    assert (sold_out["sold_out"], sold_out["lowest"]) == (True, None)
    table = (await run("history", "三体", "--lang", "en")).text
    assert table.index("三体11") < table.index("三体12") < table.index("三体13")
    assert "usually ¥50.00, ¥60.00 on 2026-03-02, now ¥50.00" in " ".join(table.split())


async def test_a_product_by_its_number(run: Run, kept: Path) -> None:
    """Runs with the same price are one line; as a query, the same word was never searched."""
    ended = await run("history", "12", "--format", "json")
    product = json.loads(ended.text)["product"]
    periods = [(period["price"], period["observations"]) for period in product["spells"]]
    assert periods == [(50, 60), (60, 9), (50, 1)]
    assert "no history for '12'" in (await run("history", "--query", "12")).text


async def test_csv_and_files(run: Run, kept: Path, folder: Path) -> None:
    ended = await run("history", "三体", "-o", "a.csv", "-o", "a.json", "--top", "2")
    assert (ended.code, ended.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO((folder / "a.csv").read_text("utf-8-sig"), newline="")))
    assert [row["product_id"] for row in rows] == ["11", "12"]
    assert len(json.loads((folder / "a.json").read_text("utf-8"))["products"]) == 2


@pytest.mark.parametrize("words", [("三体", "--format", "csv"), ("export", "--format", "csv")])
async def test_only_a_file_has_a_byte_order_mark(
    run: Run, kept: Path, folder: Path, words: tuple[str, ...]
) -> None:
    """A pipe's output begins with the header, and is otherwise identical."""
    ended = await run("history", *words)
    assert (ended.code, ended.err) == (0, "")
    assert re.match(rb"[a-z_]+,", ended.out)
    await run("history", *words, "-o", "a.csv")
    assert (folder / "a.csv").read_bytes() == codecs.BOM_UTF8 + ended.out


async def test_html_by_file_and_on_stdout(run: Run, kept: Path, folder: Path) -> None:
    """A search's products in order, with the same bytes either way; nothing else is printed."""
    ended = await run("history", "三体", "-o", "prices.html", "--format", "html")
    assert (ended.code, ended.err) == (0, "")
    assert (folder / "prices.html").read_bytes() == ended.out
    document = LexborHTMLParser(ended.text)
    assert [card.text().strip() for card in document.css(".card h3")] == [
        "三体11",
        "三体12",
        "三体13",
        "三体14",
    ]
    assert len(document.css(".card svg.past")) == 3  # the last was never available
    assert document.css("html")[0].attributes["lang"] == "en"


async def test_html_of_one_product_and_of_all_searches(run: Run, kept: Path, folder: Path) -> None:
    """With a product number, its chart and periods; without one, the recorded searches."""
    assert (await run("history", "12", "-o", "one.html", "--lang", "zh-Hant")).code == 0
    one = LexborHTMLParser((folder / "one.html").read_text("utf-8"))
    assert one.css("html")[0].attributes["lang"] == "zh-Hant"
    assert [price.text() for price in one.css(".periods b")] == ["¥50.00", "¥60.00", "¥50.00"]
    assert "先漲後降" in one.css(".trick")[0].text()
    assert (await run("history", "-o", "all.htm")).code == 0
    whole = LexborHTMLParser((folder / "all.htm").read_text("utf-8"))
    assert [query.text() for query in whole.css(".searches th[scope=row]")] == ["三体"]


@pytest.fixture
def judged(kept: Path) -> Path:
    """Return the same history after a run that found a bookmark, and an off-topic product."""
    at = START + dt.timedelta(days=70)
    found = [
        Observation("11", "三体11", at, Decimal(20), Decimal(100), dropped="no"),
        Observation("21", "三体书签", at, Decimal(3), dropped="accessory"),
        Observation("22", "英语语法", at, Decimal(2), dropped="off_topic", seller="=某店"),
    ]
    with History(kept) as past:
        past.record(RunRecord("k70", SHOP, "三体", at, pages_ok=1, pages_failed=0), found)
    return kept


async def test_what_the_search_dropped_is_counted_and_listed_on_demand(
    run: Run, judged: Path, folder: Path
) -> None:
    """On demand in the table and in CSV, always in JSON and HTML; three older products are unknown."""
    words = ("history", "三体", "-o", "a.json", "-o", "a.csv", "-o", "a.html")
    table = (await run(*words)).text
    assert "1 accessory, 1 off topic; --show-dropped lists them" in table
    assert "3 were recorded by an earlier version" in table
    assert "三体书签" not in table
    report = json.loads((folder / "a.json").read_text("utf-8"))
    assert report["found"] == 6
    assert report["counts"] == {
        "kept": 4,
        "dropped": {"ebook": 0, "accessory": 1, "off_topic": 1},
        "unjudged": 3,
    }
    dropped = [(product["product_id"], product["reason"]) for product in report["dropped"]]
    assert dropped == [("22", "off_topic"), ("21", "accessory")]
    assert {product["product_id"] for product in report["products"]} == {"11", "12", "13", "14"}
    assert "三体书签" not in (folder / "a.csv").read_text("utf-8-sig")
    document = LexborHTMLParser((folder / "a.html").read_text("utf-8"))
    assert [" ".join(group.text().split()) for group in document.css(".group")] == [
        "accessory 1 ¥3.00 三体书签 21",
        "off topic 1 ¥2.00 英语语法 22",
    ]
    assert "三体书签" not in " ".join(card.text() for card in document.css(".card"))

    table = (await run(*words, "--show-dropped")).text
    assert "--show-dropped" not in table
    assert table.index("三体14") < table.index("英语语法") < table.index("三体书签")
    rows = list(csv.DictReader(io.StringIO((folder / "a.csv").read_text("utf-8-sig"), newline="")))
    assert [(row["product_id"], row["dropped"]) for row in rows[-3:]] == [
        ("14", ""),
        ("22", "off_topic"),
        ("21", "accessory"),
    ]


async def test_what_is_kept_is_ranked_and_says_so(run: Run, judged: Path, folder: Path) -> None:
    """By option and by the configuration, as for a search."""
    table = (await run("history", "三体", "--keep", "off_topic,accessory,sold_out")).text
    assert "kept though off topic" in table
    assert "Dropped" not in table
    (folder / "c.toml").write_text('[crawler]\nkeep = ["accessory"]\n', "utf-8")
    report = json.loads((await run("history", "三体", "--format", "json", "--config", "c.toml")).text)
    assert report["counts"]["dropped"] == {"ebook": 0, "accessory": 0, "off_topic": 1}
    assert "21" in {product["product_id"] for product in report["products"]}
    ended = await run("history", "三体", "--keep", "dear")
    assert ended.code == 2
    assert "--keep must be a comma-separated list of" in ended.only_line


async def test_a_dropped_product_has_its_past_by_its_number(run: Run, judged: Path) -> None:
    assert json.loads((await run("history", "22", "--format", "json")).text)["product"]["price"] == 2


async def test_of_a_search_whose_products_are_all_dropped_that_is_said(run: Run, kept: Path) -> None:
    with History(kept) as past:
        at = START + dt.timedelta(days=1)
        found = [Observation("22", "英语语法", at, Decimal(2), dropped="off_topic")]
        past.record(RunRecord("x", SHOP, "书", at, pages_ok=1, pages_failed=0), found)
    table = (await run("history", "书")).text
    assert "1 found, all dropped" in table
    assert "1 off topic; --show-dropped lists them" in table


async def test_html_says_what_it_leaves_out(run: Run, kept: Path) -> None:
    """A number given shortens the page, and the page says so."""
    document = LexborHTMLParser((await run("history", "三体", "--format", "html", "--top", "3")).text)
    assert len(document.css(".card")) == 3
    assert "1 more (--top 4 shows all)" in document.css(".left")[0].text()


async def test_html_is_cut_to_two_hundred_products_and_the_table_beside_it_is_not_longer(
    run: Run, kept: Path, folder: Path
) -> None:
    """Each format has its own number of products, whatever other formats are written with it."""
    at = START + dt.timedelta(days=80)
    with History(kept) as past:
        found = [Observation(str(n), f"书{n}", at, Decimal(20)) for n in range(1_000, 1_230)]
        past.record(RunRecord("many", SHOP, "书", at, pages_ok=1, pages_failed=0), found)
    ended = await run("history", "书", "-o", "prices.html")
    document = LexborHTMLParser((folder / "prices.html").read_text("utf-8"))
    assert len(document.css(".card")) == 200
    assert "30 more (--top 230 shows all)" in document.css(".left")[0].text()
    assert "180 more (--top 230 shows all)" in ended.text


async def test_no_page_is_written_of_what_is_not_on_record(run: Run, kept: Path, folder: Path) -> None:
    """One line says why there is none."""
    ended = await run("history", "没有的", "-o", "prices.html")
    assert ended.code == 0
    assert "no file was written" in ended.only_line
    assert not (folder / "prices.html").exists()


async def test_export_and_import_by_command(run: Run, kept: Path, folder: Path) -> None:
    """Through a file and through a pipe; a second import changes nothing."""
    assert (await run("history", "export", "-o", "all.jsonl")).code == 0
    words = ("history", "import", "all.jsonl", "--history-file", "b.sqlite3")
    assert (await run(*words)).text == "imported: 70 runs, 260 observations\n"
    assert (await run(*words)).text == "imported: 0 runs, 0 observations; 70 runs were already recorded\n"
    again = await run("history", "export", "--format", "jsonl", "--history-file", "b.sqlite3")
    assert again.out == (folder / "all.jsonl").read_bytes()


async def test_prune_by_command(run: Run, kept: Path) -> None:
    ended = await run("history", "prune", "--older-than", "1d")
    assert ended.text.startswith("pruned: 256 observations, ")
    left = json.loads((await run("history", "三体", "--format", "json")).text)
    assert [product["observations"] for product in left["products"]] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["三体", "--format", "pdf"], "invalid choice"),
        (["三体", "-o", "a.pdf"], ".pdf"),
        (["--query", "a", "b"], "omit 'b'"),
        (["prune", "--older-than", "soon"], "400d"),
        (["prune"], "--older-than"),
        (["import", "none.csv"], "none.csv cannot be read"),
        (["export", "-o", "a.txt"], "use .csv or .jsonl"),
        (["export", "没有的"], "no history for '没有的'"),
    ],
)
async def test_bad_input_gets_one_line(run: Run, kept: Path, words: list[str], expected: str) -> None:
    ended = await run("history", *words)
    assert ended.code == 2
    assert expected in ended.only_line


def test_what_the_command_offers_is_what_there_is() -> None:
    """The parser must not load the reports; its lists equal theirs."""
    assert tuple(history_report.FORMATS) == history_options.FORMATS
    assert history_upkeep.EXPORT_FORMATS == exporting.FORMATS


async def test_a_full_disk_ends_an_export_in_one_line(
    kept: Path, folder: Path, environ: dict[str, str]
) -> None:
    command = shlex.join([sys.executable, "-m", "crawler", "history", "export", "--format", "csv"])
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", f"{command} > /dev/full", stderr=asyncio.subprocess.PIPE, cwd=folder, env=environ
    )
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert err.decode() == "bookprice: stdout cannot be written: No space left on device\n"


async def test_people_read_their_own_days_and_programs_utc(run: Run, tmp_path: Path) -> None:
    """At 20:30 UTC it is the next day in Taipei: the table and the page show that day, data show UTC."""
    file = tmp_path / "home" / ".local/share/bookprice-crawler/history.sqlite3"
    at = dt.datetime(2026, 1, 1, 20, 30, tzinfo=dt.UTC)
    with History(file) as past:
        past.record(
            RunRecord("k", SHOP, "三体", at, pages_ok=1, pages_failed=0),
            [Observation("11", "三体", at, Decimal(20))],
        )
    here = {"TZ": "Asia/Taipei"}
    for options in ([], ["三体"], ["11"]):
        for form in ("table", "html"):
            shown = (await run("history", *options, "--format", form, env=here)).text
            assert "2026-01-02" in shown
            without_axis = re.sub(r'<text class="tick.*?</text>', "", shown)
            assert "2026-01-01" not in without_axis
    told = json.loads((await run("history", "三体", "--format", "json", env=here)).text)
    assert told["first_run"] == "2026-01-01T20:30:00Z"
    assert "2026-01-01T20:30:00Z" in (await run("history", "三体", "--format", "csv", env=here)).text
