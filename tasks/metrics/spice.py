"""SPICE 1.0 (a Java program) and SPIDEr (the mean of SPICE and CIDEr-D).

`pycocoevalcap` contains the jar but not its parser. The user provides Stanford CoreNLP 3.6.0 and its models, about 400 MB, in
`REPRO_AUDIT_CORENLP`, a folder with the two jars, and `REPRO_AUDIT_CORENLP_SHA256`, the hash of their hashes:
`(cd FOLDER; sha256sum stanford-corenlp-3.6.0.jar stanford-corenlp-3.6.0-models.jar) | sha256sum`.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.availability import reason
from tasks.backends.java import jar, java, run, sources
from tasks.errors import UnavailableError
from tasks.metrics.captions import MeanScore, References, fixed, items, table, words
from tasks.metrics.cider import CiderD
from tasks.metrics.metric import Counts
from tasks.step import Value

JAR = "spice/spice-1.0.jar"
MODELS = ("stanford-corenlp-3.6.0.jar", "stanford-corenlp-3.6.0-models.jar")
PATH_VARIABLE = "REPRO_AUDIT_CORENLP"
HASH_VARIABLE = "REPRO_AUDIT_CORENLP_SHA256"
TIMEOUT = 4 * 3600.0
# SPICE's libraries use reflection on packages that Java 16 and later close by default.
_OPENED = tuple(
    f"--add-opens=java.base/{package}=ALL-UNNAMED"
    for package in (
        "java.lang",
        "java.math",
        "java.nio",
        "java.text",
        "java.util",
        "java.util.concurrent",
        "sun.nio.ch",
    )
)
Texts = tuple[str, tuple[str, ...]]
_known: dict[tuple[str, Texts], int] = {}


def spice_models() -> Path:
    """The folder with CoreNLP 3.6.0 and its models, checked by hash.

    Raises:
        UnavailableError: The folder is not given or incomplete, or the hash does not match.
    """
    name, wanted = os.environ.get(PATH_VARIABLE), os.environ.get(HASH_VARIABLE)
    if not name or not wanted:
        raise UnavailableError(f"SPICE models not given (set {PATH_VARIABLE} and {HASH_VARIABLE})")
    folder = Path(name)
    for model in MODELS:
        if not (folder / model).is_file():
            raise UnavailableError(f"SPICE models not found: no {model} in the folder of {PATH_VARIABLE}")
    if models_digest(folder) != wanted.lower():
        raise UnavailableError(f"the hash of the SPICE models is not {HASH_VARIABLE}")
    return folder


def models_digest(folder: Path) -> str:
    """SHA-256 (hex) of the `sha256sum` lines of the two jars."""
    stamps = tuple((folder / name).stat().st_mtime_ns for name in MODELS)
    return _digest(folder, stamps)


@cache
def _digest(folder: Path, stamps: tuple[int, ...]) -> str:  # noqa: ARG001  # a changed file changes the cache key
    total = hashlib.sha256()
    for name in MODELS:
        with (folder / name).open("rb") as file:
            total.update(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n".encode())
    return total.hexdigest()


def spice_unavailable() -> str | None:
    """Why SPICE cannot be computed here, or None."""
    return reason(spice_models, java, lambda: jar(JAR))


def spice_scores(texts: Sequence[Texts]) -> list[int]:
    """SPICE F-scores of all (output, captions), in units of 10**-12; cached per process.

    An item for which the program returns no number (no graph on either side) scores 0.

    Raises:
        UnavailableError: SPICE is missing or failed.
    """
    models = spice_models()
    version = models_digest(models)
    new = [text for text in dict.fromkeys(texts) if (version, text) not in _known]
    if new:
        for text, score in zip(new, _run(models, new), strict=True):
            _known[version, text] = score
    return [_known[version, text] for text in texts]


def _run(models: Path, texts: Sequence[Texts]) -> list[int]:
    program = jar(JAR)
    path = ":".join([str(program), str(program.parent / "lib" / "*"), *(str(models / name) for name in MODELS)])
    question = [{"image_id": i, "test": said, "refs": list(captions)} for i, (said, captions) in enumerate(texts)]
    with tempfile.TemporaryDirectory(prefix="repro-audit-spice-") as folder:
        asked, answered = Path(folder, "in.json"), Path(folder, "out.json")
        asked.write_text(json.dumps(question), encoding="ascii")
        arguments = (
            "-Xmx8G",
            *_OPENED,
            "-cp",
            path,
            "edu.anu.spice.SpiceScorer",
            str(asked),
            "-out",
            str(answered),
            "-silent",
        )
        run("SPICE", arguments, timeout=TIMEOUT)
        try:
            answer = json.loads(answered.read_bytes())
        except (OSError, ValueError) as error:
            raise UnavailableError(f"SPICE: unreadable result ({type(error).__name__})") from None
    return _scores(answer, len(texts))


def _scores(answer: Any, wanted: int) -> list[int]:
    try:
        found = {int(item["image_id"]): item["scores"]["All"]["f"] for item in answer}
        scores = [found[i] for i in range(wanted)]
        return [fixed(float(score)) if score is not None and np.isfinite(float(score)) else 0 for score in scores]
    except (KeyError, TypeError, ValueError):
        raise UnavailableError(f"SPICE: did not return {wanted} scores") from None


def _text(value: Value) -> str:
    return " ".join(words(value)) if isinstance(value, tuple) else str(value)


@dataclass(frozen=True)
class Spice(MeanScore):
    """The mean SPICE F-score, times 100."""

    references: References = "all"
    id: str = "spice"
    columns: tuple[str, ...] = ("score", "items")
    scale: int = 100

    @property
    def signature(self) -> str:
        """Counting and folding; identifies the models by their hash."""
        models = (os.environ.get(HASH_VARIABLE) or "unset").lower()[:12]
        return f"count:spice-1.0.corenlp-{models}|fold:mean|refs:{self.references}"

    @property
    def sources(self) -> tuple[str, ...]:
        """This module and the jar."""
        return (*super().sources, "module:tasks.metrics.captions", *sources(JAR))

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 2): scores in parts of 10**12, and items.

        Raises:
            UnavailableError: See `spice_scores`.
        """
        pairs = items(hypotheses, references, self.references)
        scores = spice_scores([(_text(said), tuple(map(_text, captions))) for _, said, captions in pairs])
        counts = table(len(hypotheses), 2)
        for (row, _, _), score in zip(pairs, scores, strict=True):
            counts[row] += (score, 1)
        return counts


@dataclass(frozen=True)
class Spider(MeanScore):
    """SPIDEr: the mean of CIDEr-D and SPICE, times 100. Depends on the whole set as CIDEr-D does."""

    references: References = "all"
    id: str = "spider"
    columns: tuple[str, ...] = ("cider", "spice", "items")
    scale: int = 100
    whole_set: bool = True

    @property
    def signature(self) -> str:
        """Counting and folding."""
        parts = (metric.signature.removeprefix("count:").split("|", 1)[0] for metric in (CiderD(), Spice()))
        return f"count:spider.{'+'.join(parts)}|fold:mean|refs:{self.references}"

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources of both metrics."""
        return tuple(sorted({*super().sources, *CiderD().sources, *Spice().sources}))

    def row_score(self, counts: Counts) -> tuple[NDArray[np.int64], int]:
        """The sum of both scores, and 2."""
        return counts[:, 0] + counts[:, 1], 2

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 3): CIDEr-D and SPICE in units of 10**-12, and items."""
        spice = Spice(self.references).count(hypotheses, references)
        cider = CiderD(self.references).count(hypotheses, references)
        return np.column_stack([cider[:, 0], spice])
