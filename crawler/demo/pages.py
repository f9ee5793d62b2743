"""Pages that the shop sends besides search results: nothing found, blocked, redirected, broken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from crawler.demo.page_chrome import DEMO_NOTICE, ENCODING, SHOP_NAME, html_text, page_head, search_box
from parsers.model import Listing

__all__ = [
    "changed_layout",
    "firewall_page",
    "home_page",
    "login_page",
    "nested",
    "not_found_page",
    "prices_gone",
    "render_no_result_page",
    "script_only_page",
    "slider_page",
]

_LIST_OPENING = b'id="component_59">'
_LIST_END = b"</ul>\n        </div>\n"
_RENAMED = (
    (b'<ul class="bigimg', b'<div class="goods-grid'),
    (b'id="component_59"', b'data-grid="59"'),
    (b'id="search_nature_rg"', b'id="goods_root"'),
    (b"<li ddt-pit", b'<article class="goods-card"><div ddt-pit'),
    (b"search_now_price", b"goods-price"),
    (b"search_pre_price", b"goods-price-old"),
    (b"price_n", b"goods-price"),
    (b"price_r", b"goods-price-old"),
    (b"itemlist-", b"goods-card-"),
    (b' id="p', b' data-goods="p'),
    (b'class="pic"', b'class="goods-cover"'),
    (b'class="name"', b'class="goods-title"'),
)


def render_no_result_page(query_seen: str) -> bytes:
    """Return the shop's page for no results, with the query as the shop read it."""
    seen = html_text(query_seen)
    return f"""{page_head(f"搜索无结果页-{SHOP_NAME}", query_seen)}{search_box(query_seen)}
<div id="bd"><div class="con"><div class="find_wrap"><dl class="search_find result_none clearfix"></dl></div>
<div class="no_result_page">
<p class="no_result_tips">抱歉，没有找到与“<span class="search_word">{seen}</span>”相关的商品</p>
<ul><li>请检查输入的文字是否有误</li><li>请换一个说法，或者减少关键词</li></ul></div></div></div>
<div id="footer"><div class="footer" dd_name="页尾">{SHOP_NAME}</div></div></div></body></html>
""".encode(ENCODING)


def home_page() -> bytes:
    """Return the front page: a search box and recommended books, but no search results."""
    tiles = "".join(
        f'<li><a class="img" href="http://product.dangdang.com/8000000{n}.html"><img src="images/{n}.jpg" alt=""></a>'
        f'<p class="name"><a href="http://product.dangdang.com/8000000{n}.html">演示图书{n}</a></p>\n'
        f'<p class="price"><span class="rob">&yen;{20 + n}.00</span></p></li>\n'
        for n in range(10)
    )
    return f"""{page_head(f"图书首页-{SHOP_NAME}")}{search_box("")}
<div id="bd"><div class="book_home"><h2>新书推荐</h2><ul class="product_ul clearfix">
{tiles}</ul></div></div>
<div id="footer"><div class="footer" dd_name="页尾">{SHOP_NAME}</div></div></div></body></html>
""".encode(ENCODING)


def not_found_page() -> bytes:
    """Return the shop's page for an unknown address."""
    return f"""<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head>
<meta http-equiv="Content-Type" content="text/html; charset=gb2312" />
<title>对不起，您要访问的页面暂时没有找到。</title></head>
<body>{DEMO_NOTICE}<div class="null_wrap"><div class="null_pic">
<p class="title">对不起，您要访问的页面暂时没有找到，您可以：</p>
<p class="btn"><a href="javascript:history.back();">返回之前的页面</a><a href="/">返回首页</a></p>
</div></div></body></html>
""".encode(ENCODING)


def firewall_page() -> bytes:
    """Return the page of a web application firewall in front of the shop, in UTF-8."""
    return f"""<!DOCTYPE html>
<html lang="zh-cn"><head><meta charset="utf-8"><meta name="data-spm" content="a3c0e"/><title>405</title></head>
<body data-spm="7663354">{DEMO_NOTICE}<div data-spm="1998410538"><div class="header"><div class="container">
<div class="message">很抱歉，由于您访问的URL有可能对网站造成安全威胁，您的访问被阻断。</div>
</div></div></div></body></html>
""".encode()


def slider_page() -> bytes:
    """Return a page that asks the user to drag a slider, in UTF-8."""
    return f"""<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>滑动验证页面</title></head>
<body>{DEMO_NOTICE}<div id="nocaptcha" class="nc-container"><div class="nc_wrapper" id="nc_1_wrapper">
<p>访问过于频繁，请按住滑块，拖动到最右边</p>
<div id="nc_1_n1t" class="nc_scale"><span id="nc_1_n1z" class="nc_iconfont btn_slide"></span></div></div></div>
<script>window._config_ = {{"action": "captcha", "NCTOKENSTR": "demo", "NCAPPKEY": "demo"}};</script></body></html>
""".encode()


def login_page() -> bytes:
    """Return the login form, the target of the redirect to it."""
    return f"""<!DOCTYPE html>
<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312" /><title>登录-{SHOP_NAME}</title></head>
<body>{DEMO_NOTICE}<div class="login_wrap"><form id="loginform" name="loginform" action="/signin.aspx" method="post">
<p><label for="txtUsername">邮箱/昵称/手机号码</label><input type="text" id="txtUsername" name="txtUsername"></p>
<p><label for="txtPassword">密码</label><input type="password" id="txtPassword" name="txtPassword"></p>
<p><input type="submit" id="submitLoginBtn" value="登录"></p></form></div></body></html>
""".encode(ENCODING)


def script_only_page() -> bytes:
    """Return a challenge: only scripts, which set a cookie and reload the page."""
    return b"""<html><head><script>
var token = [17, 4, 29].map(function (n) { return (n * 7919).toString(36); }).join("");
document.cookie = "acw_sc__v2=" + token + "; path=/"; document.location.reload();
</script></head><body></body></html>
"""


def changed_layout(body: bytes) -> bytes:
    """Return a search page after a redesign: total, pager and search box unchanged, the list's markup renamed."""
    for old, new in _RENAMED:
        body = body.replace(old, new)
    return body


def prices_gone(listings: Iterable[Listing]) -> tuple[Listing, ...]:
    """Return listings of a page whose prices are filled in by a script: no amount anywhere."""
    return tuple(
        replace(listing, price_text="", list_price_text="", discount_text="", ebook_price=None)
        for listing in listings
    )


def nested(body: bytes, tags: int) -> bytes:
    """Return a search page whose list holds one item of `tags` nested tags."""
    start = body.index(_LIST_OPENING) + len(_LIST_OPENING)
    end = body.index(_LIST_END, start)
    item = b'<li ddt-pit="1" class="line1" id="p80000000">' + b"<div>" * tags + b"</div>" * tags + b"</li>"
    return body[:start] + item + body[end:]
