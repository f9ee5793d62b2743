"""The number of volumes that a title sells, if a word or sign beside a number decides it."""

from __future__ import annotations

import pytest

from parsers.volumes import count_volumes


@pytest.mark.parametrize(
    ("title", "volumes"),
    [
        # sets
        ("三国演义 上下三册", 3),
        ("史记 上中下卷", 3),
        ("史记 上下卷", 2),
        ("3本书法字帖", 3),
        ("[现货]3本小学作文", 3),
        ("读者 最近5册", 5),
        ("三体 赠导读手册;全3册", 3),
        ("三体 赠导读手册/全3册", 3),
        ("宝宝绘本(1-10)", 10),
        ("宝宝绘本(1-6) 3岁", 6),
        # sets that do not say how many
        ("银河帝国 全12部曲", None),
        # one book, whatever word looks like a unit or a set
        ("论语 全1册 套装", 1),
        ("三体 共0册", 1),
        ("三体 非套装", 1),
        ("笑话 全2集锦", 1),
        ("史记 全三本书", 1),
        ("漫画 5册书", 1),
        ("3本书读懂金融", 1),
        ("语文 配套书", 1),
        ("世界名著套书目", 1),
        ("手套组织工艺", 1),
        # given away, or copies
        ("送十二册 三体", 1),
        ("三体 附赠习题全3册", 1),
        ("三体 附赠手册 2册", 1),
        ("三体 赠 全3册", 1),
        ("买10册 三体", 1),
        ("小说 共5册以上优惠", 1),
        # ages, units, later parts of something else
        ("宝宝绘本(1-9)", 1),
        ("宝宝绘本(1-6)", 1),
        ("Unit (1-12) 单词", 1),
        ("漫画 第1-5", 1),
        ("漫画中国史 13-24", 1),
        ("漫画中国史 (20-24)", 1),
        ("漫画中国史全集 0-12", 1),
    ],
)
def test_what_stands_beside_a_number_decides(title: str, volumes: int | None) -> None:
    """Count what is sold, not gifts, copies, ages or words that begin like a unit."""
    assert count_volumes(title) == volumes
