"""FairMLLM's scores by class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.differential.labels import by_parts
from benchmarks.differential.outputs import Output
from benchmarks.differential.programs import Program, inside, module
from tests.support.source_rows import MadeRow

_LABELS = ["neutral", "happy", "sad", "angry"]
_SOURCE = "src/mllm_emotion_classifier"
_MEASURES = (("macro-f1", "f1_macro"), ("weighted-f1", "f1_weighted"), ("uar", "accuracy_unweighted"))


def fairmllm_classes(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts,
        "links-ads/FairMLLM-Emotion-Recognition",
        "003cee282563039c046f9c697acc41dcfed7cae2",
        f"{_SOURCE}/evaluate/metrics.py",
    )
    place = program.checkout(f"{_SOURCE}/evaluate/metrics.py", f"{_SOURCE}/models/postprocess.py")
    with inside(place / _SOURCE / "models"):
        read = module("postprocess").postprocess_ser_response
    with inside(place / _SOURCE / "evaluate"):
        code = module("metrics")
        found = []
        for measure, name in _MEASURES:

            def score(rows: Sequence[MadeRow], name: str = name) -> float:
                said = read(_LABELS, [row["said"] for row in rows])
                gold = [row["reference"].lower() for row in rows]
                return float(getattr(code.ClassificationMetrics(np.array(gold), np.array(said)), name)())

            called = f"postprocess_ser_response with our order of the labels, {name}, rounded"
            values = by_parts("emotions", score, 20)
            found.append(
                Output(program, f"er-iemocap {measure} fairmllm", "emotions", "said", called, values, places=4)
            )
    return found


PROGRAMS = (fairmllm_classes,)
