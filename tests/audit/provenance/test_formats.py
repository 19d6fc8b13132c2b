"""The formats of others, each by its own validator or schema."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from audit.document.read import parse_document
from audit.errors import InputError
from audit.provenance.format import layout
from audit.provenance.records import codecheck, sbom, statement
from tests.support.paths import ROOT
from tests.support.provenance import made
from tests.support.provenance.attacks import payload

HERE = ROOT / "tests/support/provenance"

CYCLONEDX = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
print(error)
sys.exit(error is not None)
"""


def cyclonedx(python: Path, text: str) -> int:
    return subprocess.run([python, "-c", CYCLONEDX], input=text, text=True, timeout=120, check=False).returncode


def test_bill_of_materials_is_cyclonedx_1_6(tools_python: Path) -> None:
    value = sbom.build({"salmonn_v1.pth": "a" * 64})
    assert [one["name"] for one in value["components"] if one["type"] == "machine-learning-model"] == ["salmonn_v1.pth"]
    assert cyclonedx(tools_python, json.dumps(value)) == 0


def test_bill_of_materials_has_the_model_and_the_data(tools_python: Path) -> None:
    materials = sbom.Materials(
        "SALMONN", ("13b",), {"st.jsonl": "b" * 64}, {"LibriSpeech test-clean": "c" * 64, "X": None}
    )
    value = sbom.build({"salmonn_v1.pth": "a" * 64}, materials)
    found = {(one["type"], one["name"]): one for one in value["components"] if one["type"] != "library"}
    assert set(found) == {
        ("machine-learning-model", "salmonn_v1.pth"), ("machine-learning-model", "SALMONN"), ("data", "st.jsonl"),
        ("data", "LibriSpeech test-clean"), ("data", "X"),
    }  # fmt: skip
    assert found["data", "st.jsonl"]["hashes"] == [{"alg": "SHA-256", "content": "b" * 64}]
    assert "hashes" not in found["data", "X"]
    libraries = [one for one in value["components"] if one["type"] == "library"]
    assert all(one["hashes"] and one["licenses"] for one in libraries)
    assert cyclonedx(tools_python, json.dumps(value)) == 0


def test_the_validator_can_refuse(tools_python: Path) -> None:
    assert cyclonedx(tools_python, json.dumps({**sbom.build({}), "serialNumber": 3})) != 0


def test_bill_of_materials_names_what_runs() -> None:
    value = sbom.build({})
    components = {one["name"] for one in value["components"]}
    assert {"sacrebleu", "numpy", "weasyprint"} <= components
    assert "pytest" not in components
    references = {one["bom-ref"] for one in value["components"]}
    assert {other for one in value["dependencies"] for other in one["dependsOn"]} <= references


@pytest.mark.parametrize("severity", ["REQUIRED", "RECOMMENDED"])
def test_crate_is_a_process_run_crate(severity: str, folder: Path, tools_python: Path) -> None:
    # RECOMMENDED: no recommendation is left open.
    command: list[str | Path] = [tools_python, HERE / "validate_crate.py", folder, severity]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    issues = [line for line in result.stdout.splitlines() if not line.startswith("checks:")]
    assert issues == [], result.stdout + result.stderr
    assert result.returncode == 0
    assert "checks:" in result.stdout


def test_crate_validator_can_refuse(folder: Path, tools_python: Path) -> None:
    path = folder / layout.CRATE
    path.write_bytes(path.read_bytes().replace(b'"instrument"', b'"description"'))
    command: list[str | Path] = [tools_python, HERE / "validate_crate.py", folder, "REQUIRED"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode != 0


def test_crate_lists_the_files_with_their_hashes(files: dict[str, bytes]) -> None:
    from audit.provenance.format.checksums import sha256

    graph = {one["@id"]: one for one in json.loads(files[layout.CRATE])["@graph"]}
    later = {layout.CRATE, layout.CHECKSUMS, layout.SSH_SIGNATURE, layout.PUBLICATION}
    assert {one["@id"] for one in graph["./"]["hasPart"]} == set(files) - later
    listed = {name: (one["sha256"], one["contentSize"]) for name, one in graph.items() if one["@type"] == "File"}
    assert listed == {name: (sha256(raw), str(len(raw))) for name, raw in files.items() if name not in later}


PEOPLE = [codecheck.Person("Josiah Carberry", "0000-0002-1825-0097")]
FACTS = codecheck.Facts("2026-001", "https://doi.org/10.5555/report", tuple(PEOPLE), tuple(PEOPLE), "zenodo::123")


def codecheck_errors(text: bytes, names: set[str]) -> set[str]:
    """The rules of specification 2.0 that a file breaks, of those that need no network.

    codecheckers/register@c6be29e: rules-2.0.yml; ours, because no validator of 2.0 is published.
    """
    found: set[str] = set()
    if not text.startswith(b"---\n"):
        found.add("CC-CFG-002")
    value = yaml.safe_load(text)
    paper, manifest, checkers = value.get("paper", {}), value.get("manifest"), value.get("codechecker")
    rules = {
        "CC-CFG-004": isinstance(manifest, list) and bool(manifest),
        "CC-CFG-005": all("file" in entry for entry in manifest or []),
        "CC-CFG-006": all(not entry["file"].startswith(("/", "..")) for entry in manifest or []),
        "CC-CFG-008": isinstance(checkers, list) and bool(checkers),
        "CC-CFG-009": all(entry.get("name") for entry in checkers or []),
        "CC-CFG-010": all(entry.get("ORCID") for entry in checkers or []),
        "CC-CFG-011": bool(value.get("report")),
        "CC-CFG-014": value.get("version") == "https://codecheck.org.uk/spec/config/2.0/",
        "CC-CFG-017": bool(paper.get("title")),
        "CC-CFG-018": isinstance(paper.get("authors"), list) and bool(paper.get("authors")),
        "CC-CFG-019": all(entry.get("name") for entry in paper.get("authors") or []),
        "CC-CFG-020": all(entry.get("ORCID") for entry in paper.get("authors") or []),
        "CC-CFG-021": bool(paper.get("reference")),
        "CC-CFG-023": not re.search(rb"FIXME|TODO|XXXXX|FILL IN", text),
        "CC-CFG-024": bool(value.get("summary")),
        "CC-CFG-025": "certificate" in value,
        "CC-CFG-026": re.fullmatch(r"\d{4}-\d{3}", str(value.get("certificate", "2026-001"))) is not None,
        "CC-CFG-027": str(paper.get("reference")).startswith("https://"),
        "CC-MET-001": all(codecheck.is_orcid(e["ORCID"]) for e in paper.get("authors") or [] if "ORCID" in e),
        "CC-BUN-001": {entry["file"] for entry in manifest or []} <= names,
    }
    return found | {rule for rule, kept in rules.items() if not kept}


def test_codecheck_names_what_is_missing(files: dict[str, bytes]) -> None:
    text = files[layout.CODECHECK]
    broken = codecheck_errors(text, set(files))
    assert broken == {"CC-CFG-010", "CC-CFG-020", "CC-CFG-025"}
    head = [line for line in text.decode().splitlines() if line.startswith("# Missing")]
    for rule in broken:
        assert any(rule in line for line in head), rule


def test_codecheck_is_complete_with_the_facts_of_a_file(files: dict[str, bytes]) -> None:
    audit = parse_document(files[layout.AUDIT], "audit.json")
    text = codecheck.build(audit, sorted(files), "nobody", FACTS)
    assert codecheck_errors(text, set(files)) == set()
    assert b"# Missing" not in text
    assert text == codecheck.build(audit, sorted(files), "nobody", FACTS)
    value = yaml.safe_load(text)
    assert value["codechecker"] == [{"name": "Josiah Carberry", "ORCID": "0000-0002-1825-0097"}]
    assert value["certificate"] == "2026-001"


def test_codecheck_has_all_authors_of_the_works_record(files: dict[str, bytes]) -> None:
    audit = parse_document(files[layout.AUDIT], "audit.json")
    audit = replace(audit, study=replace(audit.study, paper=replace(audit.study.paper, arxiv="2310.13289")))
    record = b"id: x\narxiv: '2310.13289'\nauthors: [A. One, B. Two]\nauthors_complete: "
    found = codecheck.authors_in({"literature/works/x.yaml": record + b"true\n"}, audit)
    assert found == ("A. One", "B. Two")
    assert codecheck.authors_in({"literature/works/x.yaml": record + b"false\n"}, audit) == ()
    text = codecheck.build(audit, sorted(files), "nobody", None, found)
    assert [entry["name"] for entry in yaml.safe_load(text)["paper"]["authors"]] == ["A. One", "B. Two"]
    assert b"ORCID of the authors A. One, B. Two (CC-CFG-020)" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("certificate: 2026-1\n", "is not YYYY-NNN"),
        ("authors: [{name: A, ORCID: 0000-0002-1825-0098}]\n", "its check digit is wrong"),
        ("authors: [{name: A, ORCID: https://orcid.org/0000-0002-1825-0097}]\n", "is not an ORCID"),
        ("codechecker: [A]\n", "must be a name"),
        ("certificat: 2026-001\n", "unknown field"),
    ],
)
def test_facts_that_are_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "codecheck.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=message):
        codecheck.load(path)


def test_facts_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "codecheck.yaml"
    path.write_text(
        "certificate: 2026-001\nreport: https://doi.org/10.5555/report\nrepository: zenodo::123\n"
        "codechecker: [{name: Josiah Carberry, ORCID: 0000-0002-1825-0097}]\n"
        "authors:\n  - {name: Josiah Carberry, ORCID: 0000-0002-1825-0097}\n",
        "utf-8",
    )
    assert codecheck.load(path) == FACTS


def test_provenance_is_slsa_v1(tmp_path: Path) -> None:
    from audit.provenance import package

    predictions = made.write_predictions(tmp_path / "predictions")
    options = package.Options(key=made.key(), predictions=predictions, command=("x",))
    value = payload(package.make(made.artefacts(predictions), options), layout.PROVENANCE)
    assert value["predicateType"] == "https://slsa.dev/provenance/v1"
    definition, details = value["predicate"]["buildDefinition"], value["predicate"]["runDetails"]
    assert {"buildType", "externalParameters", "internalParameters", "resolvedDependencies"} == set(definition)
    assert details["builder"]["id"].startswith("https://")
    roles = {entry["annotations"]["role"] for entry in definition["resolvedDependencies"]}
    assert {"predictions", "weights", "dataset", "settings"} <= roles
    for entry in definition["resolvedDependencies"]:
        assert set(entry) <= {"name", "uri", "digest", "annotations"}
        assert all(len(digest) in {40, 64} for digest in entry["digest"].values())


def test_test_result_has_one_name_a_claim(files: dict[str, bytes]) -> None:
    value = payload(files, layout.TEST_RESULT)["predicate"]
    assert value["result"] == "FAILED"
    named = [*value["passedTests"], *value["warnedTests"], *value["failedTests"]]
    assert sorted(named) == sorted(claim["id"] for claim in made.audit_value()["claims"])


def test_more_subjects_than_sigstore_takes() -> None:
    from audit.errors import InputError

    with pytest.raises(InputError, match="1024"):
        statement.statement({str(number): "0" * 64 for number in range(1025)}, "x:y", {})


def test_bill_of_materials_of_an_image_is_cyclonedx_1_6(tools_python: Path) -> None:
    from scripts.image import bill

    debian = "wordnet-base\t1:3.0-37\tall\twordnet\nlibc6\t2.36-9\tamd64\tglibc\n"
    debs = f"{'a' * 64}  wordnet-base_1%3a3.0-37_all.deb\n"
    wheels = f"{'b' * 64}  numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl\n"
    document = bill.build("repro-audit-cpu", "c0ffee", debian, debs, wheels)
    assert cyclonedx(tools_python, json.dumps(document)) == 0
    assert cyclonedx(tools_python, json.dumps({**document, "components": [{"name": "x"}]})) != 0
