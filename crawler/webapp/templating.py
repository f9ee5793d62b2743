"""The templates of the pages, which escape every value, and the files that the pages load."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crawler.languages import LANGUAGES
from crawler.report.common.pages import ASSETS
from crawler.webapp.context import CONTEXT
from crawler.webapp.language import labels_of

if TYPE_CHECKING:
    from aiohttp import web

    from crawler.labels import Labels

__all__ = ["StaticFile", "render", "static_files", "words_for"]

_FOLDER = Path(__file__).parent

_SHARED = ("page.css", "result.css", "history.css", "search.js", "chart.js")
"""Files of the reports that the pages use, too."""

_ENVIRONMENT = Environment(
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    loader=FileSystemLoader([_FOLDER / "templates", ASSETS]),
    auto_reload=False,
)

LANGUAGE_NAMES = {"en": "English", "zh-Hans": "简体中文", "zh-Hant": "繁體中文"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of the pages, in memory."""

    body: bytes
    content_type: str
    etag: str


def render(request: web.Request, template: str, **values: Any) -> str:
    """Return a page in the language of the request."""
    say = labels_of(request)
    context = request.app[CONTEXT]
    return _ENVIRONMENT.get_template(template).render(
        say=say,
        lang=say.language,
        languages=[(tag, LANGUAGE_NAMES[tag], _query_in(request, tag)) for tag in LANGUAGES],
        csrf_token=context.access.csrf_token,
        path=request.path,
        source=context.source,
        **values,
    )


def _query_in(request: web.Request, language: str) -> str:
    """Return the query string of the same page in another language."""
    kept = [(name, value) for name, value in request.query.items() if name not in {"lang", "token"}]
    return urlencode([*kept, ("lang", language)], errors="replace")


def words_for(say: Labels, *names: str) -> dict[str, str]:
    """Return texts for a script, with their placeholders."""
    return {name: say(name) for name in names}


@cache
def static_files() -> dict[str, StaticFile]:
    """Return the style sheets and scripts of the pages by name."""
    paths = [*sorted((_FOLDER / "static").iterdir()), *(ASSETS / name for name in _SHARED)]
    return {path.name: _static_file(path) for path in paths if path.is_file()}


def _static_file(path: Path) -> StaticFile:
    body = path.read_bytes()
    kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
    return StaticFile(body, kind or "application/octet-stream", hashlib.sha256(body).hexdigest()[:32])
