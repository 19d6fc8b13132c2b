"""Multiple choice: accuracy by the rules of public benchmarks, see `tasks.families.choices`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tasks.availability import needs_judge
from tasks.convention import Convention, Selection, View
from tasks.families.choices import (
    HAS_CHOICES,
    QUESTION,
    Points,
    air_bench,
    choice_letter,
    mmau_v0,
    mmau_v1,
    muchomusic,
    question,
    string_match,
)
from tasks.families.letter_phrases import HAS_LETTER, ultraeval_mcq, voicebench
from tasks.families.letter_search import lmms_air_bench, lmms_mmar, lmms_mmau, ultraeval_choices
from tasks.family import Conventions, Family, Parameter
from tasks.metrics.accuracy import Accuracy, Share
from tasks.row import ReferenceType, Row
from tasks.steps.clean import STRIP_SPECIAL


def _choice(
    id: str,  # noqa: A002  # the field's name
    summary: str,
    points: Points,
    notes: str = "",
    needs: Selection | None = HAS_CHOICES,
    version: str = "1",
) -> Convention:
    return Convention(
        id,
        summary,
        Share(id, points, version=version, reads=True),
        hypothesis=(STRIP_SPECIAL,),
        reference_view=QUESTION,
        select=(needs,) if needs else (),
        notes=notes,
    )


_JUDGE = Convention(
    "sakura-judge",
    "A language model decides whether the output matches the answer; replies that cannot be parsed count as wrong.",
    Accuracy(),
    unavailable=needs_judge,
)
_ALIGNED = Convention(
    "air-bench-align",
    "A language model names the best-matching option, and is told to choose at random if none matches; then as air-bench.",
    Accuracy(),
    unavailable=needs_judge,
)
_AU_HARNESS = Convention(
    "au-harness-judge",
    "A language model rates 0 or 1 whether the output contains the answer; a reply that is no JSON object counts as 0.",
    Accuracy(),
    unavailable=needs_judge,
    notes="AU-Harness has no rule that reads a letter.",
)
_STRING = _choice(
    "string-match",
    "The output contains the words of the answer, and of no other option.",
    string_match,
    notes="Ignores case and punctuation of any script. If a row lists no options, only the answer is searched for.",
    needs=None,
    version="2",
)
_LETTER = _choice(
    "choice-letter",
    "The output names the letter of the correct option: `(b)`, `b.`, `Answer: B`.",
    choice_letter,
    notes="An output that names no letter, or several, is unread.",
    version="2",
)
_MMAU = _choice(
    "mmau-v1",
    "The output contains all words of the answer, and none that only a wrong option has.",
    mmau_v1,
    notes="The scripts of 2024 and 2025 differ in the rows that they use: most skip rows without an output, the server's "
    "form of 25 October 2024 counts them as wrong. Here a row without an output is not scored; bounds say what it could move.",
)
ACCURACY = (
    _JUDGE,
    _STRING,
    _LETTER,
    _ALIGNED,
    _AU_HARNESS,
    _choice(
        "air-bench",
        "The first character, otherwise the second to last, if it is A to D; other outputs are excluded.",
        air_bench,
        notes="`A man speaks` is read as A. The accuracy is over the outputs that could be parsed.",
    ),
    _choice("mmau-v0", "The answer is a substring of the output, and no other option is.", mmau_v0),
    _MMAU,
    replace(
        _MMAU, id="mmar", notes="MMAU's rule since 25 October 2024, unchanged; rows without an output are skipped."
    ),
    _choice(
        "muchomusic",
        "The only capital A to D in the output, otherwise the first option it contains; otherwise wrong.",
        muchomusic,
        notes="`Acoustic guitar` is read as A.",
    ),
    _choice(
        "voicebench",
        "The letter A to D in the first of 163 phrases that the output contains; otherwise a drawn letter's expectation.",
        voicebench,
        notes="`the answer is a dog` is read as A, `Answer: A` as nothing. The source draws one of four letters, unseeded, "
        "for an output without a phrase: a single run of it differs from the expectation.",
        needs=HAS_LETTER,
    ),
    _choice(
        "ultraeval-mcq",
        "As voicebench, with two more phrases; an output without a phrase is wrong (until 2025-09-22 a letter was drawn).",
        ultraeval_mcq,
        needs=HAS_LETTER,
    ),
    _choice(
        "ultraeval-choices",
        "The first character, otherwise the second to last, if it is the letter of an option; other outputs are excluded.",
        ultraeval_choices,
        notes="As air-bench with any number of options; of equal options the last is the right one.",
    ),
    _choice(
        "lmms-eval-mmau",
        "A capital A to D in brackets, between spaces or before a full stop, whose option equals the answer; otherwise drawn.",
        lmms_mmau,
        notes="`A dog` is read as A; of several letters in brackets the first option counts. For an output without a letter "
        "the source draws one of four; the value is the expectation.",
    ),
    _choice(
        "lmms-eval-air-bench",
        "As lmms-eval-mmau with the letters of the row's options, of which the first that equals the answer is right.",
        lmms_air_bench,
        notes="Also lmms-eval's rule for MuChoMusic. No output is excluded; the value is the expectation of drawn letters.",
    ),
    _choice(
        "lmms-eval-mmar",
        "A capital letter of an option in brackets, before a space or a full stop, or an option's text in a longer output.",
        lmms_mmar,
        notes="`DNA test` is read as A. Also lmms-eval's rule for MMSU; the value is the expectation of drawn letters.",
    ),
)


def _with_options(convention: Convention, options: tuple[str, ...], version: str) -> Convention:
    """The convention on rows without options of their own, which have these."""

    def filled(row: Row) -> Row:
        asked = question(row)
        return row if asked is None or asked.choices else replace(row, extra={**row.extra, "choices": list(options)})

    def view(row: Row) -> Any:
        return convention.reference_view.take(filled(row))

    def rule(one: Selection) -> Selection:
        return replace(one, keep=lambda row: one.keep(filled(row)), version=version)

    wrapped: tuple[View | Selection, ...] = (convention.reference_view, *convention.select)
    # The signature needs the version: the same output is read against different options.
    name = f"{convention.reference_view.name}@{version}"
    return replace(
        convention,
        reference_view=View(name, view, convention.reference_view.version),
        select=tuple(map(rule, convention.select)),
        extra_sources=(*convention.extra_sources, *(source for part in wrapped for source in part.sources)),
    )


def _build(parameters: Mapping[str, Any]) -> Conventions:
    options = tuple(parameters["options"])
    if not options:
        return {"accuracy": ACCURACY}
    version = hashlib.sha256(json.dumps(options, ensure_ascii=False).encode()).hexdigest()[:8]
    found = (c if c.unavailable() is not None else _with_options(c, options, version) for c in ACCURACY)
    return {"accuracy": tuple(found)}


FAMILY = Family(
    "multiple-choice",
    "Multiple choice with any number of options: accuracy.",
    _build,
    ReferenceType.TEXT,
    (Parameter("options", "texts", [], "The options of every row that states none, in their order (yes, no)."),),
)
