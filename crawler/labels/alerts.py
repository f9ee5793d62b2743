"""Alerts, and the list of watches."""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS"]

WORDS: Final[dict[str, tuple[str, str, str]]] = {
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
    "tells_lowest_after_one": (
        "lowest price seen, after 1 day",
        "历史最低（需先有 1 天的价格记录）",
        "歷史最低（需先有 1 天的價格紀錄）",
    ),
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
"""Texts by name; `crawler.labels` includes them."""
