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
}
