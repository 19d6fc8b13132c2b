"""What a type checker makes of the public API; read by mypy, never run."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, assert_type

import audit
from audit.analysis.attribution import Attributed
from audit.analysis.comparison import RunComparison
from audit.analysis.joint import JointlyExplained
from audit.analysis.multiverse import Explained, Exploration, Figure
from audit.analysis.paying_rows import PayingRows
from audit.facts import Claim
from audit.literature.studies import Study
from audit.pipeline.run import Audit
from audit.provenance.verification.result import Report
from audit.schema import AuditDocument, Measurement, Verdict
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score
from audit.scoring.table import ScoreTable

table = audit.score("asr", ["a"], ["b"], metrics=["wer"], conventions=["hufs"], replicates=0)
assert_type(table, ScoreTable)
assert_type(table["hufs"], Score)
assert_type(table[0:2], tuple[Score, ...])
assert_type(table[0].value, Decimal | None)
assert_type(table.records(), list[dict[str, Any]])
audit.score("asr", Path("predictions"))
audit.score("aac-audiocaps", [{"hypothesis": "a", "reference": ["b", "c"]}])

assert_type(audit.multiverse("asr-librispeech-clean", ["a"], ["b"]), Exploration)
assert_type(audit.multiverse("asr-librispeech-clean", ["a"], ["b"]).curve("2.1"), Figure)
assert_type(audit.explain("asr-librispeech-clean", ["a"], ["b"], value="2.1"), Explained)

assert_type(audit.attribute("asr-librispeech-clean", ["a"], ["b"], start="hufs", printed="2.1"), Attributed)
assert_type(audit.explain_jointly("asr", "predictions"), JointlyExplained)
assert_type(audit.rows("asr-librispeech-clean", ["a"], ["b"], between=("verbatim", "audiobench")), PayingRows)
assert_type(audit.compare("asr-librispeech-clean", "a.jsonl", Path("b.jsonl"), only=["batch"]), RunComparison)

result = audit.audit(audit.AuditRequest(study="salmonn"))
assert_type(result, Audit)
assert_type(result.document, AuditDocument)
assert_type(result.document.claims, tuple[Claim, ...])
assert_type(result.document.verdicts[0].verdict, Verdict)
assert_type(result.document.measurements[0], Measurement)
assert_type(audit.render(result, "html"), bytes)
assert_type(audit.render(result, "html", language="ko"), bytes)
assert_type(audit.load_audit("audit.json"), AuditDocument)
assert_type(audit.load_study("salmonn"), Study)
assert_type(audit.load_predictions("predictions", "st-en-zh"), PredictionSet)
assert_type(audit.verify("package.zip"), Report)

try:
    audit.render(result, "docx")  # type: ignore[arg-type]
except audit.InputError as error:
    assert_type(error.what, str)
    assert_type(error.where, str | None)
    assert_type(error.fix, str | None)
