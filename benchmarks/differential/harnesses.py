"""The Open ASR Leaderboard in three versions, and AU-Harness."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

from benchmarks.differential.labels import by_parts
from benchmarks.differential.outputs import Output, Values
from benchmarks.differential.programs import Program, inside, module, quiet, slices, stand_ins
from tests.support.source_rows import MadeRow, made

_WER = "asr-librispeech-clean wer"
_BOARD = "huggingface/open_asr_leaderboard"
Rate = Callable[[Sequence[str], Sequence[str]], float]


def _spellings(rate: Rate, scored: Callable[[str], bool]) -> Values:
    """Rates of every row and of all rows, in percent, over the segments that the program scores."""

    def of(rows: Sequence[MadeRow]) -> float | None:
        kept = [row for row in rows if scored(row["reference"])]
        return rate([row["reference"] for row in kept], [row["said"] for row in kept]) if kept else None

    rows = made("spellings")
    return Values(1, [of(part) for part in slices(rows, 1)], of(rows))


def _jiwer(references: Sequence[str], hypotheses: Sequence[str]) -> float:
    from jiwer import wer

    return 100 * float(wer(list(references), list(hypotheses)))


def open_asr(checkouts: Path) -> list[Output]:
    first = Program(checkouts, _BOARD, "754a8dcf335e43a865040225404b29bbfeec8ecd", "normalizer/normalizer.py")
    second = Program(checkouts, _BOARD, "6a3e6d4e3ec28b81aa5d9a15a5467e13e2b98622", "normalizer/data_utils.py")
    third = Program(checkouts, _BOARD, "d1e99b25524814332d6868a5645e568670834cfb", "normalizer/eval_utils.py")
    found = []
    with inside(first.checkout("normalizer") / "normalizer"):
        table = module("english_abbreviations").english_spelling_normalizer
        english = module("normalizer").EnglishTextNormalizer(table)
        with stand_ins("torch", "transformers", "datasets", "evaluate", "tqdm"):
            in_range = _in_range(first)

        def rate(references: Sequence[str], hypotheses: Sequence[str]) -> float:
            return _jiwer(*([english(text) for text in side] for side in (references, hypotheses)))

        values = _spellings(rate, lambda text: bool(in_range(english(text))))
    called = "EnglishTextNormalizer, is_target_text_in_range, then jiwer in place of evaluate's wer"
    found.append(Output(first, f"{_WER} open-asr-leaderboard-2023", "spellings", "said", called, values))
    for name in [name for name in sys.modules if name.partition(".")[0] in {"normalizer", "english_abbreviations"}]:
        del sys.modules[name]

    with stand_ins("datasets", "evaluate"), inside(second.checkout("normalizer")):
        data = module("normalizer.data_utils")

        def old(references: Sequence[str], hypotheses: Sequence[str]) -> float:
            return _jiwer(*([data.normalizer(text) for text in side] for side in (references, hypotheses)))

        values = _spellings(old, lambda text: bool(data.is_target_text_in_range(data.normalizer(text))))
    found.append(Output(second, f"{_WER} open-asr-leaderboard-2025", "spellings", "said", called, values))
    for name in [name for name in sys.modules if name.partition(".")[0] == "normalizer"]:
        del sys.modules[name]

    with stand_ins("datasets", "huggingface_hub"), inside(third.checkout("normalizer")):
        data = module("normalizer.data_utils")
        scoring = module("normalizer.eval_utils")

        def new(references: Sequence[str], hypotheses: Sequence[str]) -> float:
            # score_results prints two places of this rate.
            sides = ([tuple(data.normalizer(text).split()) for text in side] for side in (references, hypotheses))
            return 100 * float(scoring.batch_error_rate(*sides, merge_compounds=True)["err_rate"])

        values = _spellings(new, lambda text: bool(data.is_target_text_in_range(data.normalizer(text))))
    called = "data_utils.normalizer, is_target_text_in_range, batch_error_rate as score_results calls it"
    found.append(Output(third, f"{_WER} open-asr-leaderboard", "spellings", "said", called, values))
    return found


def _in_range(program: Program) -> Callable[[str], bool]:
    """The function of the script that ran models in 2023; the script itself loads data when it is imported."""
    import ast

    path = program.checkout("transformers/run_eval.py") / "transformers/run_eval.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "is_target_text_in_range"]
    names: dict[str, Any] = {}
    exec(compile(tree, str(path), "exec"), names)
    found: Callable[[str], bool] = names["is_target_text_in_range"]
    return found


def au_harness(checkouts: Path) -> list[Output]:
    commit = "daa06166e3bb7a5837f010867d2bcc16531955c2"
    words = Program(checkouts, "ServiceNow/AU-Harness", commit, "metrics/word_error_rate_metrics.py")
    ngrams = Program(checkouts, "ServiceNow/AU-Harness", commit, "metrics/bleu_metrics.py")
    metrics = MagicMock()
    metrics.Metrics = object
    util = MagicMock()
    util.smart_round = lambda value, _: value  # it rounds for printing
    modules = {"metrics__metrics": metrics, "utils__util": util, "utils__custom_logging": MagicMock()}
    names = ("jaconv", "langdetect")
    with stand_ins(*names, **modules), inside(words.checkout("metrics", "utils", "postprocessors")) as _:
        sys.modules.pop("utils", None)
        package = module("utils")
        vars(package)["util"] = util
        code, bleu, base = (
            module(f"{name}")
            for name in ("metrics.word_error_rate_metrics", "metrics.bleu_metrics", "postprocessors.base")
        )
        clean = base.Postprocessor.remove_thinking_content

        def rates(rows: Sequence[MadeRow]) -> tuple[float, float]:
            scorer = object.__new__(code.WERMetrics)
            scorer.language, scorer.record_level_scores, scorer.contexts = "en", {}, []
            got = quiet(scorer.get_score, [clean(row["said"]) for row in rows], [row["reference"] for row in rows])
            return float(got["overall_wer"]), float(got["average_sample_wer"])

        rows = made("transcripts")
        each, whole = [rates([row]) for row in rows], rates(rows)
        found = [
            Output(
                words, f"{_WER} {name}", "transcripts", "said", f"WERMetrics.get_score, {key}",
                Values(1, [one[n] for one in each], whole[n]),
            )
            for n, (name, key) in enumerate(
                [("au-harness", "overall_wer"), ("au-harness-mean", "average_sample_wer")]
            )
        ]  # fmt: skip
        for language, tokenizer in (("zh", "zh"), ("de", "13a"), ("ja", "13a")):

            def score(part: Sequence[MadeRow], tokenizer: str = tokenizer) -> float:
                scorer = object.__new__(bleu.BleuMetrics)
                scorer.name = "bleu"
                sides = [clean(row["said"]) for row in part], [row["reference"] for row in part]
                return float(scorer.get_score(*sides, tokenizer)["bleu"])

            values = by_parts(f"translations-{language}", score, 20)
            name = f"st-en-{language} bleu au-harness"
            found.append(Output(ngrams, name, f"translations-{language}", "said", "BleuMetrics.get_score", values))
    return found


PROGRAMS = (open_asr, au_harness)
