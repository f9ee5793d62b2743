"""Titles that try to break out of their place."""

from __future__ import annotations

HOSTILE = {
    "ansi": "\x1b[31mred\x1b[0m \x9b1mbold",
    "osc": "\x1b]0;owned\x07title \x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "bidi": "price \u202e00.1\u202c \u2066x\u2069 \u200fy",
    "lines": "one\r\ntwo\u2028three\u0085four\vfive",
    "rich": "[red]not markup[/red] [link=https://evil.example]x[/link] :smile:",
    "markdown": "*a* _b_ `c` [d](https://evil.example) <script>alert(1)</script> | e | # f ~~g~~ &amp; $x$",
    "autolink": "https://evil.example www.evil.example",
    "formula": '=HYPERLINK("https://evil.example";"x")',
    "command": "@SUM(1+1)*cmd|' /C calc'!A0",
    "full-width formula": "＝1+1",
    "quotes": "a\"b,c;d'e",
    "marks": "书\ufe0f\u200d\u00ad 🙂\ufe0f 㐀\U0002ebf0",
    "halves": "\ud800x\ufffe\ue000",
}
"""The name of the trick, and the title."""
