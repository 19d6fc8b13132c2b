from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from audit.facts import Claim, Prompt
from audit.importers import importers
from audit.literature.known_tasks import known_tasks as tasks
from audit.verdict.prompts import PromptComparison, PromptState, plain_prompt, prompt_state
from tasks.row import Row
from tests.support.sets import TASK, predictions

ASKED = "Recognize the speech."


def claim(text: str | None = ASKED) -> Claim:
    return Claim(id="x.wer", task=TASK, metric="wer", value="2.1", prompt=Prompt("asr", text))


def compared(*prompts: str | None, common: str | None = None, asked: str | None = ASKED) -> PromptComparison:
    items = [Row(f"{n}", "x", "y", prompt=prompt) for n, prompt in enumerate(prompts)]
    return prompt_state(predictions(items, prompt=common), claim(asked))


@pytest.mark.parametrize(
    ("prompts", "state", "counts"),
    [
        ((ASKED, ASKED), PromptState.SAME, (2, 0, 0)),
        (("Other.", "Another."), PromptState.OTHER, (0, 2, 0)),
        ((None, None), PromptState.UNKNOWN, (0, 0, 2)),
        ((ASKED, None), PromptState.UNKNOWN, (1, 0, 1)),
        ((ASKED, ""), PromptState.UNKNOWN, (1, 0, 1)),
        ((ASKED, "Other."), PromptState.MIXED, (1, 1, 0)),
        (("Other.", None), PromptState.MIXED, (0, 1, 1)),
    ],
)
def test_state_and_counts(prompts: tuple[str | None, ...], state: PromptState, counts: tuple[int, int, int]) -> None:
    found = compared(*prompts)
    assert (found.state, (found.same, found.other, found.unknown)) == (state, counts)


def test_the_meta_files_prompt_is_that_of_rows_without_one() -> None:
    assert compared(None, None, common=ASKED).state is PromptState.SAME
    assert compared(None, "Other.", common=ASKED).state is PromptState.MIXED
    assert compared(None, common=" ").state is PromptState.UNKNOWN


@pytest.mark.parametrize(
    "prompt",
    [
        f"<Speech><SpeechHere></Speech> {ASKED}",
        f" {ASKED} ",
        f"USER: <Speech><SpeechHere></Speech> {ASKED}\nASSISTANT:",
    ],
)
def test_placeholder_template_and_white_space_do_not_count(prompt: str) -> None:
    assert plain_prompt(prompt) == ASKED
    assert compared(prompt).state is PromptState.SAME


def test_braces_stand_for_any_text() -> None:
    asked = "According to the speech, what is the {}?"
    found = compared("According to the speech, what is the date?", "What is the date?", asked=asked)
    assert (found.state, found.same, found.other) == (PromptState.MIXED, 1, 1)
    assert compared("a.b", asked="a?b").state is PromptState.OTHER
    assert compared("say x\ny now", asked="say {} now").state is PromptState.SAME


def test_a_claim_without_a_prompt_leaves_every_prompt_unknimporters() -> None:
    assert compared(ASKED, asked=None) == PromptComparison(PromptState.UNKNOWN, 0, 0, 1)
    for nothing in ("", " ", "<Speech><SpeechHere></Speech> "):
        assert compared(ASKED, None, asked=nothing) == PromptComparison(PromptState.UNKNOWN, 0, 0, 2)
    bare = Claim(id="x.wer", task=TASK, metric="wer", value="2.1", prompt=None)
    assert prompt_state(predictions([Row("1", "x", "y", prompt=ASKED)]), bare).unknown == 1


def test_every_importer_gives_the_same_answer(tmp_path: Path) -> None:
    audiobench = tmp_path / "a.json"
    audiobench.write_text(
        '[{"text": "Recognize the speech.", "answer": "y", "task_type": "ASR", "model_prediction": "x"}]', "utf-8"
    )
    lines = tmp_path / "l.jsonl"
    lines.write_text('{"id": "1", "hypothesis": "x", "reference": "y", "prompt": "Recognize the speech."}\n', "utf-8")
    table = tmp_path / "t.csv"
    table.write_text("id,hypothesis,reference,prompt\n1,x,y,Recognize the speech.\n", "utf-8")
    for name, file in (("audiobench", audiobench), ("jsonl", lines), ("csv", table)):
        importer = next(item for item in importers() if item.name == name)
        parser = argparse.ArgumentParser()
        importer.add_arguments(parser)
        rows = list(importer.read(parser.parse_args([str(file)]), tasks()[TASK]).rows)
        assert prompt_state(predictions(rows), claim()) == PromptComparison(PromptState.SAME, 1, 0, 0), name
