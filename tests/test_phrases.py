"""Texts with a code: complete in three languages, used as the table says, and plain text elsewhere."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.alerts.refusals import FinalRefusal
from crawler.alerts.url_channel import _REASONS, _reason
from crawler.download.exchange import Exchange, Problem
from crawler.errors import OutputError
from crawler.labels import LANGUAGES, Labels
from crawler.phrases import PHRASES, Phrase, joined, packed, reason_of, unpacked
from crawler.recording import metadata
from crawler.recording.metadata import EndRecord, Metadata, PageRecord, ProblemRecord
from crawler.recording.replay_model import RunEnd
from parsers.dangdang.signs import PageClassification
from parsers.model import PageKind, SignCode
from tests.recording.recorded_runs import NOW

ROOT = Path(__file__).parents[1]

HANT, HANS = Labels("zh-Hant"), Labels("zh-Hans")

NESTED = Phrase("with_more", words=Phrase("silent_for", seconds=15.0), more=Phrase("attempts", n=3))


def fields_of(code: str) -> set[str]:
    """Return the names of the values that a text requires."""
    return {name for _, name, _, _ in string.Formatter().parse(PHRASES[code][0]) if name is not None}


def codes_in(node: ast.expr) -> Iterator[str]:
    """Yield the possible codes of an argument: a text, one of two, or all that begin like `f"sign_{code}"`."""
    match node:
        case ast.Constant(value=str() as code):
            yield code
        case ast.IfExp(body=one, orelse=other):
            yield from codes_in(one)
            yield from codes_in(other)
        case ast.JoinedStr(values=[ast.Constant(value=str() as start), *_]):
            yield from (code for code in PHRASES if code.startswith(start))
        case _:
            pytest.fail(f"a code that no test can tell: {ast.unparse(node)}")


def phrases_in_code() -> Iterator[tuple[str, set[str], str]]:
    """Yield code, names of values and position of every `Phrase(…)` in the program."""
    for path in sorted((ROOT / "crawler").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            place = f"{path.name}:{node.lineno}"
            if isinstance(node.func, ast.Name) and node.func.id == "Phrase":
                names = {word.arg for word in node.keywords if word.arg is not None}
                if isinstance(
                    node.args[0], ast.Name
                ):  # `_phrase(code, why)` of the history, `Phrase(code, **values)`
                    continue
                yield from ((code, names, place) for code in codes_in(node.args[0]))
            elif isinstance(node.func, ast.Attribute) and node.func.attr == "_phrase":
                yield from ((code, {"path", "why"}, place) for code in codes_in(node.args[0]))


def test_every_phrase_that_the_program_makes_is_in_the_table_with_its_values() -> None:
    """A missing code, or values that differ from its text, would never reach a reader."""
    made = list(phrases_in_code())
    assert len(made) > 120
    for code, names, place in made:
        assert code in PHRASES, place
        if not code.startswith(("sign_", "url_")):  # put together, some without a value
            assert names == fields_of(code), (code, place)


def test_no_text_is_left_that_nobody_makes() -> None:
    """Each row of the table is used in the program."""
    elsewhere = {"joined"}  # made within the package, by a name of its own
    assert set(PHRASES) - {code for code, _, _ in phrases_in_code()} <= elsewhere


@pytest.mark.parametrize("code", SignCode)
def test_every_sign_of_the_parsers_has_words(code: SignCode) -> None:
    """The parsers only know English, in which they and the table agree."""
    sign = PageClassification(PageKind.OTHER, code, "42")
    assert Phrase(f"sign_{code}", value="42") == sign.words
    assert code is SignCode.MARKER or HANT.text(Phrase(f"sign_{code}", value="42")) != sign.words


def test_a_phrase_is_its_english_text_to_everybody_else() -> None:
    """It compares, prints and serializes as text; only labels use its code and values, at every level."""
    assert NESTED == "silent for 15 s (after 3 attempts)"
    assert json.dumps({"detail": NESTED}) == '{"detail": "silent for 15 s (after 3 attempts)"}'
    assert f"{NESTED}!" == "silent for 15 s (after 3 attempts)!"
    assert HANT.text(NESTED) == "15 秒沒有收到資料（試了 3 次）"
    assert HANS.text(NESTED) == "15 秒没有收到数据（试了 3 次）"
    assert Labels("en").text(NESTED) == NESTED
    assert HANT.text("Connection reset by peer") == "Connection reset by peer"


def test_a_copy_is_the_same_phrase() -> None:
    """A copied result, or one from another process, is phrased as before."""
    pickled = pickle.loads(pickle.dumps(NESTED))  # noqa: S301 – its own
    for other in (copy.copy(NESTED), copy.deepcopy(NESTED), pickled):
        assert isinstance(other, Phrase)
        assert other == NESTED
        assert HANT.text(other) == HANT.text(NESTED)


def test_a_phrase_wants_its_values() -> None:
    """A mistake shows where the phrase is created, not in a report of another language."""
    with pytest.raises(KeyError):
        Phrase("no such code")
    with pytest.raises(KeyError):
        Phrase("silent_for")


def test_texts_in_a_row() -> None:
    """Empty texts are left out; a single text is unchanged."""
    assert joined(["", ""]) == ""
    assert joined(["", NESTED]) is NESTED
    assert HANT.text(joined([Phrase("attempt"), "", "why"])) == "試了 1 次；why"


def test_an_exception_keeps_its_phrase() -> None:
    """Whoever prints an exception translates its phrase."""
    error = OutputError(Phrase("not_written", path="x.md", why=Phrase("write_protected")))
    assert str(error) == "x.md cannot be written: it is write-protected"
    assert HANT.text(reason_of(error)) == "無法寫入 x.md：它是唯讀的"
    assert reason_of(OSError(13, "Permission denied")) == "[Errno 13] Permission denied"


def test_a_refused_delivery_keeps_its_phrase() -> None:
    """The command translates every reason of a channel; the file keeps the English text."""
    refusal = FinalRefusal(Phrase("command_exit", n=3))
    assert (str(refusal), HANT.text(refusal.reason)) == ("exit code 3", "結束代碼 3")
    for why in _REASONS:
        reason = _reason({"why": why, "number": 404})
        assert HANT.text(reason) != reason
    assert HANT.text(_reason({"why": "status", "number": 404})) == "對方傳回 404 Not Found"


def phrases() -> st.SearchStrategy[Phrase]:
    """Return phrases, some nested, with all kinds of texts from a shop or a library."""
    bare = st.builds(lambda seconds: Phrase("silent_for", seconds=seconds), st.floats(0, 1e9))
    with_text = st.builds(lambda echo: Phrase("query_other", echo=echo), st.text())
    return st.recursive(
        bare | with_text,
        lambda inner: st.builds(lambda words, n: Phrase("others_state", words=words, pages=n), inner, st.integers()),
        max_leaves=4,
    )  # fmt: skip


@given(phrases())
def test_what_is_kept_in_a_file_is_worded_as_before(phrase: Phrase) -> None:
    """A phrase is written to JSON with its code and values, and restored."""
    read = json.loads(json.dumps(packed([phrase, "a plain text"])))
    again = unpacked(str(phrase), read)
    assert isinstance(again, Phrase)
    assert again == phrase
    assert [Labels(lang).text(again) for lang in LANGUAGES] == [
        Labels(lang).text(phrase) for lang in LANGUAGES
    ]


@pytest.mark.parametrize(
    "value",
    [
        ["timed_out", {}],  # of another text
        ["no such code", {}],
        ["silent_for", {}],
        ["silent_for", {"seconds": "{0.__class__}"}],
        ["silent_for", {"seconds": None}],
        ["silent_for", {"seconds": [["silent_for", {}]]}],
        ["surplus", {"n": 10**5000, "items": 1}],
        ["silent_for"],
        "silent_for",
        None,
        [["silent_for"], {}],
    ],
)
def test_what_a_stranger_put_into_a_file_is_no_phrase(value: object) -> None:
    """An archive may be anybody's: its text is shown unchanged, unless the program has the same text for that code."""
    assert type(unpacked("silent for 15 s", {"silent for 15 s": value})) is str  # type: ignore[dict-item]


def test_phrases_within_phrases_have_an_end() -> None:
    """A file may nest them as deep as it likes."""
    value: list[object] = ["timed_out", {}]
    for _ in range(500):
        value = ["on_page", {"page": "x", "words": value}]
    assert unpacked("x", {"x": value}) == "x"


def test_records_hold_the_codes_of_all_their_texts() -> None:
    """A replay phrases the details of pages, requests and the run's end as the run did."""
    exchange = Exchange(
        "u", "u", problem=Problem.TIMEOUT, detail=NESTED, gave_up=Phrase("no_time_left", seconds=45.0)
    )
    records: list[Metadata] = [
        ProblemRecord(problem=Problem.TIMEOUT, detail=NESTED),
        PageRecord(
            page=1, verdict="network_error", detail=NESTED, fetched_at=NOW, exchange=exchange, hops=[], body=None,
            body_bytes=0,
        ),
        EndRecord(end=RunEnd(NOW, Phrase("interrupted"), {1: ("not_asked", Phrase("interrupted"))})),
    ]  # fmt: skip
    problem, page, ended = (metadata.read(metadata.encoded(record)) for record in records)
    assert isinstance(problem, ProblemRecord)
    assert isinstance(page, PageRecord)
    assert isinstance(ended, EndRecord)
    texts = [
        problem.detail,
        page.detail,
        page.exchange.detail,
        page.exchange.gave_up,
        ended.end.stopped or "",
    ]
    texts += [detail for _, detail in ended.end.verdicts.values()]
    assert all(isinstance(text, Phrase) for text in texts)
    assert json.loads(metadata.encoded(records[0]))["detail"] == str(NESTED)


def test_a_record_of_an_earlier_version_has_its_english_text() -> None:
    """A file without codes is read as before."""
    old = metadata.read(b'{"kind": "problem", "problem": "timeout", "detail": "silent for 15 s"}')
    assert isinstance(old, ProblemRecord)
    assert (type(old.detail), old.detail) == (str, "silent for 15 s")
