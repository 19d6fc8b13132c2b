"""Programs that read the chosen option of a multiple-choice question with up to six options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.differential.labels import by_parts
from benchmarks.differential.outputs import Output
from benchmarks.differential.programs import Program, inside, module, quiet, stand_ins
from tests.support.source_rows import MadeRow

_NAME = "sakura-animal-single accuracy"
_KIND = "options"
_LETTERS = "ABCDEF"


def mean(right: Callable[[MadeRow], float | None]) -> Callable[[Sequence[MadeRow]], float | None]:
    """The mean over the rows that are not excluded (None)."""

    def score(rows: Sequence[MadeRow]) -> float | None:
        found = [value for row in rows if (value := right(row)) is not None]
        return sum(found) / len(found) if found else None

    return score


class Drawn:
    """In place of `random`: remembers the letters that were drawn from, and returns the one with the given number."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.letters: Sequence[str] = ()

    def choice(self, letters: Sequence[str]) -> str:
        self.letters = letters
        return letters[self.number]


def expected(code: Any, right: Callable[[], float]) -> float:
    """The mean of `right` over all letters that the program could draw."""
    code.random = Drawn(0)
    first = right()
    drawn = code.random.letters
    if not drawn:
        return first
    total = first
    for number in range(1, len(drawn)):
        code.random = Drawn(number)
        total += right()
    return total / len(drawn)


def _letter(row: MadeRow) -> str:
    return _LETTERS[row["extra"]["choices"].index(row["reference"])]


def mmar(checkouts: Path) -> list[Output]:
    program = Program(checkouts, "ddlBoJack/MMAR", "3bce090a967db576c8ad433b290a8da582d6d2a0", "code/evaluation.py")
    with stand_ins("tqdm"), inside(program.checkout("code/evaluation.py") / "code"):
        code = module("evaluation")
        right = mean(lambda row: float(code.string_match(row["reference"], row["said"], row["extra"]["choices"])))
        values = by_parts(_KIND, right)
    return [Output(program, f"{_NAME} mmar", _KIND, "said", "string_match", values)]


def voicebench(checkouts: Path) -> list[Output]:
    commit = "533815410e3f4d602bd15a1de7105aea4acd828c"
    program = Program(checkouts, "MatthewCYM/VoiceBench", commit, "src/evaluator/mcq.py")
    with inside(program.checkout("src/evaluator/mcq.py", "src/evaluator/base.py") / "src"):
        (Path("evaluator") / "__init__.py").write_text("")
        code = module("evaluator.mcq").MCQEvaluator()

        def right(row: MadeRow) -> float:
            # `evaluate` draws one of four letters where this returns nothing; a quarter is the expectation.
            letter = code.extract_answer(row["said"])
            return 0.25 if letter is None else float(letter == _letter(row))

        values = by_parts(_KIND, mean(right))
    called = "extract_answer, a quarter for a letter that evaluate would draw"
    return [Output(program, f"{_NAME} voicebench", _KIND, "said", called, values)]


def ultraeval_choices(checkouts: Path) -> list[Output]:
    repository, commit = "OpenBMB/UltraEval-Audio", "9b69da645d53cbc90b30179339a1dce7f0117b42"
    table = Program(checkouts, repository, commit, "audio_evals/evaluator/mcq.py")
    letters = Program(checkouts, repository, commit, "audio_evals/evaluator/choices.py")
    with stand_ins("pandas"), inside(table.checkout(table.path, letters.path, "audio_evals/evaluator/base.py")):
        for folder in ("audio_evals", "audio_evals/evaluator"):
            (Path(folder) / "__init__.py").write_text("")
        mcq = module("audio_evals.evaluator.mcq").MCQ()
        choices = module("audio_evals.evaluator.choices").ChoicesEval("choices")
        named = ("choice_a", "choice_b", "choice_c", "choice_d", "choice_e", "choice_f")

        def read(row: MadeRow) -> float | None:
            # With columns of its own each option is read as MMSU's are, a hyphen as a space.
            given = dict(zip(named, row["extra"]["choices"], strict=False))
            choices.choices_columns = list(given)
            got = quiet(choices._eval, row["said"], row["reference"], **given)["match"]
            return None if got is None else float(got)

        return [
            Output(
                table,
                f"{_NAME} ultraeval-mcq",
                _KIND,
                "said",
                "MCQ",
                by_parts(_KIND, mean(lambda row: float(mcq._eval(row["said"], _letter(row))["match"]))),
            ),
            Output(
                letters, f"{_NAME} ultraeval-choices", _KIND, "said", "ChoicesEval", by_parts(_KIND, mean(read), 20)
            ),
        ]


def lmms_choices(checkouts: Path) -> list[Output]:
    commit = "75571cfe0fa36ca5ec2e6aa2bb268f9d38295af3"
    found = []
    for folder, name in (("mmau", "lmms-eval-mmau"), ("air_bench", "lmms-eval-air-bench"), ("mmar", "lmms-eval-mmar")):
        program = Program(checkouts, "EvolvingLMMs-Lab/lmms-eval", commit, f"lmms_eval/tasks/{folder}/utils.py")
        names = ("loguru", "requests", "datasets", "librosa", "soundfile", "lmms_eval.llm_judge")
        task = "lmms_eval.tasks._task_utils"
        files = (f"{task}.file_utils", f"{task}.default_template_yaml")
        helpers = (task, *files, "lmms_eval.api", "lmms_eval.api.metrics", "openai")
        with stand_ins(*names, *helpers), inside(program.checkout(f"lmms_eval/tasks/{folder}")):
            code = module(f"lmms_eval.tasks.{folder}.utils")
            values = by_parts(_KIND, mean(_lmms(code, folder)))
        called = "its process_results, the expectation where it draws a letter"
        found.append(Output(program, f"{_NAME} {name}", _KIND, "said", called, values))
    return found


def _lmms(code: Any, folder: str) -> Callable[[MadeRow], float]:
    import json

    def right(row: MadeRow) -> float:
        choices, gold = row["extra"]["choices"], _letter(row)

        def score() -> float:
            if folder == "air_bench":
                # It knows four columns of options; its parser takes any letters.
                said = code.parse_multi_choice_response(row["said"].strip(), list(_LETTERS[: len(choices)]))
                return float(said == gold)
            if folder == "mmar":
                listed = [f"{letter}. {text}" for letter, text in zip(_LETTERS, choices, strict=False)]
                found = code.mmar_process_results({"choices": listed, "answer": gold}, [row["said"]])
                return float(found["mmar_accuracy"]["score"])
            doc = {"choices": json.dumps(choices), "answer": row["reference"], "task": "t"}
            try:
                return float(code.mmau_process_results(doc, [row["said"]])["accuracy"]["overall"])
            except IndexError:
                return 0.0  # it stops at a letter without an option

        return expected(code, score)

    return right


PROGRAMS = (mmar, voicebench, ultraeval_choices, lmms_choices)
