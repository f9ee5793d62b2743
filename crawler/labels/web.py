"""The web pages: navigation, controls, and the errors that a visitor is told."""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS"]

WORDS: Final[dict[str, tuple[str, str, str]]] = {
    # The frame
    "skip_to_content": ("Skip to the content", "跳到正文", "跳到內文"),
    "pages_of_site": ("Pages", "页面导航", "頁面導覽"),
    "language": ("Language", "语言", "語言"),
    "nav_search": ("Search", "搜索", "搜尋"),
    "nav_watches": ("Watches", "关注", "追蹤"),
    "nav_history": ("Price history", "价格历史", "價格歷史"),
    "nav_wishlist": ("Wish list", "心愿单", "願望清單"),
    "needs_script": (
        "This page needs JavaScript; it loads none from elsewhere.",
        "本页需要 JavaScript，且不加载任何外部脚本。",
        "本頁需要 JavaScript，且不載入任何外部程式。",
    ),
    "web_heading": ("Find a cheap good book", "找一本又便宜又好的书", "找一本又便宜又好的書"),
    # Errors
    "problem_bad_request": (
        "The server cannot read this request.",
        "服务器无法读取此请求。",
        "伺服器無法讀取此請求。",
    ),
    "problem_csrf": (
        "The request lacks the page's CSRF token; reload the page.",
        "请求缺少页面的 CSRF 令牌，请重新加载页面。",
        "請求缺少頁面的 CSRF 權杖，請重新載入頁面。",
    ),
    "problem_forbidden": ("This is not allowed.", "不允许此操作。", "不允許此操作。"),
    "problem_history": ("The history cannot be used: {why}", "价格历史无法使用：{why}", "價格歷史無法使用：{why}"),
    "problem_host": (
        "The server does not answer under this host name; open the address that `serve` printed.",
        "服务器不接受此主机名，请打开 serve 显示的地址。",
        "伺服器不接受此主機名稱，請開啟 serve 顯示的網址。",
    ),
    "problem_internal": (
        "The server failed; its terminal shows the error.",
        "服务器出错，错误显示在其终端中。",
        "伺服器發生錯誤，錯誤顯示於其終端機。",
    ),
    "problem_invalid_body": (
        "The request body is invalid: {why}",
        "请求内容无效：{why}",
        "請求內容無效：{why}",
    ),
    "problem_invalid_query": (
        "The query string is invalid: {why}",
        "查询字符串无效：{why}",
        "查詢字串無效：{why}",
    ),
    "problem_method_not_allowed": (
        "This address does not support the method.",
        "此地址不支持该请求方法。",
        "此網址不支援該請求方法。",
    ),
    "problem_not_found": ("There is nothing at this address.", "此地址没有内容。", "此網址沒有內容。"),
    "problem_not_json": (
        "The request body must be application/json.",
        "请求内容必须是 application/json。",
        "請求內容必須是 application/json。",
    ),
    "problem_origin": (
        "The request comes from another web site, and was refused.",
        "请求来自其他网站，已拒绝。",
        "請求來自其他網站，已拒絕。",
    ),
    "problem_too_large": (
        "The request body is larger than {kilobytes} KB.",
        "请求内容超过 {kilobytes} KB。",
        "請求內容超過 {kilobytes} KB。",
    ),
    "problem_unauthorized": (
        "The access token is missing or wrong; open the address with ?token= that `serve` printed.",
        "缺少访问令牌或令牌有误，请打开 serve 显示的带 ?token= 的地址。",
        "缺少存取權杖或權杖有誤，請開啟 serve 顯示的帶 ?token= 的網址。",
    ),
    "problem_unavailable": ("This is not possible now: {why}", "暂时无法进行：{why}", "暫時無法進行：{why}"),
    "problem_unknown_parameter": (
        "Unknown parameter {name!r} in the query string.",
        "查询字符串中有未知参数 {name!r}。",
        "查詢字串中有未知參數 {name!r}。",
    ),
    "problem_unusable": ("The request is not usable: {why}", "请求无法使用：{why}", "請求無法使用：{why}"),
}  # fmt: skip
"""Texts by name; `crawler.labels` includes them."""
