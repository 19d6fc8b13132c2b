"""TER: translation edit rate, edits with shifts of phrases over the average length of the references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tasks.arrays import NDArray, np
from tasks.errors import TooLongError
from tasks.metrics.metric import Counts, Metric, Sums, Terms, as_counts
from tasks.sacrebleu import LIBRARY, sacrebleu_module
from tasks.step import Step, Value, version_of

SOURCES = ("module:sacrebleu.metrics.lib_ter", "module:tasks.sacrebleu")
COLUMNS = ("edits", "reference_words", "references")
# The search for shifts takes time that grows with the product of both lengths.
LONGEST = 250_000
_VERSION = version_of(LIBRARY)


def _tercom() -> object:
    library = sacrebleu_module("tokenizers.tokenizer_ter").TercomTokenizer
    tokenizer = library()
    # Without the library's cache of 65,536 lines: `ChainCache` already caches texts.
    plain = library.__call__.__wrapped__
    return lambda text: tuple(plain(tokenizer, text.rstrip()).split())


def _tercom_of_many(texts: Sequence[str]) -> list[tuple[str, ...]]:
    """The same for many texts: by default, tercom lower-cases and nothing else."""
    return list(map(tuple, map(str.split, map(str.lower, texts))))


# tercom's words by sacreBLEU's defaults: lower case, no normalisation, punctuation kept.
TERCOM_TOKENS = Step(
    "tok.tercom",
    _VERSION,
    _tercom,  # type: ignore[arg-type]  # a closure over an untyped library
    ("module:sacrebleu.tokenizers.tokenizer_ter", "module:tasks.metrics.ter", "module:tasks.sacrebleu", "unicode:"),
    "tokens",
    batch=_tercom_of_many,
)


def ter_counts(hypothesis: tuple[str, ...], references: Sequence[tuple[str, ...]]) -> list[int]:
    """The fewest edits to any reference, the words of all references, and their number.

    Raises:
        TooLongError: The texts are too long for the search for shifts.
    """
    translation_edit_rate = sacrebleu_module("metrics.lib_ter").translation_edit_rate
    words = sum(map(len, references))
    if len(hypothesis) * max(map(len, references)) > LONGEST:
        raise TooLongError(
            f"{len(hypothesis):,} words against {max(map(len, references)):,}: too long for TER's search for shifts"
        )
    if tuple(hypothesis) in references and hypothesis:
        return [0, words, len(references)]
    edits = min(translation_edit_rate(list(hypothesis), list(reference))[0] for reference in references)
    return [edits, words, len(references)]


@dataclass(frozen=True)
class Ter(Metric):
    """Corpus TER by sacreBLEU: summed edits over summed average reference lengths; several references, the fewest edits.

    Edits are insertions, deletions, substitutions and shifts of up to ten words, found by tercom's greedy search
    (mjpost/sacrebleu@f615c7286d4d813370efb824d94fc2bfcd3a6b94:sacrebleu/metrics/ter.py:96-195, lib_ter.py). 100 if there are
    edits without a reference word, and 0 if both sides are empty.
    """

    id: str = "ter"
    columns: tuple[str, ...] = COLUMNS
    scale: int = 100

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:tercom@{_VERSION}|fold:corpus|ref:fewest-edits.average-length"

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 3): edits, words of all references, number of references. Values are tokens, or lists of them.

        Raises:
            TooLongError: A row's texts are too long.
        """
        rows = []
        for index, (hypothesis, reference) in enumerate(zip(hypotheses, references, strict=True)):
            try:
                rows.append(ter_counts(hypothesis, reference if isinstance(reference, list) else [reference]))
            except TooLongError as error:
                raise error.in_item(index) from None
        return as_counts(rows, len(COLUMNS))

    def fold(self, counts: Counts) -> Fraction | None:
        """Corpus TER, exact; above 100 if there are more edits than words."""
        if not len(counts):
            return None
        edits, words, references = counts.T
        length = sum(
            (Fraction(int(words[references == number].sum()), int(number)) for number in np.unique(references)),
            Fraction(0),
        )
        if length:
            return Fraction(int(edits.sum())) * self.scale / length
        return Fraction(self.scale if edits.any() else 0)

    def terms(self, counts: Counts) -> Terms:
        """See `Metric.terms`: edits, average reference lengths in millionths, and 1."""
        edits, words, references = counts.T
        return np.stack([edits, np.rint(words / references * 1e6), np.ones(len(counts))], axis=1)

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        """See `Metric.from_sums`."""
        edits, length, rows = sums.T
        rates = np.divide(edits * self.scale * 1e6, length, out=np.where(edits > 0, 100.0, 0.0), where=length > 0)
        return np.where(rows > 0, rates, np.nan)
