"""Options that several commands have: each is defined once, with the part of its help that differs as an argument."""

from __future__ import annotations

import argparse

__all__ = [
    "add_config",
    "add_delay",
    "add_ignore_robots",
    "add_lang",
    "add_proxy",
    "add_quiet_or_verbose",
    "add_user_agent",
    "add_verbose",
]


def add_delay(group: argparse._ActionsContainer, *, where: str = "") -> None:
    """Add `--delay`; `where` follows «two requests»."""
    group.add_argument(
        "--delay",
        metavar="S",
        help=f"seconds between two requests{where}, randomly up to 50%% more or less (default: 0.0)",
    )


def add_ignore_robots(group: argparse._ActionsContainer, *, more: str = "") -> None:
    """Add `--ignore-robots`."""
    group.add_argument(
        "--ignore-robots",
        dest="obey_robots",
        action="store_const",
        const=False,
        help=f"ignore robots.txt{more}",
    )


def add_user_agent(group: argparse._ActionsContainer, default: str, *, more: str = "") -> None:
    """Add `--user-agent`; `default` is in words."""
    group.add_argument(
        "--user-agent", metavar="TEXT", help=f"User-Agent header of requests{more} (default: {default})"
    )


def add_proxy(group: argparse._ActionsContainer) -> None:
    """Add `--proxy`."""
    group.add_argument(
        "--proxy", metavar="URL", help="HTTP proxy; overrides those of the environment (default: none)"
    )


def add_lang(group: argparse._ActionsContainer, of: str, *, follows: str = "the locale") -> None:
    """Add `--lang`; `of` names what is in that language, `follows` what decides if it is `auto`."""
    group.add_argument(
        "--lang",
        metavar="LANG",
        help=f"language of {of}: en, zh-Hans, zh-Hant, or a name such as zh-TW or zh_CN; auto follows {follows} "
        "(LC_ALL, LC_MESSAGES, LANG) (default: auto)",
    )


def add_config(group: argparse._ActionsContainer, *, reads: str = "the settings") -> None:
    """Add `--config`."""
    group.add_argument("--config", metavar="FILE", help=f"read {reads} from FILE")


def add_quiet_or_verbose(
    group: argparse._ActionsContainer,
    *,
    quiet: str = "show only problems on stderr",
    verbose: str,
) -> None:
    """Add `--quiet` and `--verbose`, which exclude each other."""
    words = group.add_mutually_exclusive_group()
    words.add_argument("-q", "--quiet", action="store_true", help=quiet)
    words.add_argument("--verbose", action="store_true", help=verbose)


def add_verbose(group: argparse._ActionsContainer) -> None:
    """Add `--verbose` to a command that has nothing to tell but errors."""
    group.add_argument("--verbose", action="store_true", help="show where an internal error happened")
