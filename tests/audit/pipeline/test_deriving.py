"""What is signed and derivable is derived: no changed verdict, agreement, grade, count or odds follows from the rest."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audit.document.read import parse_document
from audit.document.write import to_bytes
from audit.errors import InputError
from audit.pipeline.deriving import Derivation, derive
from audit.pipeline.request import AuditRequest
from audit.pipeline.run import run
from tests.support.run_files import write

LABELS = ["happy", "sad", "angry", "neutral"]


@dataclass(frozen=True)
class Made:
    value: dict[str, Any]
    carried: Mapping[str, bytes]

    def derive(self, change: Callable[[dict[str, Any]], object] | None = None) -> Derivation:
        value = json.loads(json.dumps(self.value))
        if change is not None:
            change(value)
        return derive(parse_document(json.dumps(value).encode(), "audit.json"), self.carried)


def made(predictions: Path | None) -> Made:
    found = run(AuditRequest(predictions=predictions, replicates=20, engine="local", workers=1))
    carried = {
        name.removeprefix("literature/"): path.read_bytes()
        for name, path in found.literature.items()
        if name.startswith("literature/")
    }
    return Made(json.loads(to_bytes(found.document)), carried)


@pytest.fixture(scope="module")
def recorded() -> Made:
    """The default audit: every value was recorded by a team."""
    return made(None)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Emotions, transcripts with dropped outputs, and translations: shares, pooled rates, BLEU."""
    folder = tmp_path_factory.mktemp("predictions")
    draw = random.Random(3)
    emotions = [
        {
            "id": f"e{n:04}",
            "hypothesis": draw.choice([LABELS[n % 4], LABELS[n % 4], "angry"]),
            "reference": LABELS[n % 4],
        }
        for n in range(300)
    ]
    words = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "near", "the", "old", "mill"]
    spoken = []
    for n in range(200):
        text = " ".join(draw.choices(words, k=9))
        heard = text if n % 3 else " ".join(text.split()[:-1])
        spoken.append({"id": f"s{n:04}", "hypothesis": heard, "reference": text, "finished": n % 7 != 0})
    facts = {"who": "a team", "prompt": None}
    write(folder, "er-iemocap", emotions, task="er-iemocap", **facts)
    write(folder, "asr-librispeech-clean", spoken, task="asr-librispeech-clean", **facts)
    return made(folder)


def measurement(value: dict[str, Any], word: str) -> dict[str, Any]:
    found: dict[str, Any] = next(m for m in value["measurements"] if word in m["id"] and m["value"] is not None)
    return found


def decision(value: dict[str, Any], claim: str) -> dict[str, Any]:
    found: dict[str, Any] = next(d for d in value["verdicts"] if d["claim"] == claim)
    return found


def test_an_honest_audit_follows(recorded: Made, scored: Made) -> None:
    assert recorded.derive() == Derivation(23, ())
    assert scored.derive() == Derivation(23, ())
    assert sum(m["origin"] == "recomputed" for m in scored.value["measurements"]) > 10


RECORDED: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("verdicts: asr-gigaspeech.wer", lambda v: decision(v, "asr-gigaspeech.wer").update(verdict="reproduced")),
    ("verdicts: asr-gigaspeech.wer", lambda v: decision(v, "asr-gigaspeech.wer").update(rule=3)),
    ("verdicts: asr-librispeech-clean.wer", lambda v: decision(v, "asr-librispeech-clean.wer").update(grade="A")),
    ("verdicts: asr-librispeech-clean.wer", lambda v: decision(v, "asr-librispeech-clean.wer").update(odds=None)),
    ("verdicts: asr-librispeech-clean.wer", lambda v: decision(v, "asr-librispeech-clean.wer")["odds"].update(chance="0.01")),
    ("verdicts: asr-librispeech-clean.wer", lambda v: decision(v, "asr-librispeech-clean.wer").update(reasons=[])),
    ("verdicts: asr-librispeech-clean.wer", lambda v: decision(v, "asr-librispeech-clean.wer").update(supporting=[])),
    ("claims: asr-gigaspeech.wer", lambda v: v["claims"][2].update(value="11.6")),
    ("claims: asr-librispeech-clean.wer", lambda v: v["claims"][0].update(direction="higher")),
    ("claims: asr-librispeech-clean.wer", lambda v: v["claims"][0].update(verified=not v["claims"][0]["verified"])),
    ("others: ", lambda v: v["others"].pop()),
    ("measurements: asr-gigaspeech.wer/recorded", lambda v: measurement(v, "asr-gigaspeech.wer/rec").update(value="10.0")),
    ("measurements: ", lambda v: measurement(v, "asr-gigaspeech.wer/rec").update(invalid=[])
     or measurement(v, "er-iemocap").update(note="x")),
    ("measurements: ", lambda v: v["measurements"].pop()),
    ("measurements: asr-gigaspeech.wer/recorded/hufs rests on no",
     lambda v: measurement(v, "asr-gigaspeech.wer/recorded/hufs").update(origin="recomputed")),
    ("study: ", lambda v: v["study"]["margins"]["wer"].update(value="5")),
    ("study: ", lambda v: v["study"].update(model="GPT")),
    ("conventions: ", lambda v: next(c for c in v["conventions"] if c["grade"] == "E").update(grade="A")),
    ("conventions: ", lambda v: next(c for c in v["conventions"] if c["works"]).update(works=["somebody"])),
    ("literature: ", lambda v: v["literature"]["works"].pop()),
]  # fmt: skip


@pytest.mark.parametrize(("place", "change"), RECORDED)
def test_a_changed_audit_of_recorded_values_does_not_follow(
    place: str, change: Callable[[dict[str, Any]], object], recorded: Made
) -> None:
    found = recorded.derive(change).departures
    assert any(text.startswith(place) for text in found), found


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v["verdicts"].pop(),
        lambda v: v["verdicts"].append(v["verdicts"][0]),
        lambda v: v["claims"].pop(),
        lambda v: v["measurements"].append(v["measurements"][0]),
    ],
)
def test_parts_that_do_not_fit_are_refused_before(change: Callable[[dict[str, Any]], object], recorded: Made) -> None:
    with pytest.raises(InputError, match=r"verdicts: |measurements: have"):
        recorded.derive(change)


def grow(value: dict[str, Any], word: str, name: str) -> None:
    counts = measurement(value, word)["counts"]
    counts[name] += 1


SCORED: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("measurements: er-iemocap.accuracy/recomputed", lambda v: grow(v, "er-iemocap.accuracy/recomputed", "correct")),
    ("measurements: asr-librispeech-clean.wer/recomputed", lambda v: grow(v, "clean.wer/recomputed", "hits")),
    ("measurements: er-iemocap.accuracy/recomputed",
     lambda v: measurement(v, "er-iemocap.accuracy/recomputed").update(value="0.69")),
    ("measurements: er-iemocap.accuracy/recomputed",
     lambda v: measurement(v, "er-iemocap.accuracy/recomputed")["agreement"].update(kind="exact", difference="0")),
    ("measurements: asr-librispeech-clean.wer/recomputed",
     lambda v: measurement(v, "clean.wer/recomputed").update(whole="exact")),
    ("measurements: asr-librispeech-clean.wer/recomputed",
     lambda v: measurement(v, "clean.wer/recomputed").update(bounds=None)),
    ("verdicts: er-iemocap.accuracy", lambda v: decision(v, "er-iemocap.accuracy").update(verdict="reproduced")),
    ("verdicts: asr-librispeech-clean.wer", lambda v: decision(v, "asr-librispeech-clean.wer").update(verdict="reproduced")),
]  # fmt: skip


@pytest.mark.parametrize(("place", "change"), SCORED)
def test_a_changed_audit_of_scored_values_does_not_follow(
    place: str, change: Callable[[dict[str, Any]], object], scored: Made
) -> None:
    found = scored.derive(change).departures
    assert any(text.startswith(place) for text in found), found


def test_an_earlier_edition_of_the_rules_is_reported_and_not_refused(recorded: Made) -> None:
    def older(value: dict[str, Any]) -> None:
        value["rules"][2]["when"] = "agrees somehow"
        decision(value, "asr-gigaspeech.wer").update(verdict="justified")

    found = recorded.derive(older)
    assert found.departures == ()
    assert found.verdicts == 0
    assert "asr-gigaspeech.wer: justified would be not-reproduced" in found.notes[0]


def test_without_the_study_nothing_is_derived(recorded: Made) -> None:
    found = derive(parse_document(json.dumps(recorded.value).encode(), "audit.json"), {})
    assert (found.verdicts, found.departures) == (0, ())
    assert "does not carry the study" in found.notes[0]


def test_a_broken_record_is_a_departure(recorded: Made) -> None:
    carried = {**recorded.carried, "studies/salmonn.yaml": b"schema: nothing\n"}
    found = derive(parse_document(json.dumps(recorded.value).encode(), "audit.json"), carried)
    assert found.departures
    assert found.departures[0].startswith("literature: ")
