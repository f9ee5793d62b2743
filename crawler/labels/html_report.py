"""The HTML report of a search: its controls, its chart and its legends."""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS"]

WORDS: Final[dict[str, tuple[str, str, str]]] = {
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
}  # fmt: skip
"""Texts by name; `crawler.labels` includes them."""
