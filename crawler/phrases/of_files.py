"""Texts on unusable files, histories and alert channels: one text per code, in three languages."""

from __future__ import annotations

from typing import Final

__all__ = ["FILES"]

FILES: Final[dict[str, tuple[str, str, str]]] = {
    # Limits of the system
    "files_ran_out": (
        "too many open files; raise the limit (ulimit -n 1024) or use fewer --workers",
        "打开的文件过多；请放宽限制（ulimit -n 1024），或减少 --workers",
        "開啟的檔案過多；請放寬限制（ulimit -n 1024），或減少 --workers",
    ),
    "memory_ran_out": (
        "out of memory; raise the limit (ulimit -v), or use fewer --pages and --workers",
        "内存不足；请放宽限制（ulimit -v），或减少 --pages 和 --workers",
        "記憶體不足；請放寬限制（ulimit -v），或減少 --pages 和 --workers",
    ),
    "threads_ran_out": (
        "no more threads or processes can be started; raise the limits (ulimit -u, ulimit -v) or use fewer --workers",
        "无法再启动线程或进程；请放宽限制（ulimit -u、ulimit -v），或减少 --workers",
        "無法再啟動執行緒或行程；請放寬限制（ulimit -u、ulimit -v），或減少 --workers",
    ),
    "too_few_files": (
        "only {n} files may be open at once, {needed} are needed; raise the limit: ulimit -n 1024",
        "最多可同时打开 {n} 个文件，至少需要 {needed} 个；请放宽限制：ulimit -n 1024",
        "最多可同時開啟 {n} 個檔案，至少需要 {needed} 個；請放寬限制：ulimit -n 1024",
    ),
    "too_little_memory": (
        "only {n} MiB of memory may be reserved, {needed} are needed; raise the limit: ulimit -v {limit}",
        "最多可保留 {n} MiB 内存，至少需要 {needed}；请放宽限制：ulimit -v {limit}",
        "最多可保留 {n} MiB 記憶體，至少需要 {needed}；請放寬限制：ulimit -v {limit}",
    ),
    "thread_ended": ("a thread failed: {error}", "一个线程意外结束：{error}", "一個執行緒意外結束：{error}"),
    # Files
    "not_written": (
        "{path} cannot be written: {why}",
        "无法写入 {path}：{why}",
        "無法寫入 {path}：{why}",
    ),
    "choose_place": ("{why}; choose another place", "{why}；请换个位置", "{why}；請換個位置"),
    "leads_out": (
        "it is a link that points outside its folder",
        "它是指向所在文件夹之外的链接",
        "它是指向所在資料夾之外的連結",
    ),
    "no_folder": (
        "there is no folder {folder}; create it first",
        "没有文件夹 {folder}，请先创建",
        "沒有資料夾 {folder}，請先建立",
    ),
    "is_folder": ("it is a folder; name a file in it", "它是文件夹，请写其中的文件名", "它是資料夾，請寫其中的檔名"),
    "is_loop": ("it is a link to itself", "它是指向自身的链接", "它是指向自身的連結"),
    "write_protected": ("it is write-protected", "它是只读的", "它是唯讀的"),
    "no_file": ("it is not a regular file", "它不是普通文件", "它不是一般檔案"),
    "folder_not_made": (
        "the folder {folder} cannot be created: {why}",
        "无法创建文件夹 {folder}：{why}",
        "無法建立資料夾 {folder}：{why}",
    ),
    "old_reports_not_found": (
        "cannot look for old reports in {folder}: {why}",
        "无法查找 {folder} 中的旧报告：{why}",
        "無法尋找 {folder} 中的舊報告：{why}",
    ),
    "old_report_stays": (
        "the old report {path} cannot be removed: {why}",
        "无法删除旧报告 {path}：{why}",
        "無法刪除舊報告 {path}：{why}",
    ),
    "stdout_not_written": ("stdout cannot be written: {why}", "无法写入标准输出：{why}", "無法寫入標準輸出：{why}"),
    "no_journal": (
        "cannot keep the journal for --resume and --archive: {why}",
        "无法保存 --resume 和 --archive 所需的日志：{why}",
        "無法儲存 --resume 和 --archive 所需的日誌：{why}",
    ),
    "journal_too_large": ("it would exceed {size} MiB", "它会超过 {size} MiB", "它會超過 {size} MiB"),
    "cannot_resume": ("{words}; this run cannot be resumed", "{words}；本次运行无法续传", "{words}；本次執行無法續傳"),
    "fetched_anew": (
        "{words}; its pages will be fetched again",
        "{words}；其中的页面将重新抓取",
        "{words}；其中的頁面將重新抓取",
    ),
    "archive_not_written": ("{path} was not written: {why}", "没有写入 {path}：{why}", "沒有寫入 {path}：{why}"),
    # The history
    "not_recorded": ("this run was not recorded: {why}", "本次运行没有记入历史：{why}", "本次執行沒有記入歷史：{why}"),
    "history_damaged": (
        "the history {path} is damaged: {why}; restore a copy, or move it away",
        "历史文件 {path} 已损坏：{why}；请恢复备份，或将其移走",
        "歷史檔案 {path} 已損壞：{why}；請還原備份，或將其移走",
    ),
    "history_name_no_text": (
        "a name in it is not valid UTF-8",
        "其中有名称不是有效的 UTF-8",
        "其中有名稱不是有效的 UTF-8",
    ),
    "history_text_no_text": (
        "a text in it is not valid UTF-8; restore a copy, or move it away",
        "其中有文本不是有效的 UTF-8；请恢复备份，或将其移走",
        "其中有文字不是有效的 UTF-8；請還原備份，或將其移走",
    ),
    "history_locked": (
        "other programs have been writing to it for {seconds:.0f} s; try again later",
        "其他程序已持续写入 {seconds:.0f} 秒，请稍后再试",
        "其他程式已持續寫入 {seconds:.0f} 秒，請稍後再試",
    ),
    "history_name_another": (
        "{why}; set path in [history] to another file",
        "{why}；请在 [history] 的 path 中指定其他文件",
        "{why}；請在 [history] 的 path 中指定其他檔案",
    ),
    "history_not_used": (
        "the history {path} cannot be used: {why}",
        "无法使用历史文件 {path}：{why}",
        "無法使用歷史檔案 {path}：{why}",
    ),
    "history_not_read": (
        "the history {path} cannot be read: {why}; move it away, or set path in [history] to another file",
        "无法读取历史文件 {path}：{why}；请将其移走，或在 [history] 的 path 中指定其他文件",
        "無法讀取歷史檔案 {path}：{why}；請將其移走，或在 [history] 的 path 中指定其他檔案",
    ),
    "history_not_made": (
        "the history {path} cannot be created: {why}; set path in [history] to another file",
        "无法创建历史文件 {path}：{why}；请在 [history] 的 path 中指定其他文件",
        "無法建立歷史檔案 {path}：{why}；請在 [history] 的 path 中指定其他檔案",
    ),
    # The configuration
    "settings_unused": (
        "{file}: ignored because this file was not named by --config: {names}; if it is yours, add --config {here}",
        "{file}：没有用 --config 指定此文件，以下设置不起作用：{names}；如果是你的文件，请加 --config {here}",
        "{file}：沒有用 --config 指定此檔案，以下設定不起作用：{names}；如果是你的檔案，請加 --config {here}",
    ),
    "left_alone": ("{why}; this file is ignored", "{why}；已忽略此文件", "{why}；已忽略此檔案"),
    "crawler_no_table": (
        "{file}: crawler is not a table; write [crawler]; this file is ignored",
        "{file}：crawler 不是表，应写作 [crawler]；已忽略此文件",
        "{file}：crawler 不是表格，應寫作 [crawler]；已忽略此檔案",
    ),
    "watch_alone": (
        "{file} has a {table} but no [crawler] table, so it is ignored; add one if the file is yours",
        "{file} 有 {table} 而没有 [crawler] 表，已忽略；如果是你的文件，请加上该表",
        "{file} 有 {table} 而沒有 [crawler] 表格，已忽略；如果是你的檔案，請加上該表格",
    ),
    "variable_unknown": (
        "unknown variable {name}, ignored; the nearest is {nearest}",
        "没有 {name} 这个变量，已忽略；最接近的是 {nearest}",
        "沒有 {name} 這個變數，已忽略；最接近的是 {nearest}",
    ),
    "other_programs_write": (
        "other programs are writing to the file",
        "其他程序正在写入该文件",
        "其他程式正在寫入該檔案",
    ),
    "other_programs_read": (
        "other programs are reading the file",
        "其他程序正在读取该文件",
        "其他程式正在讀取該檔案",
    ),
    "no_room_for_copy": (
        "not enough disk space for a temporary copy of the file",
        "磁盘空间不足，无法临时存放该文件的副本",
        "磁碟空間不足，無法暫時存放該檔案的副本",
    ),
    # Deliveries
    "delivery_interrupted": ("interrupted", "已中断", "已中斷"),
    "stdout_unread": ("nothing is reading it", "没有程序在读取", "沒有程式在讀取"),
    "command_killed": ("killed after {seconds:g} s", "{seconds:g} 秒后被强行终止", "{seconds:g} 秒後被強制終止"),
    "command_not_started": ("cannot be started: {why}", "无法启动：{why}", "無法啟動：{why}"),
    "unknown_error": ("unknown error", "未知错误", "未知錯誤"),
    "command_signalled": ("killed by signal {n}", "被信号 {n} 终止", "被訊號 {n} 終止"),
    "command_exit": ("exit code {n}", "退出码 {n}", "結束代碼 {n}"),
    "feed_foreign": (
        "{path} is not a feed made by this program; name another file in [alerts] feed, or move it away",
        "{path} 不是本程序生成的订阅源：请在 [alerts] feed 中另写一个文件，或将它移走",
        "{path} 不是本程式產生的訂閱源：請在 [alerts] feed 中另寫一個檔案，或將它移走",
    ),
    "file_held": ("{path} is in use by another program", "{path} 正被其他程序占用", "{path} 正被其他程式佔用"),
    "url_slow": ("no response within {seconds:g} s", "{seconds:g} 秒内没有响应", "{seconds:g} 秒內沒有回應"),
    "url_no_process": ("cannot start the delivery process", "无法启动发送进程", "無法啟動傳送行程"),
    "url_process_ended": ("the delivery process ended unexpectedly", "发送进程意外退出", "傳送行程意外結束"),
    "url_broken": ("the connection broke off", "连接中断", "連線中斷"),
    "url_certificate": ("its certificate is not trusted", "其证书不可信", "其憑證不受信任"),
    "url_disabled": (
        "Apprise does not support it on this machine",
        "本机的 Apprise 不支持该服务",
        "本機的 Apprise 不支援該服務",
    ),
    "url_errcode": ("refused with errcode {n}", "对方拒绝，errcode {n}", "對方拒絕，errcode {n}"),
    "url_garbled": ("its response cannot be decompressed", "无法解压其响应", "無法解壓縮其回應"),
    "url_host": ("no such host", "没有这个主机", "沒有這個主機"),
    "url_invalid": ("Apprise does not understand the URL", "Apprise 无法识别该 URL", "Apprise 無法識別該 URL"),
    "url_memory": ("its response is too large", "其响应过大", "其回應過大"),
    "url_missing": ("Apprise is no longer installed", "Apprise 已被卸载", "Apprise 已被移除"),
    "url_nobody": ("nothing responds at that address", "对方没有应答", "對方沒有回應"),
    "url_proxy": ("the proxy blocks it", "被代理阻止", "被代理伺服器阻擋"),
    "url_redirects": ("too many redirects", "跳转次数过多", "重新導向次數過多"),
    "url_refused": ("the service did not accept it", "服务没有接收", "服務沒有接收"),
    "url_scheme": ("Apprise has no such service", "Apprise 没有这个服务", "Apprise 沒有這個服務"),
    "url_smtp": ("the mail server refused with {n}", "邮件服务器拒绝，代码 {n}", "郵件伺服器拒絕，代碼 {n}"),
    "url_status": ("it responded {n}", "对方返回 {n}", "對方傳回 {n}"),
    "url_timeout": ("its response took too long", "等待响应超时", "等待回應逾時"),
    "url_tls": ("no secure connection could be made", "无法建立加密连接", "無法建立加密連線"),
}  # fmt: skip
"""English, Simplified and Traditional Chinese."""
