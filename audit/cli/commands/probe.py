"""`repro-audit probe`: what besides the model changes the outputs, and how far they depend on the audio."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from audit.cli.json_output import add_json, say
from audit.cli.options import add_data_arguments, add_model_arguments, check_counts, model_options, set_options
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.inference.probes.effect import Effect
    from audit.inference.probes.results import BeamRules, Determinism, Prompts, TextPrior

HELP = """Probe SALMONN on some items of a task's test set, and write the results as JSON for the audit.

determinism: run again, in batches, in another order, with extra padding, with other threads, restarted, in fp32; reports
the first row, token and module that differ, and the effect on the task's metrics. prompts: the same clips under several
instructions. text-prior: zeroed auditory tokens. decoding: the beam rule of transformers 4.28 against the installed
library's. The exit code is 1 if a determinism test fails."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("probe", choices=("determinism", "prompts", "text-prior", "decoding"))
    parser.add_argument("--task", required=True, metavar="ID")
    parser.add_argument("--out", type=Path, default=Path("probes"), metavar="FOLDER", help="default: probes")
    parser.add_argument(
        "--items", type=int, default=32, metavar="N", help="number of items, evenly spread (default 32)"
    )
    parser.add_argument("--batch-size", type=int, default=4, metavar="N", help="items per batch (default 4)")
    parser.add_argument("--tests", nargs="+", metavar="NAME", help="determinism: only these tests")
    parser.add_argument(
        "--wordings", type=Path, metavar="FILE", help="prompts: one instruction per line; the task's comes first"
    )
    add_json(parser)
    add_data_arguments(parser)
    add_model_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run the probe, print the results, and write OUT/TASK.PROBE.json."""
    from audit._util import canonical_json
    from audit._util.files import write_atomic
    from audit.inference.job import InferenceRequest, need_torch, read_manifest, salmonn_spec

    check_counts(args, "items", "batch_size", "beams", "max_new_tokens", "limit")
    need_torch()
    from audit.inference.probes import determinism, wording
    from audit.inference.probes.results import Determinism
    from audit.inference.worker import Worker
    from audit.literature.known_tasks import tasks_here

    tests = args.tests or list(determinism.TESTS)
    unknown = sorted(set(tests) - set(determinism.TESTS))
    if unknown:
        raise InputError(f"no such test: {', '.join(unknown)}", fix=f"tests are: {', '.join(determinism.TESTS)}")
    request = InferenceRequest(set_options(args), model_options(args), args.out)
    manifest = read_manifest(request.test_set, args.task, _note)
    step = max(1, len(manifest.items) // args.items)
    items = list(manifest.items[::step][: args.items])
    spec = salmonn_spec(request, args.task, manifest)
    worker = Worker(spec)
    task = tasks_here().get(args.task)
    found: Determinism | Prompts | TextPrior | BeamRules
    if args.probe == "determinism":
        found = determinism.probe(worker, items, task, batch=args.batch_size, tests=tests, tell=_tell)
    elif args.probe == "prompts":
        found = wording.prompts(
            worker, items, task, [spec.setting.instruction, *_wordings(args.wordings)], args.batch_size
        )
    elif args.probe == "decoding":
        found = wording.decoding(worker, items, task, args.batch_size)
    else:
        found = wording.text_prior(worker, items, task, args.batch_size)
    worker.close()
    dataset = {"name": manifest.dataset, "split": manifest.split, "manifest_sha256": manifest.sha256}
    path = args.out / f"{args.task}.{args.probe}.json"
    document = canonical_json.dumps({**found.as_json(), "dataset": dataset})
    write_atomic(path, document + b"\n")
    if args.json:
        print(document.decode())
    else:
        _show(found)
    say(args, f"wrote {path}")
    return 1 if isinstance(found, Determinism) and any(test.passed is False for test in found.tests) else 0


def _wordings(path: Path | None) -> list[str]:
    if path is None:
        raise InputError("needs other instructions: --wordings FILE, one per line")
    try:
        lines = [line.strip() for line in path.read_text("utf-8").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", where=str(path)) from None
    if not lines:
        raise InputError("holds no instruction", where=str(path))
    return lines


def _tell(test: str) -> None:
    _note(f"test: {test}")


def _note(text: str) -> None:
    print(text, file=sys.stderr)


def _show(found: Determinism | Prompts | TextPrior | BeamRules) -> None:
    from audit.inference.probes import results

    if isinstance(found, results.Determinism):
        for test in found.tests:
            state = {True: "pass", False: "FAIL", None: "skip"}[test.passed]
            line = f"{state}  {test.test:<10} {test.changed} of {test.compared} rows differ, {test.drifted} drift"
            print(line + (f" ({test.skipped})" if test.skipped else ""))
            if test.first is not None:
                print(f"      first: {json.dumps(asdict(test.first), ensure_ascii=False, sort_keys=True)}")
            _effects(test.effect)
        for metric, margin in found.margins.items():
            print(f"measured margin of {metric}: {margin}")
    elif isinstance(found, results.Prompts):
        for prompt in found.prompts:
            print(f"{prompt.changed} rows differ: {prompt.prompt}")
            _effects(prompt.effect)
    else:
        what = "without audio" if isinstance(found, results.TextPrior) else "between the two rules"
        print(f"{found.changed} of {found.items} rows differ {what}")
        _effects(found.effect)


def _effects(effects: Sequence[Effect]) -> None:
    for e in effects:
        interval = f" [{', '.join(e.interval)}]" if e.interval else ""
        print(f"      {e.metric} ({e.convention}): {e.base} -> {e.variant}, difference {e.difference}{interval}")
