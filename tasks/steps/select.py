"""Selection: rules that skip rows; the report shows how many rows each rule skipped."""

from __future__ import annotations

import re

from tasks.convention import Selection
from tasks.row import Row
from tasks.steps.clean import is_finished
from tasks.steps.long_texts import without_spans

SOURCES = (
    "module:tasks.steps.clean",
    "module:tasks.steps.together",
    "module:tasks.steps.long_texts",
    "unicode:",
    "version:regex",
)


def _finished(row: Row) -> bool:
    return is_finished(row)


def _has_kana(row: Row) -> bool:
    return bool(re.search(r"[\u3040-\u30ff]", row.hypothesis or ""))


_TAGS = re.compile(r"<[^>]*>")


def _reference_not_empty(row: Row) -> bool:
    return isinstance(row.reference, str) and bool(without_spans(_TAGS, row.reference, ">").strip())


def _reference_text(row: Row) -> bool:
    return bool(row.reference)


# Drops outputs without an end token: jaeeewon/project-multimodal@d9e5d17:dist_eval/.
FINISHED = Selection("finished", _finished, "no end token")
# Drops translations without any kana (U+3040..U+30FF): same source, slides of 2025-10-13 and 2025-10-27.
HAS_KANA = Selection("has-kana", _has_kana, "no kana in the output")
# Drops segments whose reference is empty after removing <...> tags: same source, eval_wer.py.
REFERENCE_AFTER_TAGS = Selection("reference-after-tags", _reference_not_empty, "reference empty without its tags")
# Drops pairs with an empty reference: OpenBMB/UltraEval-Audio@9b69da6:audio_evals/agg/base.py.
REFERENCE_NOT_EMPTY = Selection("reference-not-empty", _reference_text, "empty reference")
