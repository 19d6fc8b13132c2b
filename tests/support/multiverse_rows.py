"""Made-up rows with everything that normalisers differ on, and a specification of 256 pipelines over them."""

from __future__ import annotations

import random

from audit.literature.known_tasks import known_tasks as tasks
from tasks.analysis.multiverse import Specification
from tasks.analysis.specifications import specification
from tasks.row import Row

_TEXT = (
    "the colour of Mr. Smith's twenty five well-known dogs isn't (quite) what we'd, um, call grey! "
    "Don't go to St. John's before 5% of $20.50 has gone; o dear - can't Dr. Jones cancel it? 1874 was fine"
)
_WORDS = _TEXT.split()


def rows(number: int, seed: int = 3) -> list[Row]:
    rng = random.Random(seed)
    found = []
    for index in range(number):
        reference = [rng.choice(_WORDS) for _ in range(rng.randint(4, 8))]
        said = [w for w in reference if rng.random() > 0.1]
        if rng.random() < 0.3:
            said = [w.lower().strip(".,!?;()") for w in said]
        if rng.random() < 0.2:
            said.insert(rng.randint(0, len(said)), rng.choice(_WORDS))
        text = " ".join(said)
        if rng.random() < 0.05:
            text = "DH AH0 K AE1 T sil S AE1 T"
        if rng.random() < 0.05:
            text = f"The transcription of the speech is: {text}"
        ended = rng.random() < 0.9
        found.append(Row(f"{index:04}", f"<s> {text}</s>" if ended else f"<s> {text}", " ".join(reference)))
    return found


def small_specification() -> Specification:
    whole = specification(tasks()["asr-librispeech-clean"], "wer")
    wanted = {
        "selection": {"all", "finished", "no-phones", "no-fault"},
        "cleaning": {"special", "raw"},
        "normaliser": {
            "verbatim", "lower", "jiwer", "covost2", "whisper-en", "whisper-en+basic", "audiobench", "gigaspeech",
        },
        "tokenizer": {"words", "13a", "13a-no-punct"},
        "fold": {"corpus", "mean-of-rows"},
    }  # fmt: skip
    from tasks.analysis.multiverse import Axis

    axes = tuple(Axis(a.name, tuple(o for o in a.options if o.name in wanted[a.name])) for a in whole.axes)
    # A mean of rows with words alone: enough of a second fold, and it is the slow one.
    return Specification(whole.task, whole.metric, axes, lambda n: "mean-of-rows" not in n or "words" in n)
