"""Lists of URLs in every form that they come in: nothing is lost in silence, and memory stays flat."""

from __future__ import annotations

import gzip
import io
import os
import random
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.bulk.input import InputReader, Rejection, describe_input
from crawler.bulk.input_lines import LONGEST_LINE
from crawler.bulk.model import Target
from crawler.errors import UsageError

ROOT = Path(__file__).parents[2]


class Read:
    """What a reader found in an input."""

    def __init__(self, source: Path | str, *, stopped: Callable[[], bool] = lambda: False) -> None:
        self.reader = InputReader(str(source), stopped=stopped)
        items = list(self.reader)
        self.targets = {item.number: item.url for item in items if isinstance(item, Target)}
        self.columns = {item.number: item.columns for item in items if isinstance(item, Target)}
        self.rejected = {item.number: item.reason for item in items if isinstance(item, Rejection)}
        counts = asdict(self.reader.counts)
        assert counts.pop("lines") == sum(counts.values()) + len(self.targets)
        assert counts["rejected"] == len(self.rejected)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Read]:
    def write(data: bytes | str, name: str = "urls.txt") -> Read:
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return Read(path)

    return write


A, B, C = ("http://a.example/", "http://b.example/", "http://c.example/")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blank_lines_and_comments_are_skipped_and_counted(read: Callable[..., Read], end: str) -> None:
    found = read(end.join([A, "", " \t", "# http://c.example/", "  #", B]))
    assert found.targets == {1: A, 6: B}
    assert (found.reader.counts.blank, found.reader.counts.comments) == (2, 2)


def test_bad_lines_are_rejected_with_their_number(read: Callable[..., Read]) -> None:
    found = read(f"{A}\nb.example\n\nftp://c.example/\n{B}\n")
    assert found.targets == {1: A, 5: B}
    assert list(found.rejected) == [2, 4]
    assert found.reader.counts.lines == 5


def test_an_empty_input_has_no_target(read: Callable[..., Read]) -> None:
    assert read("").targets == read("\n").targets == read("# nothing\n").targets == {}
    assert read("", "urls.csv").reader.counts.lines == 0


@pytest.mark.parametrize(
    "charset",
    ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32"],
)  # fmt: skip
def test_each_charset_gives_the_same_targets(read: Callable[..., Read], charset: str) -> None:
    text = f"{A}书\r\n# 目录\r\n{A}?key=目&k=人\r\n{B}\r\n"
    found = read(text.encode(charset))
    assert found.targets == {1: f"{A}%E4%B9%A6", 3: f"{A}?key=%E7%9B%AE&k=%E4%BA%BA", 4: B}
    assert found.reader.gb18030_lines == (2 + 1 if charset == "gb18030" else 0)


def test_a_gbk_word_that_is_valid_utf8_by_chance_is_read_like_its_neighbours(
    read: Callable[..., Read],
) -> None:
    """A line alone does not show its charset: «目» in GBK is «Ŀ» in UTF-8."""
    data = f"{A}书\n{A}目\n".encode("gbk")
    assert f"{A}目".encode("gbk").decode() == f"{A}Ŀ"
    assert read(data).targets == {1: f"{A}%E4%B9%A6", 2: f"{A}%E7%9B%AE"}


def test_a_line_in_the_other_charset_is_read_and_noise_is_rejected(read: Callable[..., Read]) -> None:
    utf8, gbk = f"{A}书\n{A}红\n{A}楼\n".encode(), f"{A}梦\n".encode("gbk")
    found = read(utf8 + gbk + b"http://a.example/\xff\xfe\n" + B.encode())
    assert list(found.targets) == [1, 2, 3, 4, 6]
    assert found.targets[4] == f"{A}%E6%A2%A6"
    assert found.reader.gb18030_lines == 1
    assert list(found.rejected) == [5]


def test_half_of_a_surrogate_pair_costs_its_line(read: Callable[..., Read]) -> None:
    text = f"\ufeff{A}\n{A}\ud800\n{B}"
    found = read(text.encode("utf-16-le", "surrogatepass"))
    assert found.targets == {1: A, 3: B}
    assert list(found.rejected) == [2]


def test_utf16_that_ends_within_a_character_is_said_to_be_damaged(read: Callable[..., Read]) -> None:
    found = read(f"{A}\n{B}\n".encode("utf-16") + b"a")
    assert found.targets == {1: A, 2: B}
    assert "utf-16" in found.reader.damage


def test_marks_of_appended_files_and_nul_bytes_do_no_harm(read: Callable[..., Read]) -> None:
    found = read(f"\ufeff{A}\n\ufeff{B}\n\0{C}\0\n\0\0\0\n")
    assert found.targets == {1: A, 2: B, 3: C}
    assert list(found.rejected) == [4]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7])
def test_line_ends_may_fall_between_blocks(
    read: Callable[..., Read], monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr("crawler.bulk.input_blocks._BLOCK", chunk)
    text = f"{A}书\r\n\r\n\r{B}\n\n{A}红\r"
    expected = {1: f"{A}%E4%B9%A6", 4: B, 6: f"{A}%E7%BA%A2"}
    assert read(text).targets == expected
    assert read(gzip.compress(text.encode()), "urls.gz").targets == expected
    assert read(text.encode("utf-16")).targets == expected


def test_the_longest_line_is_read_and_one_byte_more_is_rejected(
    read: Callable[..., Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = A + " " * (LONGEST_LINE - len(A))
    beyond = "书" * (LONGEST_LINE // 3 + 1)
    for block in (1_000, 1_000_000):
        monkeypatch.setattr("crawler.bulk.input_blocks._BLOCK", block)
        found = read(f"{fits}\n{fits} \n{B}\n{beyond}\n{C}\n{fits} ")
        assert found.targets == {1: A, 3: B, 5: C}
        assert list(found.rejected) == [2, 4, 6]
        assert all("longer" in reason for reason in found.rejected.values())


def test_a_line_without_end_takes_no_memory(tmp_path: Path) -> None:
    """A gzip of 300 KB that unpacks to one line of 300 MB."""
    path = tmp_path / "urls.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(A.encode() + b"\nhttp://b.example/")
        for _ in range(75):
            file.write(b"x" * 4_000_000)
        file.write(b"\n" + C.encode())
    tracemalloc.start()
    found = Read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.targets == {1: A, 3: C}
    assert list(found.rejected) == [2]
    assert peak < 8_000_000


def test_binary_noise_is_rejected_line_by_line(read: Callable[..., Read]) -> None:
    noise = random.Random(1).randbytes(300_000)
    found = read(b"\x00\x01" + noise + b"\n" + A.encode())
    assert list(found.targets.values()) == [A]
    assert len(found.rejected) > 1_000


# gzip


def test_gzip_is_known_by_its_content(read: Callable[..., Read]) -> None:
    data = gzip.compress(f"{A}\n".encode())
    assert read(data, "urls.txt").targets == {1: A}
    assert read(data + gzip.compress(f"{B}\n".encode()) + b"\0" * 100, "urls.txt.gz").targets == {1: A, 2: B}


def test_a_file_that_is_named_gzip_and_is_none_is_one_line(read: Callable[..., Read]) -> None:
    with pytest.raises(UsageError, match="is not a gzip file"):
        read(f"{A}\n", "urls.txt.gz")


def test_damaged_gzip_gives_what_comes_before_and_says_so(read: Callable[..., Read]) -> None:
    draw = random.Random(1)
    lines = "".join(f"{A}{draw.getrandbits(64)}\n" for _ in range(25_000)).encode()
    data = gzip.compress(lines)
    cut = read(data[: len(data) // 2], "urls.gz")
    assert "cut off" in cut.reader.damage
    assert len(cut.targets) > 5_000
    assert list(cut.targets.values()) == lines.decode().split("\n")[: len(cut.targets)]
    assert list(cut.rejected.values()) in ([], ["the input breaks off in this line"])
    spoilt = bytearray(data)
    spoilt[len(data) // 2 :] = b"\xff" * (len(data) - len(data) // 2)
    found = read(bytes(spoilt), "urls.gz")
    assert found.reader.damage
    assert len(found.targets) > 2_000
    wrong_sum = read(data[:-8] + b"\0" * 8, "urls.gz")
    assert len(wrong_sum.targets) > 15_000
    assert "damaged" in wrong_sum.reader.damage
    assert read(data + b"rest", "urls.gz").reader.damage
    assert read(data, "urls.gz").reader.damage == ""


def test_the_first_bytes_of_gzip_alone_are_damage(read: Callable[..., Read]) -> None:
    assert read(b"\x1f\x8b", "urls.gz").reader.damage
    assert read(b"\x1f\x8b\x08", "urls").reader.damage


# CSV


def test_the_other_columns_of_a_csv_travel(read: Callable[..., Read]) -> None:
    found = read(f'id,URL,书名\n7,{A},"红楼梦, ""上"""\n\n# 8\n8,{B},"两\n行"\n9,{C},\n', "books.csv")
    assert found.targets == {2: A, 5: B, 7: C}
    assert found.columns == {
        2: {"id": "7", "书名": '红楼梦, "上"'},
        5: {"id": "8", "书名": "两\n行"},
        7: {"id": "9", "书名": ""},
    }
    assert found.reader.counts.continued == 1


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["books.csv", "books.tsv", "list.txt"])
def test_the_delimiter_is_found(read: Callable[..., Read], delimiter: str, name: str) -> None:
    rows = [["name", "url"], ["a", A], ["b", B]]
    found = read("\ufeff" + "\r\n".join(map(delimiter.join, rows)), name)
    assert found.targets == {2: A, 3: B}
    assert found.columns == {2: {"name": "a"}, 3: {"name": "b"}}


def test_excel_may_name_the_delimiter(read: Callable[..., Read]) -> None:
    found = read(f"sep=;\r\nurl;a,b\r\n{A};1\r\n", "books.csv")
    assert found.columns == {3: {"a,b": "1"}}


def test_one_column_is_enough(read: Callable[..., Read]) -> None:
    assert read(f"url\n{A}\n").targets == {2: A}
    assert read(f'"url"\n"{A}"\n').targets == {2: A}


@pytest.mark.parametrize(
    ("header", "words"),
    [("id,link", "no column named url"), ("url,id,URL", "2 columns named url"), (A, "no column named url"),
     ("url" + ",a" * 1_000, "more than 1,000 columns"), ("a" * LONGEST_LINE + "a", "longer")],
)  # fmt: skip
def test_a_csv_without_one_url_column_is_one_line(read: Callable[..., Read], header: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        read(f"{header}\n1,{A}\n", "books.csv")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_columns_of_one_name_are_kept_apart(read: Callable[..., Read]) -> None:
    found = read(f"a,a,,url,a_2, \n1,2,3,{A},4,5\n", "books.csv")
    assert list(found.columns[2].items()) == [
        ("a", "1"), ("a_2", "2"), ("column_3", "3"), ("a_2_2", "4"), ("column_6", "5"),
    ]  # fmt: skip


def test_rows_of_another_width_cut_no_url(read: Callable[..., Read]) -> None:
    found = read(f"id,url\n1,{A}a,b\n2,{B},,\n3\n,,\n4,{C}\n", "books.csv")
    assert found.targets == {3: B, 6: C}
    assert list(found.rejected) == [2, 4]
    assert found.reader.counts.blank == 1


def test_a_quote_that_is_not_closed_costs_its_own_line_alone(read: Callable[..., Read]) -> None:
    many = "".join(f'{n},{A}{n},"x"\n' for n in range(20))
    found = read(f'id,url,t\n0,{B},"open\n{many}', "books.csv")
    assert list(found.targets) == list(range(3, 23))
    assert list(found.rejected) == [2]


def test_a_quote_that_is_never_closed_is_bounded(read: Callable[..., Read]) -> None:
    many = "".join(f"{n},{A}{n},x\n" for n in range(20_000))
    found = read(f'id,url,t\n0,{B},"open\n{many}', "books.csv")
    assert list(found.targets) == list(range(3, 20_003))
    assert list(found.rejected) == [2]


def test_a_quoted_field_may_have_many_lines_and_marks(read: Callable[..., Read]) -> None:
    field = '# no comment\n\n""quoted""\nend'
    found = read(f'url,t\n{A},"{field}"\n{B},x', "books.csv")
    assert found.columns == {2: {"t": field.replace('""', '"')}, 6: {"t": "x"}}


def test_a_field_beyond_the_limit_costs_its_row(read: Callable[..., Read]) -> None:
    big = "y" * (LONGEST_LINE // 2)
    found = read(f'url,t\n{A},"{big}\n{big}"\n{B},x\n{C},{big}{big}{big}\n', "books.csv")
    assert B in found.targets.values()
    assert set(found.targets.values()) == {B}
    assert {2, 5} <= set(found.rejected)


@given(
    st.lists(
        st.tuples(st.sampled_from([A, B, f"{C}?a=书,b"]), st.text(st.characters(codec="utf-8"), max_size=8)),
        max_size=8,
    ),
    st.sampled_from([",", ";", "\t"]),
)
def test_what_the_csv_module_writes_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str
) -> None:
    import csv

    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["url", "title"])
    writer.writerows(rows)
    path = tmp_path_factory.getbasetemp() / "written.csv"
    path.write_text(text.getvalue(), "utf-8", newline="")
    found = Read(path)
    expected = [title.replace("\r\n", "\n").replace("\r", "\n") for _, title in rows]
    assert [columns["title"] for columns in found.columns.values()] == expected


@given(st.binary(max_size=400), st.sampled_from(["urls.txt", "urls.csv"]))
def test_no_bytes_raise_anything_but_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(data)
    with suppress(UsageError):
        Read(path)


# Pipes


def test_a_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert describe_input(str(path)) == (str(path), None)

    def write() -> None:
        with path.open("wb") as file:
            for part in (b"http://a.exam", b"ple/\nhttp", b"://b.example/"):
                file.write(part)
                file.flush()

    writer = threading.Thread(target=write)
    writer.start()
    found = Read(path)
    writer.join()
    assert found.targets == {1: A, 2: B}


def test_a_silent_pipe_can_be_stopped(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    began = threading.Event()

    def stopped() -> bool:
        began.set()
        return time.monotonic() > until

    until = float("inf")
    keeper = os.open(path, os.O_RDWR)
    try:
        os.write(keeper, A.encode() + b"\nhttp://b.exa")
        reader = threading.Thread(target=lambda: results.append(Read(path, stopped=stopped)))
        results: list[Read] = []
        reader.start()
        assert began.wait(10)
        until = 0
        reader.join(10)
        assert not reader.is_alive()
    finally:
        os.close(keeper)
    assert set(results[0].targets.values()) <= {A}, "a line that is not complete is no target"


def test_stdin_is_an_input() -> None:
    code = "from crawler.bulk.input import *; print([t.url for t in InputReader('-')], describe_input('-'))"
    ended = subprocess.run(
        [sys.executable, "-c", code], input=gzip.compress(f"{A}\n{B}\n".encode()), cwd=ROOT,
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    assert ended.stdout.decode() == f"['{A}', '{B}'] ('-', None)\n"


@pytest.mark.parametrize("name", ["missing", ".", "nul\0"])
def test_an_input_that_cannot_be_read_is_one_line(tmp_path: Path, name: str) -> None:
    for attempt in (describe_input, Read):
        with pytest.raises(UsageError) as caught:
            attempt(f"{tmp_path}/{name}")
        assert str(caught.value).isprintable()


def test_an_input_is_known_by_path_and_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "urls.txt").write_text(A, "utf-8")
    monkeypatch.chdir(tmp_path)
    assert describe_input("urls.txt") == (str(tmp_path / "urls.txt"), len(A))


def test_columns_are_a_mapping_of_texts(read: Callable[..., Read]) -> None:
    columns: Mapping[str, str] = read(f"url,n\n{A},1\n").columns[2]
    assert columns == {"n": "1"}
