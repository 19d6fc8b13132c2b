"""Error rates over speakers by meeteval, of prepared streams of words: `speakers.py STREAMS`.

cpWER, and the rate with surplus sentences joined to speakers: where there are more sentences than speakers this is ORC-WER
with the two sides exchanged, whose errors are the same in number.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

from meeteval.wer import cp_word_error_rate, orc_word_error_rate
from printed import found

# It says of every pair of texts that they have no times.
logging.disable(logging.WARNING)


def main(streams: str) -> None:
    """Print both rates."""
    data = json.loads(Path(streams).read_text(encoding="utf-8"))
    errors = merged = words = 0
    for said, wanted in zip(data["hypotheses"], data["references"], strict=True):
        cp = cp_word_error_rate(reference=wanted, hypothesis=said)
        errors, words = errors + cp.errors, words + cp.length
        merged += (
            orc_word_error_rate(reference=said, hypothesis=wanted).errors if len(said) > len(wanted) else cp.errors
        )
    found({"cpwer": 100 * errors / words, "cpwer-merge": 100 * merged / words}, "meeteval", "numpy")


if __name__ == "__main__":
    main(*sys.argv[1:])
