"""robots.txt files with the addresses that they allow and deny: the cases of Google's parser and of RFC 9309.

Paths stand for addresses of one host. The cases of Google's `robots_test.cc` are in our own words; those that inspect
its internals, without a verdict, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["DIFFERENCES", "GOOGLE", "RFC", "Case", "Question", "questions"]


class Case(NamedTuple):
    """A file, an agent, and the addresses that it may fetch."""

    about: str
    text: str
    agent: str
    allowed: str = ""
    """Paths, a space between two; «-» stands for an empty address."""
    denied: str = ""


class Question(NamedTuple):
    """One address of a case."""

    about: str
    text: str
    agent: str
    url: str
    allowed: bool


def questions(cases: list[Case]) -> Iterator[Question]:
    """Yield each address of the cases as a separate question."""
    for case in cases:
        for paths, allowed in ((case.allowed, True), (case.denied, False)):
            for path in paths.split():
                url = "" if path == "-" else f"http://foo.bar{path}"
                yield Question(case.about, case.text, case.agent, url, allowed)


def rules(*lines: str, agent: str = "foobot") -> str:
    """Return a file with one group."""
    return "\n".join([f"user-agent: {agent}", *lines, ""])


GROUPS = """\
allow: /foo/bar/

user-agent: foobot
disallow: /
allow: /x/
user-agent: barbot
disallow: /
allow: /y/


allow: /w/
user-agent: bazbot

user-agent: foobot
allow: /z/
disallow: /
"""
ONLY_NAMED = (
    "user-agent: foobot\nallow: /\nuser-agent: barbot\ndisallow: /\nuser-agent: bazbot\ndisallow: /\n"
)
TWO_WORDS = "user-agent: *\ndisallow: /\nuser-agent: foo bar\nallow: /x/\ndisallow: /\n"
LONG_DENIED = "/x/" + "a" * 16_649
LONG_ALLOWED, OTHER_LONG_ALLOWED = "/x/" + "a" * 16_652, "/x/" + "b" * 16_652
"""As long as lets one octet of what follows it count: a line of Google's has 16,663."""
FISH = "/fish /fish.html /fish/salmon.html /fishheads /fishheads/yummy.html /fish.html?id=anything"

GOOGLE = [
    Case("no file", "", "foobot", "-"),
    Case("no agent", rules("disallow: /"), "", "-"),
    Case("an empty address", rules("disallow: /"), "foobot", denied="-"),
    Case("nothing at all", "", "", "-"),
    Case("a plain rule", rules("disallow: /"), "foobot", denied="/x/y"),
    Case("unknown keys", "foo: foobot\nbar: /\n", "foobot", "/x/y"),
    Case("keys without colons", "user-agent foobot\ndisallow /\n", "foobot", denied="/x/y"),
    Case("two groups of one agent", GROUPS, "foobot", "/x/b /z/d", "/y/c /foo/bar/"),
    Case("blank lines in a group", GROUPS, "barbot", "/y/c /w/a", "/z/d /foo/bar/"),
    Case("a group of two agents", GROUPS, "bazbot", "/z/d", "/foo/bar/"),
    *(
        Case("sitemaps close no group", f"user-agent: barbot\n{line}\nuser-agent: *\ndisallow: /\n", agent, denied="/")
        for line in ("sitemap: https://foo.bar/sitemap", "no-such-line: unknown")
        for agent in ("foobot", "barbot")
    ),
    *(
        Case("keys in any case", text, "foobot", "/x/y", "/a/b")
        for text in (
            "USER-AGENT: foobot\nALLOW: /x/\nDISALLOW: /\n",
            "user-agent: foobot\nallow: /x/\ndisallow: /\n",
            "uSeR-aGeNt: foobot\nAlLoW: /x/\ndIsAlLoW: /\n",
        )
    ),
    *(
        Case("names in any case", rules("allow: /x/", "disallow: /", agent=name), agent, "/x/y", "/a/b")
        for name in ("FOO BAR", "foo bar", "FoO bAr")
        for agent in ("Foo", "foo")
    ),
    Case("a name ends at a space", TWO_WORDS, "Foo", "/x/y"),
    Case("an agent of two words", TWO_WORDS, "Foo Bar", denied="/x/y"),
    Case("an empty file", "", "foobot", "/x/y"),
    Case("a named group", "user-agent: *\nallow: /\nuser-agent: foobot\ndisallow: /\n", "foobot", denied="/x/y"),
    Case("the group of all", "user-agent: *\nallow: /\nuser-agent: foobot\ndisallow: /\n", "barbot", "/x/y"),
    Case("groups of others", ONLY_NAMED, "quxbot", "/x/y"),
    Case("paths in lower case", rules("disallow: /x/"), "foobot", denied="/x/y"),
    Case("paths in upper case", rules("disallow: /X/"), "foobot", "/x/y"),
    Case("the longer denies", rules("disallow: /x/page.html", "allow: /x/"), "foobot", denied="/x/page.html"),
    Case("the longer allows", rules("allow: /x/page.html", "disallow: /x/"), "foobot", "/x/page.html", "/x/"),
    Case("two empty rules", rules("disallow: ", "allow: "), "foobot", "/x/page.html"),
    Case("a tie of slashes", rules("disallow: /", "allow: /"), "foobot", "/x/page.html"),
    Case("with and without slash", rules("disallow: /x", "allow: /x/"), "foobot", "/x/", "/x"),
    Case("a tie of pages", rules("disallow: /x/page.html", "allow: /x/page.html"), "foobot", "/x/page.html"),
    Case("a longer wildcard", rules("allow: /page", "disallow: /*.html"), "foobot", "/page", "/page.html"),
    Case("a shorter wildcard", rules("allow: /x/page.", "disallow: /*.html"), "foobot", "/x/page.html", "/x/y.html"),
    Case("not both groups", "user-agent: *\ndisallow: /x/\nuser-agent: foobot\ndisallow: /y/\n", "foobot",
         "/x/page", "/y/page"),
    Case("an address in a query", rules("disallow: /", "allow: /foo/bar?qux=taz&baz=http://foo.bar?tar&par"), "foobot",
         "/foo/bar?qux=taz&baz=http://foo.bar?tar&par"),
    Case("a character of three octets", rules("disallow: /", "allow: /foo/bar/ツ"), "foobot",
         "/foo/bar/%E3%83%84", "/foo/bar/ツ"),
    Case("three escapes", rules("disallow: /", "allow: /foo/bar/%E3%83%84"), "foobot",
         "/foo/bar/%E3%83%84", "/foo/bar/ツ"),
    Case("escapes of letters", rules("disallow: /", "allow: /foo/bar/%62%61%7A"), "foobot",
         "/foo/bar/%62%61%7A", "/foo/bar/baz"),
    Case("an asterisk", rules("disallow: /foo/bar/quz", "allow: /foo/*/qux"), "foobot",
         "/foo/quz /foo//quz /foo/bax/quz", "/foo/bar/quz"),
    Case("a dollar sign", rules("disallow: /foo/bar$", "allow: /foo/bar/qux"), "foobot",
         "/foo/bar/qux /foo/bar/ /foo/bar/baz", "/foo/bar"),
    Case("comments", rules("# disallow: /", "disallow: /foo/quz#qux", "allow: /"), "foobot",
         "/foo/bar", "/foo/quz"),
    Case("an index page", "user-agent: *\nallow: /allowed-slash/index.html\ndisallow: /\n", "foobot",
         "/allowed-slash/ /allowed-slash/index.html", "/allowed-slash/index.htm /anyother-url"),
    Case("a long line that denies", rules(f"disallow: {LONG_DENIED}/qux"), "foobot",
         "/fux", f"{LONG_DENIED}/fux"),
    Case("long lines that allow",
         rules("disallow: /", f"allow: {LONG_ALLOWED}/qux", f"allow: {OTHER_LONG_ALLOWED}/qux"), "foobot",
         f"{LONG_ALLOWED}/qux {OTHER_LONG_ALLOWED}/fux", "/"),
    *(
        Case("a prefix", rules("disallow: /", f"allow: {path}"), "foobot", FISH, f"/bar {other} /catfish /?id=fish")
        for path, other in (("/fish", "/Fish.asp"), ("/fish*", "/Fish.bar"))
    ),
    Case("a folder", rules("disallow: /", "allow: /fish/"), "foobot",
         "/fish/ /fish/salmon /fish/?salmon /fish/salmon.html /fish/?id=anything",
         "/bar /fish /fish.html /Fish/Salmon.html"),
    Case("a suffix anywhere", rules("disallow: /", "allow: /*.php"), "foobot",
         "/filename.php /folder/filename.php /folder/filename.php?parameters //folder/any.php.file.html"
         " /filename.php/ /index?f=filename.php/",
         "/bar /php/ /index?php /windows.PHP"),
    Case("a suffix at the end", rules("disallow: /", "allow: /*.php$"), "foobot",
         "/filename.php /folder/filename.php",
         "/bar /filename.php?parameters /filename.php/ /filename.php5 /php/ /filename?php /aaaphpaaa //windows.PHP"),
    Case("an asterisk within", rules("disallow: /", "allow: /fish*.php"), "foobot",
         "/fish.php /fishheads/catfish.php?parameters", "/bar /Fish.PHP"),
    Case("a longer prefix", rules("allow: /p", "disallow: /"), "foobot", "/page"),
    Case("a tie of folders", rules("allow: /folder", "disallow: /folder"), "foobot", "/folder/page"),
    Case("a wildcard by its length", rules("allow: /page", "disallow: /*.htm"), "foobot", denied="/page.htm"),
    Case("the root alone", rules("allow: /$", "disallow: /"), "foobot", "/", "/page.html"),
]  # fmt: skip
"""What Google's tests ask of `OneAgentAllowedByRobots`."""

DIFFERENCES = {
    ("an agent of two words", "http://foo.bar/x/y"): (
        "Google's function takes a product token, and «Foo Bar» is none. We take a User-Agent header; its token is its"
        " first word (as the setting `user_agent` says): «Foo», whose group allows the address."
    ),
    ("escapes of letters", "http://foo.bar/foo/bar/baz"): (
        "RFC 9309 §2.2.2 has «/foo/bar/%62%61%7A» match «/foo/bar/baz», in the last row of its table; Google compares"
        " escapes of letters as they are."
    ),
}
"""Where we answer otherwise than Google, and why."""

SIMPLE = """\
User-Agent: *
Disallow: *.gif$
Disallow: /example/
Allow: /publications/

User-Agent: foobot
Disallow:/
Allow:/example/page.html
Allow:/example/allowed.gif

User-Agent: barbot
User-Agent: bazbot
Disallow: /example/page.html

User-Agent: quxbot
"""
IN_QUERY = "/foo/bar?baz=https://foo.bar"
ESCAPED_IN_QUERY = "/foo/bar?baz=https%3A%2F%2Ffoo.bar"

RFC = [
    Case("§2.1: a last group without rules", "user-agent: *\ndisallow: /\nuser-agent: foobot", "foobot", "/a"),
    Case("§2.2: names of keys in any case, spaces and tabs", " USER-agent\t: foobot \n\tdisallow :\t/a\t\n", "foobot",
         "/b", "/a"),
    Case("§2.2: lines end with CR", "user-agent: foobot\rdisallow: /a\rdisallow: /b", "foobot", "/c", "/a /b"),
    Case("§2.2: lines end with CR LF", "user-agent: foobot\r\ndisallow: /a\r\ndisallow: /b", "foobot", "/c", "/a /b"),
    Case("§2.2: lines end with LF", "user-agent: foobot\ndisallow: /a\ndisallow: /b", "foobot", "/c", "/a /b"),
    Case("§2.2: an empty pattern matches nothing", rules("disallow:"), "foobot", "/ /a"),
    Case("§2.2.1: groups of one agent are merged",
         rules("disallow: /foo", "disallow: /bar", "", agent="ExampleBot")
         + rules("disallow: /baz", agent="ExampleBot"), "ExampleBot", "/qux", "/foo /bar /baz"),
    Case("§2.2.1: without a match, the group of all", rules("disallow: /foo", "disallow: /bar", "", agent="*")
         + rules("disallow: /baz", agent="BazBot"), "ExampleBot", "/baz", "/foo /bar"),
    Case("§2.2.1: without that, no rules", rules("disallow: /", agent="BazBot"), "ExampleBot", "/a"),
    Case("§2.2.1: a token is matched in any case", rules("disallow: /", agent="EXAMPLEbot"), "exampleBOT/1.0",
         denied="/a"),
    Case("§2.2.1: a token is matched whole", rules("disallow: /", agent="Example"), "ExampleBot", "/a"),
    Case("§2.2.2: paths in their case", rules("disallow: /A"), "foobot", "/a", "/A"),
    Case("§2.2.2: matching starts with the first octet", rules("disallow: /a"), "foobot", "/b/a", "/a"),
    Case("§2.2.2: the most octets", rules("allow: /a/b", "disallow: /a", "disallow: /a/b/c"), "foobot",
         "/a/b /a/b/d", "/a /a/x /a/b/c"),
    Case("§2.2.2: of two equivalent rules, allow", rules("disallow: /a", "allow: /a"), "foobot", "/a"),
    Case("§2.2.2: no match", rules("disallow: /a"), "foobot", "/b"),
    Case("§2.2.2: robots.txt itself", rules("disallow: /"), "foobot", "/robots.txt", "/robots.txt.bak"),
    Case("§2.2.2: rules before the first group", "disallow: /a\n" + rules("disallow: /b"), "foobot", "/a", "/b"),
    Case("§2.2.2, table: a query", rules("disallow: /foo/bar?baz=quz"), "foobot",
         "/foo/bar?baz=qux", "/foo/bar?baz=quz"),
    Case("§2.2.2, table: an address in a query", rules(f"disallow: {IN_QUERY}"), "foobot",
         denied=f"{IN_QUERY} {ESCAPED_IN_QUERY}"),
    Case("§2.2.2, table: the same, escaped", rules(f"disallow: {ESCAPED_IN_QUERY}"), "foobot",
         denied=f"{IN_QUERY} {ESCAPED_IN_QUERY}"),
    Case("§2.2.2, table: beyond ASCII", rules("disallow: /foo/bar/ツ"), "foobot", "/foo/bar/", "/foo/bar/%E3%83%84"),
    Case("§2.2.2, table: escapes", rules("disallow: /foo/bar/%E3%83%84"), "foobot", "/foo/bar/", "/foo/bar/%E3%83%84"),
    Case("§2.2.2, table: escapes of letters", rules("disallow: /foo/bar/%62%61%7A"), "foobot", "/foo/bar/",
         "/foo/bar/baz /foo/bar/%62%61%7A"),
    Case("§2.2.3, table: comments", rules("# comment on its own line", "disallow: /a # comment in line"), "foobot",
         "/b", "/a"),
    Case("§2.2.3, table: the end", rules("disallow: /this/path/exactly$"), "foobot",
         "/this/path/exactly/ /this/path/exactly?a", "/this/path/exactly"),
    Case("§2.2.3, table: any characters", rules("disallow: /this/*/exactly"), "foobot", "/this/exactly /this/a",
         "/this/a/exactly /this/a/b/exactly /this//exactly"),
    Case("§2.2.3, table: a literal asterisk", rules("disallow: /path/file-with-a-%2A.html"), "foobot",
         "/path/file-with-a-b.html", "/path/file-with-a-*.html /path/file-with-a-%2A.html"),
    Case("§2.2.3, table: a literal dollar sign", rules("disallow: /path/foo-%24"), "foobot",
         "/path/foo-", "/path/foo-$ /path/foo-%24 /path/foo-$/a"),
    Case("§2.2.4: sitemaps terminate no group", "user-agent: foobot\nsitemap: http://a/b\ndisallow: /a\n"
         "sitemap: http://a/c\ndisallow: /b\n", "foobot", "/c", "/a /b"),
    Case("§2.3.1.5: the rules that can be parsed", "<html>\n\x01\x02\n" + rules("disallowed", "disallow: /a", "%%%"),
         "foobot", "/b", "/a"),
    Case("§5.1: a group for all", SIMPLE, "otherbot", "/publications/ /a.gif?b /a",
         "/a.gif /b/c.gif /example/ /example/a"),
    Case("§5.1: an agent that is named", SIMPLE, "foobot", "/example/page.html /example/allowed.gif",
         "/ /example/ /publications/ /a.gif"),
    Case("§5.1: the first of two agents", SIMPLE, "barbot", "/ /example/ /a.gif", "/example/page.html"),
    Case("§5.1: the second of two agents", SIMPLE, "bazbot", "/ /example/ /a.gif", "/example/page.html"),
    Case("§5.1: an empty group at the end", SIMPLE, "quxbot", "/ /example/ /example/page.html /a.gif"),
    Case("§5.2: the longest match", rules("Allow: /example/page/", "Disallow: /example/page/disallowed.gif"), "foobot",
         "/example/page/ /example/page/a.gif", "/example/page/disallowed.gif"),
]  # fmt: skip
"""What the text, the tables and the examples of RFC 9309 say."""
