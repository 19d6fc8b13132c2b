from __future__ import annotations

import dataclasses
from decimal import Decimal
from pathlib import Path

import pytest

from audit._util.paths import LITERATURE
from audit.errors import InputError
from audit.literature.show import study_lines
from audit.literature.studies import Study, load_study
from tests.support.literature_records import changed

SALMONN = LITERATURE / "studies" / "salmonn.yaml"
SAKURA = LITERATURE / "studies" / "sakura.yaml"


@pytest.fixture(scope="module")
def salmonn() -> Study:
    return load_study(SALMONN)


def test_the_23_claims_of_the_table(salmonn: Study) -> None:
    # The activated column of Table 3, and the four following rates in brackets.
    assert {c.id: c.value for c in salmonn.claims if c.model is None} == {
        "asr-librispeech-clean.wer": "2.1",
        "asr-librispeech-other.wer": "4.9",
        "asr-gigaspeech.wer": "10.0",
        "st-en-zh.bleu": "33.1",
        "aac-audiocaps.meteor": "24.0",
        "aac-audiocaps.spider": "40.3",
        "pr-librispeech.per": "4.2",
        "er-iemocap.accuracy": "0.69",
        "mc-musiccaps.bleu": "5.5",
        "mc-musiccaps.rouge-l": "21.8",
        "osr-librimix.wer": "23.0",
        "sv-voxceleb1.accuracy": "0.94",
        "st-en-de.bleu": "18.6",
        "st-en-ja.bleu": "22.7",
        "ke-inspec.accuracy": "0.32",
        "sqqa-wikiqa.accuracy": "0.41",
        "sqqa-wikiqa.following-rate": "0.98",
        "sf-slurp.accuracy": "0.41",
        "sf-slurp.following-rate": "0.99",
        "story-audiocaps.diversity": "82.57",
        "story-audiocaps.following-rate": "1.00",
        "sac-inhouse.accuracy": "0.50",
        "sac-inhouse.following-rate": "0.73",
    }
    assert all(c.verified and c.variant == "13b" for c in salmonn.claims if c.model is None)
    assert {c.metric for c in salmonn.claims} <= set(salmonn.facts.margins)


def test_units_follow_from_the_values(salmonn: Study) -> None:
    for claim in salmonn.claims:
        value = Decimal(claim.value)
        assert (claim.unit == "fraction") == (claim.metric in {"accuracy", "following-rate"})
        assert claim.unit != "fraction" or 0 <= value <= 1
        assert (claim.direction == "lower") == (claim.metric in {"wer", "per"})


def test_other_columns_stand_beside_the_claim_and_say_what_was_verified(salmonn: Study) -> None:
    without = salmonn.facts.models["salmonn-no-activation"].name
    verified = {c.id for c in salmonn.claims for o in c.other_columns if o.name == without and o.verified}
    assert verified == {
        "asr-librispeech-clean.wer",
        "pr-librispeech.per",
        "sqqa-wikiqa.following-rate",
        "story-audiocaps.following-rate",
        "sac-inhouse.following-rate",
    }
    claim = next(c for c in salmonn.claims if c.id == "asr-librispeech-other.wer")
    assert [(o.name, o.value) for o in claim.other_columns] == [(without, "4.9"), ("Whisper large v2", "5.1")]
    alone = {c.id for c in salmonn.claims if c.model is None and [o.name for o in c.other_columns] == [without]}
    assert {"st-en-de.bleu", "st-en-ja.bleu", "ke-inspec.accuracy", "sv-voxceleb1.accuracy"} <= alone


def test_claims_are_frozen(salmonn: Study) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        salmonn.claims[0].value = "0"  # type: ignore[misc]


def test_sakuras_claims_are_those_of_its_own_readme() -> None:
    study = load_study(SAKURA)
    assert all(c.verified for c in study.claims)
    # README.md line 72 of ckyang1124/SAKURA at a1fdb146f638fe4740c20a31ba6da868f2cb2313, single and multi.
    row = {
        "gender": ("59.8", "48.6"),
        "language": ("21.8", "29.6"),
        "emotion": ("19.8", "28.2"),
        "animal": ("68.6", "34.6"),
    }
    own = [c for c in study.claims if c.model is None and not c.mean_of]
    assert {c.task: c.value for c in own} == {
        f"sakura-{track}-{hop}": value
        for track, values in row.items()
        for hop, value in zip(("single", "multi"), values, strict=True)
    }
    assert {c.variant for c in own} == {"7b"}


@pytest.mark.parametrize(
    ("old", "new", "field", "what"),
    [
        ('    value: "2.1"', "    value: 2.1", "claims[0].value", "is a float"),
        ('    value: "2.1"', "    value: about 2", "claims[0].value", "not well-formed"),
        ("id: asr-librispeech-clean.wer", "id: asr.wer", "claims[0].id", "differs from task and metric"),
        ("    task: asr-librispeech-clean", "    task: asr", "claims[0].task", "there is no task `asr`"),
        ("    variant: 13b", "    variant: 65b", "claims[0].variant", "not described"),
        ("    source: S1, S2, S3, S4", "    source: S1, S9", "claims[0].source", "`S9` is not described"),
        ("    unit: percent", "    unit: per cent", "claims[0].unit", "not allowed"),
        ("    verified: true", "    verified: yes", "claims[0].verified", "true or false"),
        (
            "  diversity:\n    value",
            "  accuracy-2:\n    value",
            "margins.accuracy-2",
            "no task has the metric `accuracy-2`",
        ),
        ("    judge: null", "    jugde: null", "claims[0].jugde", "unknown key"),
    ],
)
def test_a_bad_study_is_named_with_file_and_field(tmp_path: Path, old: str, new: str, field: str, what: str) -> None:
    path, line = changed(tmp_path, SALMONN, old, new)
    with pytest.raises(InputError) as error:
        load_study(path)
    assert what in error.value.what
    assert error.value.where == f"{path}:{line}: {field}"


def test_two_claims_with_one_id(tmp_path: Path) -> None:
    text = SALMONN.read_text(encoding="utf-8")
    start, end = text.index("  - id: asr-librispeech-clean.wer\n"), text.index("  - id: asr-librispeech-clean.wer@")
    path = tmp_path / "salmonn.yaml"
    path.write_text(text[:end] + text[start:], encoding="utf-8")
    with pytest.raises(InputError, match="duplicate claim") as error:
        load_study(path)
    assert str(error.value.where).endswith("claims[1].id")


def test_a_metric_without_a_margin(tmp_path: Path) -> None:
    text = SALMONN.read_text(encoding="utf-8")
    start, end = text.index("  diversity:\n"), text.index("claims:\n")
    path = tmp_path / "salmonn.yaml"
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    with pytest.raises(InputError, match="`diversity` has no margin"):
        load_study(path)


def test_a_value_longer_than_a_line(tmp_path: Path) -> None:
    digits = "1" * 40
    path, _ = changed(tmp_path, SALMONN, '    value: "2.1"', f'    value: "{digits}.{digits}"')
    lines = list(study_lines(load_study(path), 80))
    assert any(digits in line and "asr-librispeech" in line for line in lines)


def test_a_value_of_more_digits_than_any_paper_prints_is_refused(tmp_path: Path) -> None:
    path, _ = changed(tmp_path, SALMONN, '    value: "2.1"', f'    value: "{"1" * 41}"')
    with pytest.raises(InputError, match="not well-formed"):
        load_study(path)
