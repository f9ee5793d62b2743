"""Classify Dangdang's pages by signs outside the list, and state the decisive sign.

A page with a result list is never blocked: its header may well mention logins, and its scripts captchas.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from parsers.model import PageKind, SignCode
from parsers.text import fold

__all__ = [
    "PageClassification",
    "may_have_notice",
    "notice_of",
    "sign_without_list",
    "title_of",
    "visible_text",
]


@dataclass(frozen=True, slots=True)
class PageClassification:
    """The kind of a page, and the decisive sign."""

    kind: PageKind
    code: SignCode
    value: str = ""
    """The quotation in `words`: a title, the shop's words, a number."""

    @property
    def words(self) -> str:
        """The sign as English text."""
        return WORDS[self.code].format(value=self.value)


WORDS = {
    SignCode.RESULT_LIST: "result list of {value} items",
    SignCode.MARKER: "{value}",
    SignCode.TITLE: "title {value}",
    SignCode.NO_TITLE: "no title",
    SignCode.TOTAL_ONLY: "total {value}, but no list",
    SignCode.PAGER_ONLY: "a pager, but no list",
    SignCode.FRAME_ONLY: "an empty list frame",
    SignCode.EMPTY_BODY: "an empty body",
    SignCode.SCRIPTS_ONLY: "nothing but scripts",
    SignCode.NO_TEXT: "no visible text",
    SignCode.LOGIN_PAGE: "login page: title {value}",
    SignCode.TO_LOGIN: "redirects to a login",
    SignCode.LOGIN_FORM: "a login form",
    SignCode.WORDS: "the words «{value}»",
    SignCode.CHALLENGE: "slider or JavaScript challenge",
    SignCode.JS_CHALLENGE: "JavaScript challenge",
    SignCode.FIREWALL: "the cloud firewall's error page",
    SignCode.CAPTCHA: "captcha",
    SignCode.RELOAD_SCRIPT: "only a script that sets a cookie or reloads",
}
"""Signs in English; `crawler.phrases` also has them in other languages."""


_TITLE = re.compile(r"<title[^<>]*>([^<]{0,300})", re.IGNORECASE)
_UNSEEN = re.compile(
    r"<(script|style|noscript|template|textarea)\b.*?(?:</\1\s*>|$)|<!--.*?(?:-->|$)",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(r"<[^<>]*>")
_BLOCK_TAG = re.compile(
    r"</?(?:p|div|li|ul|td|tr|table|dl|dd|dt|h\d|br|body|form|section)\b[^<>]*>", re.IGNORECASE
)

_NOTHING_FOUND = re.compile(r"没有?(?:找|搜索|搜)到|未(?:找|搜索|搜)到|没有与.{0,60}相关的(?:商品|结果|图书)")
_ABOUT_GOODS = re.compile(r"商品|结果|图书|相关")
_INSTEAD = re.compile(
    r"(?:已|以下|现)(?:是|为)?您?(?:显示|搜索|找到|推荐)?.{0,12}[“\"「].{1,60}[”\"」].{0,8}(?:的?搜索?结果|的商品)"
)

MAX_NOTICE = 200
"""Maximum length of a notice in characters: the sentence, without the advice that may follow it."""

BLOCK_PAGE_LETTERS = 1_500
"""A page that blocks its reader is short: only on a page of at most this length do words count as signs of it."""

_BLOCKED_MARKUP = (
    (
        re.compile(
            r"acw_sc__v\d|_____tmd_____|x5secdata|/punish\b|awsc\.js|AWSC\.use|nc_1_n1z|nc-container|nc_wrapper",
            re.IGNORECASE,
        ),
        SignCode.CHALLENGE,
    ),
    (re.compile(r"errors\.aliyun\.com", re.IGNORECASE), SignCode.FIREWALL),
    (re.compile(r"cf-chl|challenge-platform|_cf_chl", re.IGNORECASE), SignCode.JS_CHALLENGE),
    (re.compile(r"geetest|tcaptcha|captcha", re.IGNORECASE), SignCode.CAPTCHA),
)
_BLOCKED_WORDS = re.compile(
    r"访问被阻断|访问被拒绝|访问受限|拒绝访问|禁止访问|访问过于频繁|访问(?:太|过于?)频繁|操作(?:太|过于?)频繁|请求(?:太|过于?)频繁|安全威胁|安全验证|人机验证|"
    r"(?:拖动|滑动|按住|向右).{0,6}滑块|滑块|验证码|请完成.{0,6}验证|异常流量|访问异常|网络环境异常|身份验证|"
    r"access denied|forbidden|too many requests|are you (?:a )?(?:human|robot)|just a moment|request (?:was )?blocked",
    re.IGNORECASE,
)
_LOGIN_TITLE = re.compile(r"登录|登陆|\b(?:log|sign) ?in\b", re.IGNORECASE)
_PASSWORD = re.compile(r"""<input[^<>]*\btype\s*=\s*["']?password""", re.IGNORECASE)
_TO_LOGIN = re.compile(
    r"""(?:location(?:\.href)?\s*=|location\.replace\(|url=)\s*["']?\s*(?:https?:)?//(?:login|passport)\.""",
    re.IGNORECASE,
)
_RELOADS = re.compile(r"document\.cookie|location\.(?:reload|href|replace)|\.reload\(|eval\(", re.IGNORECASE)


def title_of(text: str) -> str:
    """Return the page's title; '' if there is none."""
    match = _TITLE.search(text)
    return fold(html.unescape(match[1])) if match else ""


def visible_text(text: str) -> str:
    """Return the visible text of markup, with line breaks between block elements."""
    bare = _BLOCK_TAG.sub("\n", _UNSEEN.sub(" ", text))
    return html.unescape(_TAG.sub("", bare))


_NOTICE_ENDS = {"到": ("找", "搜", "索"), "结果": ("搜索", "的"), "没有与": ("",)}
_NOTICE_WORDS = tuple(start + end for end, starts in _NOTICE_ENDS.items() for start in starts)


def may_have_notice(body: bytes, codec: str) -> bool:
    """Return True if the bytes contain a word that every notice has; this costs less than decoding them.

    Search for words with a common ending together: a real page has 280 KB before its list. A pattern that is one
    literal takes 0.07 ms for these, `bytes.find` 0.14.
    """
    codec = codec.removesuffix("-sig")
    for end, starts in _NOTICE_ENDS.items():
        heads = tuple(start.encode(codec) for start in starts)
        for tail in re.finditer(re.escape(end.encode(codec)), body):
            if body.endswith(heads, 0, tail.start()):
                return True
    return False


def notice_of(text: str) -> str:
    """Return the shop's message that it found nothing or searched for something else; '' if there is none."""
    if not any(word in text for word in _NOTICE_WORDS):
        return ""
    for line in visible_text(text).split("\n"):
        words = fold(line)
        found_none = _NOTHING_FOUND.search(words)
        if (found_none and _ABOUT_GOODS.search(words, found_none.start())) or _INSTEAD.search(words):
            return words[:MAX_NOTICE]
    return ""


def sign_without_list(
    text: str, *, title: str, notice: str, frame: PageClassification | None
) -> PageClassification:
    """Classify a page that has no result list.

    `frame` is its evidence of a search page, or None.
    """
    if not text.strip():
        return PageClassification(PageKind.EMPTY, SignCode.EMPTY_BODY)
    if "搜索无结果" in title:
        return PageClassification(PageKind.NO_RESULTS, SignCode.TITLE, title)
    if "no_result_tips" in text:
        return PageClassification(PageKind.NO_RESULTS, SignCode.MARKER, "p.no_result_tips")
    if notice:
        return PageClassification(PageKind.NO_RESULTS, SignCode.MARKER, notice)
    if frame is not None:
        return frame
    if (blocked := _blocked(text, title)) is not None:
        return blocked
    if not fold(visible_text(text).removeprefix(title)):
        return PageClassification(
            PageKind.EMPTY, SignCode.SCRIPTS_ONLY if "<script" in text.lower() else SignCode.NO_TEXT
        )
    return (
        PageClassification(PageKind.OTHER, SignCode.TITLE, title)
        if title
        else PageClassification(PageKind.OTHER, SignCode.NO_TITLE)
    )


def _blocked(text: str, title: str) -> PageClassification | None:
    """Return the sign that a page blocks its reader; None if it does not."""
    if _LOGIN_TITLE.search(title):
        return PageClassification(PageKind.BLOCKED, SignCode.LOGIN_PAGE, title)
    if _TO_LOGIN.search(text):
        return PageClassification(PageKind.BLOCKED, SignCode.TO_LOGIN)
    seen = fold(visible_text(text))
    if len(seen) > BLOCK_PAGE_LETTERS:
        return None
    words = _BLOCKED_WORDS.search(f"{title} {seen}")
    if words is not None:
        return PageClassification(PageKind.BLOCKED, SignCode.WORDS, words[0])
    for pattern, code in _BLOCKED_MARKUP:
        if pattern.search(text):
            return PageClassification(PageKind.BLOCKED, code)
    if _PASSWORD.search(text):
        return PageClassification(PageKind.BLOCKED, SignCode.LOGIN_FORM)
    if not fold(seen.removeprefix(title)) and _RELOADS.search(text):
        return PageClassification(PageKind.BLOCKED, SignCode.RELOAD_SCRIPT)
    return None
