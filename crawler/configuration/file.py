"""Find and parse the configuration file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from crawler.configuration.watch_tables import WATCH
from crawler.errors import SettingsError
from crawler.phrases import Phrase

__all__ = ["HERE", "example_words", "find_file", "users_file"]

APP = "bookprice-crawler"
"""The name of the folder in the user's configuration."""

HERE = "./config.toml"

_MOST_BYTES, _MOST_DOTS = 256 * 1024, 100
"""The limits of a `./config.toml` and of a line in it: the memory of tomllib grows with the square of a key's parts."""

_OWN_TABLE = re.compile(r"^\s*\[\s*crawler\s*\]", re.MULTILINE)


def example_words() -> str:
    """Return a line that says where all settings are documented, and where to put a copy."""
    package = Path(__file__).parents[1]
    packaged = package / "config.toml"  # in the wheel; a checkout has it beside the package
    example = packaged if packaged.exists() else package.parent / "config.toml"
    return f"{example} documents every setting; copy it to {users_file()}"


def users_file() -> Path:
    """Return the path of `config.toml` in the user's configuration folder."""
    from platformdirs import user_config_path

    return user_config_path(APP, appauthor=False) / "config.toml"


def find_file(
    config: str | None, environ: Mapping[str, str], cwd: Path, warnings: list[str]
) -> tuple[Path | None, dict[str, Any]]:
    """Return the file to use and its content; None and no content if there is none."""
    if config == "":
        raise SettingsError("--config must be the path of a file, not ''")
    for named, source in ((config, "--config"), (environ.get("CRAWLER_CONFIG"), "CRAWLER_CONFIG")):
        if named:
            return _read_named(cwd / named, source)
    here = cwd / HERE
    if (content := _read_if_own(here, warnings)) is not None:
        return here, content

    users = users_file()
    if users.is_file():
        return users, _parse(users, _read_text(users, str(users)))
    return None, {}


def _read_named(path: Path, source: str) -> tuple[Path, dict[str, Any]]:
    if not path.exists():
        raise SettingsError(f"{source}: there is no file {path}")
    return path, _parse(path, _read_text(path, f"{source}: {path}"))


def _read_text(path: Path, label: str) -> str:
    try:
        return path.read_text("utf-8-sig")  # an editor may have added a byte order mark
    except UnicodeDecodeError as error:
        raise SettingsError(f"{label} is not valid UTF-8 at byte {error.start}; save it as UTF-8") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"{label} cannot be read: {reason}") from error


def _read_bounded(path: Path) -> str:
    """Return the text of a file from an unknown source if its size is plausible for a configuration."""
    try:
        size = path.stat().st_size
    except OSError:  # reading it reports the error
        size = 0
    if size > _MOST_BYTES:
        raise SettingsError(f"{path} is larger than {_MOST_BYTES >> 10} KiB")
    text = _read_text(path, str(path))
    if any(line.count(".") > _MOST_DOTS for line in text.splitlines()):
        raise SettingsError(f"{path} has a line with more than {_MOST_DOTS} dots")
    return text


def _parse(path: Path, text: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text, parse_float=Decimal)  # so that 12.50 yuan stay 12.50
    except (ValueError, ArithmeticError, RecursionError) as error:  # including numbers with too many digits
        why = "it contains a number that is too large" if isinstance(error, ArithmeticError) else error
        raise SettingsError(f"{path} is not valid TOML: {why}") from error


def _read_if_own(path: Path, warnings: list[str]) -> dict[str, Any] | None:
    """Return the content of a `config.toml` in the working folder if it belongs to this program."""
    if not path.is_file():
        return None
    try:
        text = _read_bounded(path)
    except SettingsError as error:
        warnings.append(Phrase("left_alone", why=str(error)))
        return None
    try:
        content = _parse(path, text)
    except SettingsError:
        if _OWN_TABLE.search(text):
            raise
        return None
    own = content.get("crawler")
    if isinstance(own, dict):
        return content
    if own is not None:
        warnings.append(Phrase("crawler_no_table", file=str(path)))
    elif isinstance(content.get(WATCH), list):
        warnings.append(Phrase("watch_alone", file=str(path), table=f"[[{WATCH}]]"))
    return None
