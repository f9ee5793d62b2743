"""The languages of reports, and the names that people and systems use for them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from crawler.query import has_one_script, script_of

__all__ = ["LANGUAGES", "canonical", "environment_language", "language_for"]

LANGUAGES = ("en", "zh-Hans", "zh-Hant")
"""Languages by their BCP 47 tags."""

_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The first of these that is set gives the language of messages (POSIX.1-2024, 8.2)."""

_TRADITIONAL = frozenset({"tw", "hk", "mo"})
_SIMPLIFIED = frozenset({"cn", "sg", "my"})
_REGION = re.compile(r"[a-z]{2}|[0-9]{3}")


def canonical(name: str) -> str:
    """Return the tag of the language `name` («zh_TW», «ZH-HK», «en-GB»); return `name` itself if it is unknown.

    «zh» without a script or region is Simplified, as in CLDR (its likely subtags are zh-Hans-CN).
    """
    language, *subtags = re.split("[-_]", name.lower())
    if language == "en" and len(subtags) <= 1 and all(map(_REGION.fullmatch, subtags)):
        return "en"
    if language != "zh" or len(subtags) > 2:
        return name
    script = subtags.pop(0) if subtags and subtags[0] in {"hans", "hant"} else ""
    if len(subtags) > 1 or not _TRADITIONAL.union(_SIMPLIFIED).issuperset(subtags):
        return name
    if script:
        return f"zh-{script.capitalize()}"
    return "zh-Hant" if _TRADITIONAL.issuperset(subtags) and subtags else "zh-Hans"


def environment_language(environ: Mapping[str, str]) -> str:
    """Return the language of the environment's locale, such as `zh_TW.UTF-8`; English if it is not one of ours."""
    locale = next(filter(None, map(environ.get, _VARIABLES)), "")
    language = canonical(re.split("[.@]", locale)[0])
    return language if language in LANGUAGES else "en"


def language_for(query: str, environ: Mapping[str, str]) -> str:
    """Return the language of a reader who typed `query`: that of its script, else that of the environment.

    If a Chinese query looks the same in both scripts (小王子), a Chinese environment decides; otherwise it is
    Simplified, the shop's own script.
    """
    script, locale = script_of(query), environment_language(environ)
    if script is None:
        return locale
    if script == "zh-Hans" and locale == "zh-Hant" and not has_one_script(query):
        return locale
    return script
