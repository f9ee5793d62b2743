"""The metadata of a setting: where it may be set, and what uses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Option"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Metadata that every field of a settings table carries in `Annotated`; its table is its section in config.toml."""

    harmless: bool = False
    """Whether a `config.toml` that nobody named may set it. Such a setting shapes a search or its report; it cannot
    send, run, write or delete anything elsewhere."""
    environment: bool = True
    """Whether an environment variable may set it."""
    commands: tuple[str, ...] = ()
    """The commands with a flag for it."""
    flag: str = ""
    """The flag, if it is not named after the field: «--history»."""
    dest: str = ""
    """The flag's attribute in the namespace of argparse, if it is not named after the flag."""
    watch: bool = False
    """Whether a [[watch]] may have a value of its own."""
    scope: bool = False
    """Whether a watch that changes it becomes another search, with nothing seen yet."""
    recorded: bool = False
    """Whether a recording keeps it, because it decides the content of the report."""
    reported: bool = False
    """Whether the JSON report lists it among the options of its search."""
    replay: Literal["refused", "accepted", "applied"] = "refused"
    """Whether --replay refuses its flag, accepts it, or applies it in place of the recorded value."""
    secret: bool = False
    """Whether messages hide its value."""
    redact: Callable[[Any], object] | None = None
    """Turn its value into one that a repr may show."""
    separator: str | None = ","
    """What separates the items of a list given as one word: None for white space, '' if one word cannot be a list."""
    parse: Callable[[str], object] = str
    """Turn a name into the value it stands for: «all» into 100."""

    def flag_of(self, name: str) -> str:
        """Return the flag of the field `name`."""
        return self.flag or f"--{name.replace('_', '-')}"

    def dest_of(self, name: str) -> str:
        """Return the attribute of argparse's namespace that holds the flag of the field `name`."""
        return self.dest or self.flag_of(name).removeprefix("--").replace("-", "_")
