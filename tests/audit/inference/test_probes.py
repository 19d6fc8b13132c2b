# ruff: noqa: E402 - torch is asked for first
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from audit._util import canonical_json
from audit.inference.probes import determinism, wording
from audit.inference.probes.effect import effects
from audit.inference.probes.results import Determinism, DeterminismTest
from audit.inference.salmonn.config import read_model_config
from audit.inference.salmonn.decoding import Decoding
from audit.inference.settings import TaskSetting
from audit.inference.worker import Spec, Worker
from audit.literature.known_tasks import known_tasks as tasks
from tasks.datasets.manifest import Item
from tasks.row import Row
from tests.support.inference.items import golden_manifest

pytestmark = pytest.mark.torch
TASK = "asr-librispeech-clean"


@pytest.fixture
def items() -> list[Item]:
    return list(golden_manifest(copies=1, query=True).items)


@pytest.fixture
def worker(tiny_model: Path, loaded: Any, items: list[Item]) -> Worker:
    root = golden_manifest().root
    spec = Spec(read_model_config(tiny_model), TaskSetting("QA", "{}"), Decoding(beams=1, max_new_tokens=6), root,
                weights=loaded.record.weights)  # fmt: skip
    return Worker(spec, loaded)


def by_name(found: Determinism) -> dict[str, DeterminismTest]:
    return {test.test: test for test in found.tests}


@pytest.mark.parametrize("beams", [1, 4])
def test_the_faultless_model_passes_every_test(worker: Worker, items: list[Item], beams: int) -> None:
    worker.spec = replace(worker.spec, decoding=Decoding(beams=beams, max_new_tokens=6))
    found = determinism.probe(
        worker, items, tasks()[TASK], batch=3, tests=("batch", "order", "padding") if beams == 4 else determinism.TESTS
    )
    canonical_json.dumps(found.as_json())
    for name, test in by_name(found).items():
        assert test.passed is (None if name == "fp32" else True), test
    assert found.margins == {}
    assert found.items == 4


Fault = Callable[[Any, Any], Any]


@contextmanager
def planted(model: Any, module: str, fault: Fault) -> Iterator[None]:
    """Let a module's output depend on what it must not depend on."""
    target = model.get_submodule(module)

    def hook(_: Any, inputs: Any, output: Any) -> Any:
        return fault(inputs[0], output)

    # Before the probe's own hooks, so that they see the fault.
    handle = target.register_forward_hook(hook, prepend=True)
    try:
        yield
    finally:
        handle.remove()


def batch_fault(_: Any, output: Any) -> Any:
    # 88 rows are the windows of a single clip.
    return output * (3.0 if output.shape[0] not in (1, 88) else 1.0)


def order_fault(_: Any, output: Any) -> Any:
    return output + torch.arange(output.shape[0]).view(-1, *[1] * (output.dim() - 1)) * 1.0


def padding_fault(_: Any, output: Any) -> Any:
    return output + output.mean(dim=1, keepdim=True) * 30.0


def thread_fault(_: Any, output: Any) -> Any:
    return output + (torch.get_num_threads() - 1) * 2.0


def run_fault(_: Any, output: Any) -> Any:
    return output + torch.randn(1) * 2.0


LLM = "llama_model.base_model.model.model"


@pytest.mark.parametrize(
    ("test", "module", "fault"),
    [
        ("batch", "speech_encoder.layers.1.fc2", batch_fault),
        ("batch", "beats.encoder.layers.0.fc1", batch_fault),
        ("batch", "speech_llama_proj", batch_fault),
        ("batch", f"{LLM}.layers.1.mlp.down_proj", batch_fault),
        ("order", "beats.encoder.layers.1.self_attn.v_proj", order_fault),
        ("order", f"{LLM}.layers.0.self_attn.o_proj", order_fault),
        ("padding", "beats.encoder.layers.1.fc2", padding_fault),
        ("padding", f"{LLM}.layers.1.self_attn.o_proj", padding_fault),
        ("threads", "speech_encoder.layers.0.fc1", thread_fault),
        ("threads", f"{LLM}.layers.1.mlp.gate_proj", thread_fault),
        ("twice", "ln_audio", run_fault),
        ("twice", f"{LLM}.layers.0.mlp.up_proj", run_fault),
    ],
)
def test_a_planted_fault_is_found_at_its_module(
    worker: Worker, items: list[Item], test: str, module: str, fault: Fault
) -> None:
    torch.manual_seed(5)
    with planted(worker.loaded.model, module, fault):
        result = determinism.probe(worker, items, tasks()[TASK], batch=3, tests=(test,))
    found = by_name(result)[test]
    assert found.passed is False, found
    assert found.changed + found.drifted >= 1
    assert found.first is not None
    assert found.first.module == module
    assert (found.first.token is None) == (found.changed == 0)
    [effect] = found.effect
    assert effect.metric == "wer"
    assert effect.interval is not None
    document = json.loads(canonical_json.dumps(result.as_json()))
    assert effect.difference is not None
    assert document["margins"] == {"wer": format(abs(Decimal(effect.difference)).normalize(), "f")}
    [written] = document["tests"]
    assert (written["passed"], written["changed"], written["first"]["module"]) == (False, found.changed, module)


def test_a_fault_of_the_beams_alone_is_said_to_be_of_the_decoding(
    worker: Worker, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    from audit.inference.probes import setups
    from audit.inference.salmonn.decoding import Generation, answer

    calls: list[int] = []

    def slipping(*args: Any) -> list[Generation]:
        calls.append(1)
        out = answer(*args)
        return [Generation((1, 7, 2), True), *out[1:]] if len(calls) == 5 else out

    monkeypatch.setattr(setups, "answer", slipping)
    found = by_name(determinism.probe(worker, items, None, tests=("twice",)))["twice"]
    assert (found.passed, found.changed, found.effect) == (False, 1, ())
    assert found.first is not None
    assert found.first.module == "decoding"


def test_another_precision_is_compared_with_fp32(tiny_model: Path, items: list[Item], worker: Worker) -> None:
    spec = replace(
        worker.spec, model=read_model_config(tiny_model, precision="bf16"), decoding=Decoding(max_new_tokens=16)
    )
    found = by_name(determinism.probe(Worker(spec), items, tasks()[TASK], tests=("fp32",)))["fp32"]
    assert found.skipped is None
    assert found.passed is (found.changed + found.drifted == 0)
    if not found.passed:
        assert found.first is not None


def rows(texts: list[str]) -> list[Row]:
    return [Row(f"{i:03d}", text, "the cat sat", True) for i, text in enumerate(texts)]


def test_the_effect_is_the_difference_of_the_metric_with_an_interval() -> None:
    base = rows(["the cat sat"] * 40)
    worse = rows(["the cat sat"] * 30 + ["the dog sat"] * 10)
    [effect] = effects(tasks()[TASK], base, worse)
    assert (effect.base, effect.variant, effect.difference) == ("0.000000", "8.333333", "8.333333")
    assert effect.interval is not None
    assert float(effect.interval[0]) > 0
    assert float(effect.interval[0]) < 8.333333 < float(effect.interval[1])
    [same] = effects(tasks()[TASK], base, base)
    assert same.interval == ("0.000000", "0.000000")
    with pytest.raises(ValueError, match="have different items"):
        effects(tasks()[TASK], base, worse[:-1])


def test_prompts_are_compared_on_the_same_clips(worker: Worker) -> None:
    some = list(golden_manifest().items)
    found = wording.prompts(
        worker, some, tasks()[TASK], ["Write it.", "Write it.", "Translate the speech now."], size=2
    )
    canonical_json.dumps(found.as_json())
    changed = [entry.changed for entry in found.prompts]
    assert changed[:2] == [0, 0]
    assert changed[2] > 0
    assert found.prompts[1].effect[0].difference == "0.000000"


def test_without_audio_every_clip_gets_one_answer(worker: Worker) -> None:
    spec = replace(worker.spec, setting=TaskSetting("asr", "Write it."))
    some = list(golden_manifest().items)
    found = wording.text_prior(Worker(spec, worker.loaded), some, tasks()[TASK])
    canonical_json.dumps(found.as_json())
    assert found.distinct_without_audio == 1
    assert found.changed > 0
    assert set(found.outputs_without_audio) == {item.id for item in some}


def test_the_two_beam_rules_are_compared(worker: Worker) -> None:
    spec = replace(
        worker.spec, setting=TaskSetting("QA", "what is the date?"), decoding=Decoding(beams=4, max_new_tokens=48)
    )
    found = wording.decoding(Worker(spec, worker.loaded), list(golden_manifest().items), tasks()[TASK], size=4)
    canonical_json.dumps(found.as_json())
    # The two golden cases of this prompt where the rules part.
    assert (found.changed, found.first) == (2, "mid_3.3s-00")
    assert found.effect[0].metric == "wer"


def test_the_command_writes_its_findings(tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import argparse

    from audit.cli.commands import probe
    from audit.errors import InputError

    file = tmp_path / "manifest.jsonl"
    file.write_text(golden_manifest().text(), "utf-8")
    parser = argparse.ArgumentParser()
    probe.add_arguments(parser)
    common = ["--task", TASK, "--model", str(tiny_model), "--manifest", str(file), "--out", str(tmp_path / "p"),
              "--max-new-tokens", "4", "--beams", "1"]  # fmt: skip
    assert probe.run(parser.parse_args(["determinism", *common, "--items", "2", "--tests", "twice", "batch"])) == 0
    found = json.loads((tmp_path / "p" / f"{TASK}.determinism.json").read_text())
    assert [test["passed"] for test in found["tests"]] == [True, True]
    assert "pass  twice      0 of 2 rows differ, 0 drift" in capsys.readouterr().out
    again = ["determinism", *common, "--items", "2", "--tests", "twice", "batch", "--json"]
    assert probe.run(parser.parse_args(again)) == 0
    assert json.loads(capsys.readouterr().out) == found
    with pytest.raises(InputError, match="no such test: twoce"):
        probe.run(parser.parse_args(["determinism", *common, "--tests", "twoce"]))
    with pytest.raises(InputError, match="--wordings FILE"):
        probe.run(parser.parse_args(["prompts", *common]))
