"""Programs that score translations and music captions with BLEU and ROUGE."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

from benchmarks.differential.outputs import Output, Values
from benchmarks.differential.programs import Program, Redis, inside, module, quiet, script, slices, stand_ins
from tests.support.source_rows import MadeRow, made

LANGUAGES = ("zh", "de", "ja")
_HUFS = ("jaeeewon/project-multimodal", "d9e5d172c6cfd426ce1a85f989ecb2a968c5d733")


def _scores(kind: str, score: Callable[[Sequence[MadeRow]], float | None]) -> Values:
    rows = made(kind)
    return Values(20, [score(part) for part in slices(rows, 20)], score(rows))


def _texts(rows: Sequence[MadeRow]) -> tuple[list[str], list[str]]:
    return [row["said"] for row in rows], [row["reference"] for row in rows]


def _inference(hypotheses: list[str], references: list[str], source: str) -> dict[str, Any]:
    """Stand-ins for torch and transformers under which an evaluation script gets these outputs."""
    torch, transformers = MagicMock(), MagicMock()
    batch = (MagicMock(), [""] * len(references), [source] * len(references), references)
    torch.utils.data.DataLoader.return_value = [batch]
    torch.utils.data.Dataset = torch.utils.data.sampler.Sampler = object
    torch.distributed.get_world_size.return_value, torch.distributed.get_rank.return_value = 1, 0
    torch.distributed.all_gather_object.side_effect = lambda whole, own: whole.__setitem__(0, own)
    transformers.AutoProcessor.from_pretrained.return_value.batch_decode.return_value = hypotheses
    return {
        "torch": torch,
        "transformers": transformers,
        "transformers__pipelines": MagicMock(),
        "transformers__pipelines__audio_utils": MagicMock(),
        "requests": MagicMock(),
    }


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A working folder for what a script writes."""
    with tempfile.TemporaryDirectory(prefix="source-") as folder:
        path = Path(folder)
        (path / "st").mkdir()
        (path / "st/covost2_eval.jsonl").write_text("x\n")
        with inside(path):
            yield path


def qwen_st(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts, "QwenLM/Qwen2-Audio", "595360e82b5839c1507492ec83cae5bda6d5c7d4", "eval_audio/evaluate_st.py"
    )
    target, found = program.checkout("eval_audio"), []
    for language in LANGUAGES:

        def score(rows: Sequence[MadeRow], language: str = language) -> float:
            with stand_ins(**_inference(*_texts(rows), f"covost_en_{language}_test")), scratch():
                return float(script(target / program.path, "--dataset", "covost2")["bleu"])

        values = _scores(f"translations-{language}", score)
        called = "the script, with the outputs in place of inference"
        found.append(
            Output(program, f"st-en-{language} bleu qwen2-audio", f"translations-{language}", "said", called, values)
        )
    return found


def ultraeval_st(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts, "OpenBMB/UltraEval-Audio", "9b69da645d53cbc90b30179339a1dce7f0117b42", "audio_evals/agg/base.py"
    )
    found = []
    with (
        stand_ins("pandas", "audio_evals.lib.coco", "audio_evals.lib.wer"),
        inside(program.checkout("audio_evals/agg/base.py")),
    ):
        code = module("audio_evals.agg.base")
        for language in LANGUAGES:
            scorer = code.BLEU(lang=language if language != "de" else "13a")

            def score(rows: Sequence[MadeRow], scorer: Any = scorer) -> float:
                return float(scorer([{"pred": r["said"], "ref": r["reference"]} for r in rows])["bleu"])

            values = _scores(f"translations-{language}", score)
            name = f"st-en-{language} bleu ultraeval-audio"
            found.append(Output(program, name, f"translations-{language}", "said", "BLEU", values))
    return found


def slam_st(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts, "X-LANCE/SLAM-LLM", "a68e78f93a12a678438c8b43974fd987abb66927", "examples/st_covost2/test_werbleu.py"
    )
    target, found = program.checkout("examples/st_covost2/test_werbleu.py"), []
    normaliser = MagicMock()
    evaluate = MagicMock()
    evaluate.load.return_value.compute.return_value = 0.0
    for language in LANGUAGES:

        def score(rows: Sequence[MadeRow], language: str = language) -> float:
            tag = f"words<|{language}|>"
            with scratch() as folder:
                lines = [{"gt": tag + r["reference"], "response": tag + r["said"], "source": ""} for r in rows]
                (folder / "rows").write_text("".join(json.dumps(line) + "\n" for line in lines))
                before = {"evaluate": evaluate, "transformers__models__whisper__english_normalizer": normaliser}
                import sacrebleu

                got: list[float] = []
                real = sacrebleu.corpus_bleu
                # The script prints two places; the call it makes is the same.
                sacrebleu.corpus_bleu = lambda *a, **k: got.append(real(*a, **k).score) or real(*a, **k)
                try:
                    with stand_ins("transformers", "transformers.models", "transformers.models.whisper", **before):
                        script(target / program.path, "--file", "rows")
                finally:
                    sacrebleu.corpus_bleu = real
                return got[0]

        values = _scores(f"translations-{language}", score)
        found.append(
            Output(program, f"st-en-{language} bleu slam-llm", f"translations-{language}", "said", "the script", values)
        )
    return found


def diva(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts, "SALT-NLP/DiVA-Eval", "12dcdf7093f69f36e8e073d5c66808c1581fd9b6", "eval/translation_eval.py"
    )
    target, found = program.checkout("eval/translation_eval.py"), []
    for language, code in (("zh", "en_zh-CN"), ("ja", "en_ja")):
        rows = made(f"translations-{language}")
        torch, model = MagicMock(), MagicMock()
        torch.no_grad = lambda function: function
        said = [row["said"] for row in rows]
        model.SALMONN.return_value.generate.side_effect = [[text] for _ in range(5) for text in said]
        sound = {"array": 0, "sampling_rate": 1}
        sets = MagicMock()
        sets.load_via_eval.return_value = ("x", "y", [{"id": r["id"], "x": sound, "y": r["reference"]} for r in rows])
        names = (
            "librosa",
            "soundfile",
            "transformers",
            "datasets",
            "blsp",
            "blsp.blsp",
            "blsp.blsp.src",
            "transformers.generation",
            "blsp.blsp.src.modeling_blsp",
            "blsp.blsp.src.speech_text_paired_dataset",
            "models",
            "models.via",
        )
        with stand_ins(*names, torch=torch, load_via_eval=sets, models__salmonn=model), scratch():
            found_values = script(target / program.path, "e2e", "salmonn", "--dataset_name", "COVOST_translation")
            got = found_values["dial_scores"]
            file = next(Path().rglob(f"{code}_outs.txt"))
            each = [float(line.rpartition("[SEP_DIAL]")[2]) for line in file.read_text().splitlines()]
        values = Values(1, list(each), float(got[code]))
        called = "the script, with the outputs in place of inference"
        found.append(
            Output(program, f"st-en-{language} bleu diva-eval", f"translations-{language}", "said", called, values)
        )
    return found


def fairseq(checkouts: Path) -> list[Output]:
    scorer = Program(
        checkouts, "facebookresearch/fairseq", "3b27ed7996b0315f471c795cf9b7dfcc18467cbe", "fairseq/scoring/bleu.py"
    )
    target = scorer.checkout("fairseq/scoring/bleu.py", "fairseq/scoring/tokenizer.py")
    found = []

    class Base:
        def __init__(self, cfg: object) -> None:
            self.cfg, self.ref, self.pred = cfg, [], []  # type: ignore[var-annotated]

    scoring = ModuleType("fairseq.scoring")
    scoring.__path__ = [str(target / "fairseq/scoring")]
    scoring.BaseScorer, scoring.register_scorer = Base, lambda *_, **__: lambda kind: kind  # type: ignore[attr-defined]
    names = MagicMock()
    names.FairseqDataclass = type("FairseqDataclass", (), {})
    with stand_ins(
        "torch", "fairseq", fairseq__scoring=scoring, fairseq__dataclass=names, fairseq__dataclass__utils=MagicMock()
    ):
        with inside(target):
            code = module("fairseq.scoring.bleu")
        for language in LANGUAGES:

            def score(rows: Sequence[MadeRow], language: str = language) -> float:
                settings = MagicMock(
                    sacrebleu_tokenizer="13a", sacrebleu_lowercase=False, sacrebleu_char_level=language != "de"
                )
                tally = code.SacrebleuScorer(settings)
                for row in rows:
                    tally.add_string(row["reference"], row["said"])
                return float(tally.sacrebleu.corpus_bleu(tally.pred, [tally.ref], tokenize="none").score)

            values = _scores(f"translations-{language}", score)
            name = f"st-en-{language} bleu covost2"
            called = "SacrebleuScorer.add_string, and the call of its result_string"
            found.append(Output(scorer, name, f"translations-{language}", "said", called, values))
    return found


def evaluate_metric(checkouts: Path, name: str) -> Any:
    """A metric of Hugging Face's evaluate 0.4.0, loaded from its repository instead of the network."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import evaluate

    commit = "c0fa57fc323f23d155d73604991c6de7eb9f4f86"
    target = Program(checkouts, "huggingface/evaluate", commit, f"metrics/{name}").checkout(f"metrics/{name}")
    if name == "bleu":
        # It downloads this file at every use.
        nmt = Program(checkouts, "tensorflow/nmt", "0be864257a76c151eef20ea689755f08bc1faf4e", "nmt/scripts/bleu.py")
        shutil.copy(nmt.checkout("nmt/scripts/bleu.py") / nmt.path, target / "metrics/bleu/nmt_bleu.py")
        script = target / "metrics/bleu/bleu.py"
        script.write_text(re.sub(r" *# From: .*", "", script.read_text()))
    return evaluate.load(str(target / "metrics" / name))


def audiobench_2024(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts,
        "AudioLLMs/AudioBench",
        "5ec20535dfe4598fdc5b893fe38fe8b49b04aed6",
        "src/dataset_src/covost2_en_zh_test.py",
    )
    metric = evaluate_metric(checkouts, "sacrebleu")
    stand_in = MagicMock()
    stand_in.load.return_value = metric
    with stand_ins(
        "jiwer", "dataset_src.text_normalizer.preprocess_text", "dataset_src.prompts.prompts", evaluate=stand_in
    ):
        with inside(program.checkout("src/dataset_src/covost2_en_zh_test.py") / "src"):
            scorer = module("dataset_src.covost2_en_zh_test").covost2_en_zh_test_dataset

        def score(rows: Sequence[MadeRow]) -> float:
            got = [{"model_prediction": r["said"], "reference": r["reference"]} for r in rows]
            return float(quiet(scorer.compute_score, None, got, "bleu")["bleu"])

        values = _scores("translations-zh", score)
    called = "compute_score, with evaluate 0.4.0's sacrebleu"
    return [Output(program, "st-en-zh bleu audiobench-2024", "translations-zh", "said", called, values)]


def lp_musiccaps(checkouts: Path) -> list[Output]:
    program = Program(
        checkouts, "seungheondoh/lp-music-caps", "12fcb31dc37ac2122afcc7943d7f2fa61959a21a", "lpmc/utils/metrics.py"
    )
    metrics = {name: evaluate_metric(checkouts, name) for name in ("bleu", "rouge")}
    stand_in = MagicMock()
    stand_in.load.side_effect = metrics.__getitem__
    folder = program.checkout("lpmc/utils/metrics.py") / "lpmc/utils"
    with stand_ins("torch", "torchmetrics", "torchmetrics.retrieval", evaluate=stand_in), inside(folder):
        code = module("metrics")
    rows = made("music")

    def bleu(part: Sequence[MadeRow]) -> float:
        hypotheses, references = _texts(part)
        return 100 * float(code.bleu(hypotheses, [[text] for text in references], 4))

    # Of a single row the bootstrap's median is the row's own value; of more rows it is random.
    each = [100 * float(code.rouge([r["said"]], [[r["reference"]]])) for r in rows]
    values = _scores("music", bleu)
    called = "{} with evaluate 0.4.0"
    return [
        Output(program, "mc-musiccaps bleu lp-musiccaps", "music", "said", called.format("bleu, order 4"), values),
        Output(
            program,
            "mc-musiccaps rouge-l lp-musiccaps-mean",
            "music",
            "said",
            called.format("rouge"),
            Values(1, list(each), None),
        ),
    ]


def hufs_bleu(checkouts: Path) -> list[Output]:
    translated = Program(checkouts, *_HUFS, "dist_eval/eval_bleu.py")
    captioned = Program(checkouts, *_HUFS, "dist_eval/eval_mc.py")
    target = translated.checkout("dist_eval")
    called = "the script, with the rows in place of its server"

    def run(path: str, rows: Sequence[MadeRow], field: str) -> dict[str, Any]:
        with (
            stand_ins(redis=Redis([{field: r["reference"], "infer": r["hypothesis"]} for r in rows]).module()),
            inside(target),
        ):
            return script(target / path)

    bleu = _scores("translations-ja", lambda rows: run(translated.path, rows, "translation")["corpus_bleu"].score)
    found = [
        Output(translated, "st-en-ja bleu hufs-char-normalised-kana", "translations-ja", "hypothesis", called, bleu)
    ]
    for metric, name in (("bleu", "corpus_bleu"), ("rouge-l", "corpus_rouge_l")):
        values = _scores("music", lambda rows, name=name: float(run(captioned.path, rows, "caption")[name]))  # type: ignore[misc]
        found.append(Output(captioned, f"mc-musiccaps {metric} hufs-13a", "music", "hypothesis", called, values))
    return found


def printed_text(function: Callable[[], object]) -> str:
    """What a function prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        function()
    return out.getvalue()


PROGRAMS = (qwen_st, ultraeval_st, slam_st, diva, fairseq, audiobench_2024, lp_musiccaps, hufs_bleu)
