"""The commands, in processes of their own: what they print, what they write, and with what they end."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from audit._util import canonical_json
from audit.document.write import to_bytes
from audit.provenance.format import archive, layout
from tests.support.provenance import made

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(cli: Path, tmp_path: Path) -> Run:
    def call(*arguments: object, code: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [cli / "repro-audit", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == code, result.stdout + result.stderr
        assert "Traceback" not in result.stderr
        return result

    return call


def test_from_key_to_diff(run: Run, tmp_path: Path) -> None:
    (tmp_path / "words").write_text("correct horse\n", encoding="ascii")
    shown = run("keygen", "audit.pem", "--name", "Jane Doe", "--passphrase-file", "words").stdout
    assert stat.S_IMODE((tmp_path / "audit.pem").stat().st_mode) == 0o600
    assert "ENCRYPTED" in (tmp_path / "audit.pem").read_text(encoding="ascii")
    run("keygen", "audit.pem", "--name", "Jane Doe", "--no-passphrase", code=2)
    run("keygen", "reviewer.pem", "--name", "Rev Iewer", "--no-passphrase")

    predictions = made.write_predictions(tmp_path / "predictions")
    out = made.write_out(tmp_path / "out", predictions)
    run("package", out, "--key", "audit.pem", "--predictions", predictions, code=3)  # no terminal to ask at
    run(
        "package",
        out,
        "--key",
        "audit.pem",
        "--passphrase-env",
        "WORDS",
        "--predictions",
        predictions,
        code=2,
        WORDS="wrong",
    )
    made_ = run(
        "package",
        out,
        "--key",
        "audit.pem",
        "--passphrase-env",
        "WORDS",
        "--predictions",
        predictions,
        WORDS="correct horse",
    )
    assert "ephemeral" not in made_.stdout
    assert made_.stdout.split("key ")[1].strip() in shown
    assert not (out / "package" / "predictions").exists()
    assert "Jane Doe" in (out / "package" / "VERIFY.md").read_text(encoding="utf-8")

    for path in (out / "package", out / "package.zip"):
        for place in (predictions, predictions / "asr-librispeech-clean.jsonl"):
            assert "accepted" in run("verify", path, "--key", "audit.pub.pem", "--predictions", place).stdout
        run("verify", path, "--key", "reviewer.pub.pem", code=1)
        run(
            "countersign",
            path,
            "--auditor-key",
            "audit.pub.pem",
            "--key",
            "reviewer.pem",
            "--property",
            "RESULTS_REPRODUCED",
        )
        run("verify", path, "--key", "audit.pub.pem", "--reviewer-key", "reviewer.pub.pem")
    run("package", out, "--key", "audit.pem", "--passphrase-file", "words", "--predictions", predictions, code=2)

    made.write_out(tmp_path / "other", predictions, value="2.40")
    run("package", "other", "--key", "audit.pem", "--passphrase-file", "words", "--predictions", predictions)
    text = run("diff", out / "package", "other/package.zip").stdout
    assert "2.10 -> 2.40" in text
    found = json.loads(run("diff", out / "package", "other/package", "--json", "--exit-code", code=1).stdout)
    assert [one["claim"] for one in found["moved"]] == ["asr-librispeech-clean/wer"]


def test_without_a_key(run: Run, tmp_path: Path) -> None:
    made.write_out(tmp_path / "out")
    assert "integrity, not identity" in run("package", "out").stdout
    text = (tmp_path / "out" / "package" / "VERIFY.md").read_text(encoding="utf-8")
    assert "**An ephemeral key signed this package.**" in text
    shown = run("verify", "out/package").stdout
    assert "it proves integrity, not identity" in shown
    import pypdf

    fields = pypdf.PdfReader(tmp_path / "out" / "package" / "report.pdf").get_fields()
    assert fields is not None
    assert "integrity, not identity" in fields["Signature"]["/V"]["/Reason"]


def test_the_key_from_the_environment(run: Run, tmp_path: Path) -> None:
    made.write_out(tmp_path / "out")
    run("keygen", "audit.pem", "--name", "Jane Doe", "--no-passphrase")
    assert "integrity, not identity" not in run("package", "out", REPRO_AUDIT_KEY="audit.pem").stdout
    run("verify", "out/package", "--key", "audit.pub.pem")


def test_with_predictions(run: Run, tmp_path: Path) -> None:
    predictions = made.write_predictions(tmp_path / "predictions")
    made.write_out(tmp_path / "out", predictions, card="yes")
    run("package", "out", "--predictions", "predictions", "--with-predictions")
    assert {path.name for path in (tmp_path / "out/package/predictions").iterdir()} == {
        path.name for path in predictions.iterdir()
    }
    run("verify", "out/package.zip")
    run("package", "out", "--with-predictions", code=2)


@pytest.mark.parametrize(
    ("card", "identity", "reason"),
    [
        (None, "", "its task has no set card"),
        ("no", "verified", "does not allow it (Made up)"),
        ("unknown", "verified", "is not known to allow it"),
        ("yes", "unknown", "not known to be those of a-set"),
        ("yes", "contradicted", "not known to be those of a-set"),
    ],
)
def test_texts_that_may_not_be_published_are_in_no_package(
    card: str | None, identity: str, reason: str, run: Run, tmp_path: Path
) -> None:
    predictions = made.write_predictions(tmp_path / "predictions")
    made.write_out(tmp_path / "out", predictions, card=card, identity=identity)
    told = run("package", "out", "--predictions", "predictions", "--with-predictions", code=2).stderr
    assert told.startswith("repro-audit: predictions/asr-librispeech-clean.jsonl: its texts may not be published: ")
    assert reason in told
    assert "leave out --with-predictions" in told
    assert not (tmp_path / "out/package").exists()
    run("package", "out", "--predictions", "predictions")


def test_predictions_that_are_not_the_audits(run: Run, tmp_path: Path) -> None:
    predictions = made.write_predictions(tmp_path / "predictions")
    made.write_out(tmp_path / "out", predictions)
    rows = predictions / "asr-librispeech-clean.jsonl"
    rows.write_text(rows.read_text(encoding="utf-8").replace("so it is", "so is it"), encoding="utf-8")
    assert "asr-librispeech-clean.jsonl" in run("package", "out", "--predictions", "predictions", code=2).stderr
    run("package", "out")
    assert "not the predictions" in run("verify", "out/package", "--predictions", "predictions", code=1).stdout
    rows.unlink()
    run("verify", "out/package", "--predictions", "predictions", code=1)


def test_the_last_line_says_whether_the_signer_is_known(run: Run, tmp_path: Path, files: dict[str, bytes]) -> None:
    folder = made.write(files, tmp_path / "package")
    key = folder / "keys" / "signer.pub.pem"  # here it stands for one that was had from its owner

    def last(*options: object, code: int = 0) -> str:
        return run("verify", folder, *options, code=code).stdout.splitlines()[-1]

    assert last() == "package: intact, but its signer is not known"
    assert last("--require-signer", code=1) == "package: intact, but its signer is not known"
    assert last("--key", key) == "package: accepted"
    assert last("--key", key, "--require-signer") == "package: accepted"
    allowed = tmp_path / "allowed"
    allowed.write_text(f"jane@example.org {(folder / 'keys' / 'signer.ssh.pub').read_text()}", encoding="utf-8")
    assert last("--allowed-signers", allowed, "--require-signer") == "package: accepted"
    allowed.write_text("", encoding="utf-8")
    assert last("--allowed-signers", allowed, code=1) == "package: REJECTED"
    (folder / "table.tex").write_bytes(b"other")
    assert last("--key", key, code=1) == "package: REJECTED"


def test_verify_for_machines(run: Run, tmp_path: Path, files: dict[str, bytes]) -> None:
    folder = made.write(files, tmp_path / "package")
    good = json.loads(run("verify", folder, "--json").stdout)
    assert (good["schema"], good["intact"], good["accepted"]) == ("repro-audit/verification/1", True, False)
    assert {check["status"] for check in good["checks"]} == {"ok", "not-checked"}
    (folder / "table.tex").write_bytes(b"other")
    bad = json.loads(run("verify", folder, "--json", code=1).stdout)
    assert not bad["intact"]
    assert not bad["accepted"]
    assert [(c["file"], c["code"]) for c in bad["checks"] if c["status"] == "failed"] == [
        ("table.tex", "digest-mismatch")
    ]


def test_bad_usage(run: Run, tmp_path: Path, files: dict[str, bytes]) -> None:
    made.write(files, tmp_path / "package")
    run("verify", "nothing", code=2)
    run("verify", "package", "--rescore", code=2)
    run("verify", "package", "--signer", "me", code=2)
    run("verify", "package", "--key", "nothing", code=3)
    run("verify", "package", "--key", "package/audit.json", code=2)
    run("package", "nothing", code=3)
    run("keygen", "key", "--name", "x", "--no-passphrase", code=2)
    run("keygen", "key.pem", "--name", "x", code=3)
    run("countersign", "package", "--auditor-key", "package/keys/signer.pub.pem", "--key", "none.pem", code=3)


def test_a_rejected_package_is_not_countersigned(run: Run, tmp_path: Path, files: dict[str, bytes]) -> None:
    folder = made.write(files, tmp_path / "package")
    (folder / "table.tex").write_bytes(b"other")
    run("keygen", "r.pem", "--name", "R", "--no-passphrase")
    assert (
        "not countersigned"
        in run("countersign", folder, "--auditor-key", folder / layout.PUBLIC_KEY, "--key", "r.pem", code=1).stdout
    )
    assert not (folder / "countersignatures").exists()


def test_a_package_is_replaced_whole(run: Run, tmp_path: Path) -> None:
    out = made.write_out(tmp_path / "out")
    run("package", out)
    (out / "package" / "stray").write_text("x", encoding="ascii")
    run("package", out)
    assert not (out / "package" / "stray").exists()
    assert archive.read(out / "package") == archive.read(out / "package.zip")
    assert {path.name for path in out.iterdir() if path.name.startswith(".")} == set()


@pytest.mark.parametrize("name", ["report.html", "table.tex", "measurements.csv"])
def test_reports_that_say_other_than_the_audit(name: str, run: Run, tmp_path: Path) -> None:
    """A report that somebody has touched, or that another audit wrote, is not signed; the message says what to do."""
    out = made.write_out(tmp_path / "out")
    (out / name).write_bytes((out / name).read_bytes().replace(b"2.10", b"2.01") + b"\n")
    said = run("package", "out", code=2).stderr
    assert f"out/{name}" in said
    assert "repro-audit report out/audit.json" in said
    assert not (out / "package").exists()
    assert not (out / "package.zip").exists()
    run("report", "out/audit.json", "--format", "html,tex,csv")
    run("package", "out")
    assert f"{name}" in run("verify", "out/package", "--render").stdout


def test_a_korean_package_is_verified_in_its_own_language(run: Run, tmp_path: Path) -> None:
    out = made.write_out(tmp_path / "out")
    (out / "audit.json").write_bytes(to_bytes(made.document(made.audit_value())))
    run("report", "out/audit.json")
    run("report", "out/audit.json", "--format", "html", "--lang", "ko")
    said = run("package", "out", code=2).stderr
    assert "report.pdf: is in the language en, report.html in ko" in said
    assert "`repro-audit report out/audit.json --lang ko` writes it again" in said
    run("report", "out/audit.json", "--lang", "ko")
    assert "report.html: is in the language ko, not in en" in run("package", "out", "--lang", "en", code=2).stderr
    run("package", "out", "--lang", "ko")
    assert "match audit.json" in run("verify", "out/package", "--render").stdout
    assert b'<html lang="ko">' in (out / "package" / "report.html").read_bytes()


def test_an_audit_that_does_not_fit_or_was_not_rendered(run: Run, tmp_path: Path) -> None:
    out = made.write_out(tmp_path / "out")
    value = made.audit_value()
    del value["claims"][0]["value"]
    (out / "audit.json").write_bytes(canonical_json.dumps(value))
    assert "claims[0].value: the field is missing" in run("package", "out", code=2).stderr
    value = made.audit_value(value="1" * 40 + ".1234567")
    (out / "audit.json").write_bytes(to_bytes(made.document(value)))
    assert "differs from what audit.json renders to" in run("package", "out", code=2).stderr
    run("report", "out/audit.json")
    run("package", "out")


def test_a_signed_package_whose_report_says_another_thing(run: Run, tmp_path: Path, files: dict[str, bytes]) -> None:
    """Signed by a program that does not check: every signature is good, and only rendering again shows it."""
    folder = made.write(files, tmp_path / "package")
    assert "not rendered again" in run("verify", folder).stdout
    found = json.loads(run("verify", folder, "--render", "--json", code=1).stdout)
    assert [(c["file"], c["code"]) for c in found["checks"] if c["status"] == "failed"] == [
        ("report.html", "render-mismatch")
    ]


@pytest.mark.parametrize("damage", ["audit", "pdf", "attachment"])
def test_artefacts_that_do_not_fit(damage: str, run: Run, tmp_path: Path) -> None:
    out = made.write_out(tmp_path / "out")
    if damage == "audit":
        (out / "audit.json").write_text(json.dumps(made.audit_value(), indent=1), encoding="utf-8")
    elif damage == "pdf":
        (out / "report.pdf").write_bytes(b"%PDF-1.7\n")
    else:
        (out / "report.pdf").write_bytes(made.artefacts(value="1.10")["report.pdf"])
    run("package", out, code=2)
    assert not (out / "package").exists()
