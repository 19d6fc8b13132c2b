"""Made inputs for the provenance tests: a small audit with real reports around it, and keys that are in no file."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from audit._util import canonical_json
from audit.document.read import structure
from audit.provenance import package
from audit.provenance.signing.keys import PemKey
from audit.report.embedded import SEAL_CLOSE, SEAL_OPEN
from audit.schema import AuditDocument
from audit.scoring.row_tree import read_rows

EPOCH = 1_700_000_000
TABLES = {
    "table.tex": b"\\begin{tabular}{lr}\\end{tabular}\n",
    "counts/asr-librispeech-clean/wer/hufs.csv": b"id,errors,words\na,0,3\nb,1,2\n",
}
ROWS = {"asr-librispeech-clean": ["so it is", "all right"], "sv-voxceleb1": ["Yes.", "No."]}


def key(number: int = 12345, identity: str = "key") -> PemKey:
    """A key of the test's own; the same number gives the same key."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return PemKey(ec.derive_private_key(number, ec.SECP256R1()), identity)


def write_predictions(folder: Path) -> Path:
    """Two tasks' predictions, with meta files."""
    folder.mkdir(parents=True, exist_ok=True)
    for task, rows in ROWS.items():
        lines = [
            json.dumps(
                {
                    "id": f"{task}-{n}",
                    "hypothesis": row,
                    "finished": True,
                    "reference": row,
                    "prompt": None,
                    "extra": {},
                }
            )
            for n, row in enumerate(rows)
        ]
        (folder / f"{task}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        meta = {
            "schema": "repro-audit/predictions/1", "task": task, "model": "SALMONN", "variant": "13b",
            "weights": {"salmonn_v1.pth": hashlib.sha256(b"weights").hexdigest()},
            "decoding": {"num_beams": 4, "length_penalty": 1.0},
            "dataset": {"name": task, "split": "test", "manifest_sha256": hashlib.sha256(task.encode()).hexdigest()},
            "prompt": None, "who": None, "when": None, "device": "cpu", "source": None,
        }  # fmt: skip
        (folder / f"{task}.meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return folder


def audit_value(predictions: Path | None = None, value: str = "2.10") -> dict[str, Any]:
    """An audit document of three claims, in the pipeline's shape where provenance reads it."""
    claims = [
        ("asr-librispeech-clean/wer", "reproduced"),
        ("sv-voxceleb1/accuracy", "infeasible"),
        ("story-audiocaps/diversity", "not-run"),
    ]
    inputs = [
        {"path": f"predictions/{path.name}", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in (sorted(predictions.iterdir()) if predictions else [])
    ]
    return {
        "schema": "repro-audit/audit/1",
        "project": {"name": "repro-audit", "version": "0.1.0"},
        "source_date_epoch": EPOCH,
        "study": {
            "id": "salmonn",
            "title": "SALMONN",
            "paper": {"title": "A paper", "authors_first": "A. Author", "url": "https://doi.org/10.1/x", "arxiv": None},
        },
        "claims": [
            {"id": name, "task": name.split("/")[0], "metric": name.split("/")[1], "value": "2.1"} for name, _ in claims
        ],
        "conventions": [
            {
                "task": "asr-librispeech-clean",
                "metric": "wer",
                "id": "hufs",
                "signature": "hufs|v1",
                "hash": "0" * 64,
                "grade": "E",
            }
        ],
        "measurements": [
            {
                "id": "asr-librispeech-clean/wer/recomputed/hufs",
                "claim": "asr-librispeech-clean/wer",
                "task": "asr-librispeech-clean",
                "metric": "wer",
                "convention": "hufs",
                "origin": "recomputed",
                "value": value,
                "interval": None,
                "rows": {"expected": 2, "scored": 2, "skipped": [], "missing": 0, "error": 0},
            },
        ],
        "verdicts": [{"claim": name, "verdict": verdict, "rule": 1, "measurement": None} for name, verdict in claims],
        "literature": {},
        "findings": {},
        "inputs": inputs,
        "software": {"unicode": "14.0.0", "packages": {"sacrebleu": "2.6.0"}},
        "rules": [],
        **({"row_trees": _row_trees(predictions)} if predictions else {}),
    }


def _row_trees(predictions: Path) -> list[dict[str, Any]]:
    return [asdict(read_rows(path).tree(f"predictions/{path.name}")) for path in sorted(predictions.glob("*.jsonl"))]


def with_card(files: dict[str, bytes], state: str = "yes", identity: str = "consistent") -> dict[str, bytes]:
    """Artefacts with a set card for every predictions file, which says whether the set's texts may be published."""
    audit = json.loads(files["audit.json"])
    card = f"id: a-set\npublish_text:\n  state: '{state}'\n  reason: Made up.\n  source: [x]\n".encode()
    audit["inputs"].append({"path": "literature/sets/a-set.yaml", "sha256": hashlib.sha256(card).hexdigest()})
    audit["identities"] = [
        {
            "task": entry["path"].split("/")[1].split(".")[0], "path": entry["path"], "state": identity, "card": "a-set",
            "card_name": "A set", "layout": None, "rows": 2, "expected": 2, "prompts": "unknown",
        }
        for entry in audit["inputs"] if entry["path"].endswith(".jsonl")
    ]  # fmt: skip
    raw = canonical_json.dumps(audit)
    pdfs = {"report.pdf": render_pdf(raw), "annex.pdf": render_pdf(raw, "Annex")}
    return {**files, "audit.json": raw, **pdfs, "literature/sets/a-set.yaml": card}


@functools.lru_cache(maxsize=8)
def render_pdf(audit_json: bytes, title: str = "Audit") -> bytes:
    """A PDF/A-3b with audit.json attached: the same bytes each time, for the time of SOURCE_DATE_EPOCH is fixed."""
    import os

    try:
        import weasyprint
    except OSError as error:
        pytest.skip(f"needs Pango ({error})")
    when = dt.datetime.fromtimestamp(EPOCH, dt.UTC)
    attached = weasyprint.Attachment(
        string=audit_json.decode(), name="audit.json", relationship="Data", created=when, modified=when
    )
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(EPOCH)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint leaves its colour profile open
            html = weasyprint.HTML(string=f"<html lang=en><title>{title}</title><h1>{title}</h1><p>Three claims.")
            result: bytes = html.write_pdf(attachments=[attached], pdf_variant="pdf/a-3b")
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before
    return result


def artefacts(predictions: Path | None = None, value: str = "2.10") -> dict[str, bytes]:
    """What an audit writes, name -> bytes."""
    audit_json = canonical_json.dumps(audit_value(predictions, value))
    return {
        "audit.json": audit_json,
        "report.html": f"<!doctype html><title>Audit</title><body><p>Three claims.{SEAL_OPEN}{SEAL_CLOSE}\n".encode(),
        "report.pdf": render_pdf(audit_json),
        "annex.pdf": render_pdf(audit_json, "Annex"),
        "measurements.csv": f"claim,convention,value\nasr-librispeech-clean/wer,hufs,{value}\n".encode(),
        **TABLES,
    }


def document(value: dict[str, Any]) -> AuditDocument:
    """The document that a JSON value holds, read as audit.json is."""
    return structure(value, "made audit.json")


def rendered(audit: dict[str, Any]) -> dict[str, bytes]:
    """HTML, table and CSV as the program renders them; `artefacts` has short stand-ins."""
    from audit.report.formats import LAID_OUT, RENDERERS

    read = document(audit)
    return {name: render(read) for name, render in RENDERERS.items() if name not in LAID_OUT}


def write_out(
    out: Path, predictions: Path | None = None, value: str = "2.10", card: str | None = None, identity: str = ""
) -> Path:
    """An audit's output folder, with reports that were rendered from its audit.json.

    Args:
        out: The folder.
        predictions: A folder of predictions, or None.
        value: The measured value.
        card: Whether a set card of the predictions allows publishing texts; None for no card.
        identity: The identity of the rows with that card.
    """
    files = artefacts(predictions, value)
    if card is not None:
        files = with_card(files, card, identity or "consistent")
    for name, data in (files | rendered(json.loads(files["audit.json"]))).items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)
    return out


def make(options: package.Options | None = None, value: str = "2.10") -> dict[str, bytes]:
    """A package in memory."""
    return package.make(
        artefacts(value=value),
        options or package.Options(key=key(), name="Test Auditor", command=("repro-audit", "run")),
    )


def write(files: dict[str, bytes], folder: Path) -> Path:
    """A package in memory, as a folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def sign_pdf(unsigned: bytes) -> bytes:
    """A PDF with the signature that a package's report has."""
    from audit.provenance.signing import certificate, pades

    chain = certificate.load_chain(certificate.self_signed(key(), "Jane Doe"), key(), "a made certificate")
    return pades.Pdf(unsigned).sign(key(), chain, reason="This is the audit's report as it was rendered")
