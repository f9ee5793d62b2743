"""The messages of commands, on stderr and with reports on stdout, in the languages of `crawler.labels`."""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS"]

WORDS: Final[dict[str, tuple[str, str, str]]] = {
    # The questions of a command without arguments
    "ask_query": ("Search Dangdang for: ", "在当当网搜索：", "在當當網搜尋："),
    "ask_pages": (
        "Result pages to read, 1 to 100 [{default}]: ",
        "读取多少页结果，1 至 100 [{default}]：",
        "讀取多少頁結果，1 至 100 [{default}]：",
    ),
    # The progress of a search
    "bar_pages": ("pages", "页面", "頁面"),
    "bar_books": ("{n:,} books", "{n:,} 种书", "{n:,} 種書"),
    "bar_cheapest": ("cheapest {price}", "最低 {price}", "最低 {price}"),
    "bar_failed": ("{n} failed", "{n} 页失败", "{n} 頁失敗"),
    "said_of": ("{what}: {words}", "{what}：{words}", "{what}：{words}"),
    "price_page": ("page {page} of the price order", "价格排序第 {page} 页", "價格排序第 {page} 頁"),
    "after_all": ("{page} (corrected)", "{page}（更正）", "{page}（更正）"),
    "asked_again": ("{why}; requesting it again", "{why}；重新请求", "{why}；重新請求"),
    "searching": (
        "searching for {sent} (typed {query}): {pages} pages",
        "搜索“{sent}”（输入为“{query}”）：{pages} 页",
        "搜尋「{sent}」（輸入為「{query}」）：{pages} 頁",
    ),
    "resumed_pages": (
        "resumed: {pages} of {all} pages come from earlier runs, the oldest of {time}",
        "续传：{all} 页中有 {pages} 页沿用之前的抓取，最早为 {time}",
        "續傳：{all} 頁中有 {pages} 頁沿用先前的抓取，最早為 {time}",
    ),
    "resumed_price_pages": (
        (
            "resumed: {pages} of {all} pages, and {price_pages} in price order, come from earlier runs, the oldest "
            "of {time}"
        ),
        "续传：{all} 页中有 {pages} 页、价格排序 {price_pages} 页沿用之前的抓取，最早为 {time}",
        "續傳：{all} 頁中有 {pages} 頁、價格排序 {price_pages} 頁沿用先前的抓取，最早為 {time}",
    ),
    "attempt_made": (
        "attempt {n}: {outcome} in {seconds:.2f} s",
        "第 {n} 次请求：{outcome}，用时 {seconds:.2f} 秒",
        "第 {n} 次請求：{outcome}，用時 {seconds:.2f} 秒",
    ),
    "attempt_waited": (", after waiting {seconds:.2f} s", "，此前等待 {seconds:.2f} 秒", "，此前等待 {seconds:.2f} 秒"),
    "attempt_again": ("; retrying in {seconds:.1f} s", "；{seconds:.1f} 秒后重试", "；{seconds:.1f} 秒後重試"),
    "parse_pool": ("the parse pool", "解析进程池", "解析行程池"),
    "parse_process": ("parse process {pid}", "解析进程 {pid}", "解析行程 {pid}"),
    "worker_started": ("started", "已启动", "已啟動"),
    "worker_lost": ("lost", "已丢失", "已遺失"),
    "worker_killed": ("killed", "已被终止", "已被終止"),
    "worker_stopped": ("stopped", "已停止", "已停止"),
    "pace_changed": ("{pace} from now on ({why})", "此后{pace}（{why}）", "此後{pace}（{why}）"),
    "pace_one_at_once": ("one request at a time", "一次只发一个请求", "一次只發一個請求"),
    "pace_at_once": ("{n} requests at a time", "同时最多 {n} 个请求", "同時最多 {n} 個請求"),
    "pace_gap": ("one request every {seconds:.2g} s", "每 {seconds:.2g} 秒一个请求", "每 {seconds:.2g} 秒一個請求"),
    "pace_no_gap": ("no gap between requests", "请求之间不再间隔", "請求之間不再間隔"),
    "shop_states": ("the shop reports {n} pages", "书店称共 {n} 页", "書店稱共 {n} 頁"),
    "items_parsed": (
        "parsed {plain} items by pattern, {tree} from a tree",
        "按固定标记解析 {plain} 项，按标记树解析 {tree} 项",
        "依固定標記解析 {plain} 項，依標記樹解析 {tree} 項",
    ),
    "page_listings": ("{n} listings", "{n} 条商品", "{n} 筆商品"),
    "revised": ("{words} (corrected)", "{words}（更正）", "{words}（更正）"),
    # How a search ended
    "stopped_left": ("{stopped}: {pages} not read", "{stopped}：{pages}没有读取", "{stopped}：{pages}沒有讀取"),
    "no_page_in_time": (
        "{stopped}: no page had been read; no file was written",
        "{stopped}：一页也没读到，没有写入文件",
        "{stopped}：一頁也沒讀到，沒有寫入檔案",
    ),
    "unreachable": ("{shop} cannot be reached: {why}", "{shop}：无法访问（{why}）", "{shop}：無法連線（{why}）"),
    "nothing_written": (
        "no page could be read; no file was written: {why}",
        "一页也没读到，没有写入文件：{why}",
        "一頁也沒讀到，沒有寫入檔案：{why}",
    ),
    "and_more_reasons": ("{reasons}; and {n} more", "{reasons}；另有 {n} 项", "{reasons}；另有 {n} 項"),
    "remedy_demo": (
        "{words}; --demo searches the embedded demo shop instead",
        "{words}；可用 --demo 搜索内置演示书店",
        "{words}；可用 --demo 搜尋內建示範書店",
    ),
    "remedy_blocked": (
        "{words}; wait a while, or lower --concurrency",
        "{words}；请稍后再试，或调低 --concurrency",
        "{words}；請稍後再試，或調低 --concurrency",
    ),
    "remedy_robots": (
        "{words}; --ignore-robots requests pages anyway",
        "{words}；--ignore-robots 可不遵守",
        "{words}；--ignore-robots 可不遵守",
    ),
    "recorded_in": ("history: {path}", "历史：{path}", "歷史：{path}"),
    "report_at": ("report: {path}", "报告：{path}", "報告：{path}"),
    # The history
    "history_none": (
        "no history yet at {path}; searching the live shop starts one",
        "{path} 还没有价格历史：搜索正式书店后会记录在这里",
        "{path} 還沒有價格歷史：搜尋正式書店後會記錄在這裡",
    ),
    "history_none_demo": (
        "no history yet at {path}; {remedy}",
        "{path} 还没有价格历史：{remedy}",
        "{path} 還沒有價格歷史：{remedy}",
    ),
    "history_demo_remedy": (
        "{command} records a made-up year of {query}",
        "执行 {command} 可记录一年虚构的 {query} 价格",
        "執行 {command} 可記錄一年虛構的 {query} 價格",
    ),
    "history_remedy": ("{words}; {remedy}", "{words}；{remedy}", "{words}；{remedy}"),
    "history_none_to_prune": (
        "no history yet at {path}; nothing to prune",
        "{path} 还没有价格历史，不需要清理",
        "{path} 還沒有價格歷史，不需要清理",
    ),
    "history_nothing_of": (
        "no history for {word!r} at {source}",
        "{source}没有 {word!r} 的记录",
        "{source}沒有 {word!r} 的紀錄",
    ),
    "history_but_at": (
        "{words}; there is some at {sources}",
        "{words}；有记录的是：{sources}",
        "{words}；有紀錄的是：{sources}",
    ),
    "history_lists": (
        "{words}; history without a query lists the recorded searches",
        "{words}；执行 history（不加查询）可列出有记录的搜索",
        "{words}；執行 history（不加查詢）可列出有紀錄的搜尋",
    ),
    "no_file_written": ("{words}; no file was written", "{words}；没有写入文件", "{words}；沒有寫入檔案"),
    "source_demo": ("the demo shop (--demo)", "演示书店（--demo）", "示範書店（--demo）"),
    "source_live": ("the live shop", "正式书店", "正式書店"),
    "source_other": ("{source} (--source {source})", "{source}（--source {source}）", "{source}（--source {source}）"),
    "pruned": (
        "pruned: {observations:,} observations, {runs:,} runs",
        "已清理：{observations:,} 条记录、{runs:,} 次运行",
        "已清理：{observations:,} 筆紀錄、{runs:,} 次執行",
    ),
    "pruned_space": (
        "{words}; {n:,} bytes of disk space freed",
        "{words}；释放磁盘空间 {n:,} 字节",
        "{words}；釋出磁碟空間 {n:,} 位元組",
    ),
    "pruned_no_space": (
        "{words}; disk space not freed yet: {why}; prune again later",
        "{words}；磁盘空间尚未释放：{why}；请稍后再执行 prune",
        "{words}；磁碟空間尚未釋出：{why}；請稍後再執行 prune",
    ),
    "imported": (
        "imported: {runs:,} runs, {observations:,} observations",
        "已导入：{runs:,} 次运行、{observations:,} 条记录",
        "已匯入：{runs:,} 次執行、{observations:,} 筆紀錄",
    ),
    "imported_known": (
        "{words}; {n:,} runs were already recorded",
        "{words}；{n:,} 次运行已有记录",
        "{words}；{n:,} 次執行已有紀錄",
    ),
    # Watches
    "watch_named": ("watch {name}: {words}", "关注 {name}：{words}", "追蹤 {name}：{words}"),
    "watch_busy": (
        "another watch is running on {path}; --wait waits for it to finish",
        "另一个 watch 正在使用 {path}；--wait 可等它结束",
        "另一個 watch 正在使用 {path}；--wait 可等它結束",
    ),
    "watch_anew": ("its search has changed, so it starts over", "搜索内容已改变，重新开始", "搜尋內容已改變，重新開始"),
    "watch_paused": ("paused", "已暂停", "已暫停"),
    "watch_not_due": ("not due until {at}", "还没到时间，下次运行 {at}", "還沒到時間，下次執行 {at}"),
    "watch_failed_on": ("failed on {on}, not due until {at}", "{on} 失败，下次运行 {at}", "{on} 失敗，下次執行 {at}"),
    "watch_not_recorded": (
        "not recorded, so no alerts: {why}",
        "没有记入历史，因此没有提醒：{why}",
        "沒有記入歷史，因此沒有提醒：{why}",
    ),
    "watch_no_page": ("no page could be read: {why}", "一页也没读到：{why}", "一頁也沒讀到：{why}"),
    "watch_partial": ("partial: {why}", "不完整：{why}", "不完整：{why}"),
    "watch_made": (
        "{name}: {books}, {read} of {pages} read, {told}",
        "{name}：{books}，读取 {read} 页（共 {pages}），{told}",
        "{name}：{books}，讀取 {read} 頁（共 {pages}），{told}",
    ),
    "watch_no_alerts": ("prices recorded, no alerts set", "只记录价格，没有设置提醒", "只記錄價格，沒有設定提醒"),
    "watch_missing": (
        "{name}: product {number} was not found",
        "{name}：没有找到商品 {number}",
        "{name}：沒有找到商品 {number}",
    ),
    "one_book": ("1 book", "1 种书", "1 種書"),
    "n_books": ("{n:,} books", "{n:,} 种书", "{n:,} 種書"),
    "a_page": ("1 page", "1 页", "1 頁"),
    "several_pages": ("{n:,} pages", "{n:,} 页", "{n:,} 頁"),
    "one_alert": ("1 alert", "1 条提醒", "1 則提醒"),
    "n_alerts": ("{n:,} alerts", "{n:,} 条提醒", "{n:,} 則提醒"),
    "delivered": ("delivered to {channel}: {alerts}", "已发送到 {channel}：{alerts}", "已傳送到 {channel}：{alerts}"),
    "undelivered": (
        "{alerts} not delivered to {channel}, kept for the next watch: {why}",
        "{alerts}未能发送到 {channel}，留待下次 watch：{why}",
        "{alerts}未能傳送到 {channel}，留待下次 watch：{why}",
    ),
    "resting": (
        "{words}; {alerts} paused for a day, see doctor",
        "{words}；其中{alerts}暂停一天，详见 doctor",
        "{words}；其中{alerts}暫停一天，詳見 doctor",
    ),
    "resting_one": (
        "{words}; {alerts} paused for a day, see doctor",
        "{words}；其中{alerts}暂停一天，详见 doctor",
        "{words}；其中{alerts}暫停一天，詳見 doctor",
    ),
    "undeliverable": (
        "not delivered to {channel}: {why}; see doctor",
        "无法发送到 {channel}：{why}；详见 doctor",
        "無法傳送到 {channel}：{why}；詳見 doctor",
    ),
    "alerts_file_later": (
        "[alerts] {why}; its alerts are kept until then",
        "[alerts] {why}；在此之前提醒会保留",
        "[alerts] {why}；在此之前提醒會保留",
    ),
    # Where alerts go
    "alerts_sent": ("sent to {channel}", "已发送到 {channel}", "已傳送到 {channel}"),
    "alerts_not_sent": (
        "not sent to {channel}: {why}", "未能发送到 {channel}：{why}", "未能傳送到 {channel}：{why}",
    ),
    "default_place": (
        "{channel} (no place is set in [alerts])",
        "{channel}（[alerts] 中没有设置其他去处）",
        "{channel}（[alerts] 中沒有設定其他去處）",
    ),
    "pending_none": ("nothing pending", "没有待发送的提醒", "沒有待傳送的提醒"),
    "pending_alerts": ("{alerts} pending", "{alerts}待发送", "{alerts}待傳送"),
    "refused_alerts": ("{alerts} refused", "{alerts}被拒收", "{alerts}被拒收"),
    "pending_alert": (
        "pending: watch {watch}: «{title}»", "待发送：关注 {watch}：“{title}”", "待傳送：追蹤 {watch}：「{title}」",
    ),
    "refused_alert": ("refused: {words}", "被拒收：{words}", "被拒收：{words}"),
    "more_alerts": ("and {n:,} more", "另有 {n:,} 条", "另有 {n:,} 則"),
    "alerts_elsewhere": (
        "places no longer configured: {alerts} pending; the next watch sends them to the current places",
        "已取消的去处：{alerts}待发送；下次 watch 会改发到现有的去处",
        "已取消的去處：{alerts}待傳送；下次 watch 會改傳到現有的去處",
    ),
    "resting_alert": (
        "watch {watch}: «{title}», refused by {channel} since {since} ({why}); tried again after {until}",
        "关注 {watch}：“{title}”，自 {since} 起被 {channel} 拒收（{why}），{until} 之后重试",
        "追蹤 {watch}：「{title}」，自 {since} 起被 {channel} 拒收（{why}），{until} 之後重試",
    ),
    # A dry run
    "would_send": ("would send to {places}:", "将发送到 {places}：", "會傳送到 {places}："),
    "dry_run": (
        "dry run: nothing was recorded, sent or changed",
        "试运行：没有记录、发送或更改任何内容",
        "試執行：沒有記錄、傳送或更改任何內容",
    ),
    # The list of watches
    "every_one_m": ("every minute", "每分钟", "每分鐘"),
    "every_one_h": ("every hour", "每小时", "每小時"),
    "every_one_d": ("every day", "每天", "每天"),
    "every_one_w": ("every week", "每周", "每週"),
    "every_m": ("every {n:,} minutes", "每 {n:,} 分钟", "每 {n:,} 分鐘"),
    "every_h": ("every {n:,} hours", "每 {n:,} 小时", "每 {n:,} 小時"),
    "every_d": ("every {n:,} days", "每 {n:,} 天", "每 {n:,} 天"),
    "every_w": ("every {n:,} weeks", "每 {n:,} 周", "每 {n:,} 週"),
    "watch_elsewhere": (
        "runs recorded elsewhere: {sources}", "其他来源的运行记录：{sources}", "其他來源的執行紀錄：{sources}",
    ),
    "ran_on_other": (
        "{source} (--base-url {source})",
        "{source}（--base-url {source}）",
        "{source}（--base-url {source}）",
    ),
    # The demo shop's history
    # serve
    "serve_no_address": (
        "{host} is not an address of this machine; give one of its own to --host, or 0.0.0.0 for all",
        "{host} 不是本机地址；请用 --host 指定本机的地址，或用 0.0.0.0 表示全部",
        "{host} 不是本機位址；請用 --host 指定本機的位址，或用 0.0.0.0 表示全部",
    ),
    "serve_port_used": (
        "port {port} is in use; choose another with --port, or 0 for a free one",
        "端口 {port} 已被占用；请用 --port 另选一个，0 表示任选空闲端口",
        "連接埠 {port} 已被佔用；請用 --port 另選一個，0 表示任選空閒連接埠",
    ),
    "serve_port_forbidden": (
        "port {port} needs administrator rights; choose 1024 or higher with --port",
        "使用端口 {port} 需要管理员权限；请用 --port 选择 1024 以上的端口",
        "使用連接埠 {port} 需要管理員權限；請用 --port 選擇 1024 以上的連接埠",
    ),
    "searches_stopped": (
        "searches stopped, each with a partial result: {n}",
        "已停止 {n} 个搜索，结果均不完整",
        "已停止 {n} 個搜尋，結果均不完整",
    ),
    "demo_year": (
        "a year of {query} at the demo shop, {first} to {last}, in {path}: {done}; to see it: {command}",
        "演示书店一年的“{query}”价格（{first} 至 {last}），保存在 {path}：{done}；查看：{command}",
        "示範書店一年的「{query}」價格（{first} 至 {last}），存放在 {path}：{done}；查看：{command}",
    ),
    "demo_year_new": ("{n:,} observations recorded", "新增 {n:,} 条记录", "新增 {n:,} 筆紀錄"),
    "demo_year_known": ("already recorded", "此前已记录", "先前已記錄"),
    "history_no_demo": (
        "no search of the demo shop is recorded in {path}; {remedy}",
        "{path} 中没有演示书店的搜索：{remedy}",
        "{path} 中沒有示範書店的搜尋：{remedy}",
    ),
    # Commands to run next
    "suggestion_command": (
        "few results; the mainland's term may find more: {command}",
        "结果很少，可换用大陆的说法：{command}",
        "結果很少，可改用大陸的說法：{command}",
    ),
    "resume_command": (
        "to read the rest: {command}",
        "读取其余的页面：{command}",
        "讀取其餘的頁面：{command}",
    ),
}  # fmt: skip
"""Texts by name; `crawler.labels` includes them."""
