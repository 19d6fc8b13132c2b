"""Run inspect_ai with a model that says what it is told; run by the Python of scripts/ecosystem-tools.

Arguments: a folder for the logs, and their format (`eval` or `json`).
"""

from __future__ import annotations

import sys

from inspect_ai import Task, eval  # noqa: A004  # the library's name
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import Model, ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import choice, includes
from inspect_ai.solver import generate, multiple_choice


def saying(texts: list[str]) -> Model:
    """A model with these outputs; with their usage, so that no tokenizer is looked for."""
    outputs = [ModelOutput.from_content("mockllm/model", text) for text in texts]
    for output in outputs:
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return get_model("mockllm/model", custom_outputs=outputs, memoize=False)


def main(folder: str, kind: str) -> None:
    """Two tasks: free text, and multiple choice over two epochs."""
    said = [Sample(id="u1", input="Say hello", target="hello", metadata={"lang": "en"}),
            Sample(id=2, input="Say bye", target="bye")]  # fmt: skip
    task = Task(name="demo", dataset=MemoryDataset(said), solver=generate(), scorer=includes())
    common = {"log_format": kind, "log_dir": folder, "display": "none", "max_samples": 1}
    eval(task, model=saying(["hello there", "nothing"]), **common)
    asked = [Sample(id=1, input="Which barks?", choices=["dog", "cat"], target="A"),
             Sample(id=2, input="Which meows?", choices=["dog", "cat"], target="B")]  # fmt: skip
    task = Task(name="demo_mc", dataset=MemoryDataset(asked), solver=multiple_choice(), scorer=choice())
    eval(task, model=saying(["ANSWER: A", "ANSWER: A", "ANSWER: B", "ANSWER: A"]), epochs=2, **common)


main(*sys.argv[1:])
