"""The texts of bulk crawls: progress, status, tables and the HTML summary."""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS"]

WORDS: Final[dict[str, tuple[str, str, str]]] = {
    # Progress and status
    "bulk_done": ("{done} of {total} URLs", "{done} / {total} 个网址", "{done} / {total} 個網址"),
    "bulk_total": ("{n:,}", "{n:,}", "{n:,}"),
    "bulk_total_so_far": ("{n:,}+", "{n:,}+", "{n:,}+"),
    "bulk_rate": ("{n} pages/s", "每秒 {n} 页", "每秒 {n} 頁"),
    "bulk_eta": ("{time} left", "剩余 {time}", "剩餘 {time}"),
    "bulk_days": ("{n} d {time}", "{n} 天 {time}", "{n} 天 {time}"),
    "bulk_disk": ("{used} on disk", "占用磁盘 {used}", "佔用磁碟 {used}"),
    "bulk_disk_of": (
        "{used} of about {foreseen} on disk",
        "占用磁盘 {used}（预计 {foreseen}）",
        "佔用磁碟 {used}（預計 {foreseen}）",
    ),
    "bulk_disk_foreseen": (
        "{used}, about {foreseen} in the end",
        "{used}，预计共 {foreseen}",
        "{used}，預計共 {foreseen}",
    ),
    "bulk_verdict": ("{verdict} {n:,}", "{verdict} {n:,}", "{verdict} {n:,}"),
    "bulk_disk_short": (
        (
            "about {foreseen} will be written and {free} are free: the disk will be full before the end; make room "
            "meanwhile, or stop, move the folder to a larger disk, and resume"
        ),
        "还需写入约 {foreseen}，磁盘只剩 {free}，将在完成前写满；请腾出空间，或停止后把文件夹移到更大的磁盘再续传",
        "還需寫入約 {foreseen}，磁碟只剩 {free}，將在完成前寫滿；請騰出空間，或停止後把資料夾移到更大的磁碟再續傳",
    ),
    "bulk_running": ("running", "正在运行", "正在執行"),
    "bulk_stopped": ("stopped", "已停止", "已停止"),
    "bulk_stopped_why": ("stopped: {why}", "已停止：{why}", "已停止：{why}"),
    "bulk_killed": ("stopped: its process was killed", "已停止：进程被强行终止", "已停止：行程被強制終止"),
    "bulk_finished": ("finished", "已完成", "已完成"),
    "bulk_state": ("State", "状态", "狀態"),
    "bulk_folder": ("Folder", "文件夹", "資料夾"),
    "bulk_input": ("Input", "输入", "輸入"),
    "bulk_stdin": ("stdin", "标准输入", "標準輸入"),
    "bulk_progress": ("Progress", "进度", "進度"),
    "bulk_verdicts": ("Verdicts", "结果", "結果"),
    "bulk_time": ("Time", "用时", "用時"),
    "bulk_speed": ("Speed", "速度", "速度"),
    "bulk_disk_label": ("Disk", "磁盘", "磁碟"),
    "bulk_processes": ("Processes", "进程数", "行程數"),
    "bulk_updated": ("Last sign of life", "最近更新", "最近更新"),
    "bulk_lines": ("Input lines", "输入行", "輸入列"),
    "bulk_lines_of": (
        (
            "{lines:,}: {targets:,} URLs, {duplicates:,} duplicates, {rejected:,} rejected, {skipped:,} blank lines "
            "and comments"
        ),
        "{lines:,} 行：网址 {targets:,}、重复 {duplicates:,}、无效 {rejected:,}、空行和注释 {skipped:,}",
        "{lines:,} 列：網址 {targets:,}、重複 {duplicates:,}、無效 {rejected:,}、空列和註解 {skipped:,}",
    ),
    "bulk_lines_unread": ("not read to the end yet", "尚未读完", "尚未讀完"),
    "bulk_pages_per_second": (
        "{n} pages/s on average", "平均每秒 {n} 页", "平均每秒 {n} 頁",
    ),
    # What the command says
    "bulk_resume": ("to crawl the rest: {command}", "抓取其余的网址：{command}", "抓取其餘的網址：{command}"),
    "bulk_retry": (
        "to try the failed ones again: {command}",
        "重新抓取失败的网址：{command}",
        "重新抓取失敗的網址：{command}",
    ),
    "bulk_refused": (
        "{n:,} URLs lead to this machine or a private network; --allow-private crawls such URLs",
        "{n:,} 个网址指向本机或私有网络；加上 --allow-private 才会抓取这类网址",
        "{n:,} 個網址指向本機或私有網路；加上 --allow-private 才會抓取這類網址",
    ),
    "bulk_left": (
        "{why}: {n:,} URLs not crawled",
        "{why}：{n:,} 个网址没有抓取",
        "{why}：{n:,} 個網址沒有抓取",
    ),
    "bulk_failed_urls": (
        "{n:,} of {all:,} URLs failed",
        "{all:,} 个网址中有 {n:,} 个失败",
        "{all:,} 個網址中有 {n:,} 個失敗",
    ),
    "bulk_rejected": (
        "rejected lines of the input: {n:,}; see {path}",
        "输入中无效的行：{n:,}，详见 {path}",
        "輸入中無效的列：{n:,}，詳見 {path}",
    ),
    "bulk_nothing": ("the input holds no URL", "输入中没有网址", "輸入中沒有網址"),
    "bulk_files": (
        "results: {results}; summary: {summary}",
        "结果：{results}；摘要：{summary}",
        "結果：{results}；摘要：{summary}",
    ),
    "bulk_more_rows": (
        "… and {n:,} more in {results}",
        "……还有 {n:,} 个，见 {results}",
        "……還有 {n:,} 個，見 {results}",
    ),
    "bulk_rank": (
        "to compare the prices of all shops: {command}",
        "比较各书店的价格：{command}",
        "比較各書店的價格：{command}",
    ),
    "bulk_requeued": (
        "failed URLs to crawl again: {n:,}",
        "重新抓取 {n:,} 个失败的网址",
        "重新抓取 {n:,} 個失敗的網址",
    ),
    "bulk_nothing_failed": (
        "no URL failed; nothing to crawl again",
        "没有失败的网址，无需重新抓取",
        "沒有失敗的網址，無需重新抓取",
    ),
    "bulk_already_finished": ("this crawl is finished", "抓取已经完成", "抓取已經完成"),
    "bulk_capped": (
        "{shards} shards were fixed when the crawl began, so {shards} processes run instead of {processes}",
        "开始抓取时分为 {shards} 片，因此运行 {shards} 个进程，而不是 {processes} 个",
        "開始抓取時分為 {shards} 片，因此執行 {shards} 個行程，而不是 {processes} 個",
    ),
    "bulk_fewer_requests": (
        (
            "only {files} files may be open at once: {n} requests at a time per process instead of {wanted}; raise the "
            "limit: ulimit -n {needed}"
        ),
        "最多同时打开 {files} 个文件：每个进程同时发 {n} 个请求，而不是 {wanted} 个；请放宽限制：ulimit -n {needed}",
        "最多同時開啟 {files} 個檔案：每個行程同時最多 {n} 個請求，而不是 {wanted} 個；請放寬限制：ulimit -n {needed}",
    ),
    "bulk_process": ("process {slot}, pid {pid}", "进程 {slot}（pid {pid}）", "行程 {slot}（pid {pid}）"),
    "bulk_process_started": ("started", "已启动", "已啟動"),
    "bulk_process_ended": (
        "ended ({why})",
        "已结束（{why}）",
        "已結束（{why}）",
    ),
    "bulk_process_hung": ("does not respond; it is killed", "没有响应，将被终止", "沒有回應，將被終止"),
    "bulk_process_blamed": (
        "line {number} of the input: its page is saved unread ({verdict})",
        "输入第 {number} 行：页面只保存，不解析（{verdict}）",
        "輸入第 {number} 列：頁面只儲存，不解析（{verdict}）",
    ),
    "bulk_process_few": (
        "the system has room for {n} processes only; continuing with these",
        "系统只能再启动 {n} 个进程，以此继续",
        "系統只能再啟動 {n} 個行程，以此繼續",
    ),
    # Tables and the HTML summary
    "bulk_title": ("Bulk crawl", "批量抓取", "批次抓取"),
    "bulk_page": ("Page", "页面", "頁面"),
    "bulk_url": ("URL", "网址", "網址"),
    "bulk_host": ("Host", "主机", "主機"),
    "bulk_shop": ("Shop", "书店", "書店"),
    "bulk_price": ("Price", "价格", "價格"),
    "bulk_currency": ("Currency", "货币", "貨幣"),
    "bulk_availability": ("Availability", "供货", "供貨"),
    "bulk_in_stock": ("in stock", "有货", "有貨"),
    "bulk_limited": ("few left", "少量", "少量"),
    "bulk_online_only": ("online only", "仅限网购", "限網路購買"),
    "bulk_in_store_only": ("in store only", "仅限门店", "限門市購買"),
    "bulk_preorder": ("pre-order", "预售", "預購"),
    "bulk_backorder": ("on back order", "可订购", "可訂購"),
    "bulk_made_to_order": ("made to order", "按需制作", "依訂製作"),
    "bulk_reserved": ("reserved", "已被预订", "已被預訂"),
    "bulk_out_of_stock": ("out of stock", "缺货", "缺貨"),
    "bulk_sold_out": ("sold out", "已售罄", "已售完"),
    "bulk_discontinued": ("discontinued", "已停售", "已停售"),
    "bulk_verdict_label": ("Verdict", "结果", "結果"),
    "bulk_status": ("Status", "状态码", "狀態碼"),
    "bulk_type": ("Type", "类型", "類型"),
    "bulk_bytes": ("Bytes", "字节", "位元組"),
    "bulk_listings": ("Listings", "商品数", "商品數"),
    "bulk_pages": ("Pages", "页数", "頁數"),
    "bulk_failed": ("Failed", "失败", "失敗"),
    "bulk_mean": ("Mean time", "平均用时", "平均用時"),
    "bulk_slowest": ("Longest time", "最长用时", "最長用時"),
    "bulk_file": ("File", "文件", "檔案"),
    "bulk_size": ("Size", "大小", "大小"),
    "bulk_share": ("Share", "占比", "佔比"),
    "bulk_throughput": ("Throughput over time", "抓取速度", "抓取速度"),
    "bulk_slowest_hosts": ("Slowest hosts", "最慢的主机", "最慢的主機"),
    "bulk_output_files": ("Files", "文件", "檔案"),
    "bulk_throughput_help": (
        "Pages per second, averaged over {seconds} s each; time zone {zone}.",
        "每秒页数，每 {seconds} 秒取平均值；时区 {zone}。",
        "每秒頁數，每 {seconds} 秒取平均值；時區 {zone}。",
    ),
    "bulk_throughput_name": (
        "Pages per second from {start} to {end}; {most} at most",
        "{start} 至 {end} 的每秒页数，最高 {most}",
        "{start} 至 {end} 的每秒頁數，最高 {most}",
    ),
    "bulk_hosts_help": (
        "By the mean time of a page, from the first request to the last byte, waits and retries included.",
        "按页面平均用时排序：从首次请求到最后一个字节，含等待和重试。",
        "依頁面平均用時排序：從首次請求到最後一個位元組，含等待和重試。",
    ),
    "bulk_hosts_some": (
        "There were too many hosts to keep figures of all; fast ones may be missing.",
        "主机过多，未保留全部数据，较快的主机可能缺失。",
        "主機過多，未保留全部資料，較快的主機可能缺漏。",
    ),
    "bulk_partly_read": (
        "The crawl was stopped, so this page was made of {n:,} of {all:,} results; resuming it makes a complete one.",
        "抓取中途停止，本页只统计了 {all:,} 条结果中的 {n:,} 条；续传后会生成完整的一页。",
        "抓取中途停止，本頁只統計了 {all:,} 筆結果中的 {n:,} 筆；續傳後會產生完整的一頁。",
    ),
    "bulk_no_throughput": ("No page was fetched.", "没有抓取任何页面。", "沒有抓取任何頁面。"),
    "bulk_not_crawled": ("URLs are not crawled yet", "个网址还没有抓取", "個網址還沒有抓取"),
    "bulk_bodies": ("Downloaded", "下载量", "下載量"),
    "bulk_started": ("Started", "开始时间", "開始時間"),
    "bulk_ended": ("Ended", "结束时间", "結束時間"),
    "bulk_more_files": ("and {n:,} more files", "另有 {n:,} 个文件", "另有 {n:,} 個檔案"),
    "bulk_milliseconds": ("{n:,.0f} ms", "{n:,.0f} 毫秒", "{n:,.0f} 毫秒"),
}  # fmt: skip
"""Texts by name; `crawler.labels` includes them."""
