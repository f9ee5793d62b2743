"""The metadata of a setting: where it may be set, and what uses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Option"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """The metadata of a setting, carried in `Annotated`; its table names the section in config.toml."""

    harmless: bool = False
    """True if a `config.toml` that nobody named may set it. Such a setting shapes a search or its report; it cannot
    send, run, write or delete anything elsewhere."""
    environment: bool = True
    """True if an environment variable may set it."""
    commands: tuple[str, ...] = ()
    """The commands with a flag for it."""
    flag: str = ""
    """The flag, if it is not named after the field: «--history»."""
    dest: str = ""
    """The flag's attribute in the namespace of argparse, if it is not named after the flag."""
    watch: bool = False
    """True if a [[watch]] may have a value of its own."""
    scope: bool = False
    """True if a watch that changes it becomes a different search, which has seen no products yet."""
    recorded: bool = False
    """True if a recording stores it, because it affects the content of the report."""
    reported: bool = False
    """True if the JSON report lists it among the options of its search."""
    replay: Literal["refused", "accepted", "applied"] = "refused"
    """How --replay treats its flag: refuse it, accept it, or apply it in place of the recorded value."""
    secret: bool = False
    """True if messages hide its value."""
    redact: Callable[[Any], object] | None = None
    """Convert its value to one that a repr may show."""
    separator: str | None = ","
    """The separator between the items of a list given as one word: None for white space, '' if one word cannot be a
    list."""
    parse: Callable[[str], object] = str
    """Convert a name to the value that it stands for: «all» to 100."""

    def flag_of(self, name: str) -> str:
        """Return the flag of the field `name`."""
        return self.flag or f"--{name.replace('_', '-')}"

    def dest_of(self, name: str) -> str:
        """Return the attribute of argparse's namespace that holds the flag of the field `name`."""
        return self.dest or self.flag_of(name).removeprefix("--").replace("-", "_")
