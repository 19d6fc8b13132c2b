"""Every Eval Ever: reported and reproduced values as records of a shared schema.

Fields as in evaleval/every_eval_ever@9bce413: every_eval_ever/schemas/eval.schema.json, version 0.3.0; a test runs the
package's own validator. A record is a file `data/COLLECTION/DEVELOPER/MODEL/UUID.json` and is one evaluation source with all
its results: the paper's claims are a record of type `documentation`, the values recorded by a reproduction team are another,
and each predictions file scored here is an `evaluation_run`. The schema requires scores as JSON numbers; `details` has the
exact decimal strings.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audit._util.file_names import name_of
from audit.facts import Claim, StudyFacts
from audit.schema import AuditDocument, Convention, Decision, Measurement, PredictionFile, Project

SCHEMA_VERSION = "0.3.0"
_UNIT = {"percent": "percent", "fraction": "proportion", "of-5": "points", "count": "count"}
_NAMES = {
    "wer": "WER", "per": "PER", "bleu": "BLEU", "meteor": "METEOR", "spider": "SPIDEr", "rouge-l": "ROUGE-L",
    "accuracy": "Accuracy", "following-rate": "Following rate", "diversity": "Diversity", "chrf": "chrF", "chrfpp": "chrF++",
    "ter": "TER", "macro-f1": "Macro-F1", "weighted-f1": "Weighted F1", "uar": "Unweighted average recall",
    "abstention-rate": "Abstention rate",
}  # fmt: skip
# Bounded metrics; an error rate has no upper end.
_BOUNDED = frozenset(
    {
        "bleu",
        "chrf",
        "chrfpp",
        "meteor",
        "rouge-l",
        "accuracy",
        "following-rate",
        "macro-f1",
        "weighted-f1",
        "uar",
        "abstention-rate",
    }
)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class HubModel:
    """What the audit does not know about the model, and the schema asks for.

    Attributes:
        id: `developer/model`; None for `unknown/MODEL-VARIANT`.
        deployment: `self_deployed`, `externally_managed` or `unknown`.
        availability: `open_weights`, `closed_weights` or `unknown`.
    """

    id: str | None = None
    deployment: str = "unknown"
    availability: str = "unknown"


def records(audit: AuditDocument, model: HubModel = HubModel()) -> dict[str, Json]:  # frozen
    """The records of an audit, by path: `data/COLLECTION/DEVELOPER/MODEL/UUID.json`.

    Paths are made of safe names. The UUID follows from the record, so that the same audit gives the same files.

    Args:
        audit: The audit written by `repro-audit run`.
        model: What is known about the model beside the audit.
    """
    found = named_records(audit, model)
    return {path_of(audit, record): record for record in found.values()}


def path_of(audit: AuditDocument, record: Json) -> str:
    """Where a record belongs, from the folder above `data`."""
    developer, _, name = record["model_info"]["id"].partition("/")
    folder = "/".join(name_of(part, ("data",)) for part in (audit.study.id, developer, name))
    digest = hashlib.sha256(dumps(record)).digest()
    return f"data/{folder}/{uuid.UUID(bytes=digest[:16], version=4)}.json"


def named_records(audit: AuditDocument, model: HubModel = HubModel()) -> dict[str, Json]:  # frozen
    """The records by what they are: `reported`, `recorded-SOURCE`, `recomputed-TASK-HASH`."""
    claims = {c.id: c for c in audit.claims}
    conventions = {(c.task, c.metric, c.id): c for c in audit.conventions}
    verdicts = {v.claim: v for v in audit.verdicts}
    study = audit.study
    paper = study.paper
    found: dict[str, Json] = {}
    reported = [_reported(claim) for claim in claims.values()]
    if reported:
        source = {
            "source_name": paper.title,
            "source_type": "documentation",
            "source_organization_name": f"{paper.authors_first} and others",
            "source_organization_url": paper.url,
            "evaluator_relationship": "first_party",
        }
        found["reported"] = _record(audit, "reported", source, _model(study, None, model), reported)
    for name, items in _sources(audit.measurements).items():
        results = [_measured(m, claims.get(m.claim or ""), conventions, verdicts) for m in items if m.value is not None]
        if results:
            source = _source(items[0], audit.project)
            found[name] = _record(audit, name, source, _model(study, items[0].prediction, model), results)
    return found


def dumps(record: Json) -> bytes:
    """The bytes of a record file: UTF-8, indented, keys in the order of the schema."""
    return (json.dumps(record, ensure_ascii=False, indent=2) + "\n").encode()


def _sources(measurements: Iterable[Measurement]) -> dict[str, list[Measurement]]:
    """Measurements by source: a reproduction's record, or a scored predictions file."""
    found: dict[str, list[Measurement]] = {}
    for item in measurements:
        if item.prediction is not None:
            name = f"recomputed-{item.task}-{item.prediction.sha256[:12]}"
        else:
            name = f"recorded-{str(item.source or 'unnamed').partition(':')[0]}"
        found.setdefault(name, []).append(item)
    return found


def _source(item: Measurement, project: Project) -> Json:
    prediction = item.prediction
    if prediction is None:
        return {
            "source_name": str(item.source or "unnamed"),
            "source_type": "documentation",
            "source_organization_name": str(item.source or "unnamed").partition(":")[0],
            "evaluator_relationship": "third_party",
        }
    details = {k: getattr(prediction, k) for k in ("path", "sha256", "meta_sha256", "who", "when", "variant")}
    return {
        "source_name": f"predictions for {item.task}, scored by {project.name}",
        "source_type": "evaluation_run",
        "source_organization_name": str(prediction.who or "unknown"),
        "evaluator_relationship": "third_party",
        "additional_details": _strings({f"predictions_{k}": v for k, v in details.items()}),
    }


def _model(study: StudyFacts, prediction: PredictionFile | None, model: HubModel) -> Json:
    name, variant = study.model, ", ".join(study.variants)
    if prediction is not None:
        name, variant = str(prediction.model), str(prediction.variant)
    # As a folder's name, too: the validator warns if the two spell the model differently.
    plain = name_of(f"{name}-{variant}" if variant else name)
    return {
        "name": name,
        "id": model.id or f"unknown/{plain}",
        "additional_details": {
            "deployment_type": model.deployment,
            "model_availability": model.availability,
            "variant": variant or "unknown",
        },
    }


def _record(audit: AuditDocument, name: str, source: Json, model: Json, results: list[Json]) -> Json:
    epoch = str(audit.source_date_epoch)
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"{audit.study.id}-{name}/{model['id']}/{epoch}",
        "retrieved_timestamp": epoch,
        "source_metadata": source,
        "eval_library": {"name": audit.project.name, "version": audit.project.version},
        "model_info": model,
        "evaluation_results": results,
    }


def _metric(metric: str, unit: str | None, direction: str | None, parameters: Json, words: str) -> Json:
    found: Json = {
        "evaluation_description": words,
        "metric_id": metric,
        "metric_name": _NAMES.get(metric, metric),
        "metric_kind": metric,
        "lower_is_better": (direction or ("lower" if metric in {"wer", "per", "ter", "abstention-rate"} else "higher"))
        == "lower",
    }
    if unit is not None:
        found["metric_unit"] = _UNIT[unit]
    if unit in {"percent", "fraction"}:
        most: Any = (100 if unit == "percent" else 1) if metric in _BOUNDED else "Infinity"
        found |= {"score_type": "continuous", "min_score": 0, "max_score": most}
    if parameters:
        found["metric_parameters"] = parameters
    return found


def _reported(claim: Claim) -> Json:
    place = claim.locator
    words = f"As printed in Table {place.table}, row {place.row}, column {place.column}"
    return {
        "evaluation_result_id": claim.id,
        "evaluation_name": claim.task,
        "source_data": {"dataset_name": claim.dataset, "source_type": "other"},
        "metric_config": _metric(
            claim.metric, claim.unit, claim.direction, {},
            f"{words}; the scoring convention is not stated.",
        ),
        "score_details": {
            "score": _number(claim.value),
            "details": _strings({
                "printed": claim.value,
                "rounding_low": claim.rounding.low if claim.rounding else None,
                "rounding_high": claim.rounding.high if claim.rounding else None,
                "transcription_verified": claim.verified,
                "source": claim.source,
            }),
        },
    }  # fmt: skip


def _measured(
    item: Measurement,
    claim: Claim | None,
    conventions: Mapping[tuple[str, str, str], Convention],
    verdicts: Mapping[str, Decision],
) -> Json:
    convention = conventions.get((item.task, item.metric, str(item.convention)))
    verdict = verdicts.get(str(item.claim))
    rows = item.rows
    parameters = {} if convention is None else {k: getattr(convention, k) for k in ("id", "signature", "hash", "grade")}
    invalid = [i.text for i in item.invalid]
    words = convention.summary if convention else str(item.rule or "the scoring convention was not recorded")
    score: Json = {
        "score": _number(item.value),
        "details": _strings({
            "value": item.value,
            "origin": item.origin,
            "rows_expected": rows.expected if rows else None,
            "rows_scored": rows.scored if rows else None,
            "reported": claim.value if claim else None,
            "agreement": item.agreement.kind,
            "difference": item.agreement.difference,
            "verdict_on_claim": verdict.verdict if verdict else None,
            "decides_the_verdict": bool(verdict and verdict.measurement == item.id),
            "cannot_justify_because": " ".join(invalid) or None,
            "note": item.note,
        }),
    }  # fmt: skip
    interval = item.interval
    if interval is not None:
        score["uncertainty"] = {
            "confidence_interval": {
                "lower": _number(interval.low),
                "upper": _number(interval.high),
                "confidence_level": int(interval.level) / 100,
                "method": interval.method,
            }
        }
        if rows and rows.scored is not None:
            score["uncertainty"]["num_samples"] = rows.scored
    dataset = claim.dataset if claim else item.task
    return {
        "evaluation_result_id": item.id,
        "evaluation_name": item.task,
        "source_data": {"dataset_name": dataset, "source_type": "other"},
        "metric_config": _metric(
            item.metric, claim.unit if claim else None, claim.direction if claim else None,
            {f"convention_{k}": v for k, v in parameters.items()}, words,
        ),
        "score_details": score,
    }  # fmt: skip


def _number(text: str | None) -> int | float:
    assert text is not None  # measurements without a value are left out
    return float(text) if "." in text else int(text)


def _strings(values: Mapping[str, Any]) -> dict[str, str]:
    """All values as strings, as required by the schema, without unknown ones."""
    return {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in values.items() if v is not None}
