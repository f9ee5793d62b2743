"""Texts about the watches of a configuration file that someone edits, and about wish lists."""

from __future__ import annotations

from typing import Final

__all__ = ["WATCHES"]

WATCHES: Final[dict[str, tuple[str, str, str]]] = {
    "watches_not_here": (
        "{file}: its watches are ignored because nobody named this file; if it is yours, add --config {here}",
        "{file}：没有人指定此文件，其中的关注不起作用；如果是你的文件，请加 --config {here}",
        "{file}：沒有人指定此檔案，其中的追蹤不起作用；如果是你的檔案，請加 --config {here}",
    ),
    "watch_unknown": ("there is no watch {name}", "没有关注 {name}", "沒有追蹤 {name}"),
    "watch_name_taken": (
        "there is a watch {name} already; choose another name",
        "已有关注 {name}，请换一个名称",
        "已有追蹤 {name}，請換一個名稱",
    ),
    "watch_changed": (
        "watch {name} was changed meanwhile; look at it again, then repeat the change",
        "关注 {name} 刚才已被修改；请重新查看，再改一次",
        "追蹤 {name} 剛才已被修改；請重新查看，再改一次",
    ),
    "watch_file_changed": (
        "{file} is being changed by another program; try again",
        "{file} 正被其他程序修改，请重试",
        "{file} 正被其他程式修改，請重試",
    ),
    "watch_file_by_hand": (
        "{file} cannot be changed without changing other parts of it; edit it by hand",
        "无法只改 {file} 的这一部分，请手动编辑",
        "無法只改 {file} 的這一部分，請手動編輯",
    ),
    "no_wishes": (
        "the list names no book; write a title or an ISBN in each line, or paste a CSV file with its header",
        "清单中没有书；请每行写一个书名或 ISBN，或粘贴带表头的 CSV",
        "清單中沒有書；請每行寫一個書名或 ISBN，或貼上含標題列的 CSV",
    ),
    "wishes_no_csv": (
        "line {line} of the CSV cannot be read ({why}); export it again, or paste the titles alone",
        "CSV 第 {line} 行无法读取（{why}）；请重新导出，或只粘贴书名",
        "CSV 第 {line} 行無法讀取（{why}）；請重新匯出，或只貼上書名",
    ),
    "watches_nowhere": (
        "no configuration file is open for changes; start serve with --config FILE",
        "没有可修改的配置文件；启动 serve 时请加 --config FILE",
        "沒有可修改的設定檔；啟動 serve 時請加 --config FILE",
    ),
    "watches_too_many": (
        "there are {n} watches already; delete one, or add more in the file",
        "已有 {n} 个关注；请先删除一个，或在文件中添加",
        "已有 {n} 個追蹤；請先刪除一個，或在檔案中新增",
    ),
    "watches_unrecorded": (
        "watches need the history; set record in [history] to live or always",
        "关注需要价格历史；请把 [history] 的 record 设为 live 或 always",
        "追蹤需要歷史價格；請將 [history] 的 record 設為 live 或 always",
    ),
    "watches_busy": (
        "another program is running watches on this history; try again later",
        "另一个程序正在运行关注，请稍后再试",
        "另一個程式正在執行追蹤，請稍後再試",
    ),
    "watch_runs_already": ("watch {name} is running already", "关注 {name} 正在运行", "追蹤 {name} 正在執行"),
    "watch_defect": (
        "internal error; the terminal of serve shows it (please report it)",
        "内部错误，详情见 serve 的终端（请报告）",
        "內部錯誤，詳情見 serve 的終端機（請回報）",
    ),
    "watch_no_page": ("no page could be read", "没有读到任何页", "沒有讀到任何頁"),
    "no_alert_place": (
        "the configuration names no place for alerts; add a table [alerts], see docs/alerts.md",
        "配置中没有提醒的去处；请添加 [alerts]，见 docs/alerts.md",
        "設定中沒有通知的去處；請加入 [alerts]，見 docs/alerts.md",
    ),
    "wish_list_unknown": (
        "this wish list is not in memory any more; paste it again",
        "此心愿单已不在内存中，请重新粘贴",
        "此願望清單已不在記憶體中，請重新貼上",
    ),
    "wish_lists_busy": (
        "{n} wish lists are being searched; wait until one of them ends",
        "正在搜索 {n} 份心愿单，请等其中一份完成",
        "正在搜尋 {n} 份願望清單，請等其中一份完成",
    ),
}
