"""Run lm-evaluation-harness on rows of our own with a model that repeats; run by the Python of scripts/ecosystem-tools.

Arguments: a folder, which receives `out/MODEL/samples_*.jsonl` and `results_*.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from lm_eval.__main__ import cli_evaluate
from lm_eval.api.model import LM
from lm_eval.api.registry import register_model

ROWS = [{"q": "Say hello", "a": "hello"}, {"q": "Say bye", "a": "Bye"}]
CHOICES = [
    {"q": "Which barks?", "c": ["dog", "horse"], "l": 0},
    {"q": "Which meows?", "c": ["dog", "cat"], "l": 1},
    {"q": "Which flies?", "c": ["horse", "bird"], "l": 1},
]
COMMON = (
    "dataset_path: json\ndataset_kwargs: {{data_files: {{test: {file}}}}}\ntest_split: test\ndoc_to_text: '{{{{q}}}}'\n"
)
GENERATE = """task: demo_gen
output_type: generate_until
doc_to_target: '{{a}}'
generation_kwargs: {until: ["\\n"]}
filter_list:
  - {name: none, filter: [{function: take_first}]}
  - {name: lower, filter: [{function: lowercase}, {function: take_first}]}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""
CHOOSE = """task: demo_mc
output_type: multiple_choice
doc_to_target: l
doc_to_choice: c
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""


@register_model("echo")
class Echo(LM):  # type: ignore[misc]
    """Says the last word of the prompt with a capital; prefers the shorter choice."""

    @classmethod
    def create_from_arg_string(cls, arguments: str, more: Any = None) -> Echo:
        return cls()

    @classmethod
    def create_from_arg_obj(cls, arguments: Any, more: Any = None) -> Echo:
        return cls()

    def loglikelihood(self, requests: list[Any], **_: Any) -> list[tuple[float, bool]]:
        return [(-float(len(request.args[1])), False) for request in requests]

    def loglikelihood_rolling(self, requests: list[Any], **_: Any) -> list[float]:
        raise NotImplementedError

    def generate_until(self, requests: list[Any], **_: Any) -> list[str]:
        return [request.args[0].split()[-1].title() for request in requests]


def main(folder: Path) -> None:
    """Write the tasks and their rows, and evaluate."""
    tasks = folder / "tasks"
    tasks.mkdir()
    for name, rows, text in (("gen", ROWS, GENERATE), ("mc", CHOICES, CHOOSE)):
        file = folder / f"{name}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        (tasks / f"{name}.yaml").write_text(text + COMMON.format(file=file), "utf-8")
    sys.argv = ["lm_eval", "run", "--model", "echo", "--include_path", str(tasks), "--tasks", "demo_gen,demo_mc",
                "--log_samples", "--output_path", str(folder / "out")]  # fmt: skip
    cli_evaluate()


main(Path(sys.argv[1]))
