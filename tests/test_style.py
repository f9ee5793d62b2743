"""Names and sentences keep to the style of the project: standard terms, plain English.

The tables list what was replaced once, and must not come back.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from crawler.cli.app import Parser, build_parser
from crawler.labels import _WORDS
from crawler.phrases import PHRASES

ROOT = Path(__file__).parents[1]
THIS = Path(__file__).relative_to(ROOT)
ROOMS = ("crawler", "parsers", "tests", "benchmarks", "docs")

TERMS: Mapping[str, str] = {
    "Asked": "AddressCheck",
    "BorrowedExecutor": "ExecutorParser",
    "Cut": "Truncation",
    "Generation": "PoolInstance",
    "Happening": "PriceEvent",
    "Hop": "HttpRecord",
    "Inquiry": "PendingFetch",
    "Known": "CachedRules",
    "Limit": "AdaptiveLimit",
    "NOT_HAD": "UNAVAILABLE",
    "Pace": "HostLimiter",
    "Sheet": "RequestTrace",
    "Sign": "PageClassification",
    "Spell": "PricePeriod",
    "Teller": "ProgressReporter",
    "Told": "SentAlert",
    "Turn": "Slot",
    "Way": "AttemptBudget",
    "Wire": "Transport",
    "Wishes": "SelectionCriteria",
    "defuse": "escape_formula",
    "fill_shelf": "build_books",
    "furniture": "page_metadata",
    "happenings": "detect",
    "in_parts": "chunked",
    "leads_astray": "violates_policy",
    "looking_back": "recording",
    "record_and_look_back": "record_and_annotate",
    "road": "page worker",
    "spells": "price_periods",
    "take_place": "commit",
    "tidy_up": "cleanup",
    "to_be_had": "available_price",
}
"""The standard term for each name that was used in its place. A leading underscore makes no difference."""

DEFINED_TERMS: Mapping[str, str] = {
    "alike": "group_failures",
    "asking": "guarded_request",
    "beside": "temporary_path",
    "expect": "warm_up",
    "few": "sparse",
    "moments": "units",
    "off": "discount",
    "said": "sanitize",
    "saying": "translate_os_errors",
    "shelf": "pipeline",
    "tell": "handle",
}
"""The same for common words: a variable may have such a name, and so may a helper of the tests, but no other function,
class or constant."""

MODULE_TERMS: Mapping[str, str] = {
    "deals": "ranking_sql",
    "last_word": "summary",
    "making": "run_watch",
    "memory": "watch_store",
    "runs": "page_source",
    "saved": "replay_model",
    "sending": "delivery",
    "views": "view_models",
    "whole_files": "atomic_write",
}
"""The same for names of modules."""

EXEMPT_NAMES = {
    ("crawler/settings/kinds.py", "Limit"): "a time limit, the type of a setting; not the limit of a host",
    ("parsers/model.py", "Wire"): "the wire form of a value, as serialization libraries call it",
    ("parsers/product/model.py", "Wire"): "the same",
    ("parsers/registry.py", "Wire"): "the same",
}
"""Names that are the standard term where they stand, with the reason."""

SENTENCES = (
    r"of the characters that do not show",
    r"not they are kept out",
    r"dates ahead cannot be compared",
    r"rather is it told",
    r"compared is ",
    r"is in no export",
    r"one in the making",
    r"brought to where it goes",
    r"is it told once more",
    r"makes what is due",
    r"of their past\b",
    r"where nothing was borne",
    r"must be TOML",
    r"few observations: days",
    r"the shop states \d",
    r"nothing is on record of",
    r"dearer",
    r"\b(?:can|cannot|could|to|may) (?:not )?be had\b",
    r"\bthat (?:is|are) none\b",
    r"\bwhat (?:is|are|was|were) (?:to be|not to be)\b",
    r"\b(?:say|says|tell|tells|return|returns) whether\b",
    r"\b(?:a|one) \w+ an? (?:book|code|command|fetch|host|line|origin|page|product|volume|watch)\b",
    r"\b(?:yuan|bytes|lines?) an? (?:fetch|host|observation|volume|watch)\b",
)
"""Phrases that a native writer would not use, wherever they stand; small and capital letters are alike."""

OPENINGS = (
    r"returns? (?:what|whether|how|which|where|why|when|who|in words)\b",
    r"(?:say|tell) (?:what|whether|how|which|where|why|when|who)\b",
    r"(?:what|who|whom)\b",
)
"""Openings of a docstring: a noun or a verb says it."""

_SENTENCE = re.compile("|".join(SENTENCES), re.IGNORECASE)
_OPENING = re.compile("|".join(OPENINGS), re.IGNORECASE)


def python_files(room: str) -> list[Path]:
    """Return the Python files in one of the `ROOMS`, relative to the project's root, without those of environments."""
    paths = (path.relative_to(ROOT) for path in (ROOT / room).rglob("*.py"))
    return sorted(path for path in paths if path != THIS and ".venv-peers" not in path.parts)


def documents() -> list[Path]:
    """Return the project's documents and its configuration file, relative to its root."""
    return [
        path.relative_to(ROOT)
        for path in (*ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md"), ROOT / "config.toml")
    ]


@cache
def tree_of(path: Path) -> ast.Module:
    """Parse a file once."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def bare(name: str) -> str:
    """Return a name without leading underscores."""
    return name.lstrip("_")


def names_in(tree: ast.Module) -> Iterator[tuple[int, str, bool]]:
    """Yield every name that a file binds: its line, the name, and True for a function, class or constant."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name, True
            case ast.Name(id=name, ctx=ast.Store()):
                yield node.lineno, name, name.isupper()
            case ast.arg(arg=name) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name, False


def old_names(path: Path, tree: ast.Module) -> Iterator[str]:
    """Yield a complaint for each name in a file that has a standard term."""
    module = path.stem.removeprefix("test_")
    if (term := {**TERMS, **DEFINED_TERMS, **MODULE_TERMS}.get(module)) is not None:
        yield f"{path}: {module} is called {term}"
    for line, name, is_definition in names_in(tree):
        counts = is_definition and path.parts[0] != "tests"
        term = TERMS.get(bare(name)) or (DEFINED_TERMS.get(bare(name)) if counts else None)
        if term is not None and (path.as_posix(), name) not in EXEMPT_NAMES:
            yield f"{path}:{line}: {name} is called {term}"


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of every docstring, those of attributes included."""
    for node in ast.walk(tree):
        for statement in (
            getattr(node, "body", None) or () if not isinstance(node, ast.Lambda | ast.IfExp) else ()
        ):
            match statement:
                case ast.Expr(value=ast.Constant(value=str() as text)):
                    yield statement.lineno, text


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of every comment in a file that may have an odd one."""
    source = (ROOT / path).read_text(encoding="utf-8")
    if not any(_SENTENCE.search(line) for line in source.splitlines() if "#" in line):
        return  # tokenizing all files would take most of the time of this module
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def odd_sentences(text: str) -> list[str]:
    """Return the phrases of `SENTENCES` that a text contains."""
    return [match[0] for match in _SENTENCE.finditer(" ".join(text.split()))]


def has_odd_opening(text: str) -> bool:
    """Return True for a docstring that opens with one of `OPENINGS`."""
    return _OPENING.match(text.strip()) is not None


def messages() -> Iterator[tuple[str, str]]:
    """Yield every English message with its name: phrases, labels and the texts of `--help`."""
    for name, (english, _, _) in (*PHRASES.items(), *_WORDS.items()):
        yield name, english
    yield from help_texts(build_parser())


def help_texts(parser: Parser) -> Iterator[tuple[str, str]]:
    """Yield the help of a command, of its options and of its subcommands."""
    yield parser.prog, f"{parser.description or ''} {parser.epilog or ''}"
    for action in parser._actions:
        yield f"{parser.prog} {action.dest}", action.help or ""
        if isinstance(action.choices, dict):
            for choice in getattr(action, "_choices_actions", ()):
                yield f"{parser.prog} {choice.dest}", choice.help or ""
            for command in action.choices.values():
                yield from help_texts(command)


@pytest.mark.parametrize("room", ROOMS)
def test_names_are_the_standard_terms(room: str) -> None:
    assert not [complaint for path in python_files(room) for complaint in old_names(path, tree_of(path))]


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_and_comments_are_plain_english(room: str) -> None:
    odd = [
        f"{path}:{line}: {phrase}"
        for path in python_files(room)
        for line, text in (*docstrings(tree_of(path)), *comments(path))
        for phrase in odd_sentences(text)
    ]
    assert not odd


@pytest.mark.parametrize("room", ["crawler", "parsers", "benchmarks", "docs"])
def test_docstrings_open_with_a_verb_or_a_noun(room: str) -> None:
    odd = [
        f"{path}:{line}: {text}"
        for path in python_files(room)
        for line, text in docstrings(tree_of(path))
        if has_odd_opening(text)
    ]
    assert not odd


def test_documents_are_plain_english() -> None:
    texts = ((path, (ROOT / path).read_text(encoding="utf-8").replace("\n# ", "\n")) for path in documents())
    assert not [f"{path}: {phrase}" for path, text in texts for phrase in odd_sentences(text)]


def test_messages_are_plain_english() -> None:
    assert not [(name, phrase) for name, text in messages() for phrase in odd_sentences(text)]


@pytest.mark.parametrize("name", [*TERMS, *DEFINED_TERMS])
def test_an_old_name_is_found(name: str) -> None:
    """Each entry of the tables is found in a definition, with an underscore before it, too."""
    tree = ast.parse(f"class _{name}: pass\ndef {name}(): pass")
    assert len(list(old_names(Path("crawler/example.py"), tree))) == 2


@pytest.mark.parametrize("name", MODULE_TERMS)
def test_an_old_module_is_found(name: str) -> None:
    for path in (f"crawler/{name}.py", f"tests/test_{name}.py"):
        assert list(old_names(Path(path), ast.parse("")))


@pytest.mark.parametrize(
    "sentence",
    [
        "Of the characters that do not show some belong to emoji: not they are kept out, but what moves a cursor.",
        "What a clock that was wrong dates ahead cannot be compared: rather is it told once more.",
        "Others may have seen this very price a moment ago: compared is what was above it.",
        "That a search once found a product whose observations of then were pruned is in no export.",
        "By this old ones are found; set sooner, it would make one in the making look abandoned.",
        "the watches of the configuration that are due, made; what they tell, brought to where it goes",
        "say whether configuration, files, shop and watches are well",
        "`watch` makes what is due, so call it often.",
        "tells its books of their past",
        "Where nothing was borne, the host was out of order.",
        "c.toml must be TOML",
        "few observations: days with a price 1",
        "the shop states 36",
        "No page could be had",
        "dearer a volume",
        "nothing is on record of",
        "A text a code, in three languages.",
    ],
)
def test_an_odd_sentence_is_found(sentence: str) -> None:
    assert odd_sentences(sentence)


@pytest.mark.parametrize(
    "opening",
    ["Return whether it is done.", "Return what was found.", "Tell how many there are.", "What a page says."],
)
def test_an_odd_opening_is_found(opening: str) -> None:
    assert has_odd_opening(opening)


def test_exempt_names_exist() -> None:
    """An exemption for a name that is gone must go, too."""
    for path, name in EXEMPT_NAMES:
        assert name in {found for _, found, _ in names_in(tree_of(Path(path)))}
