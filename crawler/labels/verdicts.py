"""The verdicts on pages."""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS"]

WORDS: Final[dict[str, tuple[str, str, str]]] = {
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
}  # fmt: skip
"""Texts by name; `crawler.labels` includes them."""
