"""Load a configuration from an empty folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler import SettingsError
from crawler.configuration import Loaded, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working folder beside an empty user's configuration folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "users"))
    work = tmp_path / "work"
    work.mkdir()
    return work


def loaded(
    folder: Path,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    config: str | None = None,
) -> Loaded:
    return load(flags or {}, config=config, environ=environ or {}, cwd=folder)


def refusal(
    folder: Path,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    config: str | None = None,
) -> str:
    with pytest.raises(SettingsError) as caught:
        loaded(folder, flags, environ, config)
    assert str(caught.value).isprintable()
    return str(caught.value)
