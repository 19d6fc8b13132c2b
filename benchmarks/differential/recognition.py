"""Programs that score transcripts and phone strings."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

from benchmarks.differential.outputs import Output, Values
from benchmarks.differential.programs import Program, Redis, inside, module, quiet, script, slices, stand_ins
from tests.support.source_rows import MadeRow, made

_TORCH = ("torch", "requests", "transformers", "transformers.pipelines", "transformers.pipelines.audio_utils", "zhconv")
_WER = "asr-librispeech-clean wer"
Pairs = tuple[list[str], list[str]]  # references, hypotheses


def _pairs(rows: Sequence[MadeRow], hypothesis: str) -> Pairs:
    return [row["reference"] for row in rows], [row[hypothesis] for row in rows]


def _rates(rate: Callable[[Pairs], float], hypothesis: str = "said") -> Values:
    """The rate of every row and of all rows, in percent."""
    rows = made("transcripts")
    return Values(1, [100 * rate(_pairs([row], hypothesis)) for row in rows], 100 * rate(_pairs(rows, hypothesis)))


def qwen(checkouts: Path) -> list[Output]:
    found = []
    for repository, commit, name in (
        ("QwenLM/Qwen2-Audio", "595360e82b5839c1507492ec83cae5bda6d5c7d4", "qwen2-audio"),
        ("QwenLM/Qwen-Audio", "b50fb958438081d36e1a14e93dbbc2f329c7f10e", "qwen-audio"),
    ):
        program = Program(checkouts, repository, commit, "eval_audio/evaluate_asr.py")
        with stand_ins(*_TORCH), inside(program.checkout("eval_audio") / "eval_audio"):
            code = module("evaluate_asr")

            def rate(pairs: Pairs, code: Any = code) -> float:
                refs, hyps = ([code.remove_sp(text, "en") for text in side] for side in pairs)
                return float(quiet(code.compute_wer, refs, hyps, "en"))

            found.append(
                Output(program, f"{_WER} {name}", "transcripts", "said", "remove_sp, compute_wer", _rates(rate))
            )
    return found


def kimi(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts, "MoonshotAI/Kimi-Audio-Evalkit", "4080c492effcbb38d18e9d8893a9d61885f19d9b", "almeval/metrics/wer.py"
    )
    with stand_ins("zhconv"), inside(program.checkout("almeval/metrics") / "almeval"):
        (Path("metrics") / "__init__.py").write_text("")
        code = module("metrics.wer")
        values = _rates(lambda pairs: quiet(code.compute_wer, *pairs, "en"))
    return [Output(program, f"{_WER} kimi-audio-evalkit", "transcripts", "said", "compute_wer", values)]


def ultraeval(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts, "OpenBMB/UltraEval-Audio", "9b69da645d53cbc90b30179339a1dce7f0117b42", "audio_evals/agg/base.py"
    )
    library = [
        f"audio_evals/lib/{name}" for name in ("__init__.py", "wer.py", "evaluate_tokenizer.py", "text_normalization")
    ]
    with stand_ins("zhconv", "pandas", "audio_evals.lib.coco"), inside(program.checkout(program.path, *library)):
        code = module("audio_evals.agg.base").PracticeWER()

        def rate(pairs: Pairs) -> float:
            got = quiet(code, [{"ref": r, "pred": h} for r, h in zip(*pairs, strict=True)])
            return float(got["wer(%)"]) / 100

        values = _rates(rate)
    return [Output(program, f"{_WER} ultraeval-audio", "transcripts", "said", "PracticeWER", values)]


def lmms(checkouts: Path) -> list[Output]:
    commit, found = "75571cfe0fa36ca5ec2e6aa2bb268f9d38295af3", []
    for folder, name, entry in (
        ("librispeech", f"{_WER} lmms-eval", {"task": "asr_en"}),
        ("gigaspeech", "asr-gigaspeech wer lmms-eval-gigaspeech", {}),
    ):
        program = Program(checkouts, "EvolvingLMMs-Lab/lmms-eval", commit, f"lmms_eval/tasks/{folder}/utils.py")
        with (
            stand_ins("zhconv"),
            inside(program.checkout("lmms_eval/tasks/asr_wer_utils.py", f"lmms_eval/tasks/{folder}")),
        ):
            code = module(f"lmms_eval.tasks.{folder}.utils")
            tally = getattr(code, f"{folder}_wer")
            result = getattr(code, f"{folder}_process_result")

            def rate(pairs: Pairs, tally: Any = tally, result: Any = result, entry: dict[str, str] = entry) -> float:
                docs = [{"gt": r, "source": "s", **entry} for r in pairs[0]]
                got = [result(doc, [h])["wer"] for doc, h in zip(docs, pairs[1], strict=True)]
                return float(tally(got, None)) / 100

            found.append(Output(program, name, "transcripts", "said", f"{folder}_wer", _rates(rate)))
    return found


def nota(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts, "nota-github/audiolm-evaluator", "c63eb3bb2ca06bd0c69392e0540b681b2da9dfb5", "metrics.py"
    )
    with stand_ins("torch"), inside(program.checkout("metrics.py", "data/english.json")):
        code = module("metrics")

        def rate(pairs: Pairs) -> float:
            # It prints the value and returns nothing: four places of a percentage.
            refs, hyps = pairs
            return printed(code.compute_wer, [text.lower() for text in hyps], refs) / 100

        values = _rates(rate)
    return [Output(program, f"{_WER} nota", "transcripts", "said", "compute_wer, printed", values, places=4)]


def printed(function: Any, *args: Any) -> float:
    import contextlib
    import io
    import re

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        function(*args)
    return float(re.findall(r"[-\d.]+", out.getvalue())[-1])


def slam(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts, "X-LANCE/SLAM-LLM", "a68e78f93a12a678438c8b43974fd987abb66927", "src/slam_llm/utils/compute_wer.py"
    )
    with inside(program.checkout("src/slam_llm/utils") / "src/slam_llm/utils"):
        code = module("compute_wer")

        def rate(pairs: Pairs) -> float:
            got = [code.compute_wer_by_line(h.split(), r.split()) for r, h in zip(*pairs, strict=True)]
            return float(sum(int(g["wrong"]) for g in got) / sum(g["nwords"] for g in got))

        values = _rates(rate)
    return [Output(program, f"{_WER} slam-llm", "transcripts", "said", "compute_wer_by_line", values)]


def cmi(checkouts: Path) -> list[Output]:
    program = Program(checkouts, "nicolaus625/CMI-bench", "4c15f410bf0c7ff59d654b2a96f3295f3dec5aa5", "evaluate.py")
    names = ("torch", "torch.nn", "torchmetrics", "bert_score", "mir_eval", "pretty_midi", "FlagEmbedding")
    with stand_ins(*names), inside(program.checkout("evaluate.py")):
        code = module("evaluate")

        def rate(pairs: Pairs) -> float:
            got = [{"response": h, "correct_answer": r} for r, h in zip(*pairs, strict=True)]
            return float(code.batch_wer_cer(got)[0])

        outputs = [
            Output(
                program, f"{_WER} cmi-bench", "transcripts", "hypothesis", "batch_wer_cer", _rates(rate, "hypothesis")
            )
        ]
        rows = made("music")
        code.score = lambda *_, **__: (MagicMock(),) * 3
        code.meteor_scorer = lambda *_: 0  # needs WordNet; not one of the values compared

        def captions(part: Sequence[MadeRow]) -> dict[str, float]:
            import contextlib
            import io

            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                code.music_captioning([{"response": r["hypothesis"], "correct_answer": r["reference"]} for r in part])
            lines = [
                line.split(": ") for line in out.getvalue().splitlines() if " Score: " in line and "BERT" not in line
            ]
            return {name: 100 * float(value) for name, value in lines}

        every, whole = [captions([row]) for row in rows], captions(rows)
        labels = _contained(code)
    for name, score in (
        ("bleu cmi-bench", "BLEU Score"),
        ("bleu cmi-bench-bleu4", "BLEU-4 Score"),
        ("rouge-l cmi-bench", "ROUGE Score"),
    ):
        values = Values(1, [one[score] for one in every], whole[score])
        outputs.append(
            Output(program, f"mc-musiccaps {name}", "music", "hypothesis", "music_captioning, printed", values)
        )
    return [
        *outputs,
        Output(program, "er-iemocap accuracy cmi-bench", "emotions", "said", "get_multiclass_acc", labels),
    ]


def _contained(code: Any) -> Values:
    """The rows of `get_multiclass_acc`, which takes the labels from the rows that it is given."""
    rows = [{"response": r["said"], "correct_answer": r["reference"]} for r in made("emotions")]
    every = sorted({row["correct_answer"] for row in rows})
    # Empty outputs of every label are wrong, and only bring the labels in.
    fill = [{"response": "", "correct_answer": label} for label in every]
    each = [code.get_multiclass_acc([row, *fill]) * (1 + len(fill)) for row in rows]
    return Values(1, each, code.get_multiclass_acc(rows))


def audiobench(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts,
        "AudioLLMs/AudioBench",
        "e991641d4beaa7c07913c481af05447619f0e9f5",
        "src/dataset_src/librispeech_test_clean.py",
    )
    target = program.checkout(
        "src/dataset_src/librispeech_test_clean.py", "src/dataset_src/text_normalizer", "src/dataset_src/prompts"
    )
    with inside(target / "src"):
        code = module("dataset_src.librispeech_test_clean")
        scorer = next(v for k, v in vars(code).items() if isinstance(v, type) and hasattr(v, "compute_score"))

        def rate(pairs: Pairs) -> float:
            got = [{"model_prediction": h, "reference": r} for r, h in zip(*pairs, strict=True)]
            return float(scorer.compute_score(None, got, "wer")["wer"])

        values = _rates(rate)
    return [Output(program, f"{_WER} audiobench", "transcripts", "said", "compute_score", values)]


def llaso(checkouts: Path) -> list[Output]:
    commit, folder = "0907788d8f41c7252a59d96a2db164cdaa641245", "llaso/evaluation/metrics"
    words = Program(checkouts, "EIT-NLP/LLaSO", commit, f"{folder}/error_rate/wer/wer.py")
    phones = Program(checkouts, "EIT-NLP/LLaSO", commit, f"{folder}/error_rate/assess_per_eval.py")
    labels = Program(checkouts, "EIT-NLP/LLaSO", commit, f"{folder}/accuracy/accuracy.py")
    abstaining = Program(checkouts, "EIT-NLP/LLaSO", commit, f"{folder}/abstention_rate/abstention_rate_cal.py")
    leven = MagicMock()
    from rapidfuzz.distance import Levenshtein

    leven.levenshtein = Levenshtein.distance
    with stand_ins(leven=leven), inside(words.checkout(folder) / folder):
        import sys

        sys.path[:0] = ["error_rate/wer", "error_rate", "accuracy", "abstention_rate"]
        wer, per, accuracy = module("wer"), module("assess_per_eval"), module("accuracy")
        abstention = module("abstention_rate_cal")
        del sys.path[:4]
        # Its script passes the gold text as the prediction and the output as the reference (assess_wer_cer.py:18-32).
        scorer = wer.WER()

        def rate(part: Sequence[MadeRow]) -> float:
            return 100 * float(scorer._compute([r["reference"] for r in part], [r["hypothesis"] for r in part]))

        rates = Values(1, [rate([r]) if r["hypothesis"].strip() else None for r in made("transcripts")], None)

        def phone_rate(part: Sequence[MadeRow]) -> float:
            sides = [[per.string_to_int_sequence(r[side]) for r in part] for side in ("reference", "hypothesis")]
            return 100 * float(per.calc_PER(*map(per.list_to_sparse_tensor, sides), normalize=True, merge_phn=True))

        # It stops at a single row whose side has no letters; with a last row that has some it counts on.
        made_phones = made("phones")
        last = made_phones[-1]
        each = [2 * phone_rate([row, last]) - phone_rate([last]) for row in made_phones]
        phone_values = Values(1, each, phone_rate(made_phones))
        emotions = [{"conversations": [None, {"value": r["reference"]}], "answer": r["said"]} for r in made("emotions")]
        known = accuracy.extract_labels(emotions)

        def abstained(part: Sequence[Any]) -> float:
            Path("rows.json").write_text(json.dumps(part), "utf-8")
            return float(quiet(abstention.abstention_rate_cal, "rows.json", known)["abstention_rate"]) / 100

        abstentions = Values(1, [abstained([e]) for e in emotions], None)
        right = Values(
            1, [accuracy.compute_accuracy([e], known) for e in emotions], accuracy.compute_accuracy(emotions, known)
        )
    return [
        Output(
            words, f"{_WER} llaso", "transcripts", "hypothesis", "WER._compute, sides as in assess_wer_cer.py", rates
        ),
        Output(
            phones,
            "pr-librispeech per llaso",
            "phones",
            "hypothesis",
            "calc_PER, sides as in its main block",
            phone_values,
        ),
        Output(labels, "er-iemocap accuracy llaso", "emotions", "said", "compute_accuracy", right),
        Output(abstaining, "er-iemocap abstention-rate llaso", "emotions", "said", "abstention_rate_cal", abstentions),
    ]


def hufs(checkouts: Path) -> list[Output]:
    commit, found = "d9e5d172c6cfd426ce1a85f989ecb2a968c5d733", []
    for path, kind, name, field in (
        ("dist_eval/eval_wer.py", "transcripts", f"{_WER} hufs-finished", "sentence"),
        ("dist_eval/eval_per.py", "phones", "pr-librispeech per hufs-finished", "text"),
    ):
        program = Program(checkouts, "jaeeewon/project-multimodal", commit, path)
        target = program.checkout("dist_eval")

        def rate(part: Sequence[MadeRow], target: Path = target, path: str = path, field: str = field) -> float | None:
            rows = [{field: r["reference"], "infer": r["hypothesis"]} for r in part]
            plot = MagicMock()
            axes = MagicMock()
            axes.get_legend_handles_labels.return_value = axes.twinx().get_legend_handles_labels.return_value = ([], [])
            plot.subplots.return_value = (MagicMock(), axes)
            with (
                stand_ins(redis=Redis(rows).module(), matplotlib=MagicMock(pyplot=plot), matplotlib__pyplot=plot),
                inside(target),
            ):
                try:
                    return 100 * float(script(target / path)["total_wers"][4])
                except ZeroDivisionError:
                    return None

        rows = made(kind)
        values = Values(20, [rate(part) for part in slices(rows, 20)], rate(rows))
        found.append(
            Output(program, name, kind, "hypothesis", "the script, with the rows in place of its server", values)
        )
    return found


def gigaspeech(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts, "SpeechColab/GigaSpeech", "62ca25797d28e2d72cd9fb7096c8402459a72871", "utils/gigaspeech_scoring.py"
    )
    with inside(program.checkout("utils") / "utils"):
        code = module("gigaspeech_scoring")
        from jiwer import wer

        # The rates are sclite's; jiwer counts the same errors.
        values = _rates(lambda p: float(wer(*([code.asr_text_post_processing(t) for t in side] for side in p))))
    function = "asr_text_post_processing, then jiwer in place of sclite"
    return [Output(program, "asr-gigaspeech wer gigaspeech-official", "transcripts", "said", function, values)]


PROGRAMS = (qwen, kimi, ultraeval, lmms, nota, slam, cmi, audiobench, llaso, hufs, gigaspeech)
