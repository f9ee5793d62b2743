"""The languages of reports, with all names that people and systems use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.configuration import load
from crawler.errors import SettingsError
from crawler.labels import labels_for
from crawler.languages import LANGUAGES, canonical, environment_language, language_for
from crawler.settings import ReportSettings, Settings

NAMES = {
    "en": ["en", "EN", "en-US", "en_GB", "en-001"],
    "zh-Hant": ["zh-Hant", "zh-hant", "ZH_HANT", "zh-TW", "zh_TW", "zh-tw", "zh-HK", "zh_MO", "zh-Hant-CN"],
    "zh-Hans": ["zh-Hans", "zh", "ZH", "zh-CN", "zh_CN", "zh-cn", "zh-SG", "zh_Hans_CN", "zh-Hans-HK", "zh-MY"],
}  # fmt: skip

NO_NAMES = [
    "",
    "fr",
    "de-DE",
    "chinese",
    "zh-XX",
    "zh-TW-CN",
    "zh-Hant-TW-x",
    "en-",
    "en-USA",
    "english",
    "zh_TW.UTF-8",
]


@pytest.mark.parametrize(
    ("name", "language"), [(name, tag) for tag, names in NAMES.items() for name in names]
)
def test_every_usual_name_is_understood(name: str, language: str, tmp_path: Path) -> None:
    """A flag, the file, the environment and the library accept the same names."""
    assert canonical(name) == language
    assert Settings(report=ReportSettings(lang=name)).report.lang == language  # type: ignore[arg-type]
    assert load({"report.lang": name}, config=None, environ={}, cwd=tmp_path).settings.report.lang == language
    environ = {"CRAWLER_REPORT_LANG": name}
    assert load({}, config=None, environ=environ, cwd=tmp_path).settings.report.lang == language
    (tmp_path / "c.toml").write_text(f'[report]\nlang = "{name}"\n', encoding="utf-8")
    assert load({}, config="c.toml", environ={}, cwd=tmp_path).settings.report.lang == language


def test_auto_is_auto_in_any_case() -> None:
    """It is not a language, and is resolved later."""
    assert ReportSettings(lang="AUTO").lang == "auto"  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name in NO_NAMES if name])
def test_what_is_no_name_gets_one_line_that_has_them_all(name: str) -> None:
    """The message for a misspelt language lists the available ones."""
    with pytest.raises(SettingsError) as caught:
        load({"report.lang": name}, config=None, environ={})
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("--lang must be one of ")
    assert all(language in message for language in ("auto", *LANGUAGES))


@given(st.text(st.characters(codec="ascii"), max_size=12) | st.sampled_from(NO_NAMES))
def test_a_name_is_one_of_ours_or_stays_what_it_is(name: str) -> None:
    """A name that is not known stays as it is."""
    assert canonical(name) in {*LANGUAGES, name}


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({"LANG": "zh_TW.UTF-8"}, "zh-Hant"),
        ({"LANG": "zh_CN.GB18030"}, "zh-Hans"),
        ({"LANG": "zh_HK.utf8@stroke"}, "zh-Hant"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "POSIX"}, "en"),
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "zh_TW.UTF-8"}, "zh-Hant"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C", "LC_MESSAGES": "zh_TW.UTF-8"}, "en"),
        ({"LANG": "zh_TW.UTF-8", "LC_ALL": ""}, "zh-Hant"),
        ({"LANG": "en_US.UTF-8", "LC_CTYPE": "zh_TW.UTF-8"}, "en"),
    ],
)
def test_the_locale_names_the_language(environ: dict[str, str], language: str) -> None:
    """LC_ALL precedes LC_MESSAGES, which precedes LANG; an empty one counts as unset; unsupported ones are English."""
    assert environment_language(environ) == language


@pytest.mark.parametrize(
    ("query", "locale", "language"),
    [
        ("滲透測試", "en_US.UTF-8", "zh-Hant"),
        ("渗透测试", "zh_TW.UTF-8", "zh-Hans"),
        ("人工智慧", "zh_CN.UTF-8", "zh-Hant"),
        ("小王子", "zh_TW.UTF-8", "zh-Hant"),  # the same in both scripts
        ("小王子", "zh_CN.UTF-8", "zh-Hans"),
        ("小王子", "en_US.UTF-8", "zh-Hans"),
        ("Python", "zh_TW.UTF-8", "zh-Hant"),
        ("Python", "zh_CN.UTF-8", "zh-Hans"),
        ("Python", "de_DE.UTF-8", "en"),
        ("", "zh_CN.UTF-8", "zh-Hans"),
    ],
)
def test_auto_is_the_querys_language_else_the_locales(
    query: str, locale: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that the query shows decides; otherwise the locale does."""
    assert language_for(query, {"LANG": locale}) == language
    monkeypatch.setenv("LANG", locale)
    assert labels_for("auto", query).language == language
    assert labels_for("en", query).language == "en"
