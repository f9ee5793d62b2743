"""Texts on bulk crawls that cannot go on, also on a cluster: one text per code, in three languages."""

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
    "bulk_file_changed": (
        "{name} in {place} is missing or has changed since it was written; put it back, or begin a new crawl elsewhere",
        "{place} 中的 {name} 写入后丢失或被改动；请放回原文件，或另选位置重新抓取",
        "{place} 中的 {name} 寫入後遺失或被更動；請放回原檔，或另選位置重新抓取",
    ),
    "bulk_file_cut": (
        "{path} has lost data since it was written; put the whole file back, or begin a new crawl elsewhere",
        "{path} 写入后丢失了数据；请放回完整的文件，或另选位置重新抓取",
        "{path} 寫入後遺失了資料；請放回完整的檔案，或另選位置重新抓取",
    ),
    "bulk_place_unusable": (
        "{place} cannot be used: {why}",
        "无法使用 {place}：{why}",
        "無法使用 {place}：{why}",
    ),
    "bulk_place_unreadable": (
        "{place} cannot be read: {why}",
        "无法读取 {place}：{why}",
        "無法讀取 {place}：{why}",
    ),
    "bulk_disk_full": (
        "{path}: the disk is full; make room, then resume the crawl",
        "{path}：磁盘已满；请腾出空间后续传",
        "{path}：磁碟已滿；請騰出空間後續傳",
    ),
    "store_foreign": (
        "{path} is another program's database; choose another output folder",
        "{path} 是其他程序的数据库；请另选输出文件夹",
        "{path} 是其他程式的資料庫；請另選輸出資料夾",
    ),
    "store_no_file": (
        "{path} is not a regular file; move it away",
        "{path} 不是普通文件；请把它移走",
        "{path} 不是一般檔案；請將它移走",
    ),
    "store_absent": (
        "{path} does not exist; begin the crawl first",
        "{path} 不存在；请先开始抓取",
        "{path} 不存在；請先開始抓取",
    ),
    "store_empty": (
        "{path} is empty; begin the crawl first",
        "{path} 是空文件；请先开始抓取",
        "{path} 是空檔案；請先開始抓取",
    ),
    "store_newer": (
        (
            "{path} was written by a newer version of this program (schema {version}; this version knows {known}); "
            "update the program, or choose another output folder"
        ),
        "{path} 由本程序的较新版本写成（结构 {version}，此版本支持 {known}）；请更新程序，或另选输出文件夹",
        "{path} 由本程式的較新版本寫成（結構 {version}，此版本支援 {known}）；請更新程式，或另選輸出資料夾",
    ),
    "store_schema": (
        "{path} is not the state of a crawl: its schema differs; choose another output folder",
        "{path} 不是抓取的状态文件：结构不符；请另选输出文件夹",
        "{path} 不是抓取的狀態檔：結構不符；請另選輸出資料夾",
    ),
    "store_not_opened": (
        "{path} cannot be opened: {why}; choose another output folder",
        "无法打开 {path}：{why}；请另选输出文件夹",
        "無法開啟 {path}：{why}；請另選輸出資料夾",
    ),
    "store_not_written": (
        (
            "{path} cannot be written ({why}): the disk or its quota is full, or it fails; make room, then resume the "
            "crawl"
        ),
        "无法写入 {path}（{why}）：磁盘或配额已满，或磁盘故障；请腾出空间后续传",
        "無法寫入 {path}（{why}）：磁碟或配額已滿，或磁碟故障；請騰出空間後續傳",
    ),
    "store_busy": (
        "{path}: another program has been writing to it for {seconds:.0f} s; try again later",
        "{path}：另一个程序已写入了 {seconds:.0f} 秒；请稍后再试",
        "{path}：另一個程式已寫入了 {seconds:.0f} 秒；請稍後再試",
    ),
    "store_damaged": (
        "{path} is damaged ({why}); restore a copy, or choose another output folder",
        "{path} 已损坏（{why}）；请恢复备份，或另选输出文件夹",
        "{path} 已損壞（{why}）；請還原備份，或另選輸出資料夾",
    ),
    "store_unusable": (
        "{path} cannot be used: {why}; choose another output folder",
        "无法使用 {path}：{why}；请另选输出文件夹",
        "無法使用 {path}：{why}；請另選輸出資料夾",
    ),
    "store_not_pending": (
        "{path}: target {number} is not pending; another process crawls this shard, end it first",
        "{path}：目标 {number} 不在待抓取之列；另一个进程正在抓取这个分片，请先结束它",
        "{path}：目標 {number} 不在待抓取之列；另一個行程正在抓取這個分片，請先結束它",
    ),
    "store_input_changed": (
        (
            "{path}: the input has changed since the crawl began; resume with the same input, or choose another "
            "output folder"
        ),
        "{path}：输入在抓取开始后有改动；请用原来的输入续传，或另选输出文件夹",
        "{path}：輸入在抓取開始後有更動；請用原來的輸入續傳，或另選輸出資料夾",
    ),
    "rank_file_unusable": (
        "the ranking's temporary file cannot be used: {why}; TMPDIR sets its folder",
        "无法使用排名的临时文件：{why}；TMPDIR 可指定其文件夹",
        "無法使用排名的暫存檔：{why}；TMPDIR 可指定其資料夾",
    ),
    "rank_unreadable": (
        "the results in {place} cannot be read: {why}",
        "无法读取 {place} 中的结果：{why}",
        "無法讀取 {place} 中的結果：{why}",
    ),
    "cluster_no_scheduler": (
        "no scheduler answers at {address} ({why}); start it with: dask scheduler",
        "{address} 没有调度器响应（{why}）；请启动：dask scheduler",
        "{address} 沒有排程器回應（{why}）；請啟動：dask scheduler",
    ),
    "cluster_scheduler_lost": (
        "the connection to the scheduler {address} is lost; start it and its workers again",
        "与调度器 {address} 的连接已断开；请重新启动它和工作节点",
        "與排程器 {address} 的連線已中斷；請重新啟動它和工作節點",
    ),
    "cluster_no_worker": (
        "the scheduler {address} has no worker that can be used; start one with: dask worker {address}",
        "调度器 {address} 没有可用的工作节点；请启动：dask worker {address}",
        "排程器 {address} 沒有可用的工作節點；請啟動：dask worker {address}",
    ),
    "cluster_worker_refused": (
        (
            "the worker {worker} is refused: it has {found}, and the crawl runs with bookprice-crawler {wanted}; "
            "install that there"
        ),
        "不使用工作节点 {worker}：它装的是 {found}，而本次抓取用 bookprice-crawler {wanted}；请在那里安装该版本",
        "不使用工作節點 {worker}：它裝的是 {found}，而本次抓取用 bookprice-crawler {wanted}；請在那裡安裝該版本",
    ),
    "cluster_program_absent": (
        "no bookprice-crawler on Python {python}",
        "Python {python}，没有 bookprice-crawler",
        "Python {python}，沒有 bookprice-crawler",
    ),
    "cluster_program_unknown": ("an unknown program ({kind})", "未知程序（{kind}）", "未知程式（{kind}）"),
    "cluster_folder_unseen": (
        (
            "the worker {worker} does not see the folder {folder}: share it under the same path, or give a URL such "
            "as s3://bucket/crawl for --out"
        ),
        "工作节点 {worker} 看不到文件夹 {folder}：请以相同路径共享它，或给 --out 一个网址，如 s3://bucket/crawl",
        "工作節點 {worker} 看不到資料夾 {folder}：請以相同路徑共用它，或給 --out 一個網址，如 s3://bucket/crawl",
    ),
    "cluster_batch_lost": (
        "{n} workers were lost while they crawled the same batch {batch}; see their logs",
        "{n} 个工作节点在抓取同一批次 {batch} 时失联；请查看它们的日志",
        "{n} 個工作節點在抓取同一批次 {batch} 時失聯；請查看它們的記錄檔",
    ),
    "bulk_by_signal": ("signal {n}", "信号 {n}", "訊號 {n}"),
    "bulk_by_code": ("exit code {n}", "退出码 {n}", "結束代碼 {n}"),
    "bulk_failed": ("an error", "出错", "發生錯誤"),
}
"""Texts by code."""
