"""METEOR and CIDEr-D by aac-metrics, of a table of captions: `caption_metrics.py TEXTS PYCOCOEVALCAP`.

aac-metrics fetches the jars from other hosts; they are the files that pycocoevalcap carries, whose folder is the second
argument. The import of torch is not measured, in the library's favour.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from aac_metrics.functional.evaluate import evaluate
from printed import Stopwatch, found

# Of pycocoevalcap, and where aac-metrics looks.
FILES = {
    "tokenizer/stanford-corenlp-3.4.1.jar": "aac-metrics/stanford_nlp/stanford-corenlp-3.4.1.jar",
    "meteor/meteor-1.5.jar": "aac-metrics/meteor/meteor-1.5.jar",
    "meteor/data/paraphrase-en.gz": "aac-metrics/meteor/data/paraphrase-en.gz",
}


def main(texts: str, package: str) -> None:
    """Print the values."""
    data = json.loads(Path(texts).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        for name, wanted in FILES.items():
            place = Path(folder, wanted)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(package, name), place)
        watch = Stopwatch()
        scores, _ = evaluate(
            data["hypotheses"], data["references"], metrics=("meteor", "cider_d"), cache_path=folder, device="cpu"
        )
        times = watch.read()
    values = {"meteor/coco": 100 * float(scores["meteor"]), "cider/coco": 100 * float(scores["cider_d"])}
    found(values, "aac-metrics", "torch", **times)


if __name__ == "__main__":
    main(*sys.argv[1:])
