"""Conformance of robots.txt: RFC 9309's examples, Google's cases, encodings, groups, and real files."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.download.robots import Rules
from crawler.download.robots_parser import RuleSet, normalize
from tests.download.robots_cases import DIFFERENCES, GOOGLE, RFC, Question, questions
from tests.download.robots_host import AGENT


def read(body: bytes) -> Rules:
    return Rules.read(body, user_agent=AGENT)


def denied(body: bytes | str, *paths: str) -> list[bool]:
    """Return for each path whether the file denies it, to everybody or to us."""
    rules = read(body.encode() if isinstance(body, str) else body)
    return [not rules.allows(f"http://a{path}") for path in paths]


# The cases of others


@pytest.mark.parametrize(
    "question", list(questions(RFC)), ids=lambda question: f"{question.about}: {question.url[-30:]}"
)
def test_rfc_9309(question: Question) -> None:
    """The verdict on each address is that of the RFC's text, tables and examples."""
    assert Rules(question.text, user_agent=question.agent).allows(question.url) is question.allowed


@pytest.mark.parametrize(
    "question", list(questions(GOOGLE)), ids=lambda question: f"{question.about}: {question.url[-30:]}"
)
def test_google(question: Question) -> None:
    """The verdict is that of Google's parser, except for the differences that the table explains."""
    differs = (question.about, question.url) in DIFFERENCES
    assert Rules(question.text, user_agent=question.agent).allows(question.url) is (
        question.allowed is not differs
    )


def test_the_cases_are_counted() -> None:
    """No case gets lost, and at most three differ from Google's."""
    assert (len(list(questions(RFC))), len(list(questions(GOOGLE)))) == (102, 145)
    assert len(DIFFERENCES) <= 3


# Octets and encodings (§2.2.2)


def test_a_rule_in_gbk_denies_its_own_word_alone() -> None:
    """GBK escapes are compared octet by octet: one city is denied, no other, and in no other encoding."""
    body = "User-agent: *\nDisallow: /?key=%C9%EE%DB%DA\n"
    city = quote("深圳", encoding="gbk")
    assert denied(body, f"/?key={city}", f"/?key={city.lower()}", f"/?key={city}&page_index=2") == [True] * 3
    others = [quote(word, encoding="gbk") for word in ("深川", "广州", "上海", "北京", "深", "测试")]
    others += [quote("深圳"), "%EF%BF%BD%EF%BF%BD", "%C9%EE%DB%DB", ""]
    assert denied(body, *(f"/?key={other}" for other in others)) == [False] * len(others)


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "big5", "shift_jis", "utf-8", "latin-1"])
def test_raw_octets_of_a_rule_are_compared_as_they_are(encoding: str) -> None:
    """A file in any encoding denies an address escaped in the same encoding."""
    words = (
        ["café", "ÿ"] if encoding == "latin-1" else ["測試", "中國"] if encoding == "big5" else ["日本", "中"]
    )
    for word in words:
        body = (
            b"User-agent: *\nDisallow: /" + word.encode(encoding) + b"/x # " + word.encode(encoding) + b"\n"
        )
        assert denied(body, f"/{quote(word, encoding=encoding)}/x", f"/{quote(word[:-1])}/x", "/x") == [
            True, False, False,
        ]  # fmt: skip


@pytest.mark.parametrize("word", ["聽", "脿", "狛", "嘅"])
def test_octets_that_look_like_others_in_utf_8_do_no_harm(word: str) -> None:
    """Some pairs of GBK are a control character, a no-break space or another letter in UTF-8."""
    raw = word.encode("gbk")
    body = b"User-agent: *\nDisallow: /a" + raw + b"b\nDisallow: /two\n"
    assert denied(body, f"/a{quote(raw)}b", "/a", "/ab", "/two") == [True, False, False, True]


@pytest.mark.parametrize(
    ("rule", "same", "other"),
    [
        ("/a?b=%26", "/a?b=%26", "/a?b=&"),
        ("/a?b=&", "/a?b=&", "/a?b=%26"),
        ("/a?b%3Dc", "/a?b%3dc", "/a?b=c"),
        ("/a?b=c", "/a?b=c", "/a?b%3Dc"),
        ("/a?b=%2B", "/a?b=%2b", "/a?b=+"),
        ("/a?b=+", "/a?b=+", "/a?b=%2B"),
        ("/a?b=+", "/a?b=+", "/a?b=%20"),
        ("/a%3Fb", "/a%3fb", "/a?b"),
        ("/a?b", "/a?b", "/a%3Fb"),
        ("/a%2Fb", "/a%2fb", "/a/b"),
        ("/a/b", "/a/b", "/a%2Fb"),
        ("/a%23b", "/a%23b", "/a#b"),
        ("/a%3Bb", "/a%3bb", "/a;b"),
        ("/a%2Cb", "/a%2cb", "/a,b"),
        ("/a%40b", "/a%40b", "/a@b"),
        ("/a%25b", "/a%25b", "/a%b0"),
        ("/a%2541", "/a%2541", "/aA"),
        ("/a%7Eb", "/a~b", "/a-b"),
        ("/a~b", "/a%7Eb", "/a%7Fb"),
        ("/a%7eb", "/a%7Eb", "/a%7Fb"),
        ("/a%2Db", "/a-b", "/a_b"),
        ("/a%2e%5F", "/a._", "/a%2C_"),
        ("/a%41%30", "/aA0", "/aa0"),
        ("/a%c3%a9", "/a%C3%A9", "/a%C3%A8"),
        ("/aé", "/a%c3%a9", "/a%E9"),
        ("/a b", "/a%20b", "/a+b"),
        ("/a%20b", "/a%20b", "/ab"),
        ('/a"<>\\^`{|}', "/a%22%3C%3E%5C%5E%60%7B%7C%7D", "/a"),
        ("/a%", "/a%", "/a%20"),
        ("/a%zz", "/a%zz", "/a%ZZ"),
        ("/a%4", "/a%4", "/a%40"),
        ("/a%2A", "/a*", "/ab"),
        ("/a%2a", "/a%2A", "/a"),
        ("/a%24", "/a$b", "/a"),
        ("/a$b", "/a%24b", "/a"),
        ("/a$b$", "/a$b", "/a$bc"),
        ("/a%24$", "/a$", "/a$b"),
        ("/a[1]", "/a[1]", "/a%5B1%5D"),
    ],
)
def test_escapes(rule: str, same: str, other: str) -> None:
    """Reserved characters and their escapes differ, unreserved ones and theirs do not."""
    assert denied(f"User-agent: *\nDisallow: {rule}\n", same, other) == [True, False]


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbfUser-agent: *\nDisallow: /a",
        b"\xef\xbb\xbf\xef\xbb\xbfUser-agent: *\nDisallow: /a",
        b"\xc3\xaf\xc2\xbb\xc2\xbfUser-agent: *\nDisallow: /a",  # a mark that was encoded twice
        b"\xef\xbbUser-agent: *\nDisallow: /a",
        b"# first file\n\xef\xbb\xbfUser-agent: *\n\xef\xbb\xbfDisallow: /a",
        "User-agent: *\nDisallow: /a".encode("utf-16"),
        b"\xfe\xff" + "User-agent: *\nDisallow: /a".encode("utf-16-be"),
        "User-agent: *\nDisallow: /a".encode("utf-16-le"),
        "User-agent: *\nDisallow: /a".encode("utf-16-be"),
        b"User-agent: *\0\nDis\0allow: /a\0",
        b"\0\0\0User-agent: *\nDisallow: /a",
        b"User-agent:\xc2\xa0*\nDisallow:\xc2\xa0/a\xc2\xa0",
        "User-agent：*\nDisallow：/a".encode(),
        "　User-agent: *\n　Disallow:　/a　".encode(),
    ],
)
def test_marks_and_blanks_of_every_kind(body: bytes) -> None:
    """Byte order marks, NUL, UTF-16 and the blanks and colons of Chinese keyboards hide no rule."""
    assert denied(body, "/a", "/b") == [True, False]


def test_an_address_that_was_not_escaped_is_denied_by_either_reading() -> None:
    """The encoding of a non-ASCII character is unknown: a rule that may mean it denies, but does not allow it."""
    assert denied("User-agent: *\nDisallow: /书\n", "/书", "/字") == [True, False]
    assert denied("User-agent: *\nDisallow: /\nAllow: /书\n", "/书", "/%E4%B9%A6") == [True, False]


@given(st.binary(max_size=12), st.binary(max_size=12))
@example(b"%", b"41")
@example(b"%2", b"5")
def test_equal_octets_are_equal_however_they_are_escaped(left: bytes, right: bytes) -> None:
    """A rule for octets, escaped one by one, denies just the addresses with these octets in front."""
    escaped = ["".join(f"%{octet:02x}" for octet in octets) for octets in (left, right)]
    unescaped = quote(left, safe="")
    assert denied(f"User-agent: *\nDisallow: /{escaped[0]}$\n", f"/{unescaped}", f"/{escaped[1]}") == [
        True, left == right,
    ]  # fmt: skip
    assert normalize(normalize(f"/{escaped[0]}")) == normalize(f"/{unescaped}")


# Groups and lines (§2.2, §2.2.1, §2.2.4)

UNKNOWN_LINES = [
    "Sitemap: http://a/map.xml", "Host: a", "Clean-param: ref /a", "Noindex: /b", "Visit-time: 0600-0845",
    "Content-Signal: ai-train=no", "Unknown: x", "no colon at all", "", "   ", "# comment", "#", ":", ": /", "=====",
    "Disallowed: /", "User-agents: others", "disallow all robots, please", "User agent strings are listed above",
    "<p>Disallow: /</p>", "\x00\x07", "%00", "Disallow", "User-agent", "Allow", "字段: 值", "Sitemap",
]  # fmt: skip


@pytest.mark.parametrize("line", UNKNOWN_LINES)
def test_a_line_that_is_not_understood_changes_nothing(line: str) -> None:
    """Between agents, between agents and rules, and between rules: the group goes on, and no other begins."""
    names = f"{line}\nUser-agent: other\n{line}\nUser-agent: bookprice-crawler\n"
    body = f"{names}{line}\nDisallow: /a\n{line}\nDisallow: /b\n"
    assert denied(f"{body}{line}\nUser-agent: *\n{line}\nDisallow: /c\n{line}", "/a", "/b", "/c", "/d") == [
        True, True, False, False,
    ]  # fmt: skip
    assert not Rules(body, user_agent="other").allows("http://a/a")


@pytest.mark.parametrize(
    "line", ["Crawl-delay: 5", "Request-rate: 1/5", "Disallow:", "Allow: /x", "Crawl-delay: soon"]
)
def test_what_is_said_of_a_group_ends_its_names(line: str) -> None:
    """A Crawl-delay is a line of its group like a rule, so the next agent begins a new group."""
    body = f"User-agent: *\n{line}\n\nUser-agent: other\nDisallow: /\n"
    assert denied(body, "/a") == [False]
    assert not Rules(body, user_agent="other").allows("http://a/a")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("User-agent:*\nDisallow:/a", [True, False]),
        ("user-agent :\t*\ndisallow\t:\t/a", [True, False]),
        ("USER AGENT: *\nDISALLOW: /a", [True, False]),
        ("useragent *\ndisallow /a # why", [True, False]),
        ("User-agent: *\nDisallow: /a\tb\nDisallow: /b\x0b", [False, True]),
        ("User-agent: *\rDisallow: /a\r\rDisallow: /b", [True, True]),
        ("User-agent: *\n\rDisallow: /a\n\r\n\rDisallow: /b", [True, True]),
        ("User-agent: *\x85Disallow: /a\nDisallow: /b", [False, True]),
        ("User-agent: *\u2028Disallow: /a\nDisallow: /b", [False, True]),
        ("User-agent: * Disallow: /a\nDisallow: /b", [False, True]),
        ("User-agent: other\nUser-agent: *\n\n\nDisallow: /a", [True, False]),
        ("User-agent: *\nUser-agent: *\nDisallow: /a", [True, False]),
        ("User-agent: *\nDisallow: /a\n\nUser-agent: other\nDisallow: /b", [True, False]),
        ("User-agent: *\nDisallow: /a\nUser-agent:\nDisallow: /b", [True, False]),
        ("User-agent: bookprice-crawler\nUser-agent: *\nDisallow: /a", [True, False]),
        ("User-agent: bookprice-crawler\n\nUser-agent: *\nDisallow: /a", [True, False]),
        ("User-agent: *\nDisallow: /a\nUser-agent: bookprice-crawler\nDisallow: /b", [False, True]),
        ("User-agent: *\nDisallow: /a\nUser-agent: bookprice-crawler", [False, False]),
        ("User-agent: *\nDisallow: /a\nUser-agent: bookprice-crawler\nDisallow:", [False, False]),
        ("User-agent: bookprice-crawler*\nDisallow: /a", [True, False]),
        ("User-agent: bookprice\nDisallow: /a", [False, False]),
        ("User-agent: *crawler\nDisallow: /a", [False, False]),
        ("User-agent: *\nDisallow: a\nDisallow: http://a/b", [False, False]),
        ("User-agent: *\nDisallow: *", [True, True]),
        ("User-agent: *\nDisallow: *a", [True, False]),
        ("User-agent: *\nDisallow: /**a**$", [True, False]),
        ("User-agent: *\nDisallow: /*a*a\nDisallow: /*b*b*", [False, False]),
        ("User-agent: *\nDisallow: /b\nAllow: /*", [False, False]),
        ("User-agent: *\nAllow: /b\nDisallow: /*", [True, False]),
        ("User-agent: *\nDisallow: /$", [False, False]),
        ("User-agent: *\nDisallow: $", [False, False]),
        ("User-agent: *\nDisallow: #/a", [False, False]),
        ("User-agent: *\nDisallow: /\nAllow: /*b", [True, False]),
        ("User-agent: *\nDisallow: /\nAllow: /b$", [True, False]),
        ("User-agent: *\nDisallow: /*\nAllow: /", [True, True]),
        ("User-agent: *\nAllow: /*\nDisallow: /*", [False, False]),
        ("User-agent: *\nAllow: /index.htm\nDisallow: /a\nDisallow: /b$", [True, True]),
        ("<!DOCTYPE html>\n<pre>User-agent: *\nDisallow: /</pre>", [False, False]),
        ('{"User-agent": "*", "Disallow": "/"}', [False, False]),
    ],
)
def test_lines_of_real_files(body: str, expected: list[bool]) -> None:
    """Files as people write them, which deny «/a» and «/b» or not."""
    assert denied(body, "/a", "/b") == expected


@pytest.mark.parametrize(
    ("url", "is_denied"),
    [
        ("http://a", False), ("http://a/", False), ("http://a?q", True), ("http://a/?q", True), ("http://a/?", False),
        ("http://a/x", True), ("http://a/x#y", True), ("http://a/#/x", False), ("http://a/y?", True),
        ("http://a/y", False), ("HTTP://A:80/x", True), ("http://me:x@a/x", True), ("http://a/;p", True),
    ],
)  # fmt: skip
def test_what_of_an_address_is_compared(url: str, is_denied: bool) -> None:
    """Path and query from the first slash on, a bare question mark included; never the fragment."""
    body = "User-agent: *\nDisallow: /x\nDisallow: /?q\nDisallow: /y?\nDisallow: /;p\n"
    assert Rules(body, user_agent=AGENT).allows(url) is not is_denied


segments = st.text(alphabet="ab/*$", max_size=8).map(lambda text: f"/{text}")


def matches_by_definition(pattern: str, path: str) -> bool:
    """Match as RFC 9309 §2.2.3 defines it, character by character, without regard to speed."""
    if not pattern:
        return True
    if pattern == "$":
        return not path
    if pattern[0] == "*":
        return any(matches_by_definition(pattern[1:], path[start:]) for start in range(len(path) + 1))
    return bool(path) and path[0] == pattern[0] and matches_by_definition(pattern[1:], path[1:])


@given(st.lists(st.tuples(st.booleans(), segments), max_size=6), st.text(alphabet="ab/", max_size=8))
def test_wildcards_against_their_definition(lines: list[tuple[bool, str]], path: str) -> None:
    """The longest rule that matches by definition decides, Allow in a tie."""
    rules = RuleSet([(allow, pattern, "") for allow, pattern in lines])
    path = f"/{path}"
    found = [
        (len(normalize(pattern.removesuffix("$"))) + pattern.endswith("$"), allow)
        for allow, pattern in lines
        # Within a pattern a dollar sign is a character that these paths do not have.
        if matches_by_definition(pattern, path)
    ]
    decided = rules.decide(path)
    assert (decided is None or decided.allow) is max(found, default=(0, True))[1]
