"""Input in place of a query: a misspelt command, an address, a product number, a short flag."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from crawler.__main__ import main
from crawler.cli.app import COMMANDS, _parse
from crawler.cli.command_line import nearest_command, quoted
from crawler.cli.history import PARTS
from crawler.cli.searched_words import searched_words
from crawler.errors import UsageError
from crawler.history.store import History


@pytest.fixture(autouse=True)
def _bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run as the script, in an empty folder with an empty home, where no shop can be reached."""
    monkeypatch.setattr("sys.argv", ["bookprice"])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CRAWLER_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("CRAWLER_REPORT_LANG", "en")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one line that refuses a command line; nothing is searched or created."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert list(Path.cwd().iterdir()) == []
    return line


MISSPELT = {
    "hsitory": "history", "histroy": "history", "histry": "history", "historyy": "history", "ihstory": "history",
    "Histroy": "history", "hisotry": "history", "wacth": "watch", "wtach": "watch", "watchh": "watch",
    "wath": "watch", "serach": "search", "seach": "search", "docter": "doctor", "docotr": "doctor",
    "doctr": "doctor", "dmeo": "demo", "deom": "demo", "hlep": "help",
}  # fmt: skip


@pytest.mark.parametrize(("word", "command"), MISSPELT.items())
def test_a_misspelt_command_names_the_nearest(
    capsys: pytest.CaptureFixture[str], word: str, command: str
) -> None:
    """One line has the command, and the command line that searches for the word itself."""
    for arguments, kept in (
        ([word], [word]),
        ([word, "--demo"], [word, "--demo"]),
        (["--demo", word], ["--demo", word]),
        ([word, "--only", "a"], [word]),  # no search has such an option
        ([word, "--format", "jsonl"], [word]),
    ):
        line = refused(capsys, *arguments)
        assert f" is {command}; " in line
        found = line.split("to search for the word itself: bookprice ")[1]
        assert shlex.split(found) == ["search", *kept]


def test_a_command_that_is_not_named_first(capsys: pytest.CaptureFixture[str]) -> None:
    """After an option, it would be searched for."""
    assert "watch is a command and goes before its options" in refused(capsys, "--quiet", "watch")


QUERIES = [
    "python", "java", "docker", "match", "catch", "research", "demon", "memo", "dome", "witcher", "doctoral",
    "historic", "starting", "helper", "hell", "history of china", "alert design", "watch out", "滲透測試", "1984",
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_no_misspelt_command(query: str) -> None:
    """Words with two errors, or another first letter, are searched for; so are several words in quotes."""
    assert (_parse([query]).command, _parse([query]).query) == ("search", query)


@pytest.mark.parametrize("word", ["hsitory", "watch", "help", *COMMANDS])
def test_a_word_can_be_searched_for_all_the_same(word: str) -> None:
    for arguments in (["search", word], ["--", word], ["search", "--demo", word]):
        assert (_parse(arguments).command, _parse(arguments).query) == ("search", word)


def test_no_command_misspells_another() -> None:
    """No command counts as a misspelling of another."""
    for known in ((*COMMANDS, "help"), PARTS):
        assert {word: nearest_command(word, known) for word in known} == {word: word for word in known}


@pytest.mark.parametrize(("word", "part"), [("exprot", "export"), ("prun", "prune"), ("imoprt", "import")])
def test_a_misspelt_part_of_history_names_the_nearest(
    capsys: pytest.CaptureFixture[str], word: str, part: str
) -> None:
    for more in ([], ["--older-than", "3d"], ["--format", "jsonl"]):
        assert f"nearest to '{word}' is {part}; " in refused(capsys, "history", word, *more)
    assert main(["history", "--query", word]) == 0


@pytest.mark.parametrize("arguments", [["help"], ["help", "watch"], ["help", "history", "prune"]])
def test_help_is_a_command_too(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """`help watch` is `watch --help`."""
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert main([*arguments[1:], "--help"]) == 0
    assert shown == capsys.readouterr().out


PRODUCT = [
    "29123456",
    " 29123456\u3000",
    "２９１２３４５６",
    "https://product.dangdang.com/29123456.html",
    "http://product.dangdang.com/29123456.html?point=comment#ddclick_reco_reco_alsoview" + 100 * "x",
    "HTTPS://PRODUCT.DANGDANG.COM/29123456.html",
    "product.dangdang.com/29123456.html",
    "//product.dangdang.com/29123456.html",
    "http://product.m.dangdang.com/29123456.html",
    "http://product.m.dangdang.com/product.php?host=product.dangdang.com&pid=29123456",
    "https://m.dangdang.com/touch/product.php?pid=29123456",
    "https://m.dangdang.com/#/product?pid=29123456",
    "http://product.dangdang.com/product.aspx?product_id=29123456",
    "《三体》 https://product.dangdang.com/29123456.html，快来看看",
]


@pytest.mark.parametrize("typed", PRODUCT)
def test_a_product_is_looked_up_not_searched_for(capsys: pytest.CaptureFixture[str], typed: str) -> None:
    """The line has the command for its prices, with --demo if the demo's were meant."""
    line = refused(capsys, typed)
    assert (
        "29123456 is a product number; for its prices type bookprice history 29123456; or search for" in line
    )
    assert "bookprice history 29123456 --demo; or" in refused(capsys, "search", typed, "--demo")


@pytest.mark.parametrize("typed", PRODUCT)
def test_history_takes_a_products_address_for_its_number(
    capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    History(Path("a.sqlite3")).close()
    assert main(["history", typed, "--history-file", "a.sqlite3"]) == 0
    assert "no history for '29123456'" in capsys.readouterr().out


@pytest.mark.parametrize(
    "query",
    [
        "9787302511854", "978-7-302-51185-4", "7302511853", "7-302-51185-3", "730251185X", "0306406152", "7302511854",
        "1984", "142857", "2666", "1Q84", "三体 29123456", "Vue.js/React", "AC/DC", "HTTP 权威指南", "dangdang.com",
        "当当 product", "node.js", "TCP/IP",
    ],
)  # fmt: skip
def test_isbns_and_numbers_in_titles_are_queries(query: str) -> None:
    assert searched_words(query) == query


@pytest.mark.parametrize(
    ("address", "command"),
    [
        ("https://search.dangdang.com/?key=%C9%F8%CD%B8%B2%E2%CA%D4&act=input&page_index=2", "渗透测试"),
        ("search.dangdang.com/?act=input&key=渗透测试", "渗透测试"),
        ("http://search.m.dangdang.com/search.php?keyword=%E4%B8%89%E4%BD%93", "三体"),
        ("http://search.dangdang.com/?key=%B8%DF%B5%C8+%CA%FD%D1%A7", "'高等 数学'"),
        ("http://search.dangdang.com/?key=%24%28reboot%29", "'$(reboot)'"),
        ("http://search.dangdang.com/?key=-x", "-- -x"),
    ],
)
def test_the_address_of_a_search_is_typed_as_a_query(
    capsys: pytest.CaptureFixture[str], address: str, command: str
) -> None:
    """In any charset of the key, and safe to paste."""
    assert refused(capsys, address).endswith(f"this is the address of a search; type bookprice {command}")


@pytest.mark.parametrize(
    "address",
    [
        "https://item.jd.com/1234567.html", "http://shop.dangdang.com/1234567", "www.dangdang.com/",
        "http://category.dangdang.com/cp01.54.00.00.00.00.html", "http://search.dangdang.com/?key=", "http://[::1",
        "http://127.0.0.1:8000/?key=x",
    ],
)  # fmt: skip
def test_any_other_address_is_nothing_to_search_for(capsys: pytest.CaptureFixture[str], address: str) -> None:
    assert "search for a title, an author or an ISBN" in refused(capsys, address)


def test_short_flags_are_the_long_ones() -> None:
    """`-n` is the most common number, and `-q` and `-V` have their usual meanings."""
    assert vars(_parse(["書", "-n", "20", "-q"]))["pages"] == "20"
    assert _parse(["書", "-n20"]).pages == "20"
    for command in (["書"], ["watch"], ["doctor"]):
        assert _parse([*command, "-q"]).quiet is True


def test_the_short_flag_of_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    shown = capsys.readouterr().out
    assert main(["-V"]) == 0
    assert capsys.readouterr().out == shown


def test_a_command_line_is_shown_again_with_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the query is replaced, wherever it is; a flag precedes other arguments; no password is shown."""
    line = _parse(["--author", "书", "书", "-o", "a b.md"]).command_line
    assert line.with_query("编 程") == "bookprice --author 书 '编 程' -o 'a b.md'"
    assert _parse(["--replay", "a.warc"]).command_line.with_query("编程") == "bookprice 编程"
    assert (
        _parse(["-n", "3", "--", "-书"]).command_line.with_flag("--resume")
        == "bookprice -n 3 --resume -- -书"
    )
    assert _parse(["书", "--resume"]).command_line.with_flag("--resume") == "bookprice 书 --resume"
    for secret in (
        ["--proxy", "http://u:secret@h"], ["--proxy=http://u:secret@h"], ["--base-url", "http://u:secret@h"],
        ["--proxy", "u:secret@h"], ["--proxy=u:secret@h"], ["--proxy", "http://u:s/ecret@h"],
    ):  # fmt: skip
        shown = _parse(["书", *secret]).command_line.with_flag("--resume")
        assert "ecret" not in shown
        assert "…@h --resume" in shown.replace("'", "")
    assert _parse(["a@b"]).command_line.with_flag("--resume") == "bookprice a@b --resume"
    monkeypatch.setattr("sys.argv", ["/x/crawler/__main__.py"])
    assert line.with_flag("--demo").startswith("python -m crawler --author 书")
    assert quoted("渗透测试") == "渗透测试"
    assert shlex.split(quoted("a'; rm -rf $HOME")) == ["a'; rm -rf $HOME"]


def test_words_that_are_refused_anyway() -> None:
    with pytest.raises(UsageError, match="the query is empty"):
        searched_words("  ")
