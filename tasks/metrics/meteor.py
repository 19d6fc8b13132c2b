"""METEOR 1.5, the Java program of the caption scorers: integer statistics per row, and a score from their sums.

The jar computes only the statistics (`SCORE`). This module computes the score from them, with the formula and parameters of
the jar's `EVAL`, so that it can be folded over any subset of rows and bootstrapped. As in
salaniz/pycocoevalcap@ad63453:meteor/meteor.py and Labbeti/aac-metrics@1277a4d:functional/meteor.py, the corpus score is
that of the summed statistics, not the mean of the row scores. With several captions the jar returns the statistics of the
best one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tasks.arrays import NDArray, np
from tasks.availability import reason
from tasks.backends.java import jar, java, sources
from tasks.backends.meteor_jar import JAR, PARAPHRASES, SEPARATOR, Answers
from tasks.errors import ScoringError, TooLongError, UnavailableError
from tasks.metrics.captions import References, items, table
from tasks.metrics.metric import Counts, Metric, Sums
from tasks.step import Value

# The jar's time and memory grow with the square of a text's length: 12,000 words exceed its 2 GB and end it.
MAX_WORDS = 6_000
_STAGES = ("exact", "stem", "synonym", "paraphrase")
COLUMNS = (
    "hypothesis_length",
    "reference_length",
    "hypothesis_function_words",
    "reference_function_words",
    *(
        f"{side}_{stage}_{kind}"
        for stage in _STAGES
        for kind in ("content", "function")
        for side in ("hypothesis", "reference")
    ),
    "chunks",
    "hypothesis_matches",
    "reference_matches",
)
_FIRST_STAGE, _CHUNKS = 4, 20
# The jar's parameters for English, task `rank`: alpha, beta, gamma, delta, and a weight per stage.
ALPHA, BETA, GAMMA, DELTA = 0.85, 0.2, 0.6, 0.75
STAGE_WEIGHTS = (1.0, 0.6, 0.8, 0.6)


def meteor_unavailable() -> str | None:
    """Why METEOR cannot be computed here, or None."""
    return reason(java, lambda: jar(JAR), lambda: jar(PARAPHRASES))


_known: dict[str, tuple[int, ...]] = {}
_asked: list[tuple[list[str], Answers]] = []


def meteor_line(hypothesis: str, captions: Sequence[str]) -> str:
    """The request line for one item.

    The separator is deleted from the output and two spaces become one, as in both wrappers. A separator in a caption, or a
    line break in any text, would change the request, and is an error.

    Raises:
        ScoringError: A caption contains `|||`, a text contains a line break, or a text has more than `MAX_WORDS` words.
    """
    for text in captions:
        if SEPARATOR in text:
            raise ScoringError(f"a caption contains `|||`, METEOR's separator: {text!r}")
    hypothesis = hypothesis.replace(SEPARATOR, "").replace("  ", " ")
    for text in (hypothesis, *captions):
        if "\n" in text or "\r" in text:
            raise ScoringError(f"METEOR cannot process a text with a line break: {text!r}")
        if (words := len(text.split())) > MAX_WORDS:
            raise TooLongError(f"METEOR cannot process a text of {words:,} words; at most {MAX_WORDS:,}")
    return f" {SEPARATOR} ".join(("SCORE", *captions, hypothesis))


def prepare(lines: Iterable[str]) -> None:
    """Begin to answer request lines, all of a run at once; `meteor_statistics` waits for the answers.

    Raises:
        UnavailableError: METEOR is missing.
    """
    waiting = {line for some, _ in _asked for line in some}
    new = [line for line in dict.fromkeys(lines) if line not in _known and line not in waiting]
    if new:
        _asked.append((new, Answers(new)))


def meteor_statistics(lines: Sequence[str]) -> list[tuple[int, ...]]:
    """The statistics for every request line, in the order of `COLUMNS`; cached per process.

    The single chunk of a perfect match counts as zero chunks, as in the jar's sums.

    Raises:
        UnavailableError: METEOR is missing or failed.
    """
    prepare(lines)
    while _asked:
        some, answers = _asked.pop(0)
        _known.update(zip(some, map(_parse, answers.result()), strict=True))
    return [_known[line] for line in lines]


def _parse(answer: str) -> tuple[int, ...]:
    try:
        values = [float(field) for field in answer.split()]
    except ValueError:
        values = []
    if len(values) != len(COLUMNS) or not all(value.is_integer() and value >= 0 for value in values):
        raise UnavailableError(f"METEOR: unexpected output: {answer[:80]!r}")
    row = [int(value) for value in values]
    matches = row[_FIRST_STAGE:_CHUNKS]
    if row[_CHUNKS] == 1 and sum(matches[0::2]) == row[0] and sum(matches[1::2]) == row[1]:
        row[_CHUNKS] = 0
    return tuple(row)


def meteor_from_sums(sums: Sums | Counts) -> NDArray[np.float64]:
    """METEOR (0 to 1) from summed statistics: (..., 23) to (...,). Without any match it is 0."""
    stages = sums[..., _FIRST_STAGE:_CHUNKS].reshape(*sums.shape[:-1], len(_STAGES), 2, 2)
    kinds = np.array([DELTA, 1 - DELTA])
    matched = np.einsum("...mks,m,k->...s", stages, np.array(STAGE_WEIGHTS), kinds)
    lengths, function = sums[..., 0:2], sums[..., 2:4]
    weighted = DELTA * (lengths - function) + (1 - DELTA) * function
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, recall = np.moveaxis(matched / weighted, -1, 0)
        mean = 1 / ((1 - ALPHA) / precision + ALPHA / recall)
        pieces = 2 * sums[..., _CHUNKS] / (sums[..., _CHUNKS + 1] + sums[..., _CHUNKS + 2])
        score = mean * (1 - GAMMA * pieces**BETA)
    found: NDArray[np.float64] = np.maximum(np.nan_to_num(score), 0.0)
    return found


@dataclass(frozen=True)
class Meteor(Metric):
    """METEOR 1.5 of the summed statistics, times 100. Expects texts, that is, tokens joined by spaces."""

    references: References = "all"
    id: str = "meteor"
    columns: tuple[str, ...] = COLUMNS
    scale: int = 100

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:meteor-1.5.en.norm|fold:corpus|refs:{self.references}"

    @property
    def sources(self) -> tuple[str, ...]:
        """This module, the jar, its paraphrase table and the code that cuts it."""
        return (
            *super().sources,
            "module:tasks.metrics.captions",
            "module:tasks.backends.meteor_jar",
            "module:tasks.backends.paraphrases",
            *sources(JAR, PARAPHRASES),
        )

    def lines(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> dict[tuple[int, int], str]:
        """The request line of every item, by the row and the number of the item.

        Raises:
            ScoringError: See `meteor_line`; of texts that are too long, of all rows that have one.
        """
        found: dict[tuple[int, int], str] = {}
        too_long: dict[int, str] = {}
        for number, (row, hypothesis, captions) in enumerate(items(hypotheses, references, self.references)):
            try:
                found[row, number] = meteor_line(hypothesis, captions)
            except TooLongError as error:
                too_long.setdefault(row, error.what)
            except ScoringError as error:
                raise error.in_item(row) from error
        if too_long:
            raise TooLongError.of_items(too_long)
        return found

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 23): the jar's statistics; with `each`, summed over the row's captions.

        Raises:
            ScoringError: See `meteor_line`.
            UnavailableError: Java or the jar is missing, or Java failed.
        """
        lines = self.lines(hypotheses, references)
        counts = table(len(hypotheses), len(COLUMNS))
        for (row, _), values in zip(lines, meteor_statistics(list(lines.values())), strict=True):
            counts[row] += values
        return counts

    def fold(self, counts: Counts) -> float | None:
        """METEOR over all rows, 0 to 100."""
        return float(meteor_from_sums(counts.sum(axis=0))) * self.scale if len(counts) else None

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """See `Metric.from_sums`."""
        return meteor_from_sums(sums) * self.scale
