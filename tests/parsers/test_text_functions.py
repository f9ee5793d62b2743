from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest

from parsers.text import (
    MAX_TEXT,
    NUMERAL,
    clip,
    decode,
    detect_charset,
    fold,
    half_width,
    nfkc,
    parse_count,
    parse_date,
    parse_numeral,
    parse_price,
)

META = b'<meta http-equiv="Content-Type" content="text/html; charset=GB2312">'


@pytest.mark.parametrize(
    ("body", "declared", "expected"),
    [
        (META + "人工智能".encode(), None, "utf-8"),
        (META + "人工智能".encode(), "GBK", "utf-8"),
        (META + "人工智能".encode("gb18030"), None, "gb18030"),
        (META + "人工智能".encode("gb18030"), "ISO-8859-1", "gb18030"),
        ("人工智能".encode("gb18030"), "gb2312", "gb18030"),
        ("人工智能".encode("gb18030"), None, "gb18030"),
        (b"\xef\xbb\xbfabc", "gbk", "utf-8-sig"),
        ("人工".encode("utf-16"), None, "utf-16"),
        (b"\xff\xfe" + "人工".encode("utf-16-le"), "utf-8", "utf-16"),
        (b"\xfe\xff" + "人工".encode("utf-16-be"), "utf-8", "utf-16"),
        ("繁體".encode("big5"), "Big5-HKSCS", "big5hkscs"),
        (b'<meta charset="big5'.rjust(4_096) + b'">', None, "big5hkscs"),
        (b'<meta charset="big5'.rjust(4_097) + b'">', None, "gb18030"),  # too far from the beginning
        (b"<p>plain", None, "gb18030"),
        (b"<p>plain", "UTF-8", "utf-8"),
        ("繁體".encode("big5"), "Big5", "big5hkscs"),
    ],
)
def test_charset(body: bytes, declared: str | None, expected: str) -> None:
    """A BOM decides, then valid UTF-8, then the declaration; every GB name, or none, means gb18030."""
    assert detect_charset(body, declared) == expected


@pytest.mark.parametrize(
    "name",
    ["gb2312", "GBK", "GB18030", "gb_2312-80", "cp936", "ms936", "936", "x-gbk", "EUC-CN", "windows-936"],
)
def test_every_name_of_a_gb_charset_is_known(name: str) -> None:
    """Any of them takes precedence over the meta tag, which names another charset here."""
    meta = b'<meta charset="big5">'
    assert detect_charset(meta, name) == "gb18030"
    assert detect_charset(b'<meta charset="%s">' % name.encode(), "latin1") == "gb18030"


@pytest.mark.parametrize("name", ["latin1", "shift_jis", "", "utf-16"])
def test_a_charset_that_is_declared_by_mistake_is_no_charset(name: str) -> None:
    """The meta tag is used instead."""
    assert detect_charset(b'<meta charset="big5">', name) == "big5hkscs"


def test_a_bad_byte_at_the_end_is_no_cut() -> None:
    """UTF-8 is cut off within a character, or it is none."""
    assert detect_charset("人工智能".encode() + b"\xff") == "gb18030"
    assert detect_charset(b"<p>plain \xe4\xba") == "gb18030"  # nothing but the cut: no UTF-8 to be seen
    assert detect_charset("智🙂".encode()[:-1]) == "utf-8"


@pytest.mark.parametrize("cut", [1, 2])
def test_a_body_cut_within_a_character_is_still_utf8(cut: int) -> None:
    """A download that ends inside a character is UTF-8 with one sequence lost."""
    body = (META + ("山海小史" * 20).encode())[:-cut]
    assert detect_charset(body) == "utf-8"
    assert decode(body, "utf-8").undecodable == 1


def test_a_wrong_declaration_gives_way() -> None:
    """A GBK page whose header says UTF-8 is read as GBK, because then nothing is undecodable."""
    body = META + ("山海小史" * 20).encode("gb18030")
    assert detect_charset(body, "utf-8") == "gb18030"


def test_a_slightly_broken_utf8_page_stays_utf8() -> None:
    """One bad byte in a page declared UTF-8 is replaced and counted, not a reason to read it as GBK."""
    body = ("山海小史" * 20).encode() + b"\xff" + ("，天地" * 20).encode()
    assert detect_charset(body, "utf-8") == "utf-8"
    assert decode(body, "utf-8").undecodable == 1


def test_letters_beyond_gb2312_decode() -> None:
    """Characters that GB2312 lacks, such as 镕 and the bullet of a foreign name, are decoded."""
    decoded = decode("朱镕·€".encode("gb18030"), detect_charset("朱镕·€".encode("gb18030"), "gb2312"))
    assert (decoded.text, decoded.undecodable) == ("朱镕·€", 0)


def test_a_replacement_character_of_the_page_itself_is_not_counted() -> None:
    """A U+FFFD in a saved page was decoded; only the broken byte beside it was replaced."""
    assert decode("坏�字".encode() + b"\xff", "utf-8").undecodable == 1
    assert decode("\ufeff坏�字".encode() + b"\xff", "utf-8-sig").undecodable == 1


def test_what_big5_cannot_hold_is_counted() -> None:
    """Big5 has no U+FFFD, so each one was a replacement; bytes replaced by nothing count once."""
    assert decode("繁體".encode("big5") + b"\xff" + "字".encode("big5"), "big5hkscs").undecodable == 1
    assert decode("繁體".encode("big5") + b"\xff\xff", "big5hkscs").undecodable == 2
    assert decode("繁體".encode("big5"), "big5hkscs").undecodable == 0


def test_a_long_text_is_clipped() -> None:
    """Keep the first characters, and mark the cut."""
    assert clip("字" * MAX_TEXT) == "字" * MAX_TEXT
    assert clip("字" * (MAX_TEXT + 1)) == "字" * (MAX_TEXT - 1) + "…"


def test_a_long_text_is_normalized_piece_by_piece() -> None:
    """Every piece of a long text is there, and marks are put in order within a piece, never across the whole text."""
    assert nfkc("Ａ①" * 1_250) == "A1" * 1_250
    above, below = "\u0301", "\u0316"
    assert nfkc((above + below) * 500) == below * 500 + above * 500
    assert nfkc((above + below) * 1_500) == (below * 500 + above * 500) * 3


def test_half_width_leaves_alone_what_resembles_a_digit() -> None:
    """Turn ASCII, yen sign and space into half width; keep exponents and fractions."""
    assert half_width("￥３９．００　！～") == "¥39.00 !~"
    assert half_width("1²5½｟｠\uff00") == "1²5½｟｠\uff00"


def test_fold() -> None:
    """Any white space, full-width and no-break too, becomes one space; zero-width characters go."""
    assert fold("\u3000 人\xa0\n工\u200b智能 \t") == "人 工智能"
    assert fold(None) == ""
    for invisible in "\u200b\u200c\u200d\u2060\ufeff\u00ad":
        assert fold(f"X{invisible} 人{invisible}工X") == "X 人工X"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("¥39.00", "39.00"),
        ("￥39", "39"),
        ("¥1,299.00", "1299.00"),
        ("￥1，299.00", "1299.00"),
        (" ¥ 8.99 ", "8.99"),
        ("39.00元", "39.00"),
        ("¥38.00起", "38.00"),
        ("电子书：¥8.99", "8.99"),
        ("¥10.00-¥20.00", "10.00"),
        ("￥３９．００", "39.00"),
        ("¥0.01", "0.01"),
        ("¥1.00", "1.00"),
        ("¥0.00", None),
        ("0", None),
        ("", None),
        ("¥", None),
        ("暂无报价", None),
        ("千字5铃铛", None),
        ("¥39.00.00", None),
        ("¥39.999", None),
        ("¥10.00-¥20.999", None),
        ("¥1,000,000.00", "1000000.00"),
        ("¥1,000,000.01", None),
        ("¥9999999999", None),
        ("¥" + "9" * 5000, None),
        ("¥--", None),
        ("5折", None),
        ("抢购价 ¥39.00", "39.00"),
        ("促销价¥39.00起", "39.00"),
        ("CNY39.00", "39.00"),
        ("人民币39元", "39"),
        ("¥39.00/本", "39.00"),
        ("¥39.00 (5折)", "39.00"),
        ("省¥5", None),
        ("比定价低¥5", None),
        ("¥39.00¥59.00", None),
        ("¥3.9万", None),
    ],
)
def test_price(text: str, expected: str | None) -> None:
    """A single price is read, a range by its lower end; anything else, 0 or an absurd number is None."""
    assert parse_price(text) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1632546条评论", 1632546),
        ("1,234条评论", 1234),
        ("1.2万条评论", 12000),
        ("10万+条评论", 100000),
        ("1.2亿条评论", 120_000_000),
        ("1.23456万条评论", 12345),
        ("1.2万,3条追评", 12000),
        ("评论,200条", 200),
        ("1.234.567条评论", None),
        ("1,23条评论", None),
        ("1,2345条评论", None),
        ("999999999条评论", 999_999_999),
        ("5²条评论", None),
        ("12345678901条评论", None),
        ("0条评论", 0),
        ("1.2w条评论", 12000),
        ("1.5K+条评论", 1500),
        ("3千条评论", 3000),
        ("5百条", 500),
        ("1万2千条评论", 12000),
        ("1 234条评论", None),
        ("暂无评论", None),
        ("", None),
    ],
)
def test_count(text: str, expected: int | None) -> None:
    """Counts are read with thousands separators and with 万; without one the result is None."""
    assert parse_count(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-03-31", dt.date(2021, 3, 31)),
        (" /2021-3-1", dt.date(2021, 3, 1)),
        ("2021/3/1", dt.date(2021, 3, 1)),
        ("2021.03", dt.date(2021, 3, 1)),
        ("2021-03", dt.date(2021, 3, 1)),
        ("2021", dt.date(2021, 1, 1)),
        ("2021年", dt.date(2021, 1, 1)),
        ("2021年3月", dt.date(2021, 3, 1)),
        ("2021年3月5日", dt.date(2021, 3, 5)),
        ("2021-03-31 00:00:00", dt.date(2021, 3, 31)),
        ("2021-00-00", dt.date(2021, 1, 1)),
        ("2021—03—31", dt.date(2021, 3, 31)),
        ("2021–3", dt.date(2021, 3, 1)),
        ("2021-02-30", None),
        ("2021-13-01", None),
        ("12021-03-01", None),
        ("2021-031-01", None),
        ("2021-03-311", dt.date(2021, 3, 1)),  # a day of three digits is none
        ("0000-00-00", None),
        ("20211", None),
        ("海岸出版社", None),
        ("", None),
    ],
)
def test_date(text: str, expected: dt.date | None) -> None:
    """A date is read with or without day and month, the first standing for what is missing."""
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3),
        ("12", 12),
        ("三", 3),
        ("两", 2),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("二十五", 25),
        ("一百零八", 108),
        ("一百二十", 120),
        ("百", 100),
        ("一百〇五", 105),
        ("壹", 1),
        ("贰", 2),
        ("叁", 3),
        ("廿四", 24),
        ("卅", 30),
        ("贰拾捌", 28),
        ("零", 0),
        ("123456789", 123_456_789),
        ("1234567890", None),
        ("²", None),
        ("一二", None),
        ("册", None),
        ("", None),
    ],
)
def test_numeral(text: str, expected: int | None) -> None:
    """Chinese numerals below a thousand are read; two digits in a row are no count."""
    assert expected is None or re.fullmatch(NUMERAL, text)
    assert parse_numeral(text) == expected
