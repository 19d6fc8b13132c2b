"""What a program returned, and the file that keeps it."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.differential.programs import Program
from tests.support.source_rows import digest, made

FOLDER = Path(__file__).resolve().parents[2] / "tests/assets/source_outputs"
_LIBRARIES = (
    "sacrebleu",
    "jiwer",
    "nltk",
    "rouge_score",
    "evaluate",
    "textdistance",
    "meeteval",
    "Levenshtein",
    "num2words",
    "kaldialign",
    "scikit-learn",
)


@dataclass(frozen=True)
class Values:
    """Values of parts of `size` rows, in order, and of all rows; None where the program stops or was not run."""

    size: int
    parts: list[float | None]
    whole: float | None


@dataclass(frozen=True)
class Output:
    """The values of one program for one convention (`TASK METRIC CONVENTION`).

    `side` is the output that it was given: `hypothesis` with special tokens, `said` without; `called` is what was run;
    `places` are the decimals it prints, if it returns nothing else.
    """

    program: Program
    convention: str
    rows: str
    side: str
    called: str
    values: Values
    places: int | None = None

    def write(self, command: str) -> Path:
        """Write the file of the convention."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        libraries = {}
        for name in _LIBRARIES:
            try:
                libraries[name] = version(name)
            except PackageNotFoundError:
                continue
        about = {
            "convention": self.convention,
            "repository": self.program.repository,
            "commit": self.program.commit,
            "path": self.program.path,
            "called": self.called,
            "command": command,
            "python": platform.python_version(),
            "libraries": libraries,
            "rows": self.rows,
            "rows_sha256": digest(made(self.rows)),
            "side": self.side,
            "places": self.places,
            "size": self.values.size,
            "whole": self.values.whole,
        }
        parts = ",\n".join(
            ", ".join(map(json.dumps, self.values.parts[i : i + 10])) for i in range(0, len(self.values.parts), 10)
        )
        text = json.dumps(about, indent=1, ensure_ascii=False)[:-2] + f',\n "parts": [\n{parts}\n ]\n}}\n'
        path = FOLDER / (self.convention.replace(" ", ".").lower() + ".json")
        path.write_text(text, encoding="utf-8")
        return path
