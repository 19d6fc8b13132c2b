"""Units that a planned sample needs on real outputs, for true and for false claims: the table of docs/explanation/sampling.md.

`python -m benchmarks.sampling FOLDER` reads the AudioBench files in FOLDER (SALMONN-7B; they are not part of the project),
draws random orders of their rows, and prints after how many units the bounds settle each claim, at a risk of 5 % and every
row a possible moment to stop.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.pipeline.plan_expectations import units_needed
from tasks.metrics.bleu import Bleu
from tasks.metrics.error_rate import edit_counts
from tasks.statistics.confidence_sequences.ratios import Drawn, Population
from tasks.statistics.confidence_sequences.sums import FIRST, half_width, influences
from tasks.steps.tokenise import sacrebleu_tokenizer

RISK = 0.05
ORDERS = 50
_SEED = 20_261_129
# The longest output has 203 words.
CAP = 256
Array = NDArray[np.float64]
Needed = Callable[[Array, tuple[float, float]], int]


@dataclass(frozen=True, slots=True)
class Case:
    """A real set under one convention.

    Attributes:
        units: Its size.
        value: Over the whole set.
        margin: In the value's unit; half a printed digit is added.
        half: Half a unit of the last printed digit.
        better: 1 if higher is better, -1 if lower is.
        needed: The units that an order (indices of rows) needs, for values that agree from a lowest to a highest.
    """

    name: str
    units: int
    value: float
    margin: float
    half: float
    better: int
    needed: Needed


def ratio(name: str, a: Array, w: Array, population: Population, margin: float, half: float, better: int) -> Case:
    """A share, a mean or a pooled error rate."""

    def needed(order: Array, agree: tuple[float, float]) -> int:
        return units_needed(Drawn.of(a[order], w[order]), population, agree, RISK / 2)

    return Case(name, len(a), float(a.sum() / w.sum()), margin, half, better, needed)


def in_blocks(case: Case, a: Array, w: Array, population: Population, strata: int) -> Case:
    """The same, with one unit of each stratum by length at a time."""
    first = len(a) % strata

    def needed(order: Array, agree: tuple[float, float]) -> int:
        rank = np.empty(len(order))
        rank[order] = np.arange(len(order))
        rest = np.array(sorted(order[first:], key=lambda i: (w[i], i))).reshape(strata, -1)
        rows = np.take_along_axis(rest, np.argsort(rank[rest], axis=1), axis=1)
        drawn = Drawn(
            np.concatenate([a[order[:first]], a[rows].sum(axis=0)]),
            np.concatenate([w[order[:first]], w[rows].sum(axis=0)]),
            np.concatenate([np.ones(first, dtype=np.int64), np.full(rows.shape[1], strata)]),
        )
        return units_needed(drawn, population, agree, RISK / 2)

    return Case(f"{case.name}, {strata} strata", case.units, case.value, case.margin, case.half, case.better, needed)


def errors(folder: Path, year: str, strata: int = 1) -> Case:
    """AudioBench's stored pairs of test-clean, which are already normalised."""
    data = json.loads((folder / f"librispeech_test_clean_wer_score.{year}.json").read_text(encoding="utf-8"))
    said, gold = ([tuple(row[side].split()) for row in data["sample_wer"]] for side in ("prediction", "reference"))
    counts = edit_counts(said, gold)
    a, w = counts[:, :3].sum(axis=1).astype(float), np.array([len(words) for words in gold], dtype=float)
    whole = Population(len(a), float(w.max()), CAP)
    case = ratio(f"test-clean {year}, WER", a, w, whole, 0.002, 0.00005, -1)
    return case if strata == 1 else in_blocks(case, a, w, whole, strata)


def judged(folder: Path) -> Case:
    """IEMOCAP: the mean of the judge's grades, from 0 to 5, as a share of 5."""
    name = "iemocap_emotion_test_llama3_70b_judge_score.json"
    data = json.loads((folder / name).read_text(encoding="utf-8"))
    grades = np.array([float(row["rate_score"]) for row in _details(data)]) / 5
    whole = Population(len(grades), total=float(len(grades)))
    return ratio("IEMOCAP, judge's grade", grades, np.ones(len(grades)), whole, 0.005, 0.0005, 1)


def _details(data: Any) -> Sequence[dict[str, Any]]:
    found = data.get("details") or next(value["details"] for value in data.values() if "details" in value)
    return list(found)


def translated(folder: Path) -> Case:
    """CoVoST 2 en-zh: sacreBLEU's `zh`, whose bounds are approximate."""
    rows = json.loads((folder / "covost2_en_zh_test.json").read_text(encoding="utf-8"))
    metric, tokens = Bleu(), sacrebleu_tokenizer("zh")
    sides = [[tuple(tokens(row[side]).split()) for row in rows] for side in ("model_prediction", "answer")]
    terms = metric.terms(metric.count(sides[0], [[one] for one in sides[1]])).astype(float)
    value = float(metric.from_sums(terms.sum(axis=0, keepdims=True))[0])

    def needed(order: Array, agree: tuple[float, float]) -> int:
        for n in range(FIRST, len(rows)):
            drawn = terms[order[:n]]
            width = half_width(influences(drawn, metric.from_sums), len(rows), RISK)
            if width is None:
                continue
            here = float(metric.from_sums(drawn.sum(axis=0, keepdims=True))[0])
            low, high = here - width, here + width
            if low > agree[1] or high < agree[0] or (low >= agree[0] and high <= agree[1]):
                return n
        return len(rows)

    return Case("CoVoST 2 en-zh, BLEU (approximate)", len(rows), value, 0.3, 0.05, 1, needed)


def cases(folder: Path) -> list[Case]:
    """Every case."""
    return [
        errors(folder, "2024"),
        errors(folder, "2024", 8),
        errors(folder, "2025"),
        errors(folder, "2025", 8),
        judged(folder),
        translated(folder),
    ]


def claims(case: Case) -> list[tuple[str, float]]:
    """A true claim, claims that are too good by some margins beyond the margin, and one that is far too good."""
    slack = case.margin + case.half
    found = [("true", case.value)]
    for off in (1, 2, 5, 20):
        found.append(
            (f"{off} margin{'s' * (off > 1)} too good", case.value + case.better * (slack + off * case.margin))
        )
    far = 0.021 if case.better < 0 else case.value + case.better * 0.5 * (1 - case.value if case.value < 1 else 20)
    return [*found, ("far too good", far)]


def table(found: Sequence[Case], orders: int = ORDERS) -> str:
    """The table, in Markdown: the median and the 90th percentile of the units needed."""
    lines = ["| set | units | claim | settled after (median) | in nine of ten orders | share of the set |",
             "| :-- | --: | :-- | --: | --: | --: |"]  # fmt: skip
    for case in found:
        random = np.random.default_rng(_SEED)
        drawn = [random.permutation(case.units) for _ in range(orders)]
        for name, claim in claims(case):
            slack = case.margin + case.half
            units = [case.needed(order, (claim - slack, claim + slack)) for order in drawn]
            middle, most = int(np.median(units)), int(np.quantile(units, 0.9, method="higher"))
            said = f"{name} ({claim:.4f})" if case.value < 1 else f"{name} ({claim:.1f})"
            lines.append(
                f"| {case.name} | {case.units:,} | {said} | {middle:,} | {most:,} | {100 * middle / case.units:.1f} % |"
            )
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder with AudioBench's files")
    parser.add_argument("--orders", type=int, default=ORDERS, help="random orders (default: %(default)s)")
    options = parser.parse_args()
    print(table(cases(options.folder), options.orders))


if __name__ == "__main__":
    main()
