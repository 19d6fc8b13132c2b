from __future__ import annotations

import dataclasses
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from audit._util.paths import LITERATURE
from audit.errors import InputError
from audit.literature.studies import Study, load_reproduction, load_reproduction_record, load_study

SALMONN = LITERATURE / "studies" / "salmonn.yaml"
SAKURA = LITERATURE / "studies" / "sakura.yaml"
HUFS = LITERATURE / "reproductions" / "hufs.yaml"


@pytest.fixture(scope="module")
def salmonn() -> Study:
    return load_study(SALMONN)


def test_the_23_claims_of_the_table(salmonn: Study) -> None:
    # The activated column of Table 3, and the four following rates in brackets.
    assert {c.id: c.value for c in salmonn.claims} == {
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
    assert all(c.verified and c.variant == "13b" for c in salmonn.claims)
    assert {c.metric for c in salmonn.claims} <= set(salmonn.tolerances)


def test_units_follow_from_the_values(salmonn: Study) -> None:
    for claim in salmonn.claims:
        value = Decimal(claim.value)
        assert (claim.unit == "fraction") == (claim.metric in {"accuracy", "following-rate"})
        assert claim.unit != "fraction" or 0 <= value <= 1
        assert (claim.direction == "lower") == (claim.metric in {"wer", "per"})


def test_other_columns_are_marked_where_one_source_is_all_there_is(salmonn: Study) -> None:
    verified = {c.id for c in salmonn.claims if c.other_columns["w/o activation"].verified}
    assert verified == {
        "asr-librispeech-clean.wer",
        "pr-librispeech.per",
        "sqqa-wikiqa.following-rate",
        "story-audiocaps.following-rate",
        "sac-inhouse.following-rate",
    }
    unknown = {c.id for c in salmonn.claims if c.other_columns["reference"].value is None}
    assert {"st-en-de.bleu", "st-en-ja.bleu", "ke-inspec.accuracy", "sv-voxceleb1.accuracy"} <= unknown


def test_claims_are_frozen(salmonn: Study) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        salmonn.claims[0].value = "0"  # type: ignore[misc]


def test_sakura_is_single_sourced() -> None:
    study = load_study(SAKURA)
    assert len(study.claims) == 8
    assert not any(c.verified for c in study.claims)
    assert {c.variant for c in study.claims} == {"7b"}


def test_everything_recorded_is_there(salmonn: Study) -> None:
    recorded = load_reproduction(HUFS, salmonn)
    assert len(recorded) == 43
    assert Counter(r.task for r in recorded)["mc-musiccaps"] == 8
    by_value = {(r.task, r.value): r for r in recorded}
    emotion = by_value["er-iemocap", "0.684"]
    assert (emotion.correct, emotion.kept, emotion.convention) == (849, 1241, "iemocap-4way")
    assert by_value["ke-inspec", "0.3172"].kept is None
    assert by_value["sac-inhouse", None].convention is None
    assert by_value["st-en-de", "20.28"].convention is None
    assert {r.task for r in recorded if r.invalid} == {"aac-audiocaps", "sv-voxceleb1", "sqqa-wikiqa"}
    assert {r.judge for r in recorded} == {None, "Qwen3-8B"}
    assert by_value["st-en-ja", "23.64009"].kept == 6602


def test_sakura_recorded_values_have_whole_numerators() -> None:
    study = load_study(SAKURA)
    record = load_reproduction_record(LITERATURE / "reproductions" / "hufs-sakura.yaml", study)
    assert len(record.recorded) == 48
    assert all(r.correct is not None and r.kept == 500 for r in record.recorded)
    assert {r.variant for r in record.recorded} == {"7b", "13b"}
    spread: dict[str, list[Decimal]] = {}
    for value in record.recorded:
        if value.judge == "GPT-OSS-20B":
            spread.setdefault(value.task, []).append(Decimal(str(value.value)))
    widest = max(max(v) - min(v) for v in spread.values())
    assert [str(widest)] == [f.numbers["largest-spread"] for f in record.findings]


def test_findings_on_determinism(salmonn: Study) -> None:
    findings = load_reproduction_record(HUFS, salmonn).findings
    assert findings
    for finding in findings:
        share = Decimal(100 * int(finding.numbers["identical"])) / int(finding.numbers["outputs"])
        assert share == Decimal(str(finding.numbers["percent"]))


def _changed(tmp_path: Path, source: Path, old: str, new: str) -> tuple[Path, int]:
    text = source.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / source.name
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path, text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "field", "what"),
    [
        ('    value: "2.1"', "    value: 2.1", "claims[0].value", "is a float"),
        ('    value: "2.1"', "    value: about 2", "claims[0].value", "not well-formed"),
        ("id: asr-librispeech-clean.wer", "id: asr.wer", "claims[0].id", "not its task and metric"),
        ("    task: asr-librispeech-clean", "    task: asr", "claims[0].task", "there is no task `asr`"),
        ("    variant: 13b", "    variant: 65b", "claims[0].variant", "not described"),
        ("    source: S1, S2, S3, S4", "    source: S1, S9", "claims[0].source", "`S9` is not described"),
        ("    unit: percent", "    unit: per cent", "claims[0].unit", "not allowed"),
        ("    verified: true", "    verified: yes", "claims[0].verified", "true or false"),
        (
            "  diversity:\n    value",
            "  accuracy-2:\n    value",
            "tolerances.accuracy-2",
            "there is no metric `accuracy-2`",
        ),
        ("    judge: null", "    jugde: null", "claims[0].jugde", "unknown key"),
    ],
)
def test_a_bad_study_is_named_with_file_and_field(tmp_path: Path, old: str, new: str, field: str, what: str) -> None:
    path, line = _changed(tmp_path, SALMONN, old, new)
    with pytest.raises(InputError) as error:
        load_study(path)
    assert what in error.value.what
    assert error.value.where == f"{path}:{line}: {field}"


def test_two_claims_with_one_id(tmp_path: Path) -> None:
    text = SALMONN.read_text(encoding="utf-8")
    start, end = text.index("  - id: asr-librispeech-clean.wer"), text.index("  - id: asr-librispeech-other.wer")
    path = tmp_path / "salmonn.yaml"
    path.write_text(text[:end] + text[start:], encoding="utf-8")
    with pytest.raises(InputError, match="there twice") as error:
        load_study(path)
    assert str(error.value.where).endswith("claims[1].id")


def test_a_metric_without_a_tolerance(tmp_path: Path) -> None:
    text = SALMONN.read_text(encoding="utf-8")
    start, end = text.index("  diversity:\n"), text.index("claims:\n")
    path = tmp_path / "salmonn.yaml"
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    with pytest.raises(InputError, match="`diversity` has no tolerance"):
        load_study(path)


@pytest.mark.parametrize(
    ("old", "new", "field", "what"),
    [
        ("study: salmonn", "study: sakura", "study", "is about the study `sakura`"),
        ("    kept: 2620\n", "    kept: 2621\n", "recorded[0].kept", "2621 rows kept of 2620"),
        ("    correct: 849", "    correct: 850", "recorded[23].value", "850 of 1241 is 0.684932"),
        ("    metric: spider", "    metric: rouge-l", "recorded[20].metric", "makes no claim on rouge-l"),
        ('    value: "2.24"', "    value: 2.24", "recorded[0].value", "is a float"),
        ("predictions: null", "predictions: ../../elsewhere", "predictions", "leaves the project"),
        ("predictions: null", "predictions: /etc", "predictions", "leaves the project"),
        ("origin: recorded", "origin: recomputed", "origin", "not allowed"),
    ],
)
def test_a_bad_reproduction_is_named_with_file_and_field(
    tmp_path: Path, salmonn: Study, old: str, new: str, field: str, what: str
) -> None:
    path, line = _changed(tmp_path, HUFS, old, new)
    with pytest.raises(InputError) as error:
        load_reproduction(path, salmonn)
    assert what in error.value.what
    where = str(error.value.where)
    assert where.startswith(f"{path}:")
    assert where.endswith(f": {field}")
    if field != "recorded[23].value":  # there the change stands beside the value
        assert where == f"{path}:{line}: {field}"


def test_a_folder_inside_the_project_is_fine_and_a_link_out_of_it_is_not(tmp_path: Path, salmonn: Study) -> None:
    project = tmp_path / "project"
    (project / "literature" / "reproductions").mkdir(parents=True)
    (project / "predictions").mkdir()
    (tmp_path / "outside").mkdir()
    (project / "link").symlink_to(tmp_path / "outside")
    text = HUFS.read_text(encoding="utf-8")
    path = project / "literature" / "reproductions" / "hufs.yaml"
    path.write_text(text.replace("predictions: null", "predictions: predictions"), encoding="utf-8")
    assert load_reproduction_record(path, salmonn).predictions == "predictions"
    path.write_text(text.replace("predictions: null", "predictions: link"), encoding="utf-8")
    with pytest.raises(InputError, match="leaves the project"):
        load_reproduction(path, salmonn)


def test_every_value_on_a_part_of_audiocaps_says_so(salmonn: Study) -> None:
    """A recorded total is what the team had; where that is known to be a part of the set, the report must say it."""
    recorded = load_reproduction_record(HUFS, salmonn).recorded
    parts = [value for value in recorded if value.task in {"aac-audiocaps", "story-audiocaps"}]
    assert len(parts) == 5
    for value in parts:
        assert value.total == 4_411
        said = " ".join(filter(None, [value.note, value.invalid]))
        assert "4,875" in said
        assert "4,411" in said
