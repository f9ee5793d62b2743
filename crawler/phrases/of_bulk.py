"""Texts on bulk crawls that cannot go on: one text per code, in three languages."""

from __future__ import annotations

from typing import Final

__all__ = ["BULK"]

BULK: Final[dict[str, tuple[str, str, str]]] = {
    "bulk_running": (
        "another process crawls into {folder}; wait for it, or choose another --out",
        "另一个进程正在向 {folder} 抓取；请等它结束，或用 --out 换个文件夹",
        "另一個行程正在向 {folder} 抓取；請等它結束，或用 --out 換個資料夾",
    ),
    "bulk_ending": (
        "a process of an earlier crawl into {folder} has not ended yet; try again in a minute",
        "此前向 {folder} 抓取的进程尚未结束；请一分钟后再试",
        "先前向 {folder} 抓取的行程尚未結束；請一分鐘後再試",
    ),
    "bulk_process_dies": (
        "the crawl does not get on: a process dies again and again ({why})",
        "抓取无法继续：进程反复意外结束（{why}）",
        "抓取無法繼續：行程一再意外結束（{why}）",
    ),
    "bulk_process_hangs": (
        "the crawl does not get on: a process stands still again and again",
        "抓取无法继续：进程一再停滞",
        "抓取無法繼續：行程一再停滯",
    ),
    "bulk_by_signal": ("signal {n}", "信号 {n}", "訊號 {n}"),
    "bulk_by_code": ("exit code {n}", "退出码 {n}", "結束代碼 {n}"),
    "bulk_failed": ("an error", "出错", "發生錯誤"),
}
"""Texts by code."""
