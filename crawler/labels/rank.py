"""The texts of the ranking of a bulk crawl, in the languages of `crawler.labels`."""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS"]

WORDS: Final[dict[str, tuple[str, str, str]]] = {
    "rank_crawl": ("Crawl", "抓取结果", "擷取結果"),
    "rank_read": (
        "{path}: {pages:,} pages, {offers:,} offers ranked",
        "{path}：{pages:,} 个页面，{offers:,} 个报价参与排名",
        "{path}：{pages:,} 個頁面，{offers:,} 個報價參與排名",
    ),
    "rank_left_out": ("Not ranked", "未参与排名", "未參與排名"),
    "rank_sold_out": ("{n:,} sold out", "已售罄 {n:,} 个", "已售完 {n:,} 個"),
    "rank_without_price": ("{n:,} without a price", "没有价格 {n:,} 个", "沒有價格 {n:,} 個"),
    "rank_unreadable_price": (
        "{n:,} with an unreadable price",
        "价格无法识别 {n:,} 个",
        "價格無法辨識 {n:,} 個",
    ),
    "rank_without_currency": ("{n:,} without a currency", "没有币种 {n:,} 个", "沒有幣別 {n:,} 個"),
    "rank_other_currency": ("{n:,} in {currency}", "{currency} 报价 {n:,} 个", "{currency} 報價 {n:,} 個"),
    "rank_repeated": ("{n:,} repeated", "重复 {n:,} 个", "重複 {n:,} 個"),
    "rank_failed": (
        "{n:,} failed pages ({verdicts})",
        "失败页面 {n:,} 个（{verdicts}）",
        "失敗頁面 {n:,} 個（{verdicts}）",
    ),
    "rank_verdict": ("{name} {n:,}", "{name} {n:,}", "{name} {n:,}"),
    "rank_rates": ("Rates", "汇率", "匯率"),
    "rank_rate": ("1 {currency} = {value}", "1 {currency} = {value}", "1 {currency} = {value}"),
    "rank_no_rate": ("No rate", "没有汇率", "沒有匯率"),
    "rank_apart": (
        "{currency} ({n:,} offers), ranked separately",
        "{currency}（{n:,} 个报价），单独排名",
        "{currency}（{n:,} 個報價），單獨排名",
    ),
    "rank_damaged": ("Damaged", "已损坏", "已損毀"),
    "rank_damaged_lines": (
        "{n:,} lines left out; the first is {first}",
        "略过 {n:,} 行，第一行为 {first}",
        "略過 {n:,} 行，第一行為 {first}",
    ),
    "rank_torn": ("Incomplete", "不完整", "不完整"),
    "rank_torn_files": (
        "the last line of {files} is left out; the crawl is writing it or was stopped",
        "略过 {files} 的最后一行：抓取仍在写入，或已中断",
        "略過 {files} 的最後一行：擷取仍在寫入，或已中斷",
    ),
    "rank_title": (
        "Cheapest in {currency} (books: {books:,}, offers: {offers:,}, shops: {shops:,})",
        "{currency} 最低价：{books:,} 种书，{offers:,} 个报价，{shops:,} 家书店",
        "{currency} 最低價：{books:,} 種書，{offers:,} 個報價，{shops:,} 家書店",
    ),
    "rank_none": ("no offer to rank", "没有可以排名的报价", "沒有可以排名的報價"),
    "rank_converted": ("{price} = {compared}", "{price} = {compared}", "{price} = {compared}"),
    "rank_offer": ("{price} {shop}", "{price} {shop}", "{price} {shop}"),
    "rank_more_offers": ("{n:,} more", "另有 {n:,} 个", "另有 {n:,} 個"),
    "rank_isbn": ("ISBN", "ISBN", "ISBN"),
}
