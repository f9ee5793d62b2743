"""Texts on damaged or foreign journals and archives: one text per code, in three languages."""

from __future__ import annotations

from typing import Final

__all__ = ["RECORDS"]

RECORDS: Final[dict[str, tuple[str, str, str]]] = {
    "record_file_not_read": ("{name} cannot be read: {why}", "无法读取 {name}：{why}", "無法讀取 {name}：{why}"),
    "record_file_damaged": (
        "{name} is damaged at byte {at} of its records: {why}",
        "{name} 在记录的第 {at} 字节处损坏：{why}",
        "{name} 在紀錄的第 {at} 位元組處損壞：{why}",
    ),
    "record_file_no_warc": ("{name} is not a WARC file", "{name} 不是 WARC 文件", "{name} 不是 WARC 檔案"),
    "record_file_too_large": (
        "{name} is larger than any search: {size} MiB or {n:,} records at most",
        "{name} 超出一次搜索的上限（{size} MiB、{n:,} 条记录）",
        "{name} 超出一次搜尋的上限（{size} MiB、{n:,} 筆紀錄）",
    ),
    "record_file_no_search": (
        "{name} holds no search made by this program",
        "{name} 中没有本程序的搜索",
        "{name} 中沒有本程式的搜尋",
    ),
    "record_file_newer": (
        "it was made by a newer version ({version}); update this one",
        "由较新的版本（{version}）生成；请升级本程序",
        "由較新的版本（{version}）產生；請升級本程式",
    ),
    "record_file_two_searches": (
        "a second search begins here; a file holds only one",
        "出现第二次搜索；一个文件只能存一次",
        "出現第二次搜尋；一個檔案限存一次",
    ),
    "record_begins_nowhere": ("no record starts here", "此处没有记录开头", "此處沒有紀錄開頭"),
    "record_without_length": ("a record does not give its length", "有记录没有注明长度", "有紀錄沒有註明長度"),
    "record_too_large": (
        "a record is larger than {size:.3g} MiB",
        "有记录超过 {size:.3g} MiB",
        "有紀錄超過 {size:.3g} MiB",
    ),
    "record_without_end": (
        "a record does not end where it should",
        "有记录没有正常结束",
        "有紀錄沒有正常結束",
    ),
    "record_digest_wrong": ("a record does not match its digest", "有记录与其摘要不符", "有紀錄與其摘要不符"),
    "record_missing": (
        "page {page} refers to a record that is missing",
        "第 {page} 页引用的记录不存在",
        "第 {page} 頁引用的紀錄不存在",
    ),
    "record_without_date": ("a request has no date", "有请求没有日期", "有請求沒有日期"),
    "record_body_too_large": (
        "the body of page {page} is larger than {size:.3g} MiB",
        "第 {page} 页的内容超过 {size:.3g} MiB",
        "第 {page} 頁的內容超過 {size:.3g} MiB",
    ),
    "record_body_other": (
        "the body of page {page} has changed since it was read",
        "第 {page} 页的内容与读取时不同",
        "第 {page} 頁的內容與讀取時不同",
    ),
    "record_pages_too_large": (
        "its pages are larger than {size:.3g} MiB in total",
        "所有页面合计超过 {size:.3g} MiB",
        "所有頁面合計超過 {size:.3g} MiB",
    ),
    "record_too_deep": ("JSON is nested too deeply", "JSON 嵌套过深", "JSON 巢狀過深"),
    "record_without_zone": ("a time without a time zone", "有时间没有时区", "有時間沒有時區"),
    "record_year_impossible": (
        "a time before the year 1 or after 9999",
        "有时间早于公元 1 年或晚于 9999 年",
        "有時間早於西元 1 年或晚於 9999 年",
    ),
}  # fmt: skip
"""English, Simplified and Traditional Chinese."""
