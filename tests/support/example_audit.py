"""A made-up audit with every verdict, every kind of measurement and hostile texts. No value in it is anybody's."""

from __future__ import annotations

import hashlib
import random
from typing import Any

from audit.document.read import structure
from audit.schema import AuditDocument
from audit.verdict.rules import RULES

HOSTILE = (
    "</script><script>alert(1)</script>",
    "a non-character \uffff and a control \x07",
    "{{ 7 * 7 }} {% raw %} & < > \" '",
    "\u8bed\u97f3\u7ffb\u8bd1 \u65e5\u672c\u8a9e \ud55c\uad6d\uc5b4 \u202eright to left",
    "x" * 300,
)
STEPS = (
    "special",
    "lower",
    "punct",
    "whisper-en@1.2",
    "words",
    "tok.zh@2.6",
    "tok.char@2.6",
    "numbers",
    "strip-stress",
)
SHORT = {"st-en-zh": ["ST", "En\u2013Zh"], "st-en-ja": ["ST", "En\u2013Ja"]}
# task, name, metric, value, unit, direction, verdict, digits of measured values
CLAIMS = (
    ("asr-librispeech-clean", "ASR", "wer", "3.4", "percent", "lower", "justified"),
    ("asr-librispeech-other", "ASR", "wer", "7.9", "percent", "lower", "undocumented"),
    ("st-en-zh", "En2Zh", "bleu", "28.4", "percent", "higher", "reproduced"),
    ("st-en-ja", "En2Ja", "bleu", "19.0", "percent", "higher", "selective"),
    ("er-iemocap", "ER", "accuracy", "0.71", "fraction", "higher", "infeasible"),
    ("aac-audiocaps", "AAC", "meteor", "21.0", "percent", "higher", "not-comparable"),
    ("osr-librimix", "OSR", "wer", "20.5", "percent", "lower", "not-reproduced"),
    ("sac-inhouse", "SAC", "accuracy", "0.50", "fraction", "higher", "not-run"),
)


def build(*, conventions: int = 9, claims: int = len(CLAIMS), hostile: bool = True) -> dict[str, Any]:
    """An audit document as the JSON value of its audit.json; `document` makes the values that the program works on.

    Args:
        conventions: Measurements of every claim that was run.
        claims: How many claims; more than there are kinds of them repeat the kinds.
        hostile: Whether texts try to break the renderers.
    """
    document: dict[str, Any] = {
        "schema": "repro-audit/audit/1",
        "project": {"name": "repro-audit", "version": "0.1.0"},
        "source_date_epoch": 1_763_856_000,
        "study": _study(hostile),
        "claims": [],
        "conventions": [],
        "measurements": [],
        "verdicts": [],
        "rules": [{"rule": n, "verdict": r.verdict.value, "when": r.words} for n, r in enumerate(RULES, 1)],
        "literature": _literature(hostile),
        "findings": _findings(hostile),
        "inputs": [{"path": f"literature/works/{n}.yaml", "sha256": _hash(n)} for n in range(4)],
        "software": {"unicode": "14.0.0", "packages": {"jiwer": "4.0.0", "sacrebleu": "2.6.0"}},
    }
    for number in range(claims):
        _add_claim(document, number, conventions, hostile)
    return document


def document(value: dict[str, Any]) -> AuditDocument:
    """The document that a JSON value holds, read as audit.json is."""
    return structure(value, "example audit.json")


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _study(hostile: bool) -> dict[str, Any]:
    return {
        "id": "example",
        "title": "EXAMPLE-1B, Table 9",
        "model": "EXAMPLE-1B, an invented model",
        "variants": {"1b": "The only one."},
        "paper": {"title": "Hearing <Things> & Counting Them", "authors_first": "\u014cta \u010capek", "year": 2031,
                  "venue": "Invented 2031", "arxiv": "3101.00001", "url": "https://example.org/paper"},
        "sources": {"S1": "A transcription.", "S2": HOSTILE[0] if hostile else "Another."},
        "prompts_note": "The prompts are `invented`.",
        "not_found": ["The tokenizer."],
        "margins": {
            m: {"value": "0.3", "kind": "assumed", "reason": "An assumption."} for m in ("wer", "bleu", "meteor", "accuracy")
        },
    }  # fmt: skip


def _literature(hostile: bool) -> dict[str, Any]:
    works, matrix = [], []
    for n, name in enumerate(("Alpha: a benchmark", "Beta", "A title that is much too long to be a name of anything")):
        works.append(
            {
                "id": f"work-{n}", "title": name, "authors": ["Ann \u0141uczak", "Bo Li", "Cy Oe", "Di Au"][: n + 2],
                "authors_complete": n == 0, "year": 2025 + n, "venue": "Invented", "kind": "benchmark",
                "relation": "independent", "treatment": ("evaluated", "copied", "mentioned")[n], "variant": "1b",
                "treatment_note": None,
                "code": {"available": ("yes", "partial", "no")[n], "repo": "a/b", "commit": "0" * 40,
                         "licence": "MIT", "note": None},
                "outputs": None, "summary": HOSTILE[n] if hostile else "It counts.", "survey_items": [], "unverified": [],
                "notes": None, "links": ["https://arxiv.org/abs/3101.0000" + str(n), "javascript:alert(1)"],
                "record": f"literature/works/work-{n}.yaml",
                "entries": [{
                    "tasks": ["st-en-zh", "st-en-ja"], "metrics": ["bleu"], "metric_as_named": "BLEU", "data": "A set",
                    "split": "test", "same_data": ("yes", "partly", "no")[n], "same_data_reason": "So it says.",
                    "treatment": "evaluated", "value": "27.9" if n == 0 else None, "conventions": ["c00", "unknown-one"],
                    "counting": "By `words`.", "unverified": [],
                    "unusable": (
                        {"outcome": "dropped", "rule": "Empty outputs leave the score.", "kept": 990, "total": 1000},
                        {"outcome": "kept", "rule": "Empty outputs leave the score.", "kept": None, "total": None},
                        None,
                    )[n],
                    "evidence": [{"kind": "code", "verified": n != 1, "text": "a/b@00000000, eval.py, lines 1-9",
                                  "links": ["https://github.com/a/b/blob/0/eval.py#L1-L9"]}],
                }],
            }
        )  # fmt: skip
        same = ("yes", "partly", "no")[n]
        cell = {"same_data": same, "treatment": "evaluated", "code": "yes", "entries": [0]}
        matrix.append({"work": f"work-{n}", "cells": [] if n == 2 else [{"task": "st-en-zh", **cell}]})
    steps = [{"id": "citing", "text": "cite the model", "count": 3, "works": []}]
    return {
        "tasks": [{"id": "st-en-zh", "row": "En2Zh", "metrics": ["bleu"]}, {"id": "odd-task", "row": "?", "metrics": []}],
        "works": works,
        "matrix": matrix,
        "conventions": [],
        "checkable": {"steps": steps, "unknown": ["x"], "fraction": "33.3"},
        "disagreements": [{"work": "work-0", "about": "tokens", "said": "words", "said_by": "a deck", "found": "characters",
                           "found_in": "eval.py", "effect": "All of it."}],
        "bibliography": [{"work": "work-0", "text": "\u0141uczak, A.: Alpha. Invented, 2025.",
                          "links": ["https://arxiv.org/abs/3101.00000", "javascript:alert(1)"]}],
    }  # fmt: skip


def _findings(hostile: bool) -> dict[str, Any]:
    interval = {"low": "0.200000", "high": "0.300000", "level": "95", "method": "bootstrap"}
    prompts = [
        {"prompt": HOSTILE[0] if hostile else "Say it.", "rows": 60, "value": "0.250000", "interval": interval},
        {"prompt": "Write it.", "rows": 4, "value": None, "interval": None},
    ]
    test = {"name": "permutation", "prompts": 2, "permutations": 1999, "p": "0.0005"}
    return {
        "detectors": {"st-en-zh": [
            {"detector": "echo", "fault": "the prompt comes back", "rows": 3, "of": 900, "example_ids": ["a", "b"]},
            {"detector": "loop", "fault": "a phrase without end", "rows": 0, "of": 900, "example_ids": []},
        ]},
        "prompts": {"st-en-zh": [{"convention": "c00", "metric": "bleu", "rows": 64, "prompts": prompts, "test": test}]},
        "baselines": {"er-iemocap": [{"convention": "c00", "answer": "happy", "correct": 500, "total": 2000}]},
        "observed": [
            {"id": f"seen-{n}", "about": about, "statement": HOSTILE[n % len(HOSTILE)] if hostile else f"Seen {about}.",
             "numbers": {"outputs": 4000, "share": "98.35"}, "source": "a slide", "reproduction": "team"}
            for n, about in enumerate(("batching", "prompts", "references", "other"))
        ],
        "probe-determinism": {"st-en-zh": {"statement": "Outputs change with the batch.", "changed": 66}},
    }  # fmt: skip


def _add_claim(document: dict[str, Any], number: int, conventions: int, hostile: bool) -> None:
    task, name, metric, value, unit, direction, verdict = CLAIMS[number % len(CLAIMS)]
    again = number // len(CLAIMS)
    if again:
        task = f"{task}-{again}"
    identifier = f"{task}.{metric}"
    places = len(value.partition(".")[2])
    half = 5 * 10.0 ** -(places + 1)
    document["claims"].append(
        {
            "id": identifier, "task": task, "task_name": name, "task_short": SHORT.get(task, [name]),
            "dataset": f"Set of {task}, test", "metric": metric,
            "value": value, "unit": unit, "direction": direction, "variant": "1b",
            "rounding": {"low": f"{float(value) - half:.{places + 1}f}", "high": f"{float(value) + half:.{places + 1}f}"},
            "locator": {"table": "Table 9", "row": name, "column": "ours"}, "expected_rows": 2000,
            "prompt": {"key": "p", "text": HOSTILE[2] if hostile else "Say it."}, "judge": None,
            "verified": number % 3 != 1, "source": "S1, S2", "notes": "Nothing is stated.",
            "other_columns": [{"name": "reference", "value": "1.0", "verified": False, "note": ""}],
        }
    )  # fmt: skip
    leading = None
    if verdict != "not-run":
        leading = _add_measurements(
            document, identifier, task, metric, float(value), direction, verdict, conventions, hostile
        )
    agrees = verdict in {"reproduced", "justified", "undocumented"}
    grade = {"reproduced": "B", "justified": "C"}.get(verdict, "E") if agrees else None
    proof = {"schema": "x", "value": value, "unit": unit, "kind": "share",
             "gaps": [{"n": 30, "below": 21, "above": 22}, {"n": 31, "below": 22, "above": None}]}  # fmt: skip
    odds = {"tried": conventions, "distinct": conventions, "low": "1.000000", "high": "9.000000", "chance": "0.31",
            "crowded": "0.10"}  # fmt: skip
    document["verdicts"].append(
        {
            "claim": identifier, "verdict": verdict, "rule": 1, "supporting": [], "reasons": [],
            "measurement": None if verdict == "not-comparable" else leading, "grade": grade,
            "origin": None if verdict in {"not-run", "not-comparable"} else "recomputed",
            "decisive": [{"axis": "tokenizer", "option": "words", "grade": grade, "work": "work-0"}] if agrees else None,
            "odds": None if verdict in {"not-run", "not-comparable"} else odds,
            "certificate": proof if verdict == "infeasible" else None,
        }
    )  # fmt: skip


def _add_measurements(
    document: dict[str, Any],
    claim: str,
    task: str,
    metric: str,
    reported: float,
    direction: str,
    verdict: str,
    conventions: int,
    hostile: bool,
) -> str:
    rng = random.Random(claim)
    agreeing = verdict in {"reproduced", "justified", "undocumented", "selective"}
    grade = {"reproduced": "B", "justified": "C"}.get(verdict, "E")
    for n in range(conventions):
        steps = [s for s in STEPS if rng.random() < 0.45] or ["words"]
        rule = "finished" if n % 4 == 3 else "all"
        chain = ",".join(steps)
        document["conventions"].append(
            {
                "task": task, "metric": metric, "id": f"c{n:02d}", "summary": f"Way {n} of counting, by `{steps[0]}`.",
                "signature": f"{metric}|sel:{rule}|hyp:{chain}|ref:{chain}|count:levenshtein|fold:corpus",
                "hash": _hash(task, metric, n), "grade": grade if n == 0 else "CDE"[n % 3],
                "works": ["work-0", "work-1", "gone"] if n == 0 else [], "notes": None,
                "unavailable": "needs a judge" if n == conventions - 1 else None,
            }
        )  # fmt: skip
        recorded = n % 3 == 1 or verdict == "not-comparable"
        near = agreeing and n == 0
        value = reported + (0.0 if near else (rng.random() - 0.4) * reported / 3 + reported * 0.03)
        scored = 1500 if (near and verdict == "selective") or rule == "finished" else 2000
        width = reported * 0.01
        outside = "better" if (value > reported) == (direction == "higher") else "worse"
        invalid = verdict == "not-comparable" or n == 5
        document["measurements"].append(
            {
                "id": f"{claim}/{'recorded' if recorded else 'recomputed'}/c{n:02d}", "claim": claim, "task": task,
                "metric": metric, "convention": None if n == 4 else f"c{n:02d}",
                "origin": "recorded" if recorded else "recomputed",
                "value": f"{value:.2f}" if recorded else f"{value:.6f}",
                "interval": None if recorded else {"low": f"{value - width:.6f}", "high": f"{value + width:.6f}",
                                                   "level": "95", "method": "bootstrap"},
                "rows": {"expected": 2000, "scored": scored, "missing": 0, "error": 0,
                         "skipped": [{"rule": "finished", "reason": "no end token", "rows": 2000 - scored}]
                         if scored < 2000 else []},
                "counts": None, "rule": (HOSTILE[n % 5] if hostile else "by hand") if recorded else None,
                "agreement": {"kind": "exact" if near else outside, "difference": f"{value - reported:+.6f}"},
                "identity": None if recorded else "consistent",
                "invalid": [{"code": "other-prompt", "text": "Another prompt."}] if invalid else [],
                "note": HOSTILE[(n + 1) % 5] if hostile and recorded else None,
                "source": "a deck, slide 3" if recorded else None, "conditions": None, "judge": None, "unavailable": None,
                "prediction": None if recorded else {"path": f"predictions/{task}.jsonl", "sha256": _hash(task),
                                                     "meta_sha256": _hash(task, 1), "model": "EXAMPLE", "variant": "1b",
                                                     "who": "us", "when": "2031-01-01"},
            }
        )  # fmt: skip
    first = next(m for m in document["measurements"] if m["claim"] == claim)
    return str(first["id"])
