from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from audit._util.paths import LITERATURE
from audit.errors import InputError
from audit.literature.reproductions import load_reproduction, load_reproductions
from audit.literature.studies import Study, load_study
from tests.support.literature_records import changed

SAKURA = LITERATURE / "studies" / "sakura.yaml"
HUFS = LITERATURE / "reproductions" / "hufs.yaml"


@pytest.fixture(scope="module")
def salmonn() -> Study:
    return load_study(LITERATURE / "studies" / "salmonn.yaml")


def test_everything_recorded_is_there(salmonn: Study) -> None:
    recorded = load_reproduction(HUFS, salmonn).recorded
    assert len(recorded) == 48
    assert Counter(r.task for r in recorded)["mc-musiccaps"] == 8
    by_value = {(r.task, r.value): r for r in recorded}
    emotion = by_value["er-iemocap", "0.684"]
    assert (emotion.correct, emotion.kept, emotion.convention) == (849, 1241, "hufs")
    assert by_value["ke-inspec", "0.3172"].kept is None
    assert by_value["sac-inhouse", None].convention is None
    assert by_value["st-en-de", "20.28"].convention is None
    assert {r.task for r in recorded if r.invalid} == {"aac-audiocaps", "sv-voxceleb1", "sqqa-wikiqa"}
    assert {r.judge for r in recorded} == {None, "Qwen3-8B"}
    assert by_value["st-en-ja", "23.64009"].kept == 6602


def test_sakura_recorded_values_have_whole_numerators() -> None:
    study = load_study(SAKURA)
    record = load_reproduction(LITERATURE / "reproductions" / "hufs-sakura.yaml", study)
    assert len(record.recorded) == 48
    assert all(r.correct is not None and r.kept == 500 for r in record.recorded)
    assert {r.variant for r in record.recorded} == {"7b", "13b"}
    spread: dict[str, list[Decimal]] = {}
    for value in record.recorded:
        if value.judge == "GPT-OSS-20B":
            spread.setdefault(value.task, []).append(Decimal(str(value.value)))
    widest = max(max(v) - min(v) for v in spread.values())
    spread_found = [f.numbers["largest-spread"] for f in record.findings if "largest-spread" in f.numbers]
    assert [str(widest)] == spread_found


def test_findings_on_determinism_reach_both_studies(salmonn: Study) -> None:
    """They were found on SAKURA's clips, with the model of both studies."""
    found = load_reproductions(LITERATURE / "reproductions", salmonn)
    assert [path.name for path in found.files] == ["hufs-sakura.yaml", "hufs.yaml"]
    assert [r.id for r in found.of_study] == ["hufs"]
    identity = [f for f in found.observed if "identical" in f.numbers]
    assert [(f.reproduction, f.about) for f in identity] == [("hufs-sakura", "batching")] * 2
    sakura = load_reproductions(LITERATURE / "reproductions", load_study(LITERATURE / "studies" / "sakura.yaml"))
    assert [f for f in sakura.observed if "identical" in f.numbers] == identity
    assert [path.name for path in sakura.files] == ["hufs-sakura.yaml"]
    for finding in identity:
        share = Decimal(100 * int(finding.numbers["identical"])) / int(finding.numbers["outputs"])
        assert share == Decimal(str(finding.numbers["percent"]))


@pytest.mark.parametrize(
    ("old", "new", "field", "what"),
    [
        ("study: salmonn", "study: sakura", "study", "is about the study `sakura`"),
        ("    kept: 2620\n", "    kept: 2621\n", "recorded[0].kept", "2621 rows kept of 2620"),
        ("    correct: 849", "    correct: 850", "recorded[27].value", "850 of 1241 is 0.684932"),
        ("    metric: spider", "    metric: rouge-l", "recorded[24].metric", "makes no claim on rouge-l"),
        ('    value: "2.24"', "    value: 2.24", "recorded[0].value", "is a float"),
        ("predictions: null", "predictions: ../../elsewhere", "predictions", "leaves the project"),
        ("predictions: null", "predictions: /etc", "predictions", "leaves the project"),
        ("origin: recorded", "origin: recomputed", "origin", "not allowed"),
    ],
)
def test_a_bad_reproduction_is_named_with_file_and_field(
    tmp_path: Path, salmonn: Study, old: str, new: str, field: str, what: str
) -> None:
    path, line = changed(tmp_path, HUFS, old, new)
    with pytest.raises(InputError) as error:
        load_reproduction(path, salmonn)
    assert what in error.value.what
    where = str(error.value.where)
    assert where.startswith(f"{path}:")
    assert where.endswith(f": {field}")
    if field != "recorded[27].value":  # there the change stands beside the value
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
    assert load_reproduction(path, salmonn).predictions == "predictions"
    path.write_text(text.replace("predictions: null", "predictions: link"), encoding="utf-8")
    with pytest.raises(InputError, match="leaves the project"):
        load_reproduction(path, salmonn)


def test_every_value_on_a_part_of_audiocaps_says_so(salmonn: Study) -> None:
    """A recorded total is what the team had; where that is known to be a part of the set, the report must say it."""
    recorded = load_reproduction(HUFS, salmonn).recorded
    parts = [value for value in recorded if value.task in {"aac-audiocaps", "story-audiocaps"}]
    assert len(parts) == 7
    for value in parts:
        assert value.total == 4_411
        said = " ".join(filter(None, [value.note, value.invalid]))
        assert "4,875" in said
        assert "4,411" in said
