"""A study of Qwen2-Audio from a table, with made outputs: LibriSpeech and CoVoST 2 with cards, MMAU declared here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# The printed values of speech are those of the README of QwenLM/Qwen2-Audio; those of MMAU are made up.
TABLE = r"""
\begin{table}
\caption{Results. WER: lower is better.}
\begin{tabular}{llc}
\toprule
Data set & Metric & Qwen2-Audio \\
\midrule
\multirow{2}{*}{LibriSpeech} & test-clean WER $\downarrow$ & \textbf{1.6} \\
 & test-other WER $\downarrow$ & 3.6 \\
CoVoST 2 En--Zh & BLEU $\uparrow$ & 45.2 \\
MMAU test-mini & Accuracy (\%) $\uparrow$ & 75.0 \\
\bottomrule
\end{tabular}
\end{table}
"""
ANSWERS = """
schema: repro-audit/answers/1
id: qwen2-audio-report
title: Qwen2-Audio, Table 1
paper: {title: Qwen2-Audio Technical Report, authors_first: Chu, year: 2024, venue: arXiv, arxiv: "2407.10759"}
table: Table 1
model: Qwen2-Audio
tasks:
  mmau-test-mini: {family: multiple-choice, name: MMAU, set: null, dataset: "MMAU, test-mini"}
labels:
  "LibriSpeech > test-clean WER ↓": asr-librispeech-clean.wer
  "LibriSpeech > test-other WER ↓": asr-librispeech-other.wer
  "CoVoST 2 En–Zh": st-en-zh.bleu
  MMAU test-mini: mmau-test-mini.accuracy
"""
NEW = ("study", "new", "--table", "table.tex", "--answers", "answers.yaml", "--no-questions")
CHOICES = ["a dog", "a cat", "rain", "thunder", "a train"]


def write(folder: Path, model: str = "Qwen2-Audio-7B") -> None:
    """The table, the answers to what it does not say, and outputs for three of its four values."""
    (folder / "table.tex").write_text(TABLE, encoding="utf-8")
    (folder / "answers.yaml").write_text(ANSWERS, encoding="utf-8")
    speech = [("the weather is fine today", "THE WEATHER IS FINE TODAY"), ("good morning", "GOOD MORNING EVERYBODY")]
    _rows(folder, "asr-librispeech-clean", model, [(said, gold, {}) for said, gold in speech])
    _rows(folder, "st-en-zh", model, [("今天天气很好。", "今天天气很好。", {}), ("早上好。", "大家早上好。", {})])
    asked = [(CHOICES[n % 5] if n < 15 else "silence", CHOICES[n % 5], {"choices": CHOICES}) for n in range(20)]
    _rows(folder, "mmau-test-mini", model, asked)


def _rows(folder: Path, task: str, model: str, items: Iterable[tuple[str, str, dict[str, Any]]]) -> None:
    place = folder / "predictions"
    place.mkdir(exist_ok=True)
    lines = [
        json.dumps({"id": f"u{n:02}", "hypothesis": said, "reference": gold, "extra": extra}, ensure_ascii=False)
        for n, (said, gold, extra) in enumerate(items)
    ]
    (place / f"{task}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    meta = {"schema": "repro-audit/predictions/1", "task": task, "model": model, "variant": "released"}
    (place / f"{task}.meta.json").write_text(json.dumps(meta), encoding="utf-8")
