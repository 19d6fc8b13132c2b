"""Every file of others that a command reads, but for those of importers, data sets and tables: a valid one, and its reader.

Each `Target` is a file with valid contents and the call that reads it and uses what it says. Mutations of it must end in an
error with words. Importers, data sets and predictions are in tests/audit/importers/test_fuzz.py, tables in
tests/audit/literature/tables/test_fuzz_tables.py, rows and replies in tests/audit/test_fuzz_rows.py.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from audit._util import canonical_json
from audit._util.paths import LITERATURE
from audit._util.strict_yaml import load as load_yaml
from audit.document.read import load_document, parse_document
from audit.document.write import to_bytes
from audit.provenance import package
from audit.provenance.format import archive, layout
from audit.provenance.format.canonical_encoding import b64decode
from audit.provenance.signing import bundle
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify_files
from tasks.phrase import phrase
from tests.support.example_audit import build, document
from tests.support.mutations import Target, bytes_changed, changed, leaf_changed, leaves_changed, value_changed
from tests.support.provenance import attacks, made


def targets(folder: Path) -> Iterator[Target]:
    """All of them; files are written below `folder`."""
    for make in (audits, derived, packages, judged, inferred, planned, containers, records, settings, blinded):
        place = folder / make.__name__
        place.mkdir()
        yield from make(place)


def as_file(folder: Path, name: str, valid: bytes, call: Callable[[Path], object], **how: Any) -> Target:
    """A target whose reader takes the file's path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(valid)
    return Target(name, path, valid, lambda: call(path), **how)


# audit.json and what is made from it.


def audits(folder: Path) -> Iterator[Target]:
    from audit.provenance import diff
    from audit.report import badge, pull_request
    from audit.report.formats import LAID_OUT, RENDERERS

    example = build(conventions=4, claims=3)
    whole = to_bytes(document(build(conventions=3)))
    valid = to_bytes(document(example))
    other = diff.Side("a", document(example))

    def rendered(*names: str) -> Callable[[Path], object]:
        return lambda path: [RENDERERS[name](load_document(path)) for name in names]

    yield as_file(
        folder, "audit.json", valid, rendered(*sorted(set(RENDERERS) - LAID_OUT)), change=leaves_changed, weight=8
    )
    yield as_file(folder, "whole/audit.json", whole, rendered("table.tex", "measurements.csv"), change=leaves_changed)
    yield as_file(folder, "real/audit.json", real_audit(folder), rendered("table.tex"), change=leaves_changed, weight=1)

    def small(path: Path) -> None:
        audit = load_document(path)
        badge.svg(audit)
        pull_request.table(audit)

    yield as_file(folder, "badge/audit.json", valid, small, change=leaves_changed)
    yield as_file(folder, "diff/audit.json", valid, lambda path: diff.compare(other, diff.load(path)).as_text(),
                  change=leaves_changed)  # fmt: skip
    yield as_file(folder, "export/audit.json", real_audit(folder), exported, change=leaves_changed, weight=1)


def exported(path: Path) -> None:
    from audit.exporters import every_eval_ever, hf_eval_results

    audit = load_document(path)
    every_eval_ever.named_records(audit)
    hf_eval_results.dumps(hf_eval_results.results(audit, {}))


_MADE: dict[str, bytes] = {}


def real_audit(folder: Path) -> bytes:
    """audit.json of the study that comes with the project, of a few tasks with outputs."""
    if "audit" not in _MADE:
        from audit.pipeline.request import AuditRequest
        from audit.pipeline.run import run
        from tests.support.scored_audit import predictions

        rows = predictions(folder / "predictions", 12, ("asr-librispeech-clean", "er-iemocap", "st-en-zh"))
        request = AuditRequest(predictions=rows, replicates=0, engine="local", workers=1)
        _MADE["audit"] = to_bytes(run(request).document)
    return _MADE["audit"]


def derived(folder: Path) -> Iterator[Target]:
    """What `verify` and `package` derive again: audit.json, and the literature that a package carries."""
    from audit.pipeline.deriving import derive

    valid = real_audit(folder)
    audit = parse_document(valid, "audit.json")
    named = [one.path.removeprefix(layout.LITERATURE) for one in audit.inputs if one.path.startswith(layout.LITERATURE)]
    carried = {name: (LITERATURE / name).read_bytes() for name in named}
    yield as_file(folder, "audit.json", valid, lambda path: derive(load_document(path), carried), weight=2,
                  change=leaves_changed)  # fmt: skip
    for kind in ("studies", "works", "sets", "reproductions"):
        name = next(name for name in named if name.startswith(kind) and name.endswith(".yaml"))

        def again(path: Path, name: str = name) -> object:
            return derive(audit, {**carried, name: path.read_bytes()})

        yield as_file(folder, f"{kind}.yaml", carried[name], again, weight=1, change=yaml_changed)


def yaml_changed(raw: bytes, rng: random.Random) -> bytes:
    """A record with a value changed, or bytes."""
    if rng.random() < 0.4:
        return bytes_changed(raw, rng)
    change = leaf_changed if rng.random() < 0.5 else value_changed
    value = change(yaml.load(raw, yaml.CBaseLoader if rng.random() < 0.2 else yaml.CSafeLoader), rng)
    try:
        return yaml.safe_dump(value, allow_unicode=True, sort_keys=False).encode()
    except (yaml.YAMLError, UnicodeEncodeError):
        return bytes_changed(raw, rng)


# Packages: by whoever has no key, and by a signer whose files say anything.


def packages(folder: Path) -> Iterator[Target]:
    from audit.pipeline.deriving import derive
    from audit.provenance import diff
    from audit.provenance.records import row_openings
    from audit.scoring.row_tree import read_rows

    rows = made.write_predictions(folder / "predictions")
    options = package.Options(key=attacks.SIGNER, predictions=rows, command=("repro-audit", "run"))
    files = package.make(made.artefacts(rows), options)
    packed = archive.zip_bytes(files)
    trust = Trust(deriver=derive, render=True)
    yield as_file(folder, "package.zip", packed, lambda path: verify_files(archive.read(path), trust).as_text(),
                  change=bytes_changed)  # fmt: skip

    def verified(name: str) -> Callable[[Path], object]:
        def read(path: Path) -> object:
            again = attacks.republish({**files, name: path.read_bytes()})
            return [verify_files(again, trust).as_text(), verify_files(again, trust).as_json()]

        return read

    read = (layout.AUDIT, layout.ENVIRONMENT, layout.RUN, layout.SBOM, layout.CRATE, layout.CODECHECK, layout.VERIFY,
            layout.PREDICTIONS_LIST, layout.CERTIFICATE, layout.SSH_KEY, layout.REPORT_HTML, "measurements.csv",
            "counts/asr-librispeech-clean/wer/hufs.csv")  # fmt: skip
    for name in read:
        yield as_file(folder, f"files/{name}", files[name], verified(name), weight=1)
    yield as_file(
        folder, "der/certificate.pem", files[layout.CERTIFICATE], verified(layout.CERTIFICATE), change=der_changed
    )
    yield as_file(folder, f"files/{layout.REPORT_PDF}", files[layout.REPORT_PDF], verified(layout.REPORT_PDF), weight=1,
                  change=bytes_changed)  # fmt: skip
    for name in (layout.PUBLIC_KEY, layout.PUBLICATION, layout.CHECKSUMS, layout.SSH_SIGNATURE, layout.ROOT):
        yield as_file(folder, f"unsigned/{name}", files[name], lambda path, name=name: verify_files(
            {**files, name: path.read_bytes()}, trust).as_text(), weight=2)  # fmt: skip

    def stated(name: str) -> Callable[[Path], object]:
        def read(path: Path) -> object:
            again = canonical_json.dumps(bundle.sign(json.loads(path.read_bytes()), attacks.SIGNER))
            signed = {**files, name: again}
            signed = signed if name == layout.PUBLICATION else attacks.republish(signed)
            folder = path.parent / "as-folder"
            report = verify_files(signed, trust)
            if report.intact:
                shutil.rmtree(folder, ignore_errors=True)
                diff.compare(diff.load(made.write(signed, folder)), diff.load(folder)).as_text()
            return report.as_text()

        return read

    for name in (layout.ROOT, layout.PROVENANCE, layout.TEST_RESULT, layout.PUBLICATION):
        payload = b64decode(json.loads(files[name])["dsseEnvelope"]["payload"], name)
        yield as_file(folder, f"payloads/{name}", payload, stated(name), change=canonical_changed, weight=2)

    def compared(name: str) -> Callable[[Path], object]:
        def read(path: Path) -> object:
            value = {**files, name: path.read_bytes()}
            return diff._record(
                {layout.ENVIRONMENT: diff.Environment, layout.RUN: diff.RunRecord}[name], path, name, value
            )

        return read

    for name in (layout.ENVIRONMENT, layout.RUN):
        yield as_file(folder, f"diff/{name}", files[name], compared(name))
    audit = parse_document(files[layout.AUDIT], layout.AUDIT)
    one = read_rows(rows / "asr-librispeech-clean.jsonl")
    digest = hashlib.sha256(files[layout.AUDIT]).hexdigest()
    opening = canonical_json.dumps(row_openings.build(audit, digest, one, ["asr-librispeech-clean-0"], ["hypothesis"]))
    yield as_file(folder, "opening.json", opening, lambda path: verify_files(
        files, Trust(opening=path.read_bytes())).as_text(), weight=2)  # fmt: skip
    line = files[layout.SSH_KEY].decode().strip()
    signers = f'a@b.org,"c" namespaces="repro-audit/v1",valid-after="20200101" {line}\n# x\nb@* {line}\n'.encode()
    yield as_file(folder, "allowed_signers", signers, lambda path: verify_files(
        files, Trust(allowed_signers=path.read_text("utf-8", "replace"), principal="a@b.org")).as_text(), weight=2,
        change=bytes_changed)  # fmt: skip
    from audit.provenance.verification import countersign

    more = countersign.add(files, attacks.REVIEWER, reviewer=None, properties=["RESULTS_REPRODUCED"], comment="x",
                           when="2026-11-23T12:00:00Z")  # fmt: skip
    for name, data in more.items():
        yield as_file(folder, name, data, lambda path, name=name: verify_files(
            {**files, **more, name: path.read_bytes()}, Trust()).as_text(), weight=2)  # fmt: skip
        if name.endswith(".sigstore.json"):
            payload = b64decode(json.loads(data)["dsseEnvelope"]["payload"], name)

            def signed(path: Path, name: str = name) -> object:
                again = canonical_json.dumps(bundle.sign(json.loads(path.read_bytes()), attacks.REVIEWER))
                return verify_files({**files, **more, name: again}, Trust()).as_text()

            yield as_file(folder, "countersigned.json", payload, signed, change=canonical_changed, weight=2)


def der_changed(raw: bytes, rng: random.Random) -> bytes:
    """A PEM file with a byte or two of what it encodes changed."""
    head, *lines, foot = raw.decode().strip().split("\n")
    der = bytearray(base64.b64decode("".join(lines)))
    for _ in range(rng.choice((1, 1, 2))):
        der[rng.randrange(len(der))] = rng.randrange(256)
    text = base64.b64encode(der).decode()
    return "\n".join([head, *(text[at : at + 64] for at in range(0, len(text), 64)), foot, ""]).encode()


def canonical_changed(raw: bytes, rng: random.Random) -> bytes:
    """A JSON value with a part changed that canonical JSON can write: what a signer can sign."""
    for _ in range(20):
        try:
            return canonical_json.dumps((leaf_changed if rng.random() < 0.5 else value_changed)(json.loads(raw), rng))
        except (TypeError, ValueError):
            continue
    return raw


# Judgements, replies, prompts.


def judged(folder: Path) -> Iterator[Target]:
    from fractions import Fraction

    from audit.judge import human, judgement_files, templates
    from audit.judge.cache import NAME, ReplyCache
    from audit.judge.interface import Reply
    from audit.judge.judgements import HUMAN, Judgement, check
    from audit.judge.openai_server import OpenAIServer
    from audit.judge.tables import agreement_text, judge_report
    from tasks.judging.conventions import CONVENTIONS
    from tasks.judging.verdict import JudgeVerdict
    from tasks.row import Row
    from tests.support.judge.helpers import questions

    rows = [Row(**row) for row in questions(2)]
    by_id = {row.id: row for row in rows}
    convention = next(one for one in CONVENTIONS if one.id == "paper-judge")

    def given(row: str, judge: str = f"{HUMAN}Ann", **more: Any) -> Judgement:
        return Judgement("sqqa-wikiqa", convention.id, convention.metric, judge, "", row, "", 0,
                         JudgeVerdict(Fraction(1)), **more)  # fmt: skip

    model = given(
        "q00001", "m#1", request="r", model="m", backend="b", reply=Reply("Yes", "m"), messages_sha256="0" * 64
    )
    path = folder / "sqqa-wikiqa.judgements.jsonl"
    judgement_files.write(path, [given("q00000"), given("q00001"), model])

    def read(path: Path) -> object:
        found = judgement_files.read(path)
        people = [one for one in found if one.judge.startswith(HUMAN)]
        check(people, by_id, task="sqqa-wikiqa", family="spoken-qa", where=str(path))
        report = judge_report("sqqa-wikiqa", convention, rows, people, replicates=5, seed=1)
        return agreement_text(report)

    yield as_file(folder, path.name, path.read_bytes(), read)
    with ReplyCache(folder / "cache") as cache:
        cache.asking("a" * 64)
        for number in range(3):
            cache.put(f"{number}" * 64, Reply(f"Yes {number}", "m", "stop", 3, 1, 1))
        cache.ended("a" * 64)
    replies = folder / "cache" / NAME

    def cached(path: Path) -> object:
        with ReplyCache(path.parent) as found:
            found.put("b" * 64, Reply("x", "m"))
            return list(found.items()), found.in_doubt

    yield Target(NAME, replies, replies.read_bytes(), lambda: cached(replies))
    prompt = Path(templates.__file__).parent / "prompts" / "sqqa-paper.json"
    fields = dict.fromkeys(templates.load(prompt).needs, "x")

    def filled(path: Path) -> object:
        found = templates.load(path)
        return found.fill({**fields, **dict.fromkeys(found.needs, "x")})

    yield as_file(folder, "template.json", prompt.read_bytes(), filled)
    sheet = human.sheet(convention, rows).replace(",,\r\n", ",1,\r\n")
    yield as_file(folder, "sheet.csv", sheet.encode(), lambda path: human.parse(
        path, "sqqa-wikiqa", convention, by_id, "Ann"))  # fmt: skip
    server = OpenAIServer("m", base_url="http://127.0.0.1:1/v1")
    body = json.dumps({"choices": [{"message": {"content": "Yes"}, "finish_reason": "stop"}], "model": "m",
                       "usage": {"prompt_tokens": 3, "completion_tokens": 1}}).encode()  # fmt: skip
    yield as_file(folder, "body.json", body, lambda path: server._from_body(path.read_bytes()), change=leaves_changed)
    chunks = b"".join(b"data: " + json.dumps(
        {"choices": [{"delta": {"content": text}, "finish_reason": end}], "model": "m"}).encode() + b"\n\n"
        for text, end in (("Y", None), ("es", "stop"))) + b"data: [DONE]\n"  # fmt: skip
    yield as_file(folder, "stream.txt", chunks, lambda path: server._from_stream(
        iter(path.read_bytes().decode("utf-8", "replace").splitlines())))  # fmt: skip


# Inference: journals, environments, model.yaml, data.yaml, what is remembered of weights, probes.


def inferred(folder: Path) -> Iterator[Target]:
    from audit.inference import journal, layouts
    from audit.inference.merge import merge
    from audit.inference.run_records import BatchResult, Event, Identity, RunEnvironment, TestSetName, Tf32
    from audit.inference.salmonn.config import ModelSettings, read_model_config
    from tasks.row import Row

    task = "asr-librispeech-clean"
    settings = ModelSettings("13b", "fp16", "adapter", 8, 32, "sdpa")
    name = TestSetName("LibriSpeech", "test-clean")
    identity = Identity(task, "0" * 64, 2, name, "Write.", "asr", settings, {"w": "1" * 64}, {"num_beams": 4},
                        "none", 1, 1, False, 2, (1, 1))  # fmt: skip
    work = folder / f".{task}.work"
    work.mkdir()
    path = work / "1-of-1.journal"
    with journal.Journal(path, identity) as found:
        for number in range(2):
            row = Row(f"r{number}", f"out {number}", "ref", prompt="p", finished=True, extra={"a": 1})
            found.add(BatchResult(number, (row,), (Event("out-of-memory", number, rows=4, halved_to=(2, 2)),)))
    environment = RunEnvironment("3.11", "Linux", {"torch": "2"}, "cpu", 2, None, Tf32(False, False), True)
    (work / "environment-1-of-1.json").write_bytes(canonical_json.dumps(environment.as_json()))

    def merged() -> object:
        return merge(task, [folder], folder / "merged")

    def continued() -> object:
        with journal.Journal(path, identity) as again:
            return again.rows()

    for name, call in (("merge", merged), ("journal", continued)):
        yield Target(name, path, path.read_bytes(), call)
    beside = work / "environment-1-of-1.json"
    yield Target("environment", beside, beside.read_bytes(), merged)
    model = b"variant: custom\nwhisper: w\nbeats: b.pt\nvicuna: v\nsalmonn: s.pth\nprecision: fp16\nlora_rank: 8\n"
    yield as_file(folder, "model.yaml", model, lambda path: read_model_config(path).settings(), change=yaml_changed)
    yield from models(folder / "models")
    (folder / "sets").mkdir()
    (folder / "sets" / "L.json").write_text("{}")
    data = b"pr-librispeech: {labels: L.json}\nst-en-zh: {resampler: soxr-hq}\n"
    yield as_file(folder, "sets/data.yaml", data, lambda path: layouts.find(path.parent, ["pr-librispeech", "st-en-zh"]),
                  change=yaml_changed)  # fmt: skip
    yield from probed(folder)


def models(folder: Path) -> Iterator[Target]:
    """What stands beside weights, and the hashes that are remembered of them."""
    from audit.inference.file_hashes import file_hashes
    from audit.inference.json_files import read_object
    from audit.inference.model_engines.transformers import Transformers

    folder.mkdir()
    config = b'{"architectures": ["WhisperForConditionalGeneration"], "d_model": 8, "layer_norm_eps": 1e-05}'
    yield as_file(folder, "config.json", config, lambda path: read_object(path, "Get it again."))
    tokens = b'{"eos_token": {"content": "</s>", "lstrip": false}, "model_max_length": 1000000000000000019884624838656}'
    yield as_file(folder, "tokenizer_config.json", tokens, lambda path: Transformers().special_tokens(
        SimpleNamespace(folder=path.parent)))  # type: ignore[arg-type]  # fmt: skip
    weights = folder / "model.safetensors"
    weights.write_bytes(b"weights")
    wanted = hashlib.sha256(b"weights").hexdigest()
    memory = folder / "memory" / "hashes.json"
    memory.parent.mkdir()
    file_hashes({"w": weights}, "", memory)

    def hashed(path: Path) -> object:
        found = file_hashes({"w": weights}, "", path)["w"]
        assert len(found) == len(wanted)
        return found

    yield as_file(folder, "memory/hashes.json", memory.read_bytes(), hashed, change=leaves_changed)


def probed(folder: Path) -> Iterator[Target]:
    from audit.analysis.probe_results import load_probes
    from audit.report.formats import RENDERERS
    from audit.report.page import render

    task = "st-en-zh"
    effect = {"metric": "bleu", "convention": "c", "base": "1.0", "variant": "1.1", "difference": "0.1",
              "interval": ["0.0", "0.2"], "replicates": 100}  # fmt: skip
    common = {
        "schema": "repro-audit/probe/1",
        "task": task,
        "items": 4,
        "decoding": {"num_beams": 4},
        "model": {"variant": "13b"},
    }
    first = {"row": "a", "token": 1, "logit_gap": "0.1", "module": "m", "module_difference": "0.2"}
    test = {"test": "batch", "compared": 4, "changed": 1, "drifted": 0, "first": first, "effect": [effect], "skipped": None,
            "passed": False}  # fmt: skip
    kinds: dict[str, dict[str, Any]] = {
        "determinism": {"unreadable": 0, "batch": 2, "tests": [test], "margins": {"bleu": "0.1"}},
        "prompts": {"prompts": [{"prompt": "p", "changed": 1, "effect": [effect]}]},
        "text-prior": {
            "changed": 1,
            "distinct_without_audio": 1,
            "outputs_without_audio": {"a": "x"},
            "effect": [effect],
        },
        "decoding": {"rules": ["released", "current"], "changed": 1, "first": "a", "effect": [effect]},
    }
    base = build(conventions=2, claims=3)
    for kind, more in kinds.items():
        valid = json.dumps({**common, "probe": kind, **more}).encode()
        place = folder / f"probes-{kind}"

        def read(path: Path, place: Path = place) -> object:
            found, _ = load_probes(place, {task: None})
            value = {**base, "findings": {**base["findings"], **found}}
            audit = document(json.loads(json.dumps(value)))
            to_bytes(audit)
            return render(audit), RENDERERS["table.tex"](audit)

        yield as_file(folder, f"probes-{kind}/{task}.{kind}.json", valid, read, weight=1, change=leaves_changed)


def planned(folder: Path) -> Iterator[Target]:
    from audit.analysis.sampling.plan import DRAW_SCHEMA, DRAW_SUFFIX, STATEMENT_SUFFIX, Draw, parse_draw
    from audit.analysis.sampling.plan_files import beside, load_plan, plan_path
    from audit.pipeline.plan_registration import register
    from audit.pipeline.plans import registered
    from tests.support import planned as support

    rows = support.sentences(8)
    study = support.prepare(folder / "study", rows, "30.0")
    support.planned(study, rows)
    path = plan_path(study.predictions, support.TASK)

    def read(_path: Path) -> object:
        files = load_plan(path)
        return files.ordered.units, registered(files)

    yield Target("plan", path, path.read_bytes(), lambda: read(path))
    draw = Draw(DRAW_SCHEMA, "0" * 64, "a value", "2026-12-01").to_bytes()
    yield as_file(folder, f"x{DRAW_SUFFIX}", draw, lambda path: parse_draw(path.read_bytes(), str(path)))
    register(path, attacks.SIGNER)
    statement = beside(path, STATEMENT_SUFFIX)
    payload = b64decode(json.loads(statement.read_bytes())["dsseEnvelope"]["payload"], "")
    yield Target("registration", statement, statement.read_bytes(), lambda: read(path))

    def signed(made_up: Path) -> object:
        valid = statement.read_bytes()
        statement.write_bytes(canonical_json.dumps(bundle.sign(json.loads(made_up.read_bytes()), attacks.SIGNER)))
        try:
            return read(path)
        finally:
            statement.write_bytes(valid)

    yield as_file(folder, "registered.json", payload, signed, change=canonical_changed)


def containers(folder: Path) -> Iterator[Target]:
    from audit.container import archive as image_archive
    from audit.container import archive_reader
    from audit.container.image import read_record
    from tests.support.container import streams

    path = folder / "image.tar"
    image = streams.image()
    image_archive.write(streams.engine_with(streams.layout()), image, path)
    yield Target("image archive", path, path.read_bytes(), lambda: archive_reader.read(path), change=tar_changed)
    for kind in (streams.legacy, streams.layout, streams.containerd):
        valid = kind()

        def received(path: Path) -> object:
            return image_archive.write(
                streams.engine_with(path.read_bytes(), chunk=5000), image, path.with_suffix(".out")
            )

        yield as_file(folder, f"{kind.__name__}.stream", valid, received, change=tar_changed)
    record = canonical_json.dumps(image.record(target=None, build_args={"A": None}))
    yield as_file(folder, "image.json", record, lambda path: read_record(path).environment().as_json())

    def stated(path: Path) -> object:
        import os

        from audit.provenance.records import environment

        text = path.read_bytes().decode("utf-8", "surrogateescape").replace("\0", "")
        before = os.environ.get(environment.IMAGE_VARIABLE)
        os.environ[environment.IMAGE_VARIABLE] = text
        try:
            found = environment.image()
            return found and found.as_json()
        finally:
            os.environ.pop(environment.IMAGE_VARIABLE)
            if before is not None:
                os.environ[environment.IMAGE_VARIABLE] = before

    facts = json.dumps(image.environment().as_json()).encode()
    yield as_file(folder, "variable.json", facts, stated)


def tar_changed(raw: bytes, rng: random.Random) -> bytes:
    """A tar file with a member's content or name changed, or a member dropped, repeated or of another type; or bytes."""
    import tarfile

    if rng.random() < 0.3:
        return bytes_changed(raw, rng)
    members = []
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        for member in tar:
            source = tar.extractfile(member)
            members.append((member, source.read() if source and member.isreg() else b""))
    number = rng.randrange(len(members))
    member, content = members[number]
    member = tarfile.TarInfo.frombuf(member.tobuf(tarfile.GNU_FORMAT), "utf-8", "surrogateescape")
    kind = rng.randrange(6)
    if kind < 3:
        content = changed(content, rng)
        member.size = len(content) if member.isreg() else 0
        name = member.name
        if name.startswith("blobs/sha256/") and rng.random() < 0.5:
            member.name = f"blobs/sha256/{hashlib.sha256(content).hexdigest()}"
            new, old = member.name.rpartition("/")[2].encode(), name.rpartition("/")[2].encode()
            members = [(m, c.replace(old, new) if m.isreg() else c) for m, c in members]
            for m, c in members:
                m.size = len(c) if m.isreg() else 0
    elif kind == 3:
        member.name = rng.choice(("../x", "/etc/x", "", "a" * 300, "index.json", "manifest.json", "blobs/sha256/x"))
    elif kind == 4:
        member.type = rng.choice((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE, b"9"))
        member.linkname, member.size = rng.choice(("../x", "index.json", member.name)), 0
    members[number] = (member, content)
    if kind == 5:
        members = members[:number] + members[number + 1 :] if rng.random() < 0.5 else [*members, members[number]]
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for one, data in members:
            tar.addfile(one, io.BytesIO(data) if one.isreg() else None)
    return target.getvalue()


# Records of the literature, and other files that people write.


def records(folder: Path) -> Iterator[Target]:
    from audit.literature import lint, reproductions, sets, studies, works
    from audit.literature.declared_conventions import load_convention
    from audit.literature.drafts.names import load_names
    from audit.literature.outputs.records import record as output_record
    from audit.literature.schema import load_checked
    from audit.literature.show import study_lines

    def first(kind: str) -> Path:
        return min((LITERATURE / kind).glob("*.yaml"), key=lambda path: path.stat().st_size)

    salmonn = studies.load_study(LITERATURE / "studies" / "salmonn.yaml")
    readers: dict[str, tuple[Path, Callable[[Path], object]]] = {
        "study": (first("studies"), lambda path: list(study_lines(studies.load_study(path), 80))),
        "own study": (first("studies"), lint.lint_study),
        "work": (first("works"), lambda path: works.work(load_checked(path, "work"))),
        "set": (first("sets"), sets.load_set),
        "reproduction": (first("reproductions"), lambda path: reproductions.load_reproduction(path, salmonn)),
        "convention": (first("conventions"), load_convention),
        "outputs": (first("outputs"), lambda path: output_record(load_yaml(path))),
    }
    for name, (source, read) in readers.items():
        yield as_file(folder, f"{name}/{source.name}", source.read_bytes(), read, change=yaml_changed)
    names = (LITERATURE / "names.yaml").read_bytes()
    yield as_file(folder, "names.yaml", names, lambda path: load_names(path.parent, LITERATURE / "sets"), weight=1,
                  change=yaml_changed)  # fmt: skip


def settings(folder: Path) -> Iterator[Target]:
    """Settings, certificates, and what is kept between runs."""
    import os
    from array import array

    import numpy as np

    from audit.analysis.differences import KeptGaps
    from audit.analysis.kept_analyses import KeptAnalyses
    from audit.cli import config
    from audit.cli.commands import feasible
    from audit.exporters.hf_eval_results import load_datasets
    from audit.provenance.records import codecheck
    from audit.provenance.signing import keys
    from audit.schema import AttributedGap, AttributedStep, Interval
    from audit.scoring.cache import Entry, Facts, ScoreCache
    from audit.scoring.row_tree import tree_of

    def toml(path: Path) -> object:
        from audit.cli import COMMANDS, parser_of

        before = Path.cwd()
        os.chdir(path.parent)
        try:
            return config.with_settings(["run"], parser_of("run"), list(COMMANDS))
        finally:
            os.chdir(before)

    text = b'[run]\nstudy = "salmonn"\nreplicates = 10\nno-cache = true\nformat = "csv"\n[score]\nmetric = ["wer"]\n'
    yield as_file(folder, "config/repro-audit.toml", text, toml, change=bytes_changed)
    proof = canonical_json.dumps(feasible_certificate())

    def checked(path: Path) -> object:
        return feasible.run(SimpleNamespace(check=path))  # type: ignore[arg-type]

    yield as_file(folder, "certificate.json", proof, checked)
    people = b"certificate: '2026-001'\nreport: https://doi.org/10.1/x\ncodechecker: [{name: A, ORCID: 0000-0002-1825-0097}]\n"
    yield as_file(folder, "codecheck.yml", people, codecheck.load, change=yaml_changed)
    yield as_file(
        folder, "datasets.yaml", b"asr-librispeech-clean: {id: a/b, task_id: t}\n", load_datasets, change=yaml_changed
    )
    public = keys.public_pem(attacks.SIGNER.public)
    yield as_file(
        folder, "key.pem", public, lambda path: keys.load_public(path.read_bytes(), str(path)), change=bytes_changed
    )
    cache = ScoreCache(folder / "cache")
    key = cache.key("a", "b")
    counts = np.array([[1, 2], [3, 4]], dtype="<i4")
    cache.put(key, Entry(counts, array("i", [0, 2]), Facts({1: 2}, 1, (0.1, 0.2), (("a", "why"),))))
    kept = folder / "cache" / key[:2] / key

    def again(path: Path) -> object:
        raw = path.read_bytes()
        # Another program may also write entries whose checksum is right.
        path.write_bytes(hashlib.sha256(key.encode() + b"\n" + raw[32:]).digest() + raw[32:])
        return cache.get(key)

    yield Target("counts", kept, kept.read_bytes(), lambda: again(kept))
    analyses = KeptAnalyses(folder / "analyses", ("rows",))
    part = AttributedStep(("tokens",), "a", "b", "1/2", Interval("0", "1", "95", "bootstrap"))
    gap = AttributedGap("t", "wer", "a", "b", "1", "3/2", (part,), (), (2, 2), 3)
    analyses.put(KeptGaps((replace(gap, claim=phrase("of {claim}", claim="c")),)), ("a",))
    (analysis,) = (path for path in (folder / "analyses").rglob("*") if path.is_file())

    def analysed(path: Path) -> object:
        raw = path.read_bytes()
        path.write_bytes(hashlib.sha256(path.name.encode() + b"\n" + raw[32:]).digest() + raw[32:])
        found = analyses.get(KeptGaps, ("a",))
        return found and [one.gap for one in found.gaps]

    yield Target("analyses", analysis, analysis.read_bytes(), lambda: analysed(analysis))
    rows = made.write_predictions(folder / "rows") / "asr-librispeech-clean.jsonl"
    digest = hashlib.sha256(rows.read_bytes()).hexdigest()
    tree_of(rows, "x", digest, folder / "kept")
    tree = folder / "kept" / "row-trees" / digest
    yield Target("row tree", tree, tree.read_bytes(), lambda: tree_of(rows, "x", digest, folder / "kept"))


def feasible_certificate() -> Mapping[str, Any]:
    from tasks.statistics.feasibility import feasibility

    found = feasibility("21.7", unit="percent", kind="share", n=(30, 31)).certificate
    assert found is not None
    return found.as_json()


def blinded(folder: Path) -> Iterator[Target]:
    from audit.provenance.blinding import secret, unblinding
    from audit.provenance.blinding.surroundings import Keys
    from audit.provenance.verification.blind import Unblinding
    from tests.support.provenance import named

    out = named.write_out(folder / "out")
    named.make(out, keys=Keys(attacks.SIGNER))
    files = archive.read(out / "blind" / "package")
    path = out / "unblind.json"

    def opened(path: Path) -> object:
        found = secret.read(path)
        return unblinding.openable(files, found, str(path))

    yield Target("unblind.json", path, path.read_bytes(), lambda: opened(path), weight=2)
    kept = secret.read(path)
    statement = unblinding.build(files, unblinding.openable(files, kept, ""), kept.key, "2026-11-29T12:00:00Z")
    yield as_file(folder, "second.sigstore.json", statement, lambda path: verify_files(
        files, Trust(unblinding=Unblinding(path.read_bytes()))).as_text(), weight=1)  # fmt: skip
    payload = b64decode(json.loads(statement)["dsseEnvelope"]["payload"], "")

    def signed(path: Path) -> object:
        raw = canonical_json.dumps(bundle.sign(json.loads(path.read_bytes()), kept.key))
        return verify_files(files, Trust(unblinding=Unblinding(raw, originals=out))).as_text()

    yield as_file(folder, "second.json", payload, signed, change=canonical_changed, weight=1)
