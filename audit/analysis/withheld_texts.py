"""Texts of a test set that its card does not allow to publish, taken out of an audit's document.

Only what is computed from rows can hold their texts: notes, reasons and findings. A sentence is a text of at least four words,
or of four characters of a script without spaces; labels and short answers stay.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from audit.schema import AuditDocument, Baseline, PromptSensitivity
from audit.scoring.predictions import PredictionSet
from tasks.row import Row

WITHHELD = "[a text of the set, withheld]"
# Words of a text that make it a sentence.
SENTENCE = 4
# Words after which a text that is cut off counts as the one that it begins like.
_CUT = 8
# A prompt of fewer rows than this is a text of these rows, not an instruction.
_ROWS_OF_A_PROMPT = 2
# Han, kana and Thai are written without spaces: each of their characters counts as a word.
_WORD = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\\W_]+")
# Fields of `extra` that say something about a row, not what is in it.
_ABOUT = frozenset({"error", "variant", "cluster"})


def is_sentence(text: str) -> bool:
    """Whether a text is a sentence in the sense of this module."""
    return sum(1 for _ in zip(_WORD.finditer(text), range(SENTENCE), strict=False)) == SENTENCE


def normal(text: str) -> str:
    """A text's words in lower case, with one space before and after each: for comparisons whatever stands between words."""
    return "".join(f" {word.casefold()}" for word in _WORD.findall(text)) + " "


def texts_of(row: Row) -> Iterator[str]:
    """The texts of a row: its output, its references and what it holds besides."""
    if row.hypothesis is not None:
        yield row.hypothesis
    yield from _strings(row.reference)
    for name, value in row.extra.items():
        if name not in _ABOUT:
            yield from _strings(value)


def withhold(document: AuditDocument, restricted: Iterable[PredictionSet]) -> AuditDocument:
    """The document without sentences of sets whose cards do not allow to publish them.

    Args:
        document: The audit.
        restricted: The rows of those sets.
    """
    for rows in restricted:
        document = _without(document, rows)
    return document


def _without(document: AuditDocument, rows: PredictionSet) -> AuditDocument:
    path = f"predictions/{rows.path.name}"
    name = rows.path.stem
    own = [m for m in document.measurements if m.prediction is not None and m.prediction.path == path]
    found = document.findings
    kinds: dict[str, Any] = {
        "detectors": found.detectors.get(name, ()),
        "prompts": tuple(_prompts(item, rows.rows) for item in found.prompts.get(name, ())),
        "baselines": tuple(map(_baseline, found.baselines.get(name, ()))),
    }
    probes = {kind: of_task[rows.task] for kind, of_task in found.probes.items() if rows.task in of_task}
    identities = [item for item in document.identities if item.path == path]
    mask = _mask([own, kinds, probes, identities], rows.rows)
    changed = {item.id: _mapped(item, mask) for item in own}
    findings = replace(
        found,
        detectors=_changed(found.detectors, name, kinds["detectors"], mask),
        prompts=_changed(found.prompts, name, kinds["prompts"], mask),
        baselines=_changed(found.baselines, name, kinds["baselines"], mask),
        probes={kind: _changed(of_task, rows.task, probes.get(kind), mask) for kind, of_task in found.probes.items()},
    )
    return replace(
        document,
        measurements=tuple(changed.get(item.id, item) for item in document.measurements),
        identities=tuple(_mapped(item, mask) if item in identities else item for item in document.identities),
        findings=findings,
    )


def _changed(of_names: Mapping[str, Any], name: str, value: Any, mask: Callable[[str], str]) -> dict[str, Any]:
    """A mapping with the masked value under a name that it has."""
    return {key: _mapped(value, mask) if key == name else item for key, item in of_names.items()}


def _prompts(found: PromptSensitivity, rows: Iterable[Row]) -> PromptSensitivity:
    """Prompts of single rows are questions of the set, not wordings of one instruction."""
    asked: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.prompt is not None:
            asked[row.prompt] += 1
    return replace(
        found,
        prompts=tuple(
            item if asked[item.prompt] >= _ROWS_OF_A_PROMPT else replace(item, prompt=WITHHELD)
            for item in found.prompts
        ),
    )


def _baseline(found: Baseline) -> Baseline:
    return replace(found, answer=WITHHELD) if is_sentence(found.answer) else found


def _mask(parts: object, rows: Iterable[Row]) -> Callable[[str], str]:
    """A function that takes the rows' sentences out of the strings of `parts`."""
    places: dict[str, list[tuple[str, int, int]]] = {}
    starts: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for text in set(_strings(parts)):
        words = [(match[0].casefold(), match.start(), match.end()) for match in _WORD.finditer(text)]
        if len(words) >= SENTENCE:
            places[text] = words
            for place in range(len(words) - SENTENCE + 1):
                starts[tuple(word for word, _, _ in words[place : place + SENTENCE])].append(text)
    hidden: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for sentence in {text for row in rows for text in texts_of(row)} if starts else ():
        head = tuple(match[0].casefold() for match, _ in zip(_WORD.finditer(sentence), range(SENTENCE), strict=False))
        for text in set(starts.get(head, ())):
            hidden[text] += _occurrences(places[text], [word.casefold() for word in _WORD.findall(sentence)])

    def mask(text: str) -> str:
        for first, last in sorted(_joined(hidden.get(text, ())), reverse=True):
            text = text[:first] + WITHHELD + text[last:]
        return text

    return mask


def _occurrences(words: list[tuple[str, int, int]], sentence: list[str]) -> Iterator[tuple[int, int]]:
    """Where a sentence occurs among words, whole or cut off at their end, perhaps within a word."""
    for place in range(len(words)):
        shown = words[place : place + len(sentence)]
        *before, last = [word for word, _, _ in shown]
        whole = len(shown) == len(sentence) and last == sentence[-1]
        cut = len(shown) >= _CUT and place + len(shown) == len(words) and sentence[len(before)].startswith(last)
        if before == sentence[: len(before)] and (whole or cut):
            yield shown[0][1], shown[-1][2]


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield str(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _strings(key)
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for item in fields(value):
            yield from _strings(getattr(value, item.name))


def _mapped(value: Any, mask: Callable[[str], str]) -> Any:
    """The value with every text masked; enumerations and numbers stay what they are."""
    if type(value) is str:
        return mask(value)
    if isinstance(value, Mapping):
        return {_mapped(key, mask): _mapped(item, mask) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_mapped(item, mask) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{item.name: _mapped(getattr(value, item.name), mask) for item in fields(value)})
    return value
