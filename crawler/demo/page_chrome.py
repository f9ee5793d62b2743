"""Render everything of a search page except its list: search box, tabs, filters, sort bar, paging bar, footer.

Parts that depend only on the query are rendered once and cached as bytes: they are a third of a page, and the shop may
share its CPU with the crawl that it tests.
"""

from __future__ import annotations

import html
import json
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote_plus

from crawler.demo.draw import Draw
from crawler.demo.people import invented_names
from crawler.demo.topic import topic_of
from crawler.demo.words import PUBLISHERS, STEMS
from parsers.model import Layout

__all__ = [
    "DEMO_NOTICE",
    "ENCODING",
    "SHOP_NAME",
    "footer",
    "header",
    "html_text",
    "page_head",
    "paging_bar",
    "search_box",
]

ENCODING = "gb18030"
"""The encoding of the pages, although they declare GB2312."""

SHOP_NAME = "当当网（演示书店）"
"""The shop's name on the pages."""

DEMO_NOTICE = '<div class="demo_notice">演示书店：商品、价格和评论均为虚构，仅供演示和测试。</div>'

_SPACER = '<div class="spacer"></div>'
_TURN = 'name="sort-page-turn" dd_name="排序翻页"></a>'
_PROVINCES = (
    "北京", "天津", "河北", "山西", "内蒙古", "辽宁", "吉林", "黑龙江", "上海", "江苏", "浙江", "安徽", "福建", "江西",
    "山东", "河南", "湖北", "湖南", "广东", "广西", "海南", "重庆", "四川", "贵州", "云南", "西藏", "陕西", "甘肃",
    "青海", "宁夏", "新疆",
)  # fmt: skip
_DEPARTMENTS = (
    "图书", "电子书", "童书", "教材", "文学", "小说", "历史", "经济", "管理", "计算机", "科普", "艺术", "生活", "文具",
    "家居", "服装",
)  # fmt: skip
_SORTS = (
    ("sort_default", "sort-defaut", "综合排序"),
    ("sort_sale_amt_desc", "sort-sale", "销量"),
    ("sort_score_desc", "sort-review", "好评"),
    ("sort_pubdate_desc", "sort-new", "出版时间"),
    ("sort_xlowprice_asc", "sort-price", "价格"),
)


class _FilterBox(NamedTuple):
    title: str
    name: str
    attribute: str
    entries: tuple[str, ...]


def header(query: str, page: int, pages: int, total: int, layout: Layout) -> bytes:
    """Return the page from its first byte up to, but not including, the list's opening tag."""
    return b"".join(
        (
            _top(query),
            _crumbs(query, total).encode(ENCODING),
            _filters(query),
            _tools(query, page, pages, layout).encode(ENCODING),
            _LIST_FRAME,
        )
    )


def page_head(title: str, query: str = "") -> str:
    """Return doctype, head and the start of the body with the demo notice; the arguments are plain text."""
    described = html.escape(query)
    return f"""\
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
 "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:v="urn:schemas-microsoft-com:vml">
<head>
                <base href="//search.dangdang.com/Standard/Search/Extend/hosts/">
<link rel="dns-prefetch" href="//search.dangdang.com">
<title>{html_text(title)}</title>
<meta http-equiv="Content-Type" content="text/html; charset=GB2312">
<meta name="description" content="演示书店：{described}">
<meta name="keywords" content="{described}">
<link rel="stylesheet" type="text/css" href="css/theme_1.css">
<style>{_STYLE}</style></head>
<body ddt-page="s_112100">{DEMO_NOTICE}<div id="hd"><div id="tools"><div class="tools">
    <div class="ddnewhead_operate" dd_name="顶链接"><ul class="ddnewhead_area_list" id="area_list">
          {_AREAS}</ul></div></div></div>
<div id="header_end"></div>
"""


def search_box(query: str) -> str:
    """Return the logo line with the search box, which a script fills in, as on the real page."""
    return f"""\
<div style="position:relative;" class="logo_line_out" ddaccregion="mutual">
<div class="logo_line" dd_name="搜索框"><div class="search">
        <form action="//search.dangdang.com" name="searchform" id="form_search_new" method="GET">
            <label for="key_S" class="label_search" id="label_key" style="visibility: hidden;"></label>
            <input type="text" class="text " name="key" id="key_S" autocomplete="off"
             onclick="key_onclick(event);"><span class="select">
            <span id="Show_Category_Name" dd_name="全部分类">全部分类</span>
                <div id="search_all_category" class="select_pop" style="height:0px;" dd_name="搜索分类">
                    {_SEARCH_CATEGORIES}</div></span>
            <input type="submit" id="search_btn" dd_name="搜索按钮" style="display:none">
            <input id="SearchFromTop" style="display:none;" type="hidden" name="SearchFromTop" value="1"></form>
    </div></div></div>
<script>
    (function(){{
        var label_key=document.getElementById('label_key');
        if(label_key){{ label_key.innerHTML=''; label_key.style.visibility='hidden'; }}
        var inpute = document.getElementById('key_S');
        try{{
            var div = document.createElement('div');
            div.innerHTML = {_script_text(f" {query} ")}.replace(/^\\s+|\\s+$/g, '');
            inpute.value = div.innerText || div.textContent;
        }}catch(e){{}}
    }})();
</script>
"""


def paging_bar(query: str, page: int, pages: int) -> bytes:
    """Return the part between the list's end and the footer: the paging bar."""
    address = f"/?key={_key(query)}&act=input&page_index="
    bar, last = [], 0
    for n in sorted({1, pages, *range(max(1, page - 3), min(pages, page + 3) + 1)}):
        if n > last + 1:
            bar.append("                    <li><span>...</span></li>\n")
        kind = " current" if n == page else "null"
        bar.append(
            f'                    <li><a href="{address}{n}" class="{kind}" name="bottom-page-turn">{n}</a></li>\n'
        )
        last = n
    before = after = ' none"><a>'
    if page > 1:
        before = f'"><a href="{address}{page - 1}" title="上一页">'
    if page < pages:
        after = f'"><a href="{address}{page + 1}" title="下一页">'
    return f"""\
</div></div>{_SPACER}<div class="" ddt-area="155956512835" name="m1559565_pid0_t12835">
<div id="component_1559565"></div><div class="con paginating clearfix">
<script type="text/javascript" src="js/jquery/lazyload181.js"></script>
<script type="text/javascript"> $("img[data-original]").lazyload(); </script>
    <div class="paging">
        <ul name="Fy" dd_name="底部翻页">
                    <li class="prev{before}上一页</a></li>
{"".join(bar)}                    <li class="next{after}下一页</a></li>
                            <li class="page_input">
                <span>到第</span> <input id="t__cp" type="text" class="number" value="{page}">
                <span>页</span>
                <input class="button" id="click_get_page" value="确定" type="button" name="bottom-page-turn"></li>
        </ul>
    </div>
<script type="text/javascript">
    function verifyListPages(){{
        var page=$.trim($('#t__cp').val());
        var max_page={pages};
        if(!/^[1-9][0-9]*$/.test(page) || parseInt(page)>max_page){{ alert('请输入正确页码。'); return false; }}
        window.location.href='{address}'+page;
    }}
</script>
</div></div>""".encode(ENCODING)


@lru_cache(maxsize=32)
def footer(query: str) -> bytes:
    """Return the page from after the paging bar to its last byte."""
    hot = "".join(
        f'<li><a href="//search.dangdang.com/?key={_key(name)}&act=input" title="{name}">{name}</a></li>\n'
        for name in invented_names(Draw("hot", query), 40)
    )
    return f"""\
</div><div class="vspacer"></div><div id="12811" class="col good_right" name="12818">
<div id="cpc_0" class=""></div></div></div>
<div class="hot_sale hot_sale_no_page" id="cpc_tab"><div class="hot_sale_title" id="cpc_d">推广商品</div>
<div class="hot_sale_con"><div class="hot_con_over" id="cpc_1"></div></div></div>
<div class="search_search_box_wrap"><div class="search_search_box" name="R2">
<input type="text" class="text" id="key_S_bottom" autocomplete="off"></div></div>
<script type="text/javascript">
{_BEHAVIOUR}
</script>
<div id="footer"><div class="footer" dd_name="页尾"><div class="footer_hot_search"><ul>
{hot}</ul></div><div class="footer_copyright"><span>{SHOP_NAME}</span></div></div><div id="footer_end"></div></div>
</div></div></body></html>
""".encode(ENCODING)


def html_text(text: str) -> str:
    """Escape `text` so that a browser displays it unchanged."""
    return html.escape(text, quote=False)


@lru_cache(maxsize=32)
def _top(query: str) -> bytes:
    name = topic_of(query).name
    related = "".join(
        f'<dd><a ddt-pit="{n}" href="//search.dangdang.com/?key={html.escape(words)}&act=click" '
        f'title="{html.escape(words)}">{html_text(words)}</a></dd>'
        for n, words in enumerate(stem.format(q=name) for stem in Draw("related", query).some(STEMS, 8))
    )
    return f"""\
{page_head(f"{query}-{SHOP_NAME}", query)}{search_box(query)}
<div class="home_nav_l_box"><ul class="new_pub_nav" id="menulist_content">
{_NAVIGATION}</ul></div></div>
            <div id="bd" dd_name="12812" name="12812"><div class="con " name="12813">
<div id="12807" class="con 12807" name="12814"><div ddt-area="940028"><div id="component_940028"></div>
<div class="find_wrap">
<dl class="search_find result_none clearfix">
<dt>你是不是想找：</dt>{related}</dl>
</div>
</div>{_SPACER}<div ddt-area="2120663"><div id="component_2120663"></div><div class="search_tab_f">
<ul class="clearfix top_nav" id="J_tab"><a ddt-pit="01" href="/?key={_key(query)}" dd_name="全部商品">
<li class="now">全部商品</li></a><li ddt-pit="04" class="search_batch"><span class="batch_inter">
<a href="//search.dangdang.com/advsearch?is_batch=1" dd_name="批量搜索">批量搜索</a></span></li></ul></div>
</div>{_SPACER}""".encode(ENCODING)


def _crumbs(query: str, total: int) -> str:
    return f"""\
<div ddt-area="5402551"><div id="component_5402551"></div><div class="crumbs_fb clearfix">
    <div class="crumbs_fb_left">
        <a href="/?key={_key(query)}&cate_type=all" name="breadcrumb-all" class="a">全部</a>
                <span class="sp">&gt;</span>
        <span class="search_word">
{html_text(query)}        </span>
            </div>
    <span class="sp total">共<em class="b">{total}</em>件商品</span>
</div>
</div>{_SPACER}"""


@lru_cache(maxsize=32)
def _filters(query: str) -> bytes:
    """Return the filter box, whose lists account for most of a real page's metadata."""
    publishers = tuple(f"{name}{suffix}" for name in PUBLISHERS for suffix in ("", "分社", "有限公司"))
    authors = tuple(invented_names(Draw("filters", query), 80))
    boxes = (
        _FilterBox("分类", "navigation-category", "s1000001", _DEPARTMENTS),
        _FilterBox("出版社", "navigation-cbs", "s8589934592", publishers),
        _FilterBox("作者", "navigation-author", "s4294967296", authors),
        _FilterBox("包装", "navigation-pack", "s1000024", ("平装", "精装", "盒装", "线装", "简装", "软精装")),
    )
    items = "".join(_filter(query, number, box) for number, box in enumerate(boxes))
    return f"""\
<div ddt-area="5402552"><div id="component_5402552"></div><div class="filtrate_box clearfix" id="navigation">
        <ul class="filtrate_list" >
{items}        </ul>
    </div></div>{_SPACER}""".encode(ENCODING)


def _filter(query: str, number: int, box: _FilterBox) -> str:
    address = f"/?key={_key(query)}&act=input&att={box.attribute}%3A"
    first = int(box.attribute.removeprefix("s")) + 1
    spans = "".join(
        f'                                <span rel="{n}"><a href="{address}{n}#J_tab" '
        f'title="{entry}"><em></em>{entry}</a></span>\n'
        for n, entry in enumerate(box.entries, first)
    )
    return f"""\
                            <li dd_name="{box.title}" raw_h="35" ddt-pit="{number}" class="child_li"
                             name="{box.name}" style="height:35px;overflow:hidden;display:block;">
                    <div class="list_left" title="{box.title}">{box.title}</div>
                    <div class="list_right">
                        <div class="list_content fix_list">
                            <div class="clearfix" id="{box.attribute}">
{spans}                            </div>
                        </div>
                        <div class="btn_box btn_box2" style="display: none">
                            <a href="javascript:void(0);" class="btn btn_yes btn_disable">确定</a>
                            <a href="javascript:void(0);" class="btn btn_no">取消</a>
                        </div>
                    </div>
                </li>
"""


def _tools(query: str, page: int, pages: int, layout: Layout) -> str:
    """Return the sort bar, with the pager and the two layout buttons."""
    address = f"/?key={_key(query)}&act=input"
    sorts = "".join(
        f'            <li class="tools_to_float" ddt-pit="{n}">\n'
        f'                <a href="{address}&sort_type={kind}#J_tab" class="sorting_box_a" '
        f'ddclick="act={kind}&pos=0_0_0_q" name="{name}" dd_name="{title}">{title}</a>\n            </li>\n'
        for n, (kind, name, title) in enumerate(_SORTS, 1)
    )
    before = (
        f'{address}&page_index={page - 1}#J_tab" class="arrow_l' if page > 1 else '#" class="arrow_l none'
    )
    after = (
        f'{address}&page_index={page + 1}#J_tab" class="arrow_r' if page < pages else '#" class="arrow_r none'
    )
    grid, listed = ("hover ison", "") if layout is Layout.GRID else ("", "hover ison")
    return f"""\
<div ddt-area="5402553"><div id="component_5402553"></div>
<div class="tools_box bg_change" id="go_sort" dd_name="一般排序汇总">
    <div class="top">
        <ul class="sorting_box">
{sorts}        </ul>
        <div class="data" ddt-pit="10">
            <a href="{before}" {_TURN}<span class="or">{page}</span><span>/{pages}</span><a href="{after}" {_TURN}
        </div>
        <div class="switch" ddt-pit="11">
                <a href="{address}&show=big&show_shop=0#J_tab" class="{grid}" name="大图" dd_name="sort-grid">
<span class="pic_btn"></span><i>大图</i></a>
                <a href="{address}&show=list&show_shop=0#J_tab" class="{listed}" name="sort-list" dd_name="列表">
<span class="list_btn"></span><i>列表</i></a>
        </div>
    </div>
</div>
</div>{_SPACER}"""


def _key(query: str) -> str:
    return quote_plus(query, encoding=ENCODING)


def _script_text(text: str) -> str:
    """Return a string literal that cannot end the script, nor open a tag when it is assigned as inner HTML."""
    return json.dumps(html.escape(text), ensure_ascii=False).replace("</", "<\\/")


_AREAS = "".join(
    f'<li><a href="javascript:void(0);" onclick="change_area(\'{n}\',\'{name}\')" num="{n}">{name}</a></li>\n          '
    for n, name in enumerate(_PROVINCES, 111)
)
_SEARCH_CATEGORIES = "".join(
    f'<a href="javascript:void(0);" onclick="selectCategory(\'{n:02d}.00.00.00.00.00\',this);" '
    f'dd_name="{name}"><span>{name}</span></a>\n                    '
    for n, name in enumerate(_DEPARTMENTS, 1)
)
_NAVIGATION = "".join(
    f'<li class="n_b first" id="li_label_{n}"><span class="nav"><a name="newcate{n}" '
    f'href="http://category.dangdang.com/cp{n:02d}.html">{name}</a></span><span class="sign"></span></li>\n'
    for n, name in enumerate(_DEPARTMENTS, 1)
)
_STYLE = "\n".join(
    f".shoplist .line{n} {{zoom:1;border-bottom:1px solid #e6e6e6;padding:{n % 7 + 10}px 0 20px 0;}}"
    for n in range(1, 61)
)
_BEHAVIOUR = "\n".join(
    f"    $('.line{n} .bottom_p a').hover(function(){{ $(this).addClass('on'); }},"
    "function(){ $(this).removeClass('on'); });"
    for n in range(1, 61)
)
_LIST_FRAME = """\
<div id="12808" class="con search_wrap clearfix" name="12815">
<div id="12810" class="col search_left" name="12817" dd_name="商品区域">
<div class="" ddt-area="94003212839" name="m940032_pid0_t12839"><div id="component_940032"></div>
<div class="con shoplist" ddt-area="94003212840" name="m940032_pid0_t12840">        \
<div id="search_nature_rg" dd_name="普通商品区域">
""".encode(ENCODING)
