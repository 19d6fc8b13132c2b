"""BLEU of two runs and their paired bootstrap by sacreBLEU, as `sacrebleu --paired-bs` does it: `paired_bootstrap.py FILE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from printed import found
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest


def main(texts: str) -> None:
    """Print both values and the p-value."""
    data = json.loads(Path(texts).read_text(encoding="utf-8"))
    systems = [("first", data["hypotheses"]), ("second", data["second"])]
    metrics = {"BLEU": BLEU(tokenize="13a", references=[data["references"]])}
    _, scores = PairedTest(systems, metrics, references=None, test_type="bs", n_samples=1000)()
    first, second = scores["BLEU"]
    found({"first": first.score, "second": second.score}, "sacrebleu", "numpy", p_value=second.p_value)


if __name__ == "__main__":
    main(*sys.argv[1:])
