from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit._util import canonical_json
from audit.errors import CheckFailedError, InputError
from audit.provenance import diff, package
from tests.support.provenance import made

CLAIM = "asr-librispeech-clean/wer"


def side(name: str, change: Callable[[dict[str, Any]], None] | None = None, **more: Any) -> diff.Side:
    audit = copy.deepcopy(made.audit_value())
    if change is not None:
        change(audit)
    return diff.Side(name, made.document(audit), **more)


def causes(found: diff.Comparison, claim: str = CLAIM) -> list[str]:
    return [why.cause for one in found.moved if one.claim == claim for why in one.why]


def moved(audit: dict[str, Any]) -> None:
    audit["measurements"][0]["value"] = "2.40"
    audit["verdicts"][0]["verdict"] = "not-reproduced"


def test_nothing_moved() -> None:
    found = diff.compare(side("a"), side("b"))
    assert found.moved == ()
    assert len(found.unmoved) == 3


def test_verdict_and_value() -> None:
    found = diff.compare(side("a"), side("b", moved))
    assert [one.claim for one in found.moved] == [CLAIM]
    assert found.moved[0].verdict == ("reproduced", "not-reproduced")
    assert found.moved[0].values == (diff.ChangedValue(f"{CLAIM}/recomputed/hufs", "2.10", "2.40"),)
    assert "reproduced -> not-reproduced" in found.as_text()
    assert "no recorded difference" in found.as_text()


def change_convention(audit: dict[str, Any]) -> None:
    moved(audit)
    audit["conventions"][0]["hash"] = "1" * 64


def change_grade(audit: dict[str, Any]) -> None:
    moved(audit)
    audit["conventions"][0]["grade"] = "C"


def change_library(audit: dict[str, Any]) -> None:
    moved(audit)
    audit["software"]["packages"]["sacrebleu"] = "2.7.0"


def change_claim(audit: dict[str, Any]) -> None:
    moved(audit)
    audit["claims"][0]["value"] = "2.2"


def remove_claim(audit: dict[str, Any]) -> None:
    del audit["claims"][0], audit["verdicts"][0], audit["measurements"][0]


def change_literature(audit: dict[str, Any]) -> None:
    moved(audit)
    audit["inputs"] = [{"path": "literature/works/x.yaml", "sha256": "0" * 64}]


@pytest.mark.parametrize(
    ("change", "cause"),
    [(change_convention, "convention"), (change_grade, "literature"), (change_library, "library"), (change_claim, "claim"),
     (remove_claim, "claim"), (change_literature, "literature")],
)  # fmt: skip
def test_causes_in_audit_json(change: Callable[[dict[str, Any]], None], cause: str) -> None:
    assert causes(diff.compare(side("a"), side("b", change))) == [cause]


def test_inputs_that_differ_are_named_whether_or_not_a_claim_moved() -> None:
    def inputs(**hashes: str) -> Callable[[dict[str, Any]], None]:
        def change(audit: dict[str, Any]) -> None:
            audit["inputs"] = [{"path": path, "sha256": digit * 64} for path, digit in sorted(hashes.items())]

        return change

    task = CLAIM.partition("/")[0]
    own, card, other = f"predictions/{task}.jsonl", "literature/sets/x.yaml", "predictions/st-en-zh.jsonl"
    before, after = side("a", inputs(**{own: "0", card: "1"})), side("b", inputs(**{own: "2", other: "3"}))
    same = diff.compare(before, after)
    named = (f"{card} is only in A", f"{own} changed", f"{other} is only in B")
    assert same.differences.inputs == named
    assert same.moved == ()
    assert "Inputs that differ:\n  " + "\n  ".join(named) in same.as_text()
    assert "Inputs" not in diff.compare(before, before).as_text()

    def both(audit: dict[str, Any]) -> None:
        moved(audit)
        inputs(**{own: "2", card: "1"})(audit)

    (claim,) = diff.compare(before, side("b", both)).moved
    assert claim.why == (diff.Reason("predictions", f"{own} changed"),)


@pytest.fixture
def packaged(tmp_path: Path) -> Callable[..., Path]:
    """A package of an audit whose predictions or meta file were changed."""

    def make(name: str, value: str = "2.10", row: str | None = None, **meta: Any) -> Path:
        predictions = made.write_predictions(tmp_path / name / "predictions")
        path = predictions / "asr-librispeech-clean.meta.json"
        path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | meta), encoding="utf-8")
        if row is not None:
            rows = predictions / "asr-librispeech-clean.jsonl"
            rows.write_text(rows.read_text(encoding="utf-8").replace("so it is", row), encoding="utf-8")
        out = made.write_out(tmp_path / name / "out", predictions, value)
        return package.build(out, package.Options(key=made.key(), predictions=predictions, command=("x",)))

    return make


@pytest.mark.parametrize(
    ("meta", "cause"),
    [
        ({"weights": {"salmonn_v1.pth": "1" * 64}}, "model"),
        ({"variant": "7b"}, "model"),
        ({"dataset": {"name": "x", "split": "test", "manifest_sha256": "2" * 64}}, "data"),
        ({"decoding": {"num_beams": 1}}, "settings"),
        ({"device": "NVIDIA A100"}, "hardware"),
        ({}, "predictions"),
    ],
)
def test_causes_in_packages(meta: dict[str, Any], cause: str, packaged: Callable[..., Path]) -> None:
    found = diff.compare(diff.load(packaged("a")), diff.load(packaged("b", value="2.40", row="so is it", **meta)))
    assert cause in causes(found)
    assert found.complete
    others = {"model", "data", "settings", "predictions"} - {cause}
    assert not others & set(causes(found))


def test_with_the_same_predictions_the_model_is_no_cause(packaged: Callable[..., Path]) -> None:
    found = diff.compare(diff.load(packaged("a")), diff.load(packaged("b", value="2.40", weights={"x": "1" * 64})))
    assert "model" not in causes(found)


def test_loads_a_zip_a_folder_and_an_audit_json(packaged: Callable[..., Path]) -> None:
    folder = packaged("a")
    for path in (folder, folder.with_name("package.zip"), folder.parent, folder.parent / "audit.json"):
        assert diff.load(path).audit == made.document(json.loads((folder / "audit.json").read_bytes()))


def test_refuses_a_package_that_does_not_verify(packaged: Callable[..., Path]) -> None:
    folder = packaged("a")
    (folder / "audit.json").write_bytes(canonical_json.dumps(made.audit_value(value="9.99")))
    with pytest.raises(CheckFailedError):
        diff.load(folder)


def test_refuses_what_is_no_audit(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}", encoding="ascii")
    for path in (tmp_path / "x.json", tmp_path / "none"):
        with pytest.raises(InputError):
            diff.load(path)
