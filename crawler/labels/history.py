"""The texts on prices over time, in the languages of `crawler.labels`."""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS"]

WORDS: Final[dict[str, tuple[str, str, str]]] = {
    # The file
    "past_title": ("Prices over time", "历史价格", "歷史價格"),
    "past_file": ("File", "文件", "檔案"),
    "past_size_name": ("Size", "大小", "大小"),
    "past_size": (
        "{size}: {observations:,} observations of {products:,} products",
        "{size}：{products:,} 件商品的 {observations:,} 条记录",
        "{size}：{products:,} 件商品的 {observations:,} 筆紀錄",
    ),
    "past_log": (" (plus {size} of log)", "（另有日志 {size}）", "（另有日誌 {size}）"),
    "past_no_search": ("no searches are recorded yet", "还没有记录任何搜索", "還沒有記錄任何搜尋"),
    "past_compared": (
        "Prices over time of {products}",
        "{products} 的历史价格",
        "{products} 的歷史價格",
    ),
    "past_searches": ("Searches", "搜索", "搜尋"),
    "past_runs": ("Runs", "次数", "次數"),
    "past_products": ("Products", "商品数", "商品數"),
    "past_observations": ("Observations", "记录数", "紀錄數"),
    "past_first_run": ("First run", "首次", "首次"),
    "past_last_run": ("Last run", "最近一次", "最近一次"),
    # A search
    "past_of_search": (
        "{runs:,} runs, {first} to {last}",
        "{first} 至 {last}，共 {runs:,} 次",
        "{first} 至 {last}，共 {runs:,} 次",
    ),
    "past_of_search_once": ("one run, {first}", "{first}，仅一次", "{first}，僅一次"),
    "past_found": (
        "{found:,}, {shown:,} shown; best deals first (price against the product's own median)",
        "{found:,} 件，显示 {shown:,} 件；比自己的中位价便宜越多，排得越前",
        "{found:,} 件，顯示 {shown:,} 件；比自己的中位價便宜越多，排得越前",
    ),
    "past_found_all": (
        "{found:,}; best deals first (price against the product's own median)",
        "{found:,} 件；比自己的中位价便宜越多，排得越前",
        "{found:,} 件；比自己的中位價便宜越多，排得越前",
    ),
    "past_more": (
        "… and {n:,} more (--top {all} shows all)",
        "……还有 {n:,} 件（--top {all} 可全部列出）",
        "……還有 {n:,} 件（--top {all} 可全部列出）",
    ),
    "past_dropped": (
        "{dropped}; --show-dropped lists them",
        "{dropped}；--show-dropped 可列出",
        "{dropped}；--show-dropped 可列出",
    ),
    "past_unjudged": (
        "{n:,} were recorded by an earlier version, which did not record what was dropped",
        "{n:,} 件由旧版本记录，无法得知是否曾被排除",
        "{n:,} 件由舊版本記錄，無法得知是否曾被排除",
    ),
    "past_all_dropped": (
        "{found:,} found, all dropped",
        "找到 {found:,} 件，全部被排除",
        "找到 {found:,} 件，全部被排除",
    ),
    "past_nothing": ("no product was found", "没有找到商品", "沒有找到商品"),
    # A product
    "past_now": ("Price now", "现价", "現價"),
    "past_against": ("vs. median", "与中位价比", "與中位價比"),
    "past_against_words": ("{percent} vs. its median", "比中位价 {percent}", "比中位價 {percent}"),
    "past_at_median": ("at its median", "与中位价持平", "與中位價持平"),
    "past_median": ("Median", "中位价", "中位價"),
    "past_median_long": ("90-day median", "90 天中位价", "90 天中位價"),
    "past_lowest": ("Lowest ever", "历史最低", "歷史最低"),
    "past_lowest_on": ("{price} on {on}", "{price}（{on}）", "{price}（{on}）"),
    "past_change": ("Change", "涨跌", "漲跌"),
    "past_no_change_since": ("same as on {on}", "与 {on} 相同", "與 {on} 相同"),
    "past_change_since": ("{change} from {on}", "比 {on} {change}", "比 {on} {change}"),
    "past_low_in_long": ("lowest in {n:,} days", "{n:,} 天内最低", "{n:,} 天內最低"),
    "past_low_today": ("lowest in less than a day", "一天之内最低", "一天之內最低"),
    "past_since": ("Since", "始于", "始於"),
    "past_observed": ("Observed", "记录", "紀錄"),
    "past_observed_once": ("once, on {on}", "仅一次，{on}", "僅一次，{on}"),
    "past_observed_words": (
        "{n:,} times since {since}, last on {last}; with a price on {days:,} days",
        "自 {since} 起 {n:,} 次，最近 {last}；有价格的 {days:,} 天",
        "自 {since} 起 {n:,} 次，最近 {last}；有價格的 {days:,} 天",
    ),
    "past_few_none": ("no price on record", "没有价格记录", "沒有價格紀錄"),
    "past_few_one": ("seen on 1 day", "目前只有 1 天的价格记录", "目前只有 1 天的價格紀錄"),
    "past_few": ("seen on {n} days", "目前只有 {n} 天的价格记录", "目前只有 {n} 天的價格紀錄"),
    "past_sold_out": ("sold out", "已售罄", "已售完"),
    "past_no_price": (
        "no price (e-book only, or unreadable)",
        "没有价格（仅有电子书，或无法识别）",
        "沒有價格（僅有電子書，或無法識別）",
    ),
    "past_no_price_short": ("no price", "无价格", "無價格"),
    "past_last_seen": (
        "last seen on {on}, {n:,} days before the last run",
        "最后一次见到是 {on}，比最近一次搜索早 {n:,} 天",
        "最後一次見到是 {on}，比最近一次搜尋早 {n:,} 天",
    ),
    "past_last_seen_today": (
        "last seen on {on}, not in the last run",
        "最后一次见到是 {on}，最近一次搜索没有出现",
        "最後一次見到是 {on}，最近一次搜尋沒有出現",
    ),
    "past_raised_price": (
        "raised, then cut: usually {usual}, {raised} on {on}, now {now}",
        "先涨后降：平时 {usual}，{on} 涨到 {raised}，现 {now}",
        "先漲後降：平時 {usual}，{on} 漲到 {raised}，現 {now}",
    ),
    "past_raised_list_price": (
        "list price raised: usually {before}, {raised} on {on}; now sold at {now}, usually {usual}",
        "抬高定价：平时定价 {before}，{on} 改为 {raised}；现价 {now}，平时 {usual}",
        "抬高定價：平時定價 {before}，{on} 改為 {raised}；現價 {now}，平時 {usual}",
    ),
    "past_find": ("Title, seller, number", "书名、卖家、商品编号", "書名、賣家、商品編號"),
    "past_by_deal": ("Best deal", "最划算", "最划算"),
    "past_by_change": ("Largest drop", "降价最多", "降價最多"),
    "past_page_before": ("Previous 50", "上 50 件", "上 50 件"),
    "past_page_after": ("Next 50", "下 50 件", "下 50 件"),
    "past_page_of": ("page {n} of {all}", "第 {n} 页，共 {all} 页", "第 {n} 頁，共 {all} 頁"),
    # Its changes
    "past_changes": ("Changes", "价格变动", "價格變動"),
    "past_changes_count": ("all prices: {n:,}", "全部价格：{n:,} 段", "全部價格：{n:,} 段"),
    "past_period": ("Period", "期间", "期間"),
    "past_from": ("From", "从", "從"),
    "past_until": ("To", "至", "至"),
    "past_gap": ("long gap before this", "此前长时间没有记录", "此前長時間沒有紀錄"),
    "past_changes_more": (
        "the oldest {n:,} are not shown here; CSV and JSON list all",
        "最早的 {n:,} 段未列出；CSV 和 JSON 中有全部",
        "最早的 {n:,} 段未列出；CSV 和 JSON 中有全部",
    ),
    "past_changes_elsewhere": (
        "the oldest {n:,} are not shown here; history {product} shows more",
        "最早的 {n:,} 段未列出；history {product} 可查看更多",
        "最早的 {n:,} 段未列出；history {product} 可查看更多",
    ),
    # The chart
    "past_chart": (
        "Price over time, {since} to {last}: {low} to {high}",
        "{since} 至 {last} 的价格：{low} 至 {high}",
        "{since} 至 {last} 的價格：{low} 至 {high}",
    ),
    "past_chart_of_one": (
        "Price on {on}, the only observation: {price}", "{on} 的价格，仅此一条记录：{price}",
        "{on} 的價格，僅此一筆紀錄：{price}",
    ),
    "past_chart_out": ("sold out: {n:,} times", "售罄 {n:,} 次", "售完 {n:,} 次"),
    "past_chart_gaps": ("long gaps: {n:,}", "长时间没有记录：{n:,} 次", "長時間沒有紀錄：{n:,} 次"),
    "past_list_left_out": (
        "The list price, {price}, is too high to draw.",
        "定价 {price} 过高，没有画出。",
        "定價 {price} 過高，沒有畫出。",
    ),
    "past_chart_none": ("No chart: no price was ever seen.", "没有图：从未有过价格。", "沒有圖：從未有過價格。"),
    "past_chart_thinned": (
        "Shows {n:,} of {all:,} prices: the first, last, highest and lowest of each short period.",
        "共 {all:,} 段价格，画出 {n:,} 段：每小段时间内的首、末、最高和最低。",
        "共 {all:,} 段價格，畫出 {n:,} 段：每小段時間內的首、末、最高和最低。",
    ),
    "past_key_price": ("price", "价格", "價格"),
    "past_key_list": ("list price", "定价", "定價"),
    "past_key_lowest": ("lowest ever", "历史最低", "歷史最低"),
    "past_key_raise": ("raised, then cut", "先涨后降", "先漲後降"),
    "past_mark_raise": ("raised to", "涨到", "漲到"),
    "past_mark_list_raise": ("list price raised to", "定价改为", "定價改為"),
    "past_mark_cut": ("cut to", "降到", "降到"),
    "past_key_gap": (
        "breaks in the line: sold out, no price, or not observed for a long time",
        "断线处：已售罄、没有价格，或长时间没有记录",
        "斷線處：已售完、沒有價格，或長時間沒有紀錄",
    ),
    "past_price_period": ("{price}, {since} to {until}", "{price}，{since} 至 {until}", "{price}，{since} 至 {until}"),
    "past_how": (
        "All charts share the same time axis, in days of {zone}. Each price is drawn until a different one was seen.",
        "本页各图的时间轴相同；每个价格画到下一次看到变动为止；日期按 {zone} 计。",
        "本頁各圖的時間軸相同；每個價格畫到下一次看到變動為止；日期依 {zone} 計。",
    ),
    "past_how_one": (
        "Each price is drawn until a different one was seen. Days are in {zone}.",
        "每个价格画到下一次看到变动为止；日期按 {zone} 计。",
        "每個價格畫到下一次看到變動為止；日期依 {zone} 計。",
    ),
    "past_mark": ("{name} {price}, {on}", "{name} {price}，{on}", "{name} {price}，{on}"),
}  # fmt: skip
"""Texts by name; `crawler.labels` includes them."""
