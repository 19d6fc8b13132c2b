"""WER or BLEU of prepared texts by Hugging Face's evaluate: `hub_metrics.py METRIC TEXTS`.

METRIC is `wer` or `sacrebleu`, which evaluate fetches from the Hub, or the path of its script.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import evaluate
from printed import found


def main(metric: str, texts: str) -> None:
    """Print the value."""
    data = json.loads(Path(texts).read_text(encoding="utf-8"))
    loaded = evaluate.load(metric)
    if Path(metric).stem == "wer":
        value = 100 * loaded.compute(predictions=data["hypotheses"], references=data["references"])
        found({"value": value}, "evaluate", "datasets", "jiwer")
    else:
        references = [[text] for text in data["references"]]
        value = loaded.compute(predictions=data["hypotheses"], references=references)["score"]
        found({"value": value}, "evaluate", "datasets", "sacrebleu")


if __name__ == "__main__":
    main(*sys.argv[1:])
