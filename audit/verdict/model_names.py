"""Whether the model that a prediction file names is the model of a claim."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_BETWEEN_WORDS = re.compile(r"[\W_]+")


def called(model: str, names: Sequence[str], others: Iterable[str] = ()) -> bool:
    """Whether a prediction file's name of its model contains one of a model's names as whole words, or none are known.

    Args:
        model: The name in the prediction file.
        names: The model's.
        others: Those of a study's other models: `qwen2-audio-instruct` is not `qwen2-audio`, if the study has both.
    """

    def words(text: str) -> str:
        return f" {_BETWEEN_WORDS.sub(' ', text.casefold()).strip()} "

    def longest(some: Iterable[str]) -> int:
        return max((len(words(name)) for name in some if words(name) in words(model)), default=0)

    mine = longest(names)
    return not names or (bool(mine) and mine >= longest(others))
