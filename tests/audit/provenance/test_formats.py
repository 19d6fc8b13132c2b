"""The formats of others, each by its own validator or schema."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from audit.provenance.format import layout
from audit.provenance.records import sbom, statement
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
    command = [tools_python, HERE / "validate_crate.py", folder, severity]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    issues = [line for line in result.stdout.splitlines() if not line.startswith("checks:")]
    # The agent is whoever signed; a signer has a key, not a web page.
    assert [line for line in issues if "The organization SHOULD have a URL" not in line] == [], (
        result.stdout + result.stderr
    )
    assert "checks:" in result.stdout


def test_crate_validator_can_refuse(folder: Path, tools_python: Path) -> None:
    path = folder / layout.CRATE
    path.write_bytes(path.read_bytes().replace(b'"instrument"', b'"description"'))
    command = [tools_python, HERE / "validate_crate.py", folder, "REQUIRED"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode != 0


def test_crate_lists_the_files_with_their_hashes(files: dict[str, bytes]) -> None:
    from audit.provenance.format.checksums import sha256

    graph = {one["@id"]: one for one in json.loads(files[layout.CRATE])["@graph"]}
    later = {layout.CRATE, layout.CHECKSUMS, layout.SSH_SIGNATURE, layout.PUBLICATION}
    assert {one["@id"] for one in graph["./"]["hasPart"]} == set(files) - later
    listed = {name: (one["sha256"], one["contentSize"]) for name, one in graph.items() if one["@type"] == "File"}
    assert listed == {name: (sha256(raw), str(len(raw))) for name, raw in files.items() if name not in later}


def test_codecheck(files: dict[str, bytes]) -> None:
    schema = json.loads((HERE / "codecheck.schema.json").read_text(encoding="utf-8"))
    value = yaml.safe_load(files[layout.CODECHECK])
    jsonschema.Draft202012Validator(schema).validate(value)
    assert {entry["file"] for entry in value["manifest"]} <= set(files)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({**value, "report": "FIXME"})


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
