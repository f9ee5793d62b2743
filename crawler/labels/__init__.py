"""The texts of reports, alerts and commands in three languages: English, Simplified and Traditional Chinese.

Names of files, columns of data (CSV, JSON), `--help` and messages about wrong usage are English throughout. Details of
failed pages, notes and reasons are phrases (`crawler.phrases`), which `Labels.text` translates.
"""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING, Final

from crawler.labels.commands import WORDS as WORDS_OF_COMMANDS
from crawler.labels.history import WORDS as WORDS_OF_HISTORY
from crawler.languages import LANGUAGES, language_for
from crawler.money import money, sign_of
from crawler.phrases import worded

if TYPE_CHECKING:
    from decimal import Decimal

    from parsers import Shop

__all__ = ["ENGLISH", "LANGUAGES", "Labels", "labels_for"]

_WORDS: Final[dict[str, tuple[str, str, str]]] = {
    **WORDS_OF_COMMANDS,
    **WORDS_OF_HISTORY,
    # The answers
    "cheapest": ("Cheapest", "最便宜", "最便宜"),
    "best": ("Best", "口碑最好", "口碑最好"),
    "value": ("Best value", "最划算", "最划算"),
    "answer": ("{label}: {words}", "{label}：{words}", "{label}：{words}"),
    "accessory_cheaper": ("Cheaper, but not a book", "更便宜，但不是书", "更便宜，但不是書"),
    "accessory_dropped": ("accessory", "周边", "周邊"),
    "used_cheaper": ("Cheaper, but used", "更便宜的二手书", "更便宜的二手書"),
    "used_only": ("No new copies; cheapest used", "没有新书，二手最低", "沒有新書，二手最低"),
    "new_copies": ("new copies", "新书", "新書"),
    "used_copies": ("used copies", "二手书", "二手書"),
    "condition": ("of the wrong condition", "新旧不符", "新舊不符"),
    "accessories_only": ("No books; cheapest accessory", "没有书；周边最低", "沒有書；周邊最低"),
    "nothing_on_sale": (
        "nothing found is on sale at a known price",
        "找到的商品都不在售，或价格不明",
        "找到的商品都不在售，或價格不明",
    ),
    "nobody_rated": ("no book found has a rating", "找到的书都还没有评分", "找到的書都還沒有評分"),
    "caveat": ("before coupons and postage", "未计优惠券和运费", "未計優惠券和運費"),
    "pages_read": ("{ok} of {all} pages read", "共 {all} 页，已读 {ok} 页", "共 {all} 頁，已讀 {ok} 頁"),
    "cheapest_of_all": (
        "cheapest of all {n:,} listings",
        "全部 {n:,} 件商品中最便宜",
        "全部 {n:,} 件商品中最便宜",
    ),
    "cheapest_listed": ("cheapest of all the shop's listings", "全店商品中最便宜", "全店商品中最便宜"),
    "may_settle": ("{option} may confirm it", "可用 {option} 进一步确认", "可用 {option} 進一步確認"),
    "and": ("; ", "；", "；"),
    "comma": (", ", "、", "、"),
    "colon": (": ", "：", "："),
    "credit": (", ", "，", "，"),  # between authors and publisher
    "bracketed": (" ({words})", "（{words}）", "（{words}）"),
    "no_page": (
        "No page could be read: {failed} of {all} failed",
        "一页也没读到：{all} 页中有 {failed} 页失败",
        "一頁也沒讀到：{all} 頁中有 {failed} 頁失敗",
    ),
    "all_dropped": (
        "Nothing to rank: every product found was dropped ({dropped})",
        "没有可排名的书：找到的商品都被排除了（{dropped}）",
        "沒有可排名的書：找到的商品都被排除了（{dropped}）",
    ),
    "no_page_left": (
        "No page was read: of {all}, {failed} failed and {left} were not read",
        "一页也没读到：{all} 页中有 {failed} 页失败，{left} 页没有读取",
        "一頁也沒讀到：{all} 頁中有 {failed} 頁失敗，{left} 頁沒有讀取",
    ),
    "no_book": ("{shop} has no book for «{query}»", "{shop}没有“{query}”的书", "{shop}沒有「{query}」的書"),
    "no_product": ("{shop} has no product for «{query}»", "{shop}没有“{query}”的商品", "{shop}沒有「{query}」的商品"),
    "on_read_pages": (
        " on the pages that could be read ({failed} of {all} failed)",
        "（限读到的页面：{all} 页中有 {failed} 页失败）",
        "（限讀到的頁面：{all} 頁中有 {failed} 頁失敗）",
    ),
    "on_read_pages_left": (
        " on the pages that were read (of {all}, {failed} failed and {left} were not read)",
        "（限读到的页面：{all} 页中有 {failed} 页失败，{left} 页没有读取）",
        "（限讀到的頁面：{all} 頁中有 {failed} 頁失敗，{left} 頁沒有讀取）",
    ),
    "try_all_sellers": (" — try --sellers all", "，可试 --sellers all", "，可試 --sellers all"),
    # Alarms
    "DEMO": ("DEMO", "DEMO 演示", "DEMO 示範"),
    "REPLICA": ("REPLICA", "REPLICA 副本", "REPLICA 副本"),
    "PARTIAL": ("PARTIAL", "PARTIAL 不完整", "PARTIAL 不完整"),
    "FAILED": ("FAILED", "FAILED 失败", "FAILED 失敗"),
    "mark": ("{marks} — ", "【{marks}】", "【{marks}】"),
    "alarm": ("{name}: {text}", "{name}：{text}", "{name}：{text}"),
    "pages_failed": (
        "{failed} of {all} pages failed: ",
        "{all} 页中有 {failed} 页失败，",
        "{all} 頁中有 {failed} 頁失敗，",
    ),
    "pages_left": (
        "{left} of {all} pages not read: ",
        "{all} 页中有 {left} 页没有读取，",
        "{all} 頁中有 {left} 頁沒有讀取，",
    ),
    "pages_failed_left": (
        "{failed} of {all} pages failed, {left} not read: ",
        "{all} 页中有 {failed} 页失败、{left} 页没有读取，",
        "{all} 頁中有 {failed} 頁失敗、{left} 頁沒有讀取，",
    ),
    "may_miss": (
        "books may be missing, including cheaper ones",
        "可能有遗漏，包括更便宜的书",
        "可能有遺漏，包括更便宜的書",
    ),
    "may_miss_dearer": (
        "books may be missing, but none cheaper than the cheapest",
        "可能有遗漏，但不会有更便宜的书",
        "可能有遺漏，但不會有更便宜的書",
    ),
    "no_answer": ("there is no answer", "没有答案", "沒有答案"),
    "stopped_early": (" (stopped early: {why})", "（提前停止：{why}）", "（提前停止：{why}）"),
    "demo_text": (
        "made-up books from the embedded demo shop; none of them can be bought",
        "内置演示书店的虚构图书，哪里都买不到",
        "內建示範書店的虛構圖書，哪裡都買不到",
    ),
    "replica_text": (
        "results from {address}, not the live shop: goods and prices may differ",
        "数据来自 {address}，不是正式书店，商品和价格可能不同",
        "資料來自 {address}，不是正式書店，商品和價格可能不同",
    ),
    # Facts
    "query": ("Query", "查询", "查詢"),
    "sent_as": ("{query}, sent as {sent}", "{query}（按“{sent}”搜索）", "{query}（以「{sent}」搜尋）"),
    "shop": ("Shop", "书店", "書店"),
    "demo_shop": ("the embedded demo shop, not {shop}", "内置演示书店，不是{shop}", "內建示範書店，不是{shop}"),
    "replica_shop": (
        "a replica of {shop} at {address}, not the live shop",
        "{address} 上的{shop}副本，不是正式书店",
        "{address} 上的{shop}副本，不是正式書店",
    ),
    "the_demo_shop": ("The demo shop", "演示书店", "示範書店"),
    "the_replica": ("The replica at {address}", "{address} 上的副本", "{address} 上的副本"),
    "time": ("Time", "时间", "時間"),
    "pages": ("Pages", "页面", "頁面"),
    "ok": ("{n} ok", "{n} 页正常", "{n} 頁正常"),
    "failed": ("{n} failed", "{n} 页失败", "{n} 頁失敗"),
    "left": ("{n} not read", "{n} 页没有读取", "{n} 頁沒有讀取"),
    "past_end": ("{n} past the end", "{n} 页超出末页", "{n} 頁超出末頁"),
    "without_results": ("{n} without results", "{n} 页无结果", "{n} 頁無結果"),
    "of_asked": (
        "{ended} of {all} requested; the shop {stated}",
        "请求 {all} 页：{ended}；书店{stated}",
        "請求 {all} 頁：{ended}；書店{stated}",
    ),
    "states": ("has {n}", "共 {n} 页", "共 {n} 頁"),
    "states_nothing": ("does not say how many it has", "没有说明总页数", "沒有說明總頁數"),
    "listings": ("Listings", "商品", "商品"),
    "counts": (
        "{listings:,} seen, {unique:,} unique, {kept:,} kept; books: {books:,}; dropped: {dropped}",
        "找到 {listings:,} 件，去重后 {unique:,} 件，保留 {kept:,} 件，合并为 {books:,} 种书；排除：{dropped}",
        "找到 {listings:,} 件，去除重複後 {unique:,} 件，保留 {kept:,} 件，合併為 {books:,} 種書；排除：{dropped}",
    ),
    "count_of": ("{n:,} {what}", "{what} {n:,}", "{what} {n:,}"),
    "none": ("none", "无", "無"),
    "result": ("Result", "结果", "結果"),
    "whole": ("complete: no page failed", "完整：没有页面失败", "完整：沒有頁面失敗"),
    "no_page_failed": ("no page failed", "没有页面失败", "沒有頁面失敗"),
    "one_more_page": (
        "; 1 more page was not read (--pages {all})",
        "；另有 1 页没有读取（--pages {all}）",
        "；另有 1 頁沒有讀取（--pages {all}）",
    ),
    "more_pages": (
        "; {n} more pages were not read (--pages {all})",
        "；另有 {n} 页没有读取（--pages {all}）",
        "；另有 {n} 頁沒有讀取（--pages {all}）",
    ),
    "price_check": ("Price check", "最低价核查", "最低價查核"),
    "price_proven": (
        "the cheapest is proven: every listing up to {price} was read ({listings:,} on {pages})",
        "已确认最便宜：{price} 以内的商品已全部读取（{pages}，{listings:,} 条）",
        "已確認最便宜：{price} 以內的商品已全部讀取（{pages}，{listings:,} 筆）",
    ),
    "price_proven_whole": (
        "the cheapest is proven: the shop's whole list was read ({listings:,} listings)",
        "已确认最便宜：书店的列表已全部读完，共 {listings:,} 条",
        "已確認最便宜：書店的清單已全部讀完，共 {listings:,} 筆",
    ),
    "price_unproven": ("not proven: {why}", "未能确认：{why}", "未能確認：{why}"),
    "price_pages_failed": (
        "{failed} of {all} price pages failed: {why}",
        "价格排序 {all} 页中有 {failed} 页失败：{why}",
        "價格排序 {all} 頁中有 {failed} 頁失敗：{why}",
    ),
    "price_why_unreadable": (
        "a listing on the pages in price order could not be read and may be cheaper",
        "价格排序的页面上有无法读取的商品，可能更便宜",
        "價格排序的頁面上有無法讀取的商品，可能更便宜",
    ),
    "price_why_disorder": (
        "the list in price order is not sorted by price",
        "书店的价格排序并未按价格排列",
        "書店的價格排序並未依價格排列",
    ),
    "price_why_not_passed": (
        "the list in price order was read only up to {price}",
        "价格排序只读到 {price}",
        "價格排序只讀到 {price}",
    ),
    "price_why_stopped": ("the search stopped first", "搜索提前结束", "搜尋提前結束"),
    "price_why_no_book": ("no book was found", "没有找到书", "沒有找到書"),
    "n_pages": ("{n} pages in price order", "价格排序 {n} 页", "價格排序 {n} 頁"),
    "one_page": ("1 page in price order", "价格排序 1 页", "價格排序 1 頁"),
    "only": ("Scope", "范围", "範圍"),
    "own_goods": ("the shop's own goods", "自营商品", "自營商品"),
    "books": ("books", "图书", "圖書"),
    "from_price": ("from {price}", "{price} 起", "{price} 起"),
    "to_price": ("up to {price}", "不超过 {price}", "不超過 {price}"),
    "to_volume_price": ("up to {price} per volume", "每册不超过 {price}", "每冊不超過 {price}"),
    "of_publisher": ("publisher {name}", "出版社含“{name}”", "出版社含「{name}」"),
    "of_author": ("author {name}", "作者含“{name}”", "作者含「{name}」"),
    "since_year": ("since {year}", "{year} 年及以后", "{year} 年及以後"),
    "from_reviews": ("at least {n:,} reviews", "至少 {n:,} 条评价", "至少 {n:,} 則評價"),
    "shops_order": ("Shop's order", "书店排序", "書店排序"),
    "sort_sales": ("sales", "销量", "銷量"),
    "sort_rating": ("rating", "评分", "評分"),
    "sort_newest": ("newest", "出版时间", "出版時間"),
    "sort_price": ("price", "价格", "價格"),
    "order": ("Order", "排序", "排序"),
    "by_cheapest": ("by price", "按价格", "依價格"),
    "by_best": ("by quality", "按口碑分", "依口碑分"),
    "by_value": ("by quality for the price", "按性价比", "依 CP 值"),
    "by_per-volume": ("by price per volume", "按每册价格", "依每冊價格"),
    "frontier": ("Frontier", "精选", "精選"),
    "frontier_words": (
        "★ no other book is both cheaper and better ({n})",
        "★ 没有哪本书既比它便宜又比它好（{n} 种）",
        "★ 沒有哪本書既比它便宜又比它好（{n} 種）",
    ),
    "robots": ("robots.txt", "robots.txt", "robots.txt"),
    "robots_ignored": ("ignored (--ignore-robots)", "未遵守（--ignore-robots）", "未遵守（--ignore-robots）"),
    "resumed": (
        "{n} pages come from earlier runs, the oldest of {time}",
        "{n} 页沿用之前的抓取，最早为 {time}",
        "{n} 頁沿用先前的抓取，最早為 {time}",
    ),
    "resumed_one": (
        "1 page comes from an earlier run, of {time}",
        "1 页沿用之前的抓取（{time}）",
        "1 頁沿用先前的抓取（{time}）",
    ),
    "stopped": ("Stopped", "停止", "停止"),
    "note": ("Note", "说明", "說明"),
    "suggestion": ("Suggestion", "建议", "建議"),
    "suggestion_words": (
        "few results; the mainland's term is {words}, which was not searched",
        "结果很少；大陆的说法是“{words}”，本次没有搜索",
        "結果很少；大陸的說法是「{words}」，本次沒有搜尋",
    ),
    # Reasons for which products are dropped, or would have been
    "ebook": ("e-book only", "只有电子书", "只有電子書"),
    "sold_out": ("sold out", "已售罄", "已售完"),
    "no_price": ("without a readable price", "价格不明", "價格不明"),
    "off_topic": ("off topic", "与查询无关", "與查詢無關"),
    "max_volume_price": ("over the price per volume", "每册价格过高", "每冊價格過高"),
    "publisher_differs": ("from another publisher", "出版社不符", "出版社不符"),
    "author_differs": ("by another author", "作者不符", "作者不符"),
    "since": ("published earlier", "出版较早", "出版較早"),
    "min_reviews": ("with too few reviews", "评价较少", "評價較少"),
    # The list
    "rank": ("#", "#", "#"),
    "price": ("Price", "价格", "價格"),
    "volume_price": ("Per-vol.", "每册", "每冊"),
    "list_price": ("List", "定价", "定價"),
    "off": ("Off", "折扣", "折扣"),
    "discount": ("-{n:g}%", "{n:g} 折", "{n:g} 折"),
    "title": ("Title", "书名", "書名"),
    "author": ("Author", "作者", "作者"),
    "translator": ("Translator", "译者", "譯者"),
    "contributors": ("Contributors", "作者、译者等", "作者、譯者等"),
    "publisher": ("Publisher", "出版社", "出版社"),
    "date": ("Date", "出版", "出版"),
    "rating": ("Rating", "评分", "評分"),
    "reviews": ("Reviews", "评价", "評價"),
    "quality": ("Quality", "口碑分", "口碑分"),
    "value_score": ("Value", "性价比", "CP 值"),
    "product": ("Product", "商品编号", "商品編號"),
    "remarks": ("Note", "备注", "備註"),
    "set_of": ("set of {n} · {price} each", "共 {n} 册 · 每册 {price}", "共 {n} 冊 · 每冊 {price}"),
    "set": ("set, number of volumes unknown", "套装，册数不明", "套裝，冊數不明"),
    "bundle": ("bundle of several works", "多种书合售", "多種書合售"),
    "second_hand": ("second-hand", "二手", "二手"),
    "options": ("lowest of several options", "有多个选项，此为最低价", "有多個選項，此為最低價"),
    "starting_at": ("from {price}", "{price}起", "{price}起"),
    "accessory": ("accessory, not a book", "周边，不是书", "周邊，不是書"),
    "sold_by": ("sold by {seller}", "{seller} 出售", "{seller} 出售"),
    "marketplace": ("sold by a marketplace shop", "第三方店铺出售", "第三方店鋪出售"),
    "offers": ("{n} offers, up to {price}", "{n} 个报价，最高 {price}", "{n} 個報價，最高 {price}"),
    "kept": ("kept though {reason}", "仍保留：{reason}", "仍保留：{reason}"),
    "more_books": ("… and {n:,} more", "……还有 {n:,} 种", "……還有 {n:,} 種"),
    "more": ("… and {n:,} more (--top {all} shows all)", "……还有 {n:,} 种（--top {all} 可全部列出）",
             "……還有 {n:,} 種（--top {all} 可全部列出）"),
    "dropped": ("Dropped", "已排除", "已排除"),
    "reason": ("Reason", "原因", "原因"),
    "place": ("Place", "位置", "位置"),
    "place_words": ("page {page}, {position}", "第 {page} 页第 {position} 件", "第 {page} 頁第 {position} 件"),
    # The workbook
    "sheet_books": ("books", "图书", "圖書"),
    "sheet_answers": ("answers", "结论", "結論"),
    "sheet_offers": ("offers", "报价", "報價"),
    "sheet_dropped": ("dropped", "已排除", "已排除"),
    "mark_column": ("Mark", "标记", "標記"),
    "volumes": ("Volumes", "册数", "冊數"),
    "seller": ("Seller", "卖家", "賣家"),
    "self_operated": ("The shop's own", "自营", "自營"),
    "ebook_price": ("E-book", "电子书价", "電子書價"),
    "offers_count": ("Offers", "报价数", "報價數"),
    "subtitle": ("Subtitle", "副标题", "副標題"),
    # The HTML report
    "answers": ("Answers", "结论", "結論"),
    "on_this_page": ("On this page", "本页内容", "本頁內容"),
    "include": ("Include", "包括", "包括"),
    "kind_used": ("used copies", "二手书", "二手書"),
    "kind_sets": ("sets", "套装", "套裝"),
    "kind_bundles": ("bundles", "合售", "合售"),
    "this_search": ("This search", "本次搜索", "本次搜尋"),
    "price_and_quality": ("Price and quality", "价格与口碑", "價格與口碑"),
    "chart_words": (
        (
            "Each mark is a book. ★ and the line are the frontier: no other book is both cheaper and better. Neither "
            "scale is linear: prices are spaced by ratio, and quality is stretched toward five stars."
        ),
        (
            "每个点是一本书。★ 与连线是精选：没有哪本书既比它便宜又比它好。两轴都不是均匀刻度：价格按比例，"
            "口碑越接近五星间距越大。"
        ),
        (
            "每個點是一本書。★ 與連線是精選：沒有哪本書既比它便宜又比它好。兩軸都不是均勻刻度：價格按比例，"
            "口碑越接近五星間距越大。"
        ),
    ),
    "chart_keys": (
        (
            "Point at a mark to see the book; click to open it. On the keyboard, Tab moves along the frontier and "
            "the arrow keys reach every book."
        ),
        "指向一个点可看书名，点击可打开；用键盘时，Tab 键在精选中移动，方向键可到每一本书。",
        "指向一個點可看書名，點擊可開啟；用鍵盤時，Tab 鍵在精選中移動，方向鍵可到每一本書。",
    ),
    "chart_none": (
        "No chart: no book on sale has a rating.",
        "没有图：在售的书都还没有评分。",
        "沒有圖：在售的書都還沒有評分。",
    ),
    "not_drawn": (
        "Not drawn because unrated, not on sale or not a book: {n:,}.",
        "未画出的（没有评分、不在售或不是书）：{n:,} 种。",
        "未畫出的（沒有評分、不在售或不是書）：{n:,} 種。",
    ),
    "thinned": (
        "Shows {n:,} of {all:,} books: the frontier and an even selection of the others.",
        "共 {all:,} 种，只画出 {n:,} 种：精选，以及从其余中均匀选取的一部分。",
        "共 {all:,} 種，只畫出 {n:,} 種：精選，以及從其餘中均勻選取的一部分。",
    ),
    "quality_axis": ("Quality, stars", "口碑分（星）", "口碑分（星）"),
    "price_axis": ("Price", "价格", "價格"),
    "spread": ("Spread of prices", "价格分布", "價格分布"),
    "spread_words": (
        "Books on sale: {n:,}. The thick line spans the middle half; the dashed line is the median.",
        "在售的书：{n:,} 种。粗线是中间一半的范围，虚线是中位数。",
        "在售的書：{n:,} 種。粗線是中間一半的範圍，虛線是中位數。",
    ),
    "spread_none": ("No book is on sale at a known price.", "没有在售且价格明确的书。", "沒有在售且價格明確的書。"),
    "bar": ("{low} – {high}: {n:,}", "{low} – {high}：{n:,} 种", "{low} – {high}：{n:,} 種"),
    "lowest": ("Lowest", "最低", "最低"),
    "lower_quartile": ("Lower quartile", "下四分位", "下四分位"),
    "median": ("Median", "中位数", "中位數"),
    "upper_quartile": ("Upper quartile", "上四分位", "上四分位"),
    "highest": ("Highest", "最高", "最高"),
    "book_list": ("The books", "书目", "書目"),
    "frontier_column": ("On the frontier", "精选", "精選"),
    "find": ("Title, author, publisher", "书名、作者、出版社", "書名、作者、出版社"),
    "up_to": ("Up to {sign}", "不超过 {sign}", "不超過 {sign}"),
    "only_frontier": ("Only ★", "只看 ★", "只看 ★"),
    "show_all": ("Show all", "全部显示", "全部顯示"),
    "sort_by": ("Sort by", "排序", "排序"),
    "reverse": ("Reverse the order", "颠倒顺序", "顛倒順序"),
    "shown": ("{n} of {all} shown", "显示 {n} / {all}", "顯示 {n} / {all}"),
    "score_words": (
        "Quality: the fewest stars that the reviews support. Value: quality for the price; higher is better.",
        "口碑分：依评价数量保守估计的星数。性价比：口碑与价格相比，越高越好。",
        "口碑分：依評價數量保守估計的星數。CP 值：口碑與價格相比，越高越好。",
    ),
    "failed_pages": ("Failed pages", "失败的页面", "失敗的頁面"),
    "missing_pages": ("Missing pages", "缺少的页面", "缺少的頁面"),
    "requests": ("requests: {n}", "请求 {n} 次", "請求 {n} 次"),
    # The past
    "history": ("History", "历史", "歷史"),
    "history_of": (
        "{n:,} of {all:,} books have been seen before, the first on {on}",
        "{all:,} 种书中有 {n:,} 种以前见过，最早为 {on}",
        "{all:,} 種書中有 {n:,} 種以前見過，最早為 {on}",
    ),
    "history_begins": (
        "recorded for the first time ({all:,} books); later runs will show how the prices change",
        "首次记录（{all:,} 种书）；之后的搜索会显示价格走势",
        "首次記錄（{all:,} 種書）；之後的搜尋會顯示價格走勢",
    ),
    "history_empty": ("recorded; no books", "已记录；没有书", "已記錄；沒有書"),
    "few_days": (
        "seen on {n} days since {on}",
        "目前只有 {n} 天的价格记录（自 {on} 起）",
        "目前只有 {n} 天的價格紀錄（自 {on} 起）",
    ),
    "few_day": ("seen on 1 day, {on}", "目前只有 1 天的价格记录（{on}）", "目前只有 1 天的價格紀錄（{on}）"),
    "never_moved": (
        "the same price since {on}", "自 {on} 起价格未变", "自 {on} 起價格未變",
    ),
    "lowest_ever_now": ("lowest on record", "历史最低价", "歷史最低價"),
    "lowest_in": ("lowest in {n} days", "{n} 天内最低", "{n} 天內最低"),
    "change_less": ("{amount} less than on {on}", "比 {on} 降 {amount}", "比 {on} 降 {amount}"),
    "change_more": ("{amount} more than on {on}", "比 {on} 涨 {amount}", "比 {on} 漲 {amount}"),
    "lowest_was": ("lowest {price} on {on}", "最低 {price}（{on}）", "最低 {price}（{on}）"),
    "median_90": ("90-day median {price}", "90 天中位价 {price}", "90 天中位價 {price}"),
    "observed_since": ("on record since {on}", "自 {on} 起有记录", "自 {on} 起有紀錄"),
    "raised_price": (
        "raised, then cut: {before}, then {raised} on {on}, now {now}",
        "先涨后降：原 {before}，{on} 涨到 {raised}，现 {now}",
        "先漲後降：原 {before}，{on} 漲到 {raised}，現 {now}",
    ),
    "raised_list_price": (
        "list price raised: {before}, then {raised} on {on}; now sold at {now}, usually {usual}",
        "抬高定价：原定价 {before}，{on} 改为 {raised}；售价 {now}，平时 {usual}",
        "抬高定價：原定價 {before}，{on} 改為 {raised}；售價 {now}，平時 {usual}",
    ),
    "lowest_column": ("Lowest ever", "历史最低", "歷史最低"),
    "lowest_at_column": ("Lowest on", "最低日期", "最低日期"),
    "median_column": ("Median (90 days)", "90 天中位价", "90 天中位價"),
    "change_column": ("Change", "涨跌", "漲跌"),
    "lowest_in_column": ("Lowest in (days)", "几天内最低", "幾天內最低"),
    "since_column": ("On record since", "记录始于", "紀錄始於"),
    "days_column": ("Days on record", "记录天数", "紀錄天數"),
    "raised_column": ("Raised, then cut", "先涨后降", "先漲後降"),
    # Verdicts
    "page": ("page {numbers}", "第 {numbers} 页", "第 {numbers} 頁"),
    "pages_numbered": ("pages {numbers}", "第 {numbers} 页", "第 {numbers} 頁"),
    "verdict": ("{verdict}: {why}", "{verdict}：{why}", "{verdict}：{why}"),
    "verdict_ok": ("ok", "正常", "正常"),
    "verdict_no_results": ("no results", "无结果", "無結果"),
    "verdict_past_end": ("past the end", "超出末页", "超出末頁"),
    "verdict_blocked": ("blocked", "被拦截", "被攔截"),
    "verdict_layout_changed": ("page layout changed", "页面版式已变", "頁面版式已變"),
    "verdict_unexpected_page": ("not the requested page", "不是请求的页面", "不是請求的頁面"),
    "verdict_truncated": ("cut short", "页面不完整", "頁面不完整"),
    "verdict_http_error": ("HTTP error", "HTTP 错误", "HTTP 錯誤"),
    "verdict_network_error": ("network error", "网络错误", "網路錯誤"),
    "verdict_too_large": ("too large", "页面过大", "頁面過大"),
    "verdict_parse_crashed": ("could not be read", "无法解析", "無法解析"),
    "verdict_parse_timeout": ("could not be read", "无法解析", "無法解析"),
    "verdict_robots_denied": ("not requested", "未抓取", "未抓取"),
    "verdict_address_refused": ("address refused", "地址被拒绝", "位址被拒絕"),
    "verdict_not_asked": ("not read", "没有读取", "沒有讀取"),  # the request may have been aborted
    # Other messages of the command
    "suggestion_command": (
        "few results; the mainland's term may find more: {command}",
        "结果很少，可换用大陆的说法：{command}",
        "結果很少，可改用大陸的說法：{command}",
    ),
    "resume_command": (
        "to read the rest: {command}",
        "读取其余的页面：{command}",
        "讀取其餘的頁面：{command}",
    ),
    # Alerts
    "alert_title": ("{watch}: {words}", "{watch}：{words}", "{watch}：{words}"),
    "alerts_title": (
        "{watch}: {n} products — {words}",
        "{watch}：{n} 种商品，{words}",
        "{watch}：{n} 種商品，{words}",
    ),
    "feed_title": ("Book price alerts", "图书价格提醒", "圖書價格提醒"),
    "alert_words": ("{words}: {price}", "{words}：{price}", "{words}：{price}"),
    "alert_target_price": ("target reached", "达到目标", "達到目標"),
    "alert_price_drop": ("cheaper", "降价", "降價"),
    "alert_new_lowest": ("lowest price seen", "历史最低", "歷史最低"),
    "alert_new_book": ("new on these pages", "新出现", "新出現"),
    "alert_back_in_stock": ("back in stock", "恢复有货", "恢復有貨"),
    "alert_test": ("TEST", "TEST 测试", "TEST 測試"),
    "test_title": ("alerts arrive here", "提醒会送到这里", "提醒會送到這裡"),
    "test_remark": (
        "sent by bookprice alerts --test; no price has changed",
        "由 bookprice alerts --test 发出，价格并无变动",
        "由 bookprice alerts --test 發出，價格並無變動",
    ),
    "alert_late": ("seen on {at}", "此为 {at} 的价格", "此為 {at} 的價格"),
    "alert_late_since": (
        "seen on {at}; on {on} it was {price}",
        "此为 {at} 的价格，{on} 时为 {price}",
        "此為 {at} 的價格，{on} 時為 {price}",
    ),
    "alert_gone": ("sold out or without a price", "已售罄或无价格", "已售完或無價格"),
    # The list of watches
    "watch_name": ("Watch", "关注", "追蹤項目"),
    "watch_searches": ("searches {query}", "搜索 {query}", "搜尋 {query}"),
    "watch_tells": ("Alerts", "提醒条件", "提醒條件"),
    "watch_last_success": ("Last success", "上次成功", "上次成功"),
    "watch_next_run": ("Next run", "下次运行", "下次執行"),
    "watch_due": ("due now", "待运行", "待執行"),
    "watch_never": ("none yet", "还没有", "還沒有"),
    "watch_last_alert": ("Last alert", "上次提醒", "上次提醒"),
    "watch_last_problem": ("Last problem", "最近的问题", "最近的問題"),
    "watch_problem_no_page": ("no page could be read", "一页也没读到", "一頁也沒讀到"),
    "watch_failed": ("failed pages: {n}", "{n} 页失败", "{n} 頁失敗"),
    "watch_undelivered": ("undelivered alerts: {n}", "{n} 条提醒尚未送达", "{n} 則提醒尚未送達"),
    "tells_drop": ("price drop of {percent}%", "降价 {percent}%", "降價 {percent}%"),
    "tells_lowest_after": (
        "lowest price seen, after {n} days",
        "历史最低（需先有 {n} 天的价格记录）",
        "歷史最低（需先有 {n} 天的價格紀錄）",
    ),
    "tells_nothing": ("none, prices are only recorded", "只记录，不提醒", "只記錄，不提醒"),
    "tells_of_products": ("only these products: {n}", "限所列的 {n} 种商品", "限所列的 {n} 種商品"),
    "alert_no_price": ("price unknown", "价格不明", "價格不明"),
    "against_target_price": ("target {price}", "目标 {price}", "目標 {price}"),
    "against_price_drop": ("was {price}", "之前 {price}", "之前 {price}"),
    "against_new_lowest": ("lowest before {price}", "此前最低 {price}", "此前最低 {price}"),
    "against_percent": ("{words}, {percent}% less", "{words}，便宜 {percent}%", "{words}，便宜 {percent}%"),
}  # fmt: skip


_REASONS = {
    "accessory": "accessory_dropped",
    "publisher": "publisher_differs",
    "author": "author_differs",
}
"""Labels of drop reasons whose names differ from the reason's."""


class Labels:
    """The texts of one language: `say("ok", n=3)` is «3 ok»."""

    def __init__(self, language: str, zone: dt.tzinfo = dt.UTC, currency: str = "CNY") -> None:
        """Use the texts of `language`, one of `LANGUAGES`; raise ValueError for any other.

        `zone` is the reader's time zone, used for days and times. `currency` is that of amounts.
        """
        self.language = language
        self.zone = zone
        self.currency = currency
        self._column = LANGUAGES.index(language)

    def __call__(self, name: str, /, **values: object) -> str:
        """Format the text of a name with `values`; raise KeyError for an unknown name."""
        words = _WORDS[name][self._column]
        return words.format(**values) if values else words

    def text(self, text: str) -> str:
        """Translate a phrase to this language; return any other text (a server's, a library's) unchanged."""
        return worded(text, self._column)

    def reason(self, name: str) -> str:
        """Return the text of a drop reason, given its name in `crawler.books.DROP_REASONS`."""
        return self(_REASONS.get(name, name))

    def money(self, amount: Decimal) -> str:
        """Format an amount with its currency: «¥1,299.00»."""
        return money(amount, self.currency)

    @property
    def currency_sign(self) -> str:
        """The currency sign before an amount."""
        return sign_of(self.currency)

    def shop(self, shop: Shop) -> str:
        """Return the name of a shop; its `title` if this language has no other."""
        return shop.titles.get(self.language, shop.title)


ENGLISH = Labels("en")


def labels_for(language: str, query: str, zone: dt.tzinfo = dt.UTC, *, currency: str = "CNY") -> Labels:
    """Return the texts of `language`; «auto» follows the query, or the locale if the query does not tell.

    `zone` is the reader's time zone, `currency` that of amounts.
    """
    return Labels(language_for(query, os.environ) if language == "auto" else language, zone, currency)
