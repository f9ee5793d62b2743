"""The keys that count in a configuration file that nobody named."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from crawler import Settings
from crawler.configuration import TABLES, Loaded
from crawler.settings import ReportSettings, options_of
from crawler.watching.watch import AlertSettings
from tests.configuration.conftest import loaded

if TYPE_CHECKING:
    from pathlib import Path

HARMFUL = """[crawler]
base_url = "http://127.0.0.1:9"
proxy = "http://u:s3cr3t@127.0.0.1:9"
user_agent = "x"
cache_dir = "/tmp/x"
obey_robots = false
delay = 1.5
concurrency = 64
workers = 1
attempts = 10
max_seconds = 1
max_body_bytes = 2048
max_wait = 1
resume_max_age = 9
connect_timeout = 1
read_timeout = 1
request_timeout = 1
page_timeout = 1
parse_timeout = 1
[report]
keep = 1
dir = "/tmp/x"
[history]
path = "x"
record = "always"
[alerts]
urls = ["ntfy://s3cr3t"]
file = "x"
feed = "x.xml"
command = ["x", "s3cr3t"]
"""
"""Every key that counts only in a file that somebody named, with another value than its default."""

HARMLESS = """[crawler]
pages = 7
sellers = "all"
category = "all"
sort = "sales"
min_price = 1
max_price = 2
price_check = 6
rank = "best"
keep = ["ebook"]
condition = "new"
max_volume_price = 3
publisher = "a"
author = "b"
since = 1999
min_reviews = 4
[report]
top = 5
dir = "mine"
lang = "en"
"""


def keys(text: str) -> set[tuple[str, str]]:
    return {(table, key) for table, values in tomllib.loads(text).items() for key in values}


def changed(got: Loaded) -> set[tuple[str, str]]:
    """Return the keys whose values are not the default."""
    values = {
        "crawler": got.settings,
        "report": got.settings.report,
        "history": got.settings.history,
        "alerts": got.alerts,
    }
    return {
        (table, key)
        for table, struct in TABLES.items()
        for key in options_of(struct)
        if getattr(values[table], key) != getattr(struct(), key)
    }


def test_every_key_is_decided_upon() -> None:
    """A new key must be added to one of these two texts, and marked in its settings if it is harmless."""
    every = {(table, key) for table, struct in TABLES.items() for key in options_of(struct)}
    assert keys(HARMFUL) | keys(HARMLESS) | {("report", "dir")} == every
    assert keys(HARMFUL) & keys(HARMLESS) == {("report", "dir")}


def test_of_a_file_that_nobody_named_the_harmless_keys_count(folder: Path) -> None:
    """All of them, without a message."""
    (folder / "config.toml").write_text(HARMLESS)
    got = loaded(folder)
    assert got.notes == ()
    assert changed(got) == keys(HARMLESS)


def test_of_a_file_that_nobody_named_no_other_key_counts(folder: Path) -> None:
    """One line names each, with the remedy and without a secret; this includes watches."""
    (folder / "config.toml").write_text(HARMFUL + '[[watch]]\nquery = "x"\n')
    got = loaded(folder)
    assert (got.settings, got.alerts, got.watches) == (Settings(), AlertSettings(), ())
    (line,) = got.notes
    assert line.startswith(f"{folder / 'config.toml'}: ignored because")
    assert line.endswith("--config ./config.toml")
    assert all(f"[{table}] {key}" in line for table, key in keys(HARMFUL))
    assert "[[watch]]" in line
    assert line.isprintable()
    assert "s3cr3t" not in line


@pytest.mark.parametrize("how", ["flag", "variable", "own", "own through a link"])
def test_whoever_names_or_owns_the_file_is_trusted(folder: Path, tmp_path: Path, how: str) -> None:
    """With --config, CRAWLER_CONFIG, or the user's configuration folder, every key counts."""
    text = HARMFUL + '[[watch]]\nquery = "x"\n'
    users = tmp_path / "users" / "bookprice-crawler"
    users.mkdir(parents=True)
    place = users if how.startswith("own") else folder
    (place / "config.toml").write_text(text)
    config, environ = None, {}
    if how == "flag":
        config = "config.toml"
    elif how == "variable":
        environ = {"CRAWLER_CONFIG": "config.toml"}
    elif how == "own through a link":
        (folder / "config.toml").symlink_to(users / "config.toml")
    got = loaded(users if how == "own" else folder, environ=environ, config=config)
    assert got.notes == ()
    assert changed(got) == keys(HARMFUL)
    assert [watch.name for watch in got.watches] == ["x"]
    assert got.report_root is None


def test_flags_and_variables_go_over_what_is_not_used(folder: Path, tmp_path: Path) -> None:
    """They are the user's own; the user's own file, which is not read then, is mentioned."""
    users = tmp_path / "users" / "bookprice-crawler"
    users.mkdir(parents=True)
    (users / "config.toml").write_text("")
    (folder / "config.toml").write_text(HARMFUL)
    got = loaded(folder, {"base_url": "http://127.0.0.1:1"}, {"CRAWLER_REPORT_DIR": "/opt/mine"})
    assert got.settings == Settings(base_url="http://127.0.0.1:1", report=ReportSettings(dir="/opt/mine"))
    assert (got.report_root, got.overlooked) == (None, users / "config.toml")


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("a", True),
        ("a/../b", True),
        (".", True),
        ("..", False),
        ("a/../../b", False),
        ("/opt", False),
        ("link", False),
        ("link/a", False),
        ("link/../b", False),
        ("inner", True),
    ],
)
def test_a_folder_for_reports_lies_inside_the_working_folder(
    folder: Path, tmp_path: Path, name: str, counts: bool
) -> None:
    """By its real path: a link that leads outside does not count as inside."""
    (tmp_path / "elsewhere").mkdir()
    (folder / "a").mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "inner").symlink_to(folder / "a")
    (folder / "config.toml").write_text(f'[crawler]\n[report]\ndir = "{name}"\n')
    got = loaded(folder)
    assert got.settings.report.dir == (name if counts else "reports")
    assert got.unused == (() if counts else ("[report] dir",))
    assert got.report_root == folder
