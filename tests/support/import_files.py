"""A small valid file of every format that is imported, in the exact layout of the program that writes it; rows are our own."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ASR, AAC, MCQ, ST, QA = "asr-librispeech-clean", "aac-audiocaps", "mmau-test-mini", "st-en-de", "sakura-animal-single"
OPEN = "audiobench-clotho-aqa"


@dataclass(frozen=True)
class ImportFile:
    """A file to import.

    Attributes:
        kind: The format's name.
        name: The file's name, which some formats need.
        task: A task of a study.
        raw: The bytes.
        rows: (id, hypothesis, reference) of every row.
        options: Further options; `{NAME}` is the path of a file beside it.
        beside: Further files by name.
        case: Tells files of one format apart.
    """

    kind: str
    name: str
    task: str
    raw: bytes
    rows: tuple[tuple[str, str | None, Any], ...]
    options: tuple[str, ...] = ()
    beside: Mapping[str, bytes] = field(default_factory=dict)
    case: str = ""

    @property
    def id(self) -> str:
        return f"{self.kind}{'-' if self.case else ''}{self.case}"

    def lay(self, folder: Path) -> Path:
        """Write the file and those beside it; the path of the former."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, raw in {self.name: self.raw, **self.beside}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(raw)
        return folder / self.name

    def arguments(self, folder: Path) -> list[str]:
        """The further options with paths."""
        return [option.format(HERE=str(folder)) for option in self.options]


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def lines_of(values: list[Any]) -> bytes:
    return b"".join(dumped(value) + b"\n" for value in values)


def text(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


# EleutherAI/lm-evaluation-harness@4e7e0d4; as version 0.4.13 writes it.
def _sample(number: int, question: str, target: str, output: str, kept: str, score: float, name: str) -> dict[str, Any]:
    return {
        "doc_id": number, "doc": {"q": question, "a": target}, "target": target,
        "arguments": {"gen_args_0": {"arg_0": question, "arg_1": {"until": ["\n"]}}}, "resps": [[output]],
        "filtered_resps": [kept], "filter": name, "metrics": ["exact_match"], "doc_hash": "4d", "prompt_hash": "6d",
        "target_hash": "2c", "exact_match": score,
    }  # fmt: skip


LM_EVAL = lines_of([
    _sample(0, "Say hello", "hello", "Hello", "Hello", 0.0, "none"),
    _sample(1, "Say bye", "bye", "bye", "bye", 1.0, "none"),
    _sample(0, "Say hello", "hello", "Hello", "hello", 1.0, "lower"),
    _sample(1, "Say bye", "bye", "bye", "bye", 1.0, "lower"),
])  # fmt: skip
LM_RESULTS = dumped({"results": {"demo": {"alias": "demo", "exact_match,none": 0.5, "exact_match_stderr,none": 0.5,
                                          "exact_match,lower": 1.0}}})  # fmt: skip
LM_CHOICE = lines_of([{
    "doc_id": 0, "doc": {"q": "Which barks?"}, "target": "1",
    "arguments": {"gen_args_0": {"arg_0": "Which barks?", "arg_1": " cat"},
                  "gen_args_1": {"arg_0": "Which barks?", "arg_1": " dog"}},
    "resps": [[["-4.5", "False"]], [["-0.5", "True"]]], "filtered_resps": [["-4.5", "False"], ["-0.5", "True"]],
    "filter": "none", "metrics": ["acc"], "doc_hash": "a", "prompt_hash": "b", "target_hash": "c", "acc": 1.0,
}])  # fmt: skip
# f3b7917, February 2024: an indented list, no filter, arguments as lists.
LM_OLD = json.dumps([{
    "doc_id": 0, "doc": {"q": "Say hello"}, "target": "hello", "arguments": [["Say hello", {"until": ["\n"]}]],
    "resps": [["hello you"]], "filtered_resps": ["hello you"], "exact_match": 0.0,
}], indent=4).encode()  # fmt: skip
LMMS = lines_of([
    {"doc_id": 0, "target": "hello", "filtered_resps": "hello there", "token_counts": [None], "doc_hash": "ab",
     "wer": {"gt": "hello", "pred": "hello there", "source": "demo", "task": "asr_en"}, "input": "Please transcribe"},
    {"doc_id": 1, "target": "bye", "resps": ["<think>x</think> bye"], "filtered_resps": "bye", "token_counts": [None],
     "doc_hash": "cd", "wer": {"gt": "bye", "pred": "bye", "source": "demo", "task": "asr_en"}, "input": "Please transcribe"},
])  # fmt: skip
LMMS_RESULTS = dumped({"results": {"demo": {"alias": "demo", "wer,none": 50.0, "wer_stderr,none": "N/A"}}})
LMMS_MMAU = lines_of([
    {"doc_id": 0, "target": "Man", "filtered_resps": "A", "token_counts": [None], "doc_hash": "ab",
     "accuracy": {"overall": True, "task": "speech"},
     "submission": {"id": "q1", "question": "Who?", "choices": '["Man", "Woman"]', "answer": "Man",
                    "model_prediction": "Woman"}, "input": "Who?"},
])  # fmt: skip


def _inspect_sample(
    name: str | int, target: Any, output: str | None, value: str, epoch: int = 1, **more: Any
) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", "content": output}, "stop_reason": "stop"}
    return {
        "id": name, "epoch": epoch, "input": [{"role": "user", "content": [{"type": "text", "text": f"Say {target}"}]}],
        "target": target, "messages": [],
        "output": {"model": "mock/m", "choices": [] if output is None else [choice], "completion": output or ""},
        "scores": {"includes": {"value": value, "answer": output, "history": []}}, "metadata": {"lang": "en"}, **more,
    }  # fmt: skip


def inspect_log(*samples: dict[str, Any], score: float = 0.5, status: str = "success") -> dict[str, Any]:
    scores = [{"name": "includes", "scorer": "includes", "metrics": {
        "accuracy": {"name": "accuracy", "value": score, "params": {}}, "stderr": {"name": "stderr"}}}]  # fmt: skip
    return {"version": 2, "status": status, "eval": {"task": "demo", "model": "mock/m", "dataset": {"samples": 2}},
            "plan": {}, "results": {"total_samples": 2, "scores": scores}, "stats": {}, "samples": list(samples)}  # fmt: skip


INSPECT_SAMPLES = (_inspect_sample("u1", "hello", "hello there", "C"), _inspect_sample(2, ["bye"], "nothing", "I"))
INSPECT_FAILED = (
    _inspect_sample("u1", "hello", None, "I", error={"message": "server down", "traceback": ""}),
    _inspect_sample(2, "bye", "bye", "C"),
)
INSPECT_EPOCHS = tuple(
    _inspect_sample("u1", "A", said, "C", epoch, choices=["dog", "cat"]) for epoch, said in ((1, "A"), (2, "B"))
)


def zstandard_zip(members: Mapping[str, bytes]) -> bytes:
    """A zip archive whose members are compressed by method 93, as inspect_ai writes its logs since 0.3.206."""
    import pyarrow as pa

    body, directory = io.BytesIO(), io.BytesIO()
    for name, data in members.items():
        packed = pa.Codec("zstd").compress(data, asbytes=True)
        common = struct.pack("<HHHHHIIIHH", 63, 0, 93, 0, 33, zlib.crc32(data), len(packed), len(data), len(name), 0)
        directory.write(b"PK\x01\x02" + struct.pack("<H", 63) + common + struct.pack("<HHHII", 0, 0, 0, 0, body.tell()))
        directory.write(name.encode())
        body.write(b"PK\x03\x04" + common + name.encode() + packed)
    entries = directory.getvalue()
    return body.getvalue() + entries + b"PK\x05\x06" + struct.pack(
        "<HHHHIIH", 0, 0, len(members), len(members), len(entries), body.tell(), 0
    )  # fmt: skip


def inspect_members(log: Mapping[str, Any]) -> dict[str, bytes]:
    """The members of a log in the format `.eval`."""
    header = {name: value for name, value in log.items() if name != "samples"}
    samples = {f"samples/{s['id']}_epoch_{s['epoch']}.json": dumped(s) for s in log["samples"]}
    return {"_journal/start.json": dumped({"version": 2, "eval": log["eval"], "plan": {}}), **samples,
            "summaries.json": b"[]", "header.json": dumped(header)}  # fmt: skip


def plain_zip(members: Mapping[str, bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return body.getvalue()


ULTRA = lines_of([
    {"type": "prompt", "id": 1, "data": {"content": "Which?"}},
    {"type": "prompt", "id": 0, "data": {"content": [{"role": "user", "contents": []}]}},
    {"type": "inference", "id": 0, "data": {"content": "The answer is B"}},
    {"type": "post_process", "id": 0, "data": {"content": "B"}},
    {"type": "eval", "id": 0, "data": {"match": 1, "pred": "B", "ref": "b", "extract_fail": 0}},
    {"type": "error", "id": 1, "data": {"info": "Traceback"}},
    {"type": "inference", "id": 2, "data": {"content": {"text": "A", "audio": "a.wav"}}},
    {"type": "eval", "id": 2, "data": {"match": 0, "pred": "A", "ref": "c"}},
])  # fmt: skip
KIMI = lines_of([
    {"index": 0, "audio_path": "a/0.wav", "question": "Transcribe.", "answer": "hello", "subset": "demo",
     "prediction": "hello", "real_prompt": "..."},
    {"index": 1, "audio_path": ["a/1.wav"], "question": "Transcribe.", "answer": 42, "subset": "demo", "prediction": "null",
     "real_prompt": ""},
])  # fmt: skip
# almeval/datasets/base.py: format_performance.
KIMI_PERFORMANCE = dumped({"task": "ASR", "dataset": "d", "model": "m", "date": "2026-01-02 00:00:00",
                           "performance": {"demo": {"wer": 0.0, "total": 1}}, "eval_method": "qwen2-audio-impl"})  # fmt: skip
OPEN_ASR = lines_of([
    {"audio_filepath": "u1.wav", "duration": 2.1, "time": 0.3, "text": "Mr. Smith said hello.",
     "pred_text": "Smith said hello"},
    {"audio_filepath": "sample_1", "duration": 3.0, "time": None, "text": "Good bye", "pred_text": "good by"},
])  # fmt: skip
VOICEBENCH = lines_of([
    {"prompt": "Who wrote it? A) X B) Y", "reference": "B", "response": "The answer is B."},
    {"prompt": "Who sang it? A) X B) Y", "reference": "A", "response": "B", "score": ["4", "5", "4"]},
])  # fmt: skip
AIR = lines_of([
    {"path": "x.wav", "question": "Who speaks?", "choice_a": "man", "choice_b": "woman", "choice_c": None, "choice_d": None,
     "answer_gt": "woman", "task_name": "Gender", "dataset_name": "demo", "response": "B.", "uniq_id": 1},
    {"path": "y.wav", "question": "Which animal?", "choice_a": "dog", "choice_b": "cat", "choice_c": "cow", "choice_d": "bird",
     "answer_gt": "cow", "task_name": "Sound", "dataset_name": "demo", "response": "It is C", "uniq_id": 2},
])  # fmt: skip
AIR_CHAT = dumped([
    {"meta_info": "a dog barks", "question": "What is heard?", "answer_gt": "A dog.", "path": "x.wav",
     "task_name": "speech_QA",
     "dataset_name": "demo", "response": "A dog barks.", "uniq_id": 7, "gpt-score": "8 9"},
])  # fmt: skip
MMSU = lines_of([
    {"id": "m1", "audio_path": "x.wav", "question": "Which?", "choice_a": "one", "choice_b": "two", "choice_c": "three",
     "choice_d": "four", "answer_gt": "two", "task_name": "t", "category": "Perception", "sub-category": "s",
     "sub-sub-category": "p", "linguistics_sub_discipline": "Phonology", "response": "B"},
])  # fmt: skip
MMAU = dumped([
    {"id": "q1", "audio_id": "./a/q1.wav", "question": "Who?", "choices": ["Man", "Woman"], "answer": "Man", "dataset": "demo",
     "task": "speech", "split": "test-mini", "category": "Reasoning", "sub-category": "Counting", "difficulty": "easy",
     "model_output": "a man"},
    {"id": "q2", "audio_id": "./a/q2.wav", "question": "What?", "choices": '["Rain", "Wind"]', "answer": "Wind",
     "dataset": "demo", "task": "sound", "split": "test-mini", "category": "Reasoning", "sub-category": "Counting",
     "difficulty": "hard", "model_prediction": "(B) Wind"},
])  # fmt: skip
MMAR = lines_of([
    {"id": "r1", "audio_path": "r.wav", "question": "Who?", "choices": ["x", "y"], "answer": "y", "modality": "speech",
     "category": "Signal", "sub-category": "s", "language": "en", "source": "s", "url": "u", "timestamp": "t",
     "answer_prediction": "y", "thinking_prediction": "..."},
])  # fmt: skip
KALDI_HYP, KALDI_REF = (
    text("spk1-utt1 hello word", "spk1-utt2", "spk2-utt1 a b"),
    text("spk1-utt1 hello world", "spk1-utt2 bye"),
)
TRN_HYP = text(";; comment", "hello word (spk_utt1)", "good by now (spk_utt2)", "(spk_utt3)")
TRN_REF = text("hello world (spk_utt1)", "good { bye / by { now / @ } } (spk_utt2)", "yes (spk_utt3)")
STM = text(';; LABEL "O" "Overall" "all"', "rec1 A spk1 0.00 1.20 <O,F,00> hello world",
           "rec1 A spk2 1.20 2.00 <O,F,00> IGNORE_TIME_SEGMENT_IN_SCORING", "rec1 A spk1 2.00 4.00 <O,F,00> good bye",
           "rec1 B spk3 0.5 0.7")  # fmt: skip
STM_HYP = text("rec1 A s 0.00 1.20 hello word", "rec1 A s 2.00 4.00 good by", "rec1 B s 0.50 0.70")
CTM = text("rec1 A 0.10 0.30 hello 0.98", "rec1 A 0.50 0.40 word", "rec1 A 1.4 0.2 noise", "rec1 A 1.90 0.3 good 0.9",
           "rec1 A 3.0 0.3 by", "rec1 A 4.5 0.2 extra")  # fmt: skip
SGML = text(
    '<SYSTEM title="hyp.trn" ref_fname="ref.trn" hyp_fname="hyp.trn" creation_date="now" format="2.4">', '<SPEAKER id="spk">',
    '<PATH id="(spk_utt1)" word_cnt="2" sequence="0">', 'C,"hello","hello":S,"world","word"', "</PATH>",
    '<PATH id="(spk_utt2)" word_cnt="3" sequence="1">', 'C,"good","good":D,"by",:I,,"now"', "</PATH>",
    '<PATH id="(spk1-000)" word_cnt="2" file="r" channel="a" word_aux="h_t1+t2,h_conf">',
    'C,"a","a",0.100+0.400,0.980000:C,"b","b",0.500+0.900,0.000000', "</PATH>", "</SPEAKER>", "</SYSTEM>",
)  # fmt: skip
COCO = dumped([{"image_id": 1, "caption": "a dog is barking"}, {"image_id": 2, "caption": "rain is falling"}])
COCO_REF = dumped({"images": [{"id": 1}, {"id": 2}, {"id": 3}], "annotations": [
    {"id": 11, "image_id": 1, "caption": "A dog barks loudly."}, {"id": 12, "image_id": 1, "caption": "Dog barking in a yard"},
    {"id": 21, "image_id": 2, "caption": "Rain falls on a roof"}, {"id": 31, "image_id": 3, "caption": "Wind"}],
    "type": "captions", "info": {}, "licenses": []})  # fmt: skip
GERMAN = text("Die Katze sitzt auf der Matte.", "", "Er hat das Buch heute gelesen.")
GERMAN_REF = text("Die Katze saß auf der Matte.", "Ja.", "Er las heute ein Buch.")


def parquet(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return bytes(sink.getvalue().to_pybytes())


def dataset(rows: list[dict[str, Any]]) -> dict[str, bytes]:
    """The files of `Dataset.save_to_disk`."""
    import pyarrow as pa

    table = pa.Table.from_pylist(rows)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_fingerprint": "f", "_format_columns": None,
             "_format_kwargs": {}, "_format_type": None, "_output_all_columns": False, "_split": None}  # fmt: skip
    return {"data-00000-of-00001.arrow": sink.getvalue().to_pybytes(), "state.json": dumped(state),
            "dataset_info.json": dumped({"features": {}, "description": ""})}  # fmt: skip


TABLE = [{"utt": "a", "pred": "x y", "text": "x z", "audio": {"bytes": b"RIFF", "path": "a.wav"}},
         {"utt": "b", "pred": "u", "text": "v", "audio": {"bytes": b"RIFF", "path": "b.wav"}}]  # fmt: skip
MAPPED = ("--field", "id=utt", "--field", "hypothesis=pred", "--field", "reference=text")
MAPPED_ROWS = (("a", "x y", "x z"), ("b", "u", "v"))
DETAILS = [
    {"doc": {"query": "Say hello", "choices": ["hello"], "gold_index": 0, "id": "0"},
     "model_response": {"text": ["hello you"]}, "metric": {"em": 0.0}},
    {"doc": {"query": "Say bye", "choices": ["bye"], "gold_index": 0, "id": "1"},
     "model_response": {"text": ["bye"]}, "metric": {"em": 1.0}},
]  # fmt: skip


def import_files() -> list[ImportFile]:
    """One or more for every format that is a file."""
    two = (("000000", "Hello", "hello"), ("000001", "bye", "bye"))
    eval_rows = (("u1", "hello there", "hello"), ("2", "nothing", "bye"))
    beside_ref = ("--references", "{HERE}/ref")
    saved = dataset(TABLE)
    log = inspect_log(*INSPECT_SAMPLES)
    return [
        ImportFile("lm-eval", "samples_demo_2026-01-02T03-04-05.678901.jsonl", OPEN, LM_EVAL, two, ("--filter", "none"),
                   {"results_2026-01-02T03-04-05.678901.json": LM_RESULTS}),
        ImportFile("lm-eval", "samples_mc.jsonl", QA, LM_CHOICE, (("000000", "dog", "dog"),), case="choices"),
        ImportFile("lm-eval", "model_demo.jsonl", ASR, LM_OLD, (("000000", "hello you", "hello"),), case="2024"),
        ImportFile("lmms-eval", "20260102_samples_demo.jsonl", ASR, LMMS,
                   (("000000", "hello there", "hello"), ("000001", "bye", "bye")),
                   beside={"20260102_results.json": LMMS_RESULTS}),
        ImportFile("lmms-eval", "20260102_samples_mmau.jsonl", MCQ, LMMS_MMAU, (("000000", "A", "Man"),), case="mmau"),
        ImportFile("inspect", "log.json", ASR, dumped(log), eval_rows, case="json"),
        ImportFile("inspect", "log.eval", ASR, plain_zip(inspect_members(log)), eval_rows),
        ImportFile("inspect", "zstd.eval", ASR, zstandard_zip(inspect_members(log)), eval_rows, case="zstandard"),
        ImportFile("ultraeval-audio", "20260102.jsonl", QA, ULTRA, (("000000", "B", "b"), ("000002", "A", "c"))),
        ImportFile("kimi-audio", "m_d.jsonl", ASR, KIMI, (("000000", "hello", "hello"), ("000001", None, "42")),
                   beside={"m_d_default_performance.json": KIMI_PERFORMANCE}),
        ImportFile("open-asr", "MODEL_openai-whisper-tiny_DATASET_demo_test.jsonl", ASR, OPEN_ASR,
                   (("sample_1", "good by", "Good bye"), ("u1.wav", "Smith said hello", "Mr. Smith said hello."))),
        ImportFile("voicebench", "m-openbookqa-test-audio.jsonl", OPEN, VOICEBENCH,
                   (("000000", "The answer is B.", "B"), ("000001", "B", "A"))),
        ImportFile("air-bench", "Foundation.jsonl", MCQ, AIR, (("1", "B.", "woman"), ("2", "It is C", "cow"))),
        ImportFile("air-bench", "Chat_result.json", OPEN, AIR_CHAT, (("7", "A dog barks.", "A dog."),), case="chat"),
        ImportFile("air-bench", "mmsu.jsonl", MCQ, MMSU, (("m1", "B", "two"),), case="mmsu"),
        ImportFile("mmau", "output.json", MCQ, MMAU, (("q1", "a man", "Man"), ("q2", "(B) Wind", "Wind"))),
        ImportFile("mmau", "mmar.jsonl", MCQ, MMAR, (("r1", "y", "y"),), case="mmar"),
        ImportFile("kaldi", "text", ASR, KALDI_HYP, (("spk1-utt1", "hello word", "hello world"), ("spk1-utt2", "", "bye")),
                   beside_ref, {"ref": KALDI_REF}),
        ImportFile("trn", "hyp.trn", ASR, TRN_HYP,
                   (("spk_utt1", "hello word", "hello world"), ("spk_utt2", "good by now", "good by now"),
                    ("spk_utt3", "", "yes")), beside_ref, {"ref": TRN_REF}),
        ImportFile("stm", "hyp.stm", ASR, STM_HYP,
                   (("rec1-A-spk1-0.00-1.20", "hello word", "hello world"), ("rec1-A-spk1-2.00-4.00", "good by", "good bye"),
                    ("rec1-B-spk3-0.5-0.7", "", "")), beside_ref, {"ref": STM}),
        ImportFile("ctm", "hyp.ctm", ASR, CTM,
                   (("rec1-A-spk1-0.00-1.20", "hello word", "hello world"),
                    ("rec1-A-spk1-2.00-4.00", "good by extra", "good bye"), ("rec1-B-spk3-0.5-0.7", "", "")),
                   beside_ref, {"ref": STM}),
        ImportFile("ctm", "hyp.ctm", ASR, CTM, (("rec1-A", "hello word noise good by extra", "hello word"),), beside_ref,
                   {"ref": text(*CTM.decode().split("\n")[:2])}, case="words"),
        ImportFile("sclite", "hyp.trn.sgml", ASR, SGML,
                   (("spk1-000", "a b", "a b"), ("spk_utt1", "hello word", "hello world"),
                    ("spk_utt2", "good now", "good by"))),
        ImportFile("parallel", "newstest.en-de.hyp.SYSTEM.de", ST, GERMAN, tuple(
            (f"{n:06d}", said, gold) for n, (said, gold) in enumerate(zip(
                GERMAN.decode().split("\n")[:-1], GERMAN_REF.decode().split("\n"), strict=False))),
            (*beside_ref, "--score", "{HERE}/score.json"),
            {"ref": GERMAN_REF, "score.json": dumped({"name": "BLEU", "score": 12.5, "signature": "nrefs:1"})}),
        ImportFile("coco", "results.json", AAC, COCO,
                   (("1", "a dog is barking", ["A dog barks loudly.", "Dog barking in a yard"]),
                    ("2", "rain is falling", ["Rain falls on a roof"])), beside_ref, {"ref": COCO_REF}),
        ImportFile("parquet", "out.parquet", ASR, parquet(TABLE), MAPPED_ROWS, MAPPED),
        ImportFile("parquet", "details.parquet", ASR, parquet(DETAILS),
                   (("000000", "hello you", "hello"), ("000001", "bye", "bye")), case="lighteval"),
        ImportFile("hf-dataset", "saved/state.json", ASR, saved["state.json"], MAPPED_ROWS, MAPPED,
                   {f"saved/{name}": raw for name, raw in saved.items()}),
    ]  # fmt: skip
