"""The rules of a robots.txt for one user agent: which group, which addresses, how often."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.download.robots import MAX_BYTES, Rules

AGENT = "bookprice-crawler/0.1"


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("bookprice-crawler", True),
        ("BookPrice-Crawler", True),
        ("bookprice-crawler/9.9", True),
        ("bookprice-crawler (all versions) # comment", True),
        ("book", False),
        ("bookprice", False),
        ("crawler", False),
        ("bookprice-crawler-news", False),
        ("we", False),
        ("others", False),
        ("Googlebot", False),
    ],
)
def test_a_group_is_ours_by_its_whole_name(name: str, ours: bool) -> None:
    """The product token decides, in any case and with any version (RFC 9309 §2.2.1); else everybody's rules hold."""
    rules = Rules(f"User-agent: *\nDisallow: /all\n\nUser-agent: {name}\nDisallow: /one\n", user_agent=AGENT)
    assert rules.allows("http://a/all") is ours
    assert rules.allows("http://a/one") is not ours


@pytest.mark.parametrize(
    "line", ["User-agent: {}", "useragent:{}", "USER AGENT : {}", "user-agent {}", "  User-Agent:\t{}  # us"]
)
def test_every_spelling_of_the_line_is_known(line: str) -> None:
    """The generous forms that Google's parser accepts name a group as the plain one does."""
    rules = Rules(
        line.format("book") + "\nDisallow: /one\n" + line.format("bookprice-crawler") + "\nDisallow: /two",
        user_agent=AGENT,
    )
    assert rules.allows("http://a/one")
    assert not rules.allows("http://a/two")


def test_a_group_for_everybody_may_be_written_with_more() -> None:
    """«* » followed by anything still means everybody; a name with an asterisk does not."""
    assert not Rules("User-agent: * all\nDisallow: /", user_agent=AGENT).allows("http://a/")
    assert Rules("User-agent: *bot\nDisallow: /", user_agent=AGENT).allows("http://a/")


@pytest.mark.parametrize("word", ["disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"])
def test_no_misspelling_that_google_accepts_is_overlooked(word: str) -> None:
    """Each of them denies, and is quoted as the reason."""
    rules = Rules(f"User-agent: *\n{word.title()}: /a\n", user_agent=AGENT)
    assert rules.reason("http://a/a") == f"robots.txt disallows it: {word.title()}: /a"


@pytest.mark.parametrize(
    ("lines", "delay"),
    [
        ("Crawl-delay: 1", 1.0),
        ("crawl delay 0.5", 0.5),
        ("Crawl-delay: 0", None),
        ("Crawl-delay: -3", None),
        ("Crawl-delay: nan", None),
        ("Crawl-delay: inf", None),
        ("Crawl-delay: soon", None),
        ("Crawl-delay: 86400", 86_400.0),
        ("Crawl-delay: 1e300", 86_400.0),
        ("Request-rate: 1/5", 5.0),
        ("Request-rate: 10/1m 0900-1700", 6.0),
        ("Request-rate: 1/3d", 86_400.0),
        ("Request-rate: 1/" + "9" * 4000, 86_400.0),
        ("Request-rate: " + "9" * 4000 + "/" + "9" * 4000, 1.0),
        ("Request-rate: " + "9" * 5000 + "/1", None),
        ("Request-rate: 1/5\nCrawl-delay: 2", 2.0),
        ("Disallow: /", None),
    ],
)
def test_the_delay_between_requests(lines: str, delay: float | None) -> None:
    """From Crawl-delay, else from Request-rate; nonsense is ignored, more than a day is a day, and that is noted."""
    rules = Rules(f"User-agent: *\n{lines}\n", user_agent=AGENT)
    assert rules.crawl_delay == delay
    assert ("more than a day" in rules.note) is (delay == 86_400.0 and "86400" not in lines)


def test_a_delay_of_others_is_not_ours() -> None:
    """Crawl-delay applies only to its group."""
    assert Rules("User-agent: Bingbot\nCrawl-delay: 9", user_agent=AGENT).crawl_delay is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff\xfe" * 100,
        b"User-agent: *\nAllow: /\n",
        b"Disallow: /\n",
        b"User-agent: *\nDisallow:\n",
        b"<!DOCTYPE html>\n<title>404</title>\n<p>User-agent: *\n<p>Disallow: /\n<p>crawl requests disallowed: /\n",
    ],
)
def test_what_denies_nothing_allows_everything(body: bytes) -> None:
    """Nothing, noise, a page in HTML served for a missing file, and rules without group or path deny nothing."""
    rules = Rules.read(body, user_agent=AGENT)
    assert rules.allows("http://a/x?y")
    assert (rules.crawl_delay, rules.note) == (None, "")


def test_a_mark_at_the_beginning_and_wrong_bytes_do_no_harm() -> None:
    """Neither a byte order mark nor invalid UTF-8 hides any line."""
    body = b"\xef\xbb\xbfUser-agent: *\r\nDisallow: /\xd6\xd0\rDisallow: /two\r\n"
    rules = Rules.read(body, user_agent=AGENT)
    assert not rules.allows("http://a/two")


def test_addresses_are_compared_decoded() -> None:
    """Chinese in a rule meets its percent-encoded form; query and wildcards count."""
    rules = Rules("User-agent: *\nDisallow: /书\nDisallow: /*?sort=\nDisallow: /end$\n", user_agent=AGENT)
    assert not rules.allows("http://a/%E4%B9%A6/1")
    assert not rules.allows("http://a/list?sort=price")
    assert not rules.allows("http://a/end")
    assert rules.allows("http://a/end/more")


def test_the_rule_that_decided_is_named() -> None:
    """Of several matching rules across groups, the longest; a longer one of another agent is not it."""
    body = (
        "User-agent: *\nDisallow: /\n"
        "User-agent: bookprice-crawler\nDisallow: /a\nAllow: /a/b\nDisallow:   /a/b/c\t# why\nDisallow: /*/c/d$\n"
        "User-agent: Other\nDisallow: /a/b/c/d/e\n"
    )
    rules = Rules(body, user_agent=AGENT)
    assert rules.reason("http://a/") == ""
    assert rules.reason("http://a/a/x") == "robots.txt disallows it: Disallow: /a"
    assert rules.reason("http://a/a/b/x") == ""
    assert rules.reason("http://a/a/b/c/d/e") == "robots.txt disallows it: Disallow: /a/b/c"
    assert rules.reason("http://a/x/c/d") == "robots.txt disallows it: Disallow: /*/c/d$"


def test_a_rule_of_the_next_group_is_not_named() -> None:
    """Leaving out rules to find the decisive one does not merge two groups."""
    body = "User-agent: bookprice-crawler\nDisallow: /a\nUser-agent: Other\nDisallow: /a/b/c\n"
    assert Rules(body, user_agent=AGENT).reason("http://a/a/b/c") == "robots.txt disallows it: Disallow: /a"


def test_what_is_no_address_is_not_allowed() -> None:
    """An unparsable address is denied without naming a rule, and raises nothing."""
    rules = Rules("User-agent: *\nDisallow: /a\n", user_agent=AGENT)
    assert not rules.allows("http://[/b")
    assert rules.reason("http://[/b") == "robots.txt disallows it"


def test_a_reason_stays_short_and_harmless() -> None:
    """A long line is cut, unprintable characters are replaced, and a rule is named even among many."""
    rules = Rules(f"User-agent: *\nDisallow: /a{'b' * 500}\nDisallow: /\x1b[31m\n", user_agent=AGENT)
    assert len(rules.reason(f"http://a/a{'b' * 500}")) <= 130
    assert rules.reason("http://a/%1B[31m") == "robots.txt disallows it: Disallow: /�[31m"
    many = Rules("User-agent: *\n" + "".join(f"Disallow: /{n}\n" for n in range(300)), user_agent=AGENT)
    assert many.reason("http://a/7") == "robots.txt disallows it: Disallow: /7"


paths = st.text(alphabet="ab/", max_size=4).map(lambda path: f"/{path}")


@given(st.lists(st.tuples(st.sampled_from(["Allow", "Disallow"]), paths), max_size=12), paths)
def test_the_longest_match_decides(lines: list[tuple[str, str]], path: str) -> None:
    """Verdict and line agree with RFC 9309 §2.2.2, written out for plain prefixes."""
    body = "User-agent: *\n" + "".join(f"{kind}: {prefix}\n" for kind, prefix in lines)
    rules = Rules(body, user_agent=AGENT)
    matching = [(len(prefix), kind == "Allow", prefix) for kind, prefix in lines if path.startswith(prefix)]
    _, allowed, prefix = max(matching, default=(0, True, ""))
    assert rules.allows(f"http://a{path}") is allowed
    assert rules.reason(f"http://a{path}") == (
        "" if allowed else f"robots.txt disallows it: Disallow: {prefix}"
    )


robots_words = st.lists(
    st.sampled_from(
        [
            "User-agent",
            "Disallow",
            "Allow",
            "Crawl-delay",
            "Request-rate",
            ":",
            " ",
            "\n",
            "*",
            "$",
            "/",
            "#",
            "%",
            "1",
        ]
    )
    | st.text(max_size=3)
).map("".join)


@given(robots_words.map(str.encode) | st.binary(), st.text() | st.text(max_size=20).map("http://a/{}".format))
def test_rules_never_raise(body: bytes, url: str) -> None:
    """Any bytes and any address give a verdict, and a reason on one line."""
    rules = Rules.read(b"User-agent: *\n" + body, user_agent=AGENT)
    assert bool(rules.reason(url)) is not rules.allows(url)
    assert len(rules.reason(url).splitlines()) <= 1
    assert rules.crawl_delay is None or 0 < rules.crawl_delay <= 86_400


def test_many_names_times_many_rules_do_not_fill_the_memory() -> None:
    """The worst half megabyte needs no more memory than a few dozen."""
    names = "".join(f"User-agent: a{number}\n" for number in range(12_000))
    body = names + "Disallow: /x\n" * ((MAX_BYTES - len(names)) // 13)
    tracemalloc.start()
    try:
        rules = Rules(body, user_agent=AGENT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rules.allows("http://a/x")
    assert peak < 50 * 2**20


@given(rest=st.text('abr/?@:[].;%=&~\\|^`"<> é', max_size=12), path=st.text("ab/?%=*$", max_size=4))
def test_an_address_is_judged_alike_however_its_scheme_is_written(rest: str, path: str) -> None:
    """One in lower case, without anything unusual, is taken apart in a shorter way."""
    rules = Rules(f"User-agent: *\nDisallow: /{path}\nDisallow: /*b?\nAllow: /ab\n", user_agent=AGENT)
    for address in (rest, f"host{rest}", f"host/{rest}", f"host/robots.txt{rest}"):
        assert rules.allows(f"http://{address}") is rules.allows(f"HTTP://{address}")
        assert rules.reason(f"http://{address}") == rules.reason(f"HTTP://{address}")
