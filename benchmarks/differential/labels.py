"""Programs that score labels, slots, keyphrases, choices, speakers and captions."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np

from benchmarks.differential.outputs import Output, Values
from benchmarks.differential.programs import Program, inside, module, quiet, script, slices, stand_ins
from benchmarks.differential.translation import scratch
from tests.support.source_rows import MadeRow, made

Score = Callable[[Sequence[MadeRow]], float | None]


def by_parts(kind: str, score: Score, size: int = 1) -> Values:
    rows = made(kind)
    return Values(size, [score(part) for part in slices(rows, size)], score(rows))


class OldNumpy:
    """numpy as before 1.24, when lists of unequal lengths became arrays of objects."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def asarray(value: Any, **settings: Any) -> Any:
        try:
            return np.asarray(value, **settings)
        except ValueError:
            return np.asarray(value, dtype=object)


def kpg(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts, "memray/OpenNMT-kpg-release", "d16bf09e21521a6854ff3c7fe6eb271412914960", "kp_evaluate.py"
    )
    stem = MagicMock()
    target = program.checkout("kp_evaluate.py", "onmt/keyphrase")
    names = (
        "torch",
        "spacy",
        "onmt.inputters",
        "onmt.inputters.keyphrase_dataset",
        "onmt.utils",
        "onmt.utils.logging",
        "matplotlib",
        "matplotlib.pyplot",
        "scipy.stats.mstats_basic",
    )
    with stand_ins(*names, stem=stem), inside(target):
        (target / "onmt/__init__.py").write_text("")
        import scipy.optimize  # noqa: F401  # the program expects it to be loaded

        code, counting = module("kp_evaluate"), module("onmt.keyphrase.eval")
        counting.np = OldNumpy()

        def scores(part: Sequence[MadeRow]) -> dict[str, list[dict[str, float]]]:
            source = [{"src": ""} for _ in part]
            gold = [{"tgt": row["reference"]} for row in part]
            said = [{"pred_sents": row["said"].split(", ")} for row in part]
            found: dict[str, list[dict[str, float]]] = quiet(
                code.evaluate, source, gold, said, "<unk>", tokenizer="split_nopunc"
            )
            return found

        # `evaluate` stops where no predicted phrase is valid.
        def one(row: MadeRow) -> dict[str, list[float]] | None:
            try:
                return scores([row])
            except (ValueError, IndexError, AssertionError):
                return None

        every, whole = [one(row) for row in made("keyphrases")], scores(made("keyphrases"))
    outputs = []
    for name, key, score in (
        ("kpg-exact-p3", "all_exact", "precision@3"),
        ("kpg-partial-p3", "all_partial", "precision@3"),
        ("kpg-exact-f5", "all_exact", "f_score@5"),
        ("kpg-exact-f10", "all_exact", "f_score@10"),
    ):
        parts = [None if row is None else float(row[f"{key}_{score}"][0]) for row in every]
        values = Values(1, parts, float(np.average(whole[f"{key}_{score}"])))
        outputs.append(
            Output(program, f"ke-inspec accuracy {name}", "keyphrases", "said", "evaluate, split_nopunc", values)
        )
    return outputs


def slurp(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts, "pswietojanski/slurp", "8eb16545762be97ace75334109d73824217311f1", "scripts/evaluation/evaluate.py"
    )
    target = program.checkout("scripts/evaluation") / "scripts/evaluation"

    def score(rows: Sequence[MadeRow]) -> float | None:
        gold: dict[str, list[dict[str, str]]] = {}
        said: dict[str, list[dict[str, str]]] = {}
        for row in rows:
            recording, slot = row["extra"]["recording"], row["reference"]
            gold.setdefault(recording, []).append({"type": slot["slot"], "filler": slot["value"]})
            if row["said"].strip():
                said.setdefault(recording, []).append({"type": slot["slot"], "filler": row["said"].strip()})
        plain = {"scenario": "", "action": ""}
        lines = []
        for name, slots in gold.items():
            tokens, spans = [], []
            for slot in slots:
                spans.append(
                    {"type": slot["type"], "span": [len(tokens) + n for n, _ in enumerate(slot["filler"].split())]}
                )
                tokens += [{"surface": word} for word in slot["filler"].split()]
            lines.append({**plain, "tokens": tokens, "entities": spans, "recordings": [{"file": name}]})
        with scratch() as folder:
            (folder / "gold").write_text("".join(json.dumps(line) + "\n" for line in lines))
            (folder / "said").write_text(
                "".join(json.dumps({"file": k, **plain, "entities": v}) + "\n" for k, v in said.items())
            )
            with inside(target):
                found = script(target / "evaluate.py", "-g", str(folder / "gold"), "-p", str(folder / "said"))
        # The script takes `overall` out to print four places; the counts stay.
        metric = found["slu_f1"]
        return float(metric.get_metric()["overall"][2])

    values = by_parts("slots", score, 24)
    return [
        Output(
            program, "sf-slurp f1 slurp-f1-answered", "slots", "said", "the script, on files made of the rows", values
        )
    ]


def wikiqa(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts,
        "K-L-U-H/Open_Domain_Question_Answer",
        "c061b1d9880e298160378dc9366fac54e2fe0cad",
        "WikiQACorpus/eval.py",
    )
    with inside(program.checkout("WikiQACorpus/eval.py") / "WikiQACorpus"):
        text = Path("eval.py").read_text()
        # Its main block is Python 2's; the function is not.
        Path("eval.py").write_text(text.partition("if __name__")[0])
        code = module("eval")

        def run(rows: Sequence[MadeRow]) -> list[float] | None:
            with scratch() as folder:
                lines: dict[str, list[str]] = {"gold": [], "said": []}
                for row in rows:
                    for candidate, score in zip(row["reference"]["candidates"], row["extra"]["scores"], strict=True):
                        lines["gold"].append(f"{row['id']} 0 d {candidate['label']}\n")
                        lines["said"].append(f"{row['id']} 0 d 0 {score}\n")
                for name, text in lines.items():
                    (folder / name).write_text("".join(text))
                try:
                    return list(map(float, code.get_prf(folder / "gold", folder / "said", 0.11)))
                except ZeroDivisionError:
                    return None

        rows = made("questions")
        parts, whole = [run(part) for part in slices(rows, 20)], run(rows)
    outputs = []
    for name, index in (("precision wikiqa", 3), ("f1 wikiqa", 5)):
        values = Values(20, [None if part is None else part[index] for part in parts], whole[index] if whole else None)
        outputs.append(Output(program, f"sqqa-wikiqa {name}", "questions", "said", "get_prf at 0.11", values))
    return outputs


def air_bench(checkouts: Path) -> list[Output]:
    program = Program(checkouts, "OFA-Sys/AIR-Bench", "983247666e2a25519b5c122810c2bcd91f26fd8d", "score_foundation.py")
    target = program.checkout("score_foundation.py")

    def score(rows: Sequence[MadeRow]) -> float | None:
        with scratch() as folder:
            lines = []
            for row in rows:
                options = {
                    f"choice_{letter}": text for letter, text in zip("abcd", row["extra"]["choices"], strict=True)
                }
                lines.append(
                    {
                        "task_name": "t",
                        "dataset_name": "d",
                        "response": row["said"],
                        "answer_gt": row["reference"],
                        **options,
                    }
                )
            (folder / "Foundation_result_modelx.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
            try:
                found = script(target / program.path)
            except KeyError:
                return None  # no row with a letter
            return float(found["acc"])

    values = by_parts("choices", score, 20)
    return [Output(program, "sakura-animal-single accuracy air-bench", "choices", "said", "the script", values)]


def mmau(checkouts: Path) -> list[Output]:
    outputs = []
    for name, commit in (
        ("mmau-v0", "11d1cafc31af4babff6dd676aa497e716629bceb"),
        ("mmau-v1", "110127f54c0dfba3faa5ec9feee4a7e4148679c5"),
    ):
        program = Program(checkouts, "Sakshi113/MMAU", commit, "evaluation.py")
        with inside(program.checkout("evaluation.py")):
            code = module("evaluation")

            def score(rows: Sequence[MadeRow], code: Any = code) -> float:
                right = [code.string_match(r["reference"], r["said"], r["extra"]["choices"]) for r in rows]
                return sum(right) / len(right)

            values = by_parts("choices", score)
        outputs.append(
            Output(program, f"sakura-animal-single accuracy {name}", "choices", "said", "string_match", values)
        )
    return outputs


def muchomusic(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts, "mulab-mir/muchomusic", "d3c9a423d006c545b86472c0c1cfacce7058cfc5", "muchomusic_eval/scoring.py"
    )
    with inside(program.checkout("muchomusic_eval/scoring.py") / "muchomusic_eval"):
        code = module("scoring")

        def score(rows: Sequence[MadeRow]) -> float:
            options = [row["extra"]["choices"] for row in rows]
            read = code.extract_responses([row["said"] for row in rows], options)
            # The right option has the number 0 in its order.
            orders = [[int(text != row["reference"]) for text in row["extra"]["choices"]] for row in rows]
            return float(code.compare_answers(read, orders)["accuracy"])

        values = by_parts("choices", score)
    called = "extract_responses, compare_answers"
    return [Output(program, "sakura-animal-single accuracy muchomusic", "choices", "said", called, values)]


def emotions(checkouts: Path) -> list[Output]:
    fair = Program(
        checkouts,
        "links-ads/FairMLLM-Emotion-Recognition",
        "003cee282563039c046f9c697acc41dcfed7cae2",
        "src/mllm_emotion_classifier/models/postprocess.py",
    )
    with inside((fair.checkout("src/mllm_emotion_classifier/models") / fair.path).parent):
        code = module("postprocess")
        labels = ["neutral", "happy", "sad", "angry"]

        def score(rows: Sequence[MadeRow]) -> float:
            found = code.postprocess_ser_response(labels, [row["said"] for row in rows])
            return sum(a == row["reference"].lower() for a, row in zip(found, rows, strict=True)) / len(rows)

        values = by_parts("emotions", score)
    called = "postprocess_ser_response, with our order of the labels"
    outputs = [Output(fair, "er-iemocap accuracy fairmllm", "emotions", "said", called, values)]

    qwen = Program(
        checkouts, "QwenLM/Qwen-Audio", "b50fb958438081d36e1a14e93dbbc2f329c7f10e", "eval_audio/evaluate_emotion.py"
    )
    target = qwen.checkout("eval_audio")

    def equal(rows: Sequence[MadeRow]) -> float:
        torch, transformers = MagicMock(), MagicMock()
        said, gold = [row["said"] for row in rows], [row["reference"] for row in rows]
        other = [[""] * len(rows)] * 2
        torch.utils.data.DataLoader.return_value = [(MagicMock(), MagicMock(), ["s"] * len(rows), gold, *other)]
        torch.utils.data.Dataset = torch.utils.data.sampler.Sampler = object
        torch.distributed.get_world_size.return_value, torch.distributed.get_rank.return_value = 1, 0
        torch.distributed.all_gather_object.side_effect = lambda whole, own: whole.__setitem__(0, own)
        torch.cat.return_value.size.return_value = len(rows)
        transformers.AutoTokenizer.from_pretrained.return_value.decode.side_effect = said
        with scratch() as folder:
            (folder / "data/emotion").mkdir(parents=True)
            (folder / "data/emotion/meld_eval.jsonl").write_text("x\n")
            with stand_ins(torch=torch, transformers=transformers):
                return float(script(target / qwen.path, "--dataset", "meld")["score"])

    outputs.append(
        Output(qwen, "er-iemocap accuracy qwen-audio", "emotions", "said", "the script", by_parts("emotions", equal))
    )
    return outputs


def nota_cider(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts, "nota-github/audiolm-evaluator", "c63eb3bb2ca06bd0c69392e0540b681b2da9dfb5", "metrics.py"
    )
    torch = MagicMock()
    torch.as_tensor = lambda value, **_: np.asarray(value)
    with stand_ins("editdistance", torch=torch), inside(program.checkout("metrics.py")):
        code = module("metrics")

        def score(rows: Sequence[MadeRow]) -> float:
            # compute_spider prints four places of this value.
            hypotheses, references = [row["said"].lower() for row in rows], [row["reference"] for row in rows]
            return 100 * float(code.cider_d(hypotheses, references)[0]["cider_d"])

        values = by_parts("captions", score, 20)
    return [
        Output(
            program, "aac-audiocaps spider nota-v1.0", "captions", "said", "cider_d, as compute_spider calls it", values
        )
    ]


def meeteval(checkouts: Path) -> list[Output]:
    program = Program(checkouts, "fgnt/meeteval", "f35fc07fc44f70c4e03c2b8e6c88ffab4fb8dab4", "meeteval/wer/wer/cp.py")
    from meeteval.wer import cp_word_error_rate

    def score(rows: Sequence[MadeRow]) -> float:
        errors = words = 0
        for row in rows:
            sentences = [piece.strip() for piece in row["said"].strip().strip(".").split(".")]
            clean = [
                "".join(c for c in text.upper().replace("\n", " ") if c.isalpha() or c in "' ") for text in sentences
            ]
            got = quiet(cp_word_error_rate, reference=row["reference"], hypothesis=clean)
            errors, words = errors + got.errors, words + got.length
        return 100 * errors / words

    values = by_parts("overlaps", score)
    called = "cp_word_error_rate of the package 0.4.3, on upper-case sentences"
    return [Output(program, "osr-librimix wer cpwer", "overlaps", "said", called, values)]


PROGRAMS = (kpg, slurp, wikiqa, air_bench, mmau, muchomusic, emotions, nota_cider, meeteval)
