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
    "bulk_gb18030": (
        "lines of the input that are not UTF-8 and were read as GB18030: {n:,}",
        "输入中不是 UTF-8、按 GB18030 读取的行：{n:,}",
        "輸入中不是 UTF-8、依 GB18030 讀取的列：{n:,}",
    ),
    "bulk_input_damaged": (
        "the input is damaged after line {line:,}; what follows was not read: repair it and crawl into another folder",
        "输入在第 {line:,} 行之后损坏，后面的内容没有读取；请修复后抓取到另一个文件夹",
        "輸入在第 {line:,} 列之後損壞，後面的內容沒有讀取；請修復後抓取到另一個資料夾",
    ),
    "bulk_limited": (
        "--limit ended the input after line {line:,}",
        "由于 --limit，输入只读到第 {line:,} 行",
        "由於 --limit，輸入只讀到第 {line:,} 列",
    ),
    "bulk_by_signal": ("signal {n}", "信号 {n}", "訊號 {n}"),
    "bulk_by_code": ("exit code {n}", "退出码 {n}", "結束代碼 {n}"),
    "bulk_failed": ("an error", "出错", "發生錯誤"),
}
"""Texts by code."""
