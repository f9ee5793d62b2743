"""URLs go out as a browser sends them, or are refused with a reason."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.bulk.url import LONGEST_URL, NormalizedUrl, RefusedUrl, normalize_url
from crawler.download.exchange import Request
from tests.profiles import examples

SENT = [
    ("http://EXAMPLE.com", "http://example.com/"),
    ("HTTP://Example.COM:80/A", "http://example.com/A"),
    ("https://example.com:443/", "https://example.com/"),
    ("https://example.com:80/", "https://example.com:80/"),
    ("http://example.com:/", "http://example.com/"),
    ("http:\\\\example.com\\a\\b?c\\d", "http://example.com/a/b?c\\d"),
    ("http:example.com/a", "http://example.com/a"),
    ("http:///example.com/a", "http://example.com/a"),
    (" \t http://example.com/a\tb \x00", "http://example.com/ab"),
    ("http://example.com/a b?c d", "http://example.com/a%20b?c%20d"),
    ("http://example.com/a#b#c", "http://example.com/a"),
    ("http://example.com/?", "http://example.com/?"),
    ("http://example.com/a/./b/../c/%2e%2E/d", "http://example.com/a/d"),
    ("http://example.com/../..", "http://example.com/"),
    ("http://例え.テスト/", "http://xn--r8jz45g.xn--zckzah/"),
    ("http://www.當當.com/", "http://www.xn--rpya.com/"),
    ("http://ｅｘａｍｐｌｅ。com/", "http://example.com/"),
    ("http://faß.example/", "http://xn--fa-hia.example/"),
    ("http://%65xample.com/", "http://example.com/"),
    ("http://a_b.example/", "http://a_b.example/"),
    ("http://example.com/书/红楼梦.html", "http://example.com/%E4%B9%A6/%E7%BA%A2%E6%A5%BC%E6%A2%A6.html"),
    ("http://example.com/?key=渗透", "http://example.com/?key=%E6%B8%97%E9%80%8F"),
    ("http://example.com/?key=%C9%F8%CD%B8", "http://example.com/?key=%C9%F8%CD%B8"),
    ("http://example.com/%c9%F8?%zz%", "http://example.com/%c9%F8?%zz%"),
    ("http://example.com/~%7E'\"<>`{}|^[]", "http://example.com/~%7E'%22%3C%3E%60%7B%7D|%5E[]"),
    ("http://example.com/?'\"<>`{}|^[]", "http://example.com/?%27%22%3C%3E`{}|^[]"),
    ("http://example.com/a\x00b\x7f", "http://example.com/a%00b%7F"),
    ("http://0x7f.1/", "http://127.0.0.1/"),
    ("http://0177.0.0.1/", "http://127.0.0.1/"),
    ("http://2130706433/", "http://127.0.0.1/"),
    ("http://１２７．0．0．1/", "http://127.0.0.1/"),
    ("http://[0:0::1]:8080/", "http://[::1]:8080/"),
    ("http://[::ffff:1.2.3.4]/", "http://[::ffff:102:304]/"),
    ("http://example.com./", "http://example.com./"),
]
"""Pairs of a text and the URL that a browser requests for it."""

REFUSED = [
    ("", "http"),
    ("example.com/a", "http"),
    ("//example.com/a", "http"),
    ("localhost:8080/a", "http"),
    ("example.com:8080/a", "http"),
    ("\x89PNG\r\n\x1a", "http"),
    ("h\0t\0t\0p\0:\0/\0/\0a\0", "NUL"),
    ("http://a\0b.example/", "host"),
    ("http://a%00b.example/", "host"),
    ("ftp://example.com/", "ftp"),
    ("mailto:a@example.com", "mailto"),
    ("javascript:alert(1)", "javascript"),
    ("file:///etc/passwd", "file"),
    ("data:text/html,a", "data"),
    ("http://", "host"),
    ("http://a b/", "host"),
    ("http://a%00b/", "host"),
    ("http://a<b/", "host"),
    ("http://example.com:99999/", "port"),
    ("http://example.com:8o/", "port"),
    ("http://1.2.3.4.5/", "host"),
    ("http://256.1/", "host"),
    ("http://[::1/", "host"),
    ("http://[fe80::1%25eth0]/", "host"),
    ("http://a..b/", "empty label"),
    ("http://./", "empty label"),
    (f"http://{'a' * 64}.com/", "too long"),
    (f"http://{'abcdefg.' * 32}com/", "too long"),
    ("http://user:secret@example.com/", "password"),
    ("http://user@example.com/", "user name"),
    ("http://example.com/" + "a" * LONGEST_URL, "longer"),
    ("http://example.com/\ud800", "surrogate"),
]
"""Pairs of a text and a word of the reason."""


@pytest.mark.parametrize(("text", "url"), SENT)
def test_a_url_is_what_a_browser_sends(text: str, url: str) -> None:
    found = normalize_url(text)
    assert isinstance(found, NormalizedUrl)
    assert found.url == url
    assert found.host == Request(url).netloc


@pytest.mark.parametrize(("text", "word"), REFUSED)
def test_anything_else_is_refused_with_a_reason(text: str, word: str) -> None:
    found = normalize_url(text)
    assert isinstance(found, RefusedUrl)
    assert word in found.reason
    assert "secret" not in found.reason


_HOSTS = st.one_of(
    st.sampled_from(
        ["example.com", "例え.テスト", "0x7f.1", "[::1]", "1.2.3.4", "ａ。b", "xn--rpya.com", "ß.de"]
    ),
    st.text(max_size=12),
    st.text(st.characters(min_codepoint=0x80, max_codepoint=0x2FFF), max_size=6),
)
_TAILS = st.text(
    st.sampled_from("/\\?#%.:@[]{}|^`<>\"' \t\n\r\x00\x7f\x80aZ09é书\ufeff𰻞\udc80") | st.characters(),
    max_size=20,
)
_STARTS = st.sampled_from(["http://", "HTTPS:", "http:\\\\", " http:/", "ftp://", "//", ""])
_TEXTS = st.one_of(
    st.text(),
    st.builds("{}{}{}".format, _STARTS, _HOSTS, _TAILS),
    st.binary().map(lambda data: "http://a/" + data.decode("latin-1")),
)  # fmt: skip


@settings(max_examples=examples(1_000))
@given(_TEXTS)
@example("http://\u200d.example/")
@example("http://a.example/%")
def test_any_text_gives_a_clean_url_or_a_reason(text: str) -> None:
    found = normalize_url(text)
    if isinstance(found, RefusedUrl):
        assert found.reason
        assert found.reason.isprintable()
        return
    url, host = found
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
    assert "#" not in url
    assert normalize_url(url) == found
    request = Request(url)
    assert request.netloc == host
    assert request.host
    assert request.scheme in {"http", "https"}
    assert "@" not in host
