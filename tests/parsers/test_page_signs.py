from __future__ import annotations

import pytest

from parsers.dangdang import parse_search_page
from parsers.model import PageKind, SearchPage
from tests.parsers.markup import HEAD, LIST_ITEM, search_page


def parse(text: str) -> SearchPage:
    return parse_search_page(text.encode("gb18030"))


NOTHING_TODAY = """<html><head><title>搜索无结果页</title></head><body><a class="login_link">登录</a>
<p>抱歉，没有找到与“楂樼瓑鏁板”相关的商品！建议您：看看输入的文字是否有误</p></body></html>"""
NOTHING_2013 = """<html><head><title>山海-当当网</title></head><body>
<p class="no_result_tips">抱歉，没有找到“<span>山海</span>”相关的图书</p></body></html>"""
NOTHING_PLAIN = f"""{HEAD}<div class="tips">很抱歉，没有搜索到与“山海”相关的商品</div></body></html>"""


@pytest.mark.parametrize(
    ("text", "echo"), [(NOTHING_TODAY, "楂樼瓑鏁板"), (NOTHING_2013, "山海"), (NOTHING_PLAIN, "山海")]
)
def test_no_results(text: str, echo: str) -> None:
    """The shop's own words for «nothing found», of any year, are recognized, with the query."""
    page = parse(text)
    assert (page.kind, page.listings, page.layout, page.query_echo) == (PageKind.NO_RESULTS, (), None, echo)
    assert page.notice.removeprefix("很").startswith("抱歉，没有")


def test_recommendations_on_a_no_result_page() -> None:
    """Books that the shop recommends instead are no results of the search."""
    recommended = f'<ul class="bigimg">{LIST_ITEM}</ul></body>'
    page = parse(NOTHING_TODAY.replace("</body>", recommended))
    assert (page.kind, page.items) == (PageKind.NO_RESULTS, 0)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("<html><head><title>405</title></head><body>很抱歉，您的访问被阻断。</body></html>", "访问被阻断"),
        (
            "<html><title>滑动验证页面</title><body><div id='nc_1_n1z'></div>请拖动滑块完成验证</body></html>",
            "滑块",
        ),
        ("<html><body>请输入验证码</body></html>", "验证码"),
        (
            "<html><title>登录-当当网</title><body><form><input type='password'></form></body></html>",
            "login page",
        ),
        (
            "<html><body><form>账号<input name=u>密码<input type=password></form></body></html>",
            "a login form",
        ),
        ("<script>window.location.href='https://login.dangdang.com/signin.aspx'</script>", "to a login"),
        ("<html><script>var arg1='04A';setCookie('acw_sc__v2', x)</script></html>", "challenge"),
        ("<script>document.cookie='a=1';location.reload()</script>", "sets a cookie or reloads"),
        ("<html><title>403 Forbidden</title><body><h1>403 Forbidden</h1></body></html>", "Forbidden"),
        (
            '{"ret":["FAIL_SYS_USER_VALIDATE"],"data":{"url":"https://x/_____tmd_____/punish?x5secdata=1"}}',
            "challenge",
        ),
        ("<html><title>Just a moment...</title><body></body></html>", "Just a moment"),
    ],
)
def test_blocked(text: str, sign: str) -> None:
    """Firewall, slider, captcha, challenge and login pages are blocked, and give the sign."""
    page = parse(text)
    assert page.kind is PageKind.BLOCKED
    assert sign in page.sign


@pytest.mark.parametrize(
    "text", ["", "  \n ", "<html><head></head><body></body></html>", "<script>var a = 1;</script>"]
)
def test_empty(text: str) -> None:
    """A page without content is empty."""
    assert parse(text).kind is PageKind.EMPTY


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        (
            "<html><title>对不起，您要访问的页面暂时没有找到。</title><body>返回首页</body></html>",
            "title 对不起",
        ),
        ("<html><title>当当网上书店</title><body>图书 音像 登录 注册</body></html>", "title 当当网上书店"),
        ("<p>Hello</p>", "no title"),
    ],
)
def test_other(text: str, sign: str) -> None:
    """A complete page that is not a search is classified by its title."""
    page = parse(text)
    assert page.kind is PageKind.OTHER
    assert page.sign.startswith(sign)


def test_a_list_is_never_blocked() -> None:
    """Words and scripts of logins and captchas around a result list change nothing."""
    around = "<div>登录 请输入验证码 滑块</div><script src='//x/awsc.js'></script><input type='password'>"
    page = parse(search_page(LIST_ITEM, around=around))
    assert (page.kind, page.items) == (PageKind.RESULTS, 1)


def test_furniture_without_a_list() -> None:
    """A search page that states products and shows none is a result page without items: the layout has changed."""
    page = parse(search_page(total=314892, pager="1/100"))
    assert (page.kind, page.items, page.total, page.pages) == (PageKind.RESULTS, 0, 314892, 100)
    assert "314892" in page.sign


def test_an_empty_frame() -> None:
    """A page with an empty list frame is a result page without items."""
    page = parse('<html><body><div id="search_nature_rg"><ul></ul></div></body></html>')
    assert (page.kind, page.items, page.layout) == (PageKind.RESULTS, 0, None)


def test_items_of_unknown_markup() -> None:
    """Items whose classes have all changed are found by their ids, without title or price."""
    page = parse(search_page('<li id="p29000001"><b>山海小史</b> 39 yuan</li>'))
    assert (page.kind, page.items) == (PageKind.RESULTS, 1)
    (listing,) = page.listings
    assert (listing.title, listing.price) == ("", None)
