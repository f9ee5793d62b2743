"""Edits of the watches in a configuration file: exactly what was asked for changes, and nothing else."""

from __future__ import annotations

import multiprocessing
import stat
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import SettingsError
from crawler.configuration import watch_file
from crawler.configuration.watch_file import (
    UnknownWatchError,
    WatchConflictError,
    add_watch,
    change_watch,
    delete_watch,
    watch_version,
    watches_in,
)
from crawler.settings import Settings
from tests.configuration.conftest import loaded, refusal
from tests.profiles import examples

SETTINGS = Settings()

FILE = """\
# mine
[crawler]
pages = 5   # three are too few

# The first
[[watch]]
# how it is called
query = "三體"   # with a remark
target_price = 20.50
# pages = 7

# The second
[[ watch ]]
name='b'
query = '''
[[watch]]
'''
products = [
  "1",  # one
  "2",
]

# where alerts go
[alerts]
urls = []
[[watch]]
name = "c"
query = "三体"
# the end
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "c.toml"
    path.write_text(FILE.replace("'''\n[[watch]]\n'''", "'x'"), encoding="utf-8")
    return path


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def changed_lines(before: list[str], path: Path) -> tuple[list[str], list[str]]:
    """Return the lines that an edit removed and added, each in order; every other line is where it was."""
    after = lines(path)
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return before[start : len(before) - end], after[start : len(after) - end]


def test_a_changed_price_changes_one_line(file: Path) -> None:
    before = lines(file)
    watch = change_watch(file, "三體", {"target_price": Decimal("19.90")}, SETTINGS)
    assert changed_lines(before, file) == (["target_price = 20.50"], ["target_price = 19.90"])
    assert watch.terms.target_price == Decimal("19.90")


def test_a_new_key_follows_the_last_one_and_an_old_one_leaves_with_its_line(file: Path) -> None:
    """Comments below the last key, some of which belong to the next table, stay below it."""
    before = lines(file)
    assert change_watch(file, "三體", {"paused": True}, SETTINGS).terms.paused
    assert changed_lines(before, file) == ([], ["paused = true"])
    assert lines(file).index("paused = true") == before.index("target_price = 20.50") + 1
    assert not change_watch(file, "三體", {"paused": None}, SETTINGS).terms.paused
    assert lines(file) == before


def test_the_same_value_in_another_notation_is_no_change(file: Path) -> None:
    before = lines(file)
    change_watch(file, "三體", {"target_price": Decimal("20.5"), "query": "三體"}, SETTINGS)
    assert lines(file) == before


def test_a_value_that_stays_keeps_its_remark(file: Path) -> None:
    change_watch(file, "三體", {"query": "滲透測試"}, SETTINGS)
    assert 'query = "滲透測試"   # with a remark' in lines(file)


def test_a_new_watch_comes_after_the_last(file: Path) -> None:
    before = lines(file)
    watch = add_watch(
        file, {"query": "白夜行", "target_price": Decimal(30), "new_lowest": True, "pages": 2}, SETTINGS
    )
    assert (watch.name, watch.search, watch.terms.target_price) == ("白夜行", {"pages": 2}, Decimal(30))
    new = ["", "[[watch]]", 'query = "白夜行"', "target_price = 30", "new_lowest = true", "pages = 2"]
    assert lines(file) == [*before, *new]


def test_a_comment_above_the_next_table_stays_above_it(tmp_path: Path) -> None:
    """Adding puts the new table before it, and deleting leaves it."""
    file = tmp_path / "c.toml"
    file.write_text('[[watch]]\nquery = "a"\n# every = "1d"\n\n# where to\n[alerts]\n', encoding="utf-8")
    add_watch(file, {"query": "b"}, SETTINGS)
    assert lines(file) == [
        "[[watch]]", 'query = "a"', '# every = "1d"', "", "[[watch]]", 'query = "b"', "", "# where to", "[alerts]",
    ]  # fmt: skip
    delete_watch(file, "a", SETTINGS)
    assert lines(file) == ["[[watch]]", 'query = "b"', "", "# where to", "[alerts]"]
    delete_watch(file, "b", SETTINGS)
    assert lines(file) == ["# where to", "[alerts]"]


def test_a_deleted_watch_leaves_the_others_and_the_tables_between_them(file: Path) -> None:
    before = lines(file)
    delete_watch(file, "b", SETTINGS)
    first, last = before.index("[[ watch ]]"), before.index("# where alerts go")
    assert lines(file) == before[:first] + before[last - 1 :]
    assert [watch.name for watch in watches_in(file, SETTINGS)] == ["三體", "c"]
    delete_watch(file, "c", SETTINGS)
    delete_watch(file, "三體", SETTINGS)
    assert watches_in(file, SETTINGS) == ()
    assert [
        line for line in before if line in {"# mine", "# The first", "# The second", "# where alerts go"}
    ] == [line for line in lines(file) if line.startswith("#")]


def test_watch_sees_what_was_added_and_the_page_what_was_written(folder: Path) -> None:
    """What `bookprice watch` loads and what the edits see is one list."""
    (folder / "c.toml").write_text("[crawler]\npages = 4\n", encoding="utf-8")
    added = add_watch(folder / "c.toml", {"query": "三體", "keep": ("sold_out",)}, SETTINGS)
    found = loaded(folder, config="c.toml")
    assert found.watches == (added,)
    assert found.watch_file == folder / "c.toml"
    with (folder / "c.toml").open("a", encoding="utf-8") as written:
        written.write('[[watch]]\nquery = "by hand"\npaused = true\n')
    assert [watch.name for watch in watches_in(found.watch_file, found.settings)] == ["三體", "by hand"]


def test_the_users_own_file_is_made_when_it_is_missing(folder: Path) -> None:
    found = loaded(folder)
    assert not found.watch_file.exists()
    add_watch(found.watch_file, {"query": "三體"}, found.settings)
    assert [watch.name for watch in loaded(folder).watches] == ["三體"]
    assert lines(found.watch_file) == ["[[watch]]", 'query = "三體"']


def test_no_file_whose_watches_are_ignored_is_edited(folder: Path) -> None:
    (folder / "config.toml").write_text("[crawler]\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"add --config \./config\.toml"):
        _ = loaded(folder).watch_file
    assert loaded(folder, config="config.toml").watch_file == folder / "config.toml"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"query": "x", "pages": 101}, "[[watch]]: pages must be a whole number from 1 to 100"),
        ({"query": "x", "min_price": 9, "max_price": 5}, "[[watch]]: min_price must be at most"),
        ({"query": "x", "target": 5}, "[[watch]]: unknown key target; the nearest is target_price"),
        ({"name": "x"}, "[[watch]] has no query"),
        ({"query": "x\x00y"}, "not a readable character"),
        ({"query": "x", "name": "a\nb"}, "a name of 1 to 100 characters"),
        ({"query": "x", "name": "\ud800"}, "a name of 1 to 100 characters"),
        ({"query": "x", "author": "\ud800"}, "[[watch]]: author must be"),
        ({"query": "x", "target_price": float("nan")}, "an amount of yuan"),
    ],
)
def test_a_watch_that_cannot_be_changes_nothing(file: Path, values: dict[str, Any], words: str) -> None:
    before = file.read_bytes()
    with pytest.raises(SettingsError) as caught:
        add_watch(file, values, SETTINGS)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()
    with pytest.raises(SettingsError):
        change_watch(file, "b", {"query": None} if "query" not in values else values, SETTINGS)
    assert file.read_bytes() == before


def test_two_watches_have_different_names(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(WatchConflictError, match="choose another name"):
        add_watch(file, {"query": "三體"}, SETTINGS)
    with pytest.raises(WatchConflictError, match="choose another name"):
        change_watch(file, "b", {"name": "c"}, SETTINGS)
    assert file.read_bytes() == before


def test_an_unknown_watch_is_named(file: Path) -> None:
    with pytest.raises(UnknownWatchError, match="no watch gone"):
        delete_watch(file, "gone", SETTINGS)
    with pytest.raises(UnknownWatchError, match="no watch gone"):
        change_watch(file, "gone", {"paused": True}, SETTINGS)


def test_a_watch_that_changed_since_it_was_seen_is_left_alone(file: Path) -> None:
    """Another watch may have changed; this one may not."""
    seen = {watch.name: watch_version(watch) for watch in watches_in(file, SETTINGS)}
    change_watch(file, "c", {"paused": True}, SETTINGS, version=seen["c"])
    change_watch(file, "b", {"paused": True}, SETTINGS, version=seen["b"])
    before = file.read_bytes()
    with pytest.raises(WatchConflictError, match="changed meanwhile"):
        change_watch(file, "c", {"target_price": 5}, SETTINGS, version=seen["c"])
    with pytest.raises(WatchConflictError, match="changed meanwhile"):
        delete_watch(file, "c", SETTINGS, version=seen["c"])
    assert file.read_bytes() == before


def test_what_an_editor_saves_meanwhile_is_not_lost(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The edit is made again from what it saved; if that goes on, nothing is written and the message says so."""
    saves = iter([b'[[watch]]\nquery = "saved"\n'])
    real = watch_file._check_unchanged

    def save_first(path: Path, before: bytes | None) -> None:
        if (text := next(saves, None)) is not None:
            path.write_bytes(text)
        real(path, before)

    monkeypatch.setattr(watch_file, "_check_unchanged", save_first)
    add_watch(file, {"query": "added"}, SETTINGS)
    assert [watch.name for watch in watches_in(file, SETTINGS)] == ["saved", "added"]

    saves = iter([b"# 1\n", b"# 2\n", b"# 3\n", b"# 4\n"])
    with pytest.raises(WatchConflictError, match="try again"):
        add_watch(file, {"query": "late"}, SETTINGS)
    assert file.read_bytes() == b"# 3\n"
    assert [path.name for path in file.parent.iterdir()] == ["c.toml"]


def _add_some(path: str, prefix: str, count: int) -> None:
    for number in range(count):
        add_watch(Path(path), {"query": f"{prefix}{number}"}, SETTINGS)


def test_edits_of_several_processes_follow_one_another(file: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_add_some, args=(str(file), name, 5)) for name in "xyz"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    names = [watch.name for watch in watches_in(file, SETTINGS)]
    assert sorted(names[3:]) == sorted(f"{name}{number}" for name in "xyz" for number in range(5))


def test_line_ends_byte_order_mark_and_permissions_stay(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes('\ufeff[crawler]\r\n\r\n[[watch]]\r\nquery = "三體" # 一\r\n'.encode())
    file.chmod(0o600)
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    change_watch(link, "三體", {"paused": True}, SETTINGS)
    add_watch(link, {"query": "b"}, SETTINGS)
    assert file.read_bytes().decode() == (
        '\ufeff[crawler]\r\n\r\n[[watch]]\r\nquery = "三體" # 一\r\npaused = true\r\n\r\n[[watch]]\r\nquery = "b"\r\n'
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert link.is_symlink()


def test_a_file_without_a_final_line_end_gets_one(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[[watch]]\nquery = "a"', encoding="utf-8")
    add_watch(file, {"query": "b"}, SETTINGS)
    assert [watch.name for watch in watches_in(file, SETTINGS)] == ["a", "b"]


def test_a_list_on_the_top_level_is_edited_as_one(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('watch = [{query="a", pages=2}] # short\n[crawler]\n', encoding="utf-8")
    add_watch(file, {"query": "b", "paused": True}, SETTINGS)
    change_watch(file, "a", {"target_price": Decimal("9.90"), "pages": None}, SETTINGS)
    assert [(watch.name, watch.search) for watch in watches_in(file, SETTINGS)] == [("a", {}), ("b", {})]
    delete_watch(file, "b", SETTINGS)
    assert tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal) == {
        "watch": [{"query": "a", "target_price": Decimal("9.90")}],
        "crawler": {},
    }
    assert file.read_text(encoding="utf-8").endswith("# short\n[crawler]\n")


def test_a_text_or_array_that_looks_like_a_table_is_none(tmp_path: Path) -> None:
    text = '[alerts]\ncommand = [\n"sh",\n"""\n[[watch]]\nquery = "no"\n"""]\n'
    text += '[[watch]]\nquery = "a"\nproducts = [\n"1"\n]\n'
    file = tmp_path / "c.toml"
    file.write_text(text, encoding="utf-8")
    change_watch(file, "a", {"paused": True}, SETTINGS)
    assert file.read_text(encoding="utf-8") == f"{text}paused = true\n"
    delete_watch(file, "a", SETTINGS)
    assert file.read_text(encoding="utf-8") == text[: text.rindex("[[watch]]")]


def test_a_file_that_is_wrong_is_refused_in_one_line(folder: Path) -> None:
    file = folder / "c.toml"
    for data, words in (
        (b"[[watch]\n", "is not valid TOML"),
        (b"\xff", "not valid UTF-8"),
        (b"watch = 5\n", "list of"),
    ):
        file.write_bytes(data)
        with pytest.raises(SettingsError, match=words) as caught:
            add_watch(file, {"query": "a"}, SETTINGS)
        assert str(caught.value).isprintable()
        assert file.read_bytes() == data
    assert "c.toml" in refusal(folder, config="c.toml")


def test_the_packaged_example_can_be_edited(tmp_path: Path) -> None:
    """The shipped file with all its comments gets a watch at its end, and loses it again."""
    text = (Path(__file__).parents[2] / "config.toml").read_text(encoding="utf-8")
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    add_watch(file, {"query": "三體", "target_price": Decimal(20)}, SETTINGS)
    assert file.read_text(encoding="utf-8") == f'{text}\n[[watch]]\nquery = "三體"\ntarget_price = 20\n'
    delete_watch(file, "三體", SETTINGS)
    assert file.read_text(encoding="utf-8") == text


NAMES = ["a", "b", "名"]
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["add", "change", "delete"]),
        st.sampled_from(NAMES),
        st.fixed_dictionaries(
            {},
            optional={
                "target_price": st.none() | st.decimals(0, 999, places=2),
                "paused": st.none() | st.booleans(),
                "author": st.none() | st.sampled_from(['q"r', "a'b", "\\n", "C#", "刘慈欣"]),
                "products": st.none() | st.lists(st.sampled_from(["1", "22"]), max_size=3),
            },
        ),
    ),
    max_size=8,
)
BLOCKS = st.lists(
    st.sampled_from(
        [
            "# note\n",
            "\n",
            "[alerts]\n",
            "[report] # r\ntop = 3\n",
            '[[watch]]\nquery="c"\nname="c"\n# own\n',
            "\t\n",
        ]
    ),
    max_size=6,
    unique=True,
)


@settings(max_examples=examples(40), deadline=None)
@given(blocks=BLOCKS, edits=EDITS)
def test_any_row_of_edits_means_what_it_says(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[str], edits: Any
) -> None:
    """The watches are those of a plain list with the same edits; every comment outside a watch stays."""
    file = tmp_path_factory.mktemp("edits") / "c.toml"
    file.write_text("".join(blocks), encoding="utf-8")
    model: dict[str, dict[str, Any]] = {
        w.name: {"query": "c", "name": "c"} for w in watches_in(file, SETTINGS)
    }
    for kind, name, values in edits:
        try:
            if kind == "add":
                add_watch(file, {"query": name, **values}, SETTINGS)
                model[name] = {"query": name}
            elif kind == "change":
                change_watch(file, name, values, SETTINGS)
            else:
                delete_watch(file, name, SETTINGS)
                del model[name]
        except (UnknownWatchError, WatchConflictError):
            assert (kind == "add") == (name in model)
            continue
        if kind != "delete":
            model[name] = {key: v for key, v in (model[name] | values).items() if v is not None}
    text = file.read_text(encoding="utf-8")
    assert tomllib.loads(text, parse_float=Decimal).get("watch", []) == list(model.values())
    assert text.count("# note") == blocks.count("# note\n")
    assert text.count("[report] # r\ntop = 3\n") == blocks.count("[report] # r\ntop = 3\n")
