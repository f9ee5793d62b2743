"""The web pages of watches, histories and wish lists."""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS"]

WORDS: Final[dict[str, tuple[str, str, str]]] = {
    # Errors
    "problem_watch_unknown": ("{why}", "{why}", "{why}"),
    "problem_watch_conflict": ("{why}", "{why}", "{why}"),
    "problem_watch_refused": ("{why}", "{why}", "{why}"),
    "problem_watch_name": (
        "A watch cannot have this name; choose another.",
        "关注不能用这个名称，请换一个。",
        "追蹤不能用這個名稱，請換一個。",
    ),
    "problem_watch_setting": (
        "A watch has no setting {name}.",
        "关注没有 {name} 这项设置。",
        "追蹤沒有 {name} 這項設定。",
    ),
}
