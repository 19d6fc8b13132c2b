"""The audit end to end: the recorded study's verdicts follow from the rules, and bad input leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from audit._util.paths import LITERATURE, ROOT
from audit.document.write import to_bytes
from audit.literature.studies import load_study
from audit.pipeline import run as pipeline
from audit.pipeline.request import AuditRequest

EPOCH = "1763856000"
META = {"schema": "repro-audit/predictions/1", "task": "er-iemocap", "model": "SALMONN, made up", "variant": "13b"}
PROMPT = "Describe the emotion of the speaker in one word."


@pytest.fixture(scope="module")
def raw() -> bytes:
    """audit.json of the study that comes with the project, from recorded values alone."""
    os.environ["SOURCE_DATE_EPOCH"] = EPOCH
    try:
        return to_bytes(pipeline.run(AuditRequest()).document)
    finally:
        del os.environ["SOURCE_DATE_EPOCH"]


@pytest.fixture(scope="module")
def document(raw: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(raw, parse_float=_no_float)
    return found


def _no_float(text: str) -> None:
    raise AssertionError(f"{text} is a float")


def verdict(document: dict[str, Any], claim: str) -> dict[str, Any]:
    return next(v for v in document["verdicts"] if v["claim"] == claim)


def test_the_default_audit_has_all_claims_and_all_recorded_values(document: dict[str, Any]) -> None:
    assert len(document["claims"]) == 23
    assert sum(c["metric"] == "following-rate" for c in document["claims"]) == 4
    recorded = [m for m in document["measurements"] if m["origin"] == "recorded"]
    assert len(recorded) == len(document["measurements"]) == 48
    assert all(m["prediction"] is None and m["rule"] for m in recorded)


_WATCH = """
import json, sys
from pathlib import Path
opened = set()
sys.addaudithook(lambda event, args: opened.add(args[0]) if event == "open" and isinstance(args[0], str) else None)
from audit._util.paths import LITERATURE
from audit.pipeline.request import AuditRequest
from audit.pipeline.run import run
audit = run(AuditRequest(predictions=Path(sys.argv[1])))
inside = {Path(p).resolve().relative_to(LITERATURE.resolve()).as_posix() for p in opened
          if Path(p).is_file() and Path(p).resolve().is_relative_to(LITERATURE.resolve())}
given = {Path(p).name for p in opened if Path(p).resolve().parent == Path(sys.argv[1]).resolve()}
print(json.dumps([sorted(inside), sorted(given), [item.path for item in audit.document.inputs]]))
"""


def test_every_file_that_is_read_is_an_input_but_schemas_and_cards_of_other_studies(tmp_path: Path) -> None:
    emotions(tmp_path, rows=20, right=10)
    done = subprocess.run(
        [sys.executable, "-c", _WATCH, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    inside, given, inputs = json.loads(done.stdout)
    assert {f"predictions/{name}" for name in given} == {name for name in inputs if name.startswith("predictions/")}
    left = {name for name in inside if f"literature/{name}" not in inputs}
    assert {name.split("/")[0] for name in left} == {"schema", "sets"}
    assert not any(name in inside for name in ("studies/mmau.yaml", "studies/sakura.yaml"))
    # What SAKURA's reproduction found about this study's model is in its report.
    assert "literature/reproductions/hufs-sakura.yaml" in inputs
    assert {
        "literature/sets/librispeech-test-clean.yaml",
        "literature/sets/units/slurp-test.recordings.slot.txt",
    } <= set(inputs)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("asr-librispeech-clean.wer", "justified"),
        ("asr-librispeech-other.wer", "justified"),
        ("asr-gigaspeech.wer", "not-reproduced"),
        ("st-en-zh.bleu", "not-reproduced"),
        ("er-iemocap.accuracy", "undocumented"),
        ("ke-inspec.accuracy", "undocumented"),
        ("mc-musiccaps.bleu", "undecided"),
        ("mc-musiccaps.rouge-l", "undecided"),
        ("osr-librimix.wer", "not-reproduced"),
        ("sf-slurp.accuracy", "not-comparable"),
        ("sf-slurp.following-rate", "not-comparable"),
        ("story-audiocaps.following-rate", "undecided"),
        ("sv-voxceleb1.accuracy", "not-comparable"),
        ("aac-audiocaps.meteor", "not-comparable"),
        ("aac-audiocaps.spider", "not-comparable"),
        ("sac-inhouse.accuracy", "not-run"),
        ("sac-inhouse.following-rate", "not-run"),
        ("st-en-ja.bleu", "selective"),
        ("pr-librispeech.per", "selective"),
        ("sqqa-wikiqa.accuracy", "not-comparable"),
        ("sqqa-wikiqa.following-rate", "not-comparable"),
        ("story-audiocaps.diversity", "undecided"),
        ("st-en-de.bleu", "not-reproduced"),
    ],
)
def test_the_recorded_study(document: dict[str, Any], claim: str, expected: str) -> None:
    assert verdict(document, claim)["verdict"] == expected


def test_every_claim_of_the_recorded_study_is_expected_above(document: dict[str, Any]) -> None:
    assert Counter(v["verdict"] for v in document["verdicts"]) == {
        "justified": 2,
        "undocumented": 2,
        "selective": 2,
        "undecided": 4,
        "not-reproduced": 4,
        "not-comparable": 7,
        "not-run": 2,
    }


def test_emotion_agrees_within_its_margin(document: dict[str, Any]) -> None:
    found = verdict(document, "er-iemocap.accuracy")
    best = next(m for m in document["measurements"] if m["id"] == found["measurement"])
    assert best["agreement"] == {"kind": "within-margin", "difference": "-0.006", "truncated": False}
    assert best["whole"] == "within-margin"
    assert best["rows"]["scored"] == best["rows"]["expected"] == 1241
    assert best["interval"]["method"] == "wilson"
    assert (found["grade"], found["decisive"]) == ("E", None)


def test_incomparable_values_say_why(document: dict[str, Any]) -> None:
    for claim, words in (("sv-voxceleb1.accuracy", "constant yes"), ("aac-audiocaps.meteor", "five references")):
        texts = [r["text"] for r in verdict(document, claim)["reasons"] if r["code"] == "refused"]
        assert any(words in text for text in texts)


def test_japanese_is_never_justified_by_values_that_drop_most_rows(document: dict[str, Any]) -> None:
    found = verdict(document, "st-en-ja.bleu")
    assert found["supporting"]
    for name in found["supporting"]:
        measurement = next(m for m in document["measurements"] if m["id"] == name)
        assert measurement["rows"]["scored"] == 6602
        assert measurement["rows"]["expected"] == 15531
    assert found["verdict"] == "selective"


def test_the_states_of_rows_add_up_for_every_measurement(document: dict[str, Any]) -> None:
    checked = 0
    for measurement in document["measurements"]:
        rows = measurement["rows"]
        if rows is None or None in (rows["expected"], rows["scored"], rows["missing"]):
            continue
        total = rows["scored"] + sum(s["rows"] for s in rows["skipped"]) + rows["missing"] + rows["error"]
        assert total == rows["expected"]
        checked += 1
    assert checked > 30


def test_no_paths_of_this_machine(raw: bytes) -> None:
    assert str(ROOT).encode() not in raw
    assert str(Path.home()).encode() + b"/" not in raw


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    fast = () if "--format" in arguments else ("--format", "csv")
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "audit",
            "run",
            "--out",
            str(folder / "out"),
            "--replicates",
            "50",
            "--no-cache",
            *fast,
            *arguments,
        ],
        cwd=ROOT,
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


# How often the set card says that each class occurs.
CLASSES = {"Neutral": 384, "Happy": 442, "Sad": 245, "Angry": 170}


def emotions(folder: Path, rows: int = 1241, right: int = 849, **meta: Any) -> Path:
    """A made-up predictions file of the task with the smallest rows; ids that number them, and the card's classes."""
    folder.mkdir(parents=True, exist_ok=True)
    gold = [name for name, number in CLASSES.items() for _ in range(number)] + ["Sad"] * max(rows - 1241, 0)
    lines = [
        json.dumps({"id": f"{i:06}", "hypothesis": gold[i] if i < right else gold[i - 500], "finished": True,
                    "reference": gold[i], "prompt": PROMPT, "extra": {}})
        for i in range(rows)
    ]  # fmt: skip
    (folder / "er-iemocap.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "er-iemocap.meta.json").write_text(json.dumps({**META, **meta}), encoding="utf-8")
    return folder


def audit_json(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "out" / "audit.json").read_bytes())
    return found


def test_predictions_are_recomputed_and_win_over_recorded_values(tmp_path: Path) -> None:
    done = run(tmp_path, "--predictions", str(emotions(tmp_path / "p")))
    assert done.returncode == 0, done.stderr
    found = verdict(audit_json(tmp_path), "er-iemocap.accuracy")
    # No step decides here. Ids that only number the rows do not say which unit has which label: justified at most.
    assert (found["verdict"], found["decisive"], found["grade"]) == ("justified", [], None)
    assert found["measurement"].startswith("er-iemocap.accuracy/recomputed/")
    counts = (tmp_path / "out/counts/er-iemocap/accuracy/iemocap-4way.csv").read_text(encoding="utf-8").splitlines()
    assert counts[0] == "id,correct,total,unread"
    assert len(counts) == 1242


def test_another_variant_is_shown_and_justifies_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "--predictions", str(emotions(tmp_path / "p", right=856, variant="7b")))
    assert done.returncode == 0, done.stderr
    document = audit_json(tmp_path)
    shown = [m for m in document["measurements"] if m["origin"] == "recomputed" and m["claim"]]
    assert shown
    assert all("other-variant" in {i["code"] for i in m["invalid"]} for m in shown)
    assert verdict(document, "er-iemocap.accuracy")["measurement"].split("/")[1] == "recorded"


def test_another_prompt_is_shown_and_justifies_nothing(tmp_path: Path) -> None:
    folder = emotions(tmp_path / "p")
    path = folder / "er-iemocap.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace(PROMPT, "How does it sound?", 3), encoding="utf-8")
    assert run(tmp_path, "--predictions", str(folder)).returncode == 0
    shown = [m for m in audit_json(tmp_path)["measurements"] if m["origin"] == "recomputed"]
    assert {
        "code": "other-prompt",
        "text": "3 of 1241 outputs used a prompt other than the claim's.",
    } in shown[0]["invalid"]


def test_a_prompt_with_a_lone_surrogate_is_no_crash(tmp_path: Path) -> None:
    """A predictions file holds it as its JSON escape; UTF-8 cannot."""
    folder = emotions(tmp_path / "p")
    path = folder / "er-iemocap.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace(PROMPT, r"How \ud83d?", 30), encoding="utf-8")
    done = run(tmp_path, "--predictions", str(folder), "--format", "html,csv")
    assert done.returncode == 0, done.stderr
    (found,) = audit_json(tmp_path)["findings"]["prompts"]["er-iemocap"]
    assert {p["prompt"]: p["rows"] for p in found["prompts"]} == {PROMPT: 1211, "How \ufffd?": 30}
    report = (tmp_path / "out" / "report.html").read_bytes()
    assert run(tmp_path, "--predictions", str(folder), "--format", "html,csv").returncode == 0
    assert (tmp_path / "out" / "report.html").read_bytes() == report


def test_a_set_with_one_class_justifies_nothing(tmp_path: Path) -> None:
    folder = emotions(tmp_path / "p")
    path = folder / "er-iemocap.jsonl"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub("Angry|Neutral|Happy", "Sad", text), encoding="utf-8")
    assert run(tmp_path, "--predictions", str(folder)).returncode == 0
    document = audit_json(tmp_path)
    shown = [m for m in document["measurements"] if m["origin"] == "recomputed"]
    assert shown
    assert all({i["code"] for i in m["invalid"]} == {"one-class", "identity"} for m in shown)
    best = document["findings"]["baselines"]["er-iemocap"][0]
    assert (best["answer"], best["correct"], best["total"]) == ("Sad", 1241, 1241)


def music(folder: Path, rows: int) -> Path:
    """Made-up captions for a task whose claim states no size."""
    folder.mkdir(parents=True, exist_ok=True)
    prompt = "Listen to this music clip and describe the music."
    lines = [
        json.dumps({"id": f"{i:05}", "hypothesis": "a slow song with a piano</s>", "finished": True,
                    "reference": "a fast song with a drum", "prompt": prompt, "extra": {}})
        for i in range(rows)
    ]  # fmt: skip
    (folder / "mc-musiccaps.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "mc-musiccaps.meta.json").write_text(json.dumps({**META, "task": "mc-musiccaps"}), encoding="utf-8")
    return folder


def test_a_few_rows_are_not_the_whole_set_where_the_claim_states_no_size(tmp_path: Path) -> None:
    assert run(tmp_path, "--predictions", str(music(tmp_path / "p", 2))).returncode == 0
    document = audit_json(tmp_path)
    shown = [
        m for m in document["measurements"] if m["task"] == "mc-musiccaps" and m["origin"] == "recomputed" and m["rows"]
    ]
    assert {m["rows"]["expected"] for m in shown} == {2858}
    assert verdict(document, "mc-musiccaps.bleu")["verdict"] == "undecided"


def test_more_rows_than_were_recorded_are_no_larger_set_than_the_cards(tmp_path: Path) -> None:
    assert run(tmp_path, "--predictions", str(music(tmp_path / "p", 2858))).returncode == 0
    shown = [m for m in audit_json(tmp_path)["measurements"] if m["task"] == "mc-musiccaps" and m["rows"]]
    assert {m["rows"]["expected"] for m in shown} == {2858}


def test_a_recomputed_value_speaks_in_place_of_a_recorded_one(tmp_path: Path) -> None:
    """The whole set, the same convention, another value: what was recorded elsewhere decides nothing more."""
    assert run(tmp_path, "--predictions", str(emotions(tmp_path / "p", right=300))).returncode == 0
    document = audit_json(tmp_path)
    found = verdict(document, "er-iemocap.accuracy")
    assert found["verdict"] == "not-reproduced"
    assert found["measurement"].split("/")[1] == "recomputed"
    old = next(m for m in document["measurements"] if m["id"] == "er-iemocap.accuracy/recorded/hufs")
    assert [i["code"] for i in old["invalid"]] == ["superseded"]


def test_a_required_verdict_that_fails_gives_exit_code_1(tmp_path: Path) -> None:
    done = run(tmp_path, "--require", "reproduced,justified")
    assert done.returncode == 1
    assert "other verdicts: " in done.stdout
    assert (tmp_path / "out" / "audit.json").is_file()


def change_study(folder: Path, old: str, new: str) -> Path:
    literature = folder / "literature"
    shutil.copytree(LITERATURE, literature)
    path = literature / "studies" / "salmonn.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return literature


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('value: "33.1"', "value: 33.1", "33.1"),
        ("model: ", "colour: red\nmodel: ", "colour"),
        ("study/2", "study/9", "study"),
        ('value: "33.1"', 'value: "33,1"', "33,1"),
    ],
)
def test_a_broken_study_is_refused_and_nothing_is_written(tmp_path: Path, old: str, new: str, message: str) -> None:
    literature = change_study(tmp_path, old, new)
    done = run(tmp_path, "--literature", str(literature))
    assert done.returncode == 2
    assert "salmonn.yaml" in done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_path_outside_the_project_is_refused(tmp_path: Path) -> None:
    literature = tmp_path / "literature"
    shutil.copytree(LITERATURE, literature)
    path = literature / "reproductions" / "hufs.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("predictions: null", "predictions: ../../secret", 1), encoding="utf-8")
    done = run(tmp_path, "--literature", str(literature))
    assert done.returncode == 2
    assert "leaves the project" in done.stderr


def test_broken_predictions_leave_the_earlier_results_alone(tmp_path: Path) -> None:
    assert run(tmp_path).returncode == 0
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir() if p.is_file()}
    folder = emotions(tmp_path / "p")
    with (folder / "er-iemocap.jsonl").open("a", encoding="utf-8") as handle:
        handle.write('{"id": "99999", ')
    done = run(tmp_path, "--predictions", str(folder))
    assert done.returncode == 2
    assert "er-iemocap.jsonl:1242" in done.stderr
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir() if p.is_file()} == before


def test_more_rows_than_the_set_has_are_scored_and_justify_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "--predictions", str(emotions(tmp_path / "p", rows=1242)))
    assert done.returncode == 0, done.stderr
    document = audit_json(tmp_path)
    assert document["identities"][0]["state"] == "contradicted"
    shown = [m for m in document["measurements"] if m["origin"] == "recomputed" and m["claim"]]
    assert shown
    assert all("identity" in {i["code"] for i in m["invalid"]} for m in shown)
    assert verdict(document, "er-iemocap.accuracy")["origin"] == "recorded"


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    folder = emotions(tmp_path / "p")
    for name, environment in (("one", {}), ("two", {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7"})):
        done = run(
            tmp_path / name, "--predictions", str(folder), "--format", "html,pdf,tex,csv", "--no-package", **environment
        )
        assert done.returncode == 0, done.stderr
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert Path("out/audit.json") in files
    assert Path("out/report.html") in files
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_an_audit_ends_in_a_package_that_verifies(tmp_path: Path) -> None:
    done = run(tmp_path, "--predictions", str(emotions(tmp_path / "p")), "--format", "html,pdf,csv")
    assert done.returncode == 0, done.stderr
    assert "integrity, not identity" in done.stdout
    assert "ephemeral key" in (tmp_path / "out/report.html").read_text(encoding="utf-8")
    for arguments in ([], ["--rescore", "--predictions", str(tmp_path / "p")]):
        checked = subprocess.run(
            [sys.executable, "-m", "audit", "verify", str(tmp_path / "out/package.zip"), *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert checked.stdout.strip().endswith("intact, but its signer is not known")
        assert not arguments or re.search(r"ok +counts: [1-9]\d* files made again, all equal", checked.stdout)
        assert not arguments or "ok     reports: report.html, measurements.csv:" in checked.stdout


def test_a_run_signs_with_the_certificate_beside_the_key(tmp_path: Path) -> None:
    key = tmp_path / "k.pem"
    made = subprocess.run(
        [sys.executable, "-m", "audit", "keygen", str(key), "--name", "Jane Doe", "--no-passphrase"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    done = run(tmp_path, "--study", "sakura", "--format", "html,pdf", "--key", str(key))
    assert done.returncode == 0, done.stderr
    signer = tmp_path / "out/package/keys/signer.cert.pem"
    assert signer.read_bytes() == key.with_suffix(".cert.pem").read_bytes()


@pytest.mark.parametrize("arguments", [["--format", "html"], ["--format", "tex,csv"]])
def test_a_run_without_a_report_says_that_no_package_is_made(tmp_path: Path, arguments: list[str]) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
    assert "no package was made: it needs report.html and report.pdf" in done.stdout
    assert not (tmp_path / "out/package").exists()
    assert "no package was made" not in run(tmp_path, *arguments, "--no-package").stdout


def test_the_study_of_the_default_audit_is_the_one_of_the_paper() -> None:
    study = load_study(LITERATURE / "studies" / "salmonn.yaml")
    assert study.facts.paper.arxiv == "2310.13289"
