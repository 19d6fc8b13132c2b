"""Redis: a real redis-server on a private socket, its dump, and the fields of every task."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audit.cli import main
from audit.errors import InputError, MissingError
from audit.importers import redis_server
from audit.importers.interface import Refused
from audit.importers.redis_fields import Item, rows_of, split_answers
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import score
from tasks.row import ReferenceType
from tasks.task import Task
from tests.support.paths import ROOT

redis = pytest.importorskip("redis", reason="the Python library redis is not installed")
Import = Callable[..., PredictionSet]
SERVER = shutil.which("redis-server")


@dataclass
class Server:
    client: Any
    url: str
    folder: Path

    def database(self, number: int) -> Any:
        return redis.Redis(unix_socket_path=str(self.folder / "s"), db=number)

    def dump(self, to: Path) -> Path:
        """What `SAVE` writes, as somebody would pass it on."""
        self.client.save()
        return Path(shutil.copy(self.folder / "dump.rdb", to / "saved.rdb"))


@pytest.fixture(scope="module")
def _process() -> Iterator[Server]:
    assert SERVER
    with tempfile.TemporaryDirectory(prefix="ra-") as name:
        command = [
            SERVER,
            "--port",
            "0",
            "--unixsocket",
            f"{name}/s",
            "--dir",
            name,
            "--save",
            "",
            "--logfile",
            f"{name}/log",
        ]
        process = subprocess.Popen(command)
        client = redis.Redis(unix_socket_path=f"{name}/s")
        try:
            for _ in range(500):
                if Path(name, "s").exists():
                    break
                time.sleep(0.01)
            client.ping()
            yield Server(client, f"unix://{name}/s", Path(name))
        finally:
            client.close()
            process.terminate()
            process.wait()


@pytest.fixture
def server(_process: Server) -> Server:
    _process.client.flushall()
    return _process


def fill(client: Any, name: str, *items: dict[str, str]) -> None:
    """As a work queue leaves it: hashes, and the queues of what is not done yet."""
    for index, item in enumerate(items):
        client.hset(f"task_{name}:{index}", mapping=item)
    client.lpush(f"task_{name}:pending", "9")
    client.lpush(f"task_{name}:processing", "8")


ZH = [
    {
        "infer": "两个头比一个头好。</s>",
        "translation": "两个人总比一个人好。",
        "sentence": "Two heads.",
        "status": "completed",
    },
    {"infer": "他用 Python 3.8 写代码。</s>", "translation": "他在 Python 3.8 中写代码。", "status": "completed"},
    {"infer": "明天我去北京", "translation": "我明天去北京看望我的老朋友。", "status": "completed"},
    {"translation": "你好", "status": "failed"},
]


@pytest.mark.redis
@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
class TestServer:
    def test_a_server(self, server: Server, run_import: Import, capsys: pytest.CaptureFixture[str]) -> None:
        fill(server.client, "en2zh", *ZH)
        fill(server.client, "en2zh-ls00", {"infer": "another run", "translation": "x"})
        predictions = run_import("redis", server.url, "st-en-zh")
        assert [row.id for row in predictions.rows] == ["0", "1", "2", "3"]
        assert [row.finished for row in predictions.rows] == [True, True, False, None]
        assert predictions.rows[0].hypothesis == "两个头比一个头好。</s>"
        assert predictions.rows[0].extra == {k: v for k, v in ZH[0].items() if k != "infer"}
        assert predictions.rows[3].error == "no output in the source (status: failed)"
        out = capsys.readouterr().out
        assert "read           4 hashes" in out
        assert "failed         1 rows" in out
        assert "2 queues of task_en2zh ignored" in out

    def test_the_account_as_json(self, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        fill(server.client, "en2zh", *ZH)
        out = ["--task", "st-en-zh", "--model", "M", "--variant", "7b", "--out", str(tmp_path / "out"), "--json"]
        assert main(["import", "redis", server.url, *out]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["read"], found["rows"], found["failed"]) == (4, 4, 1)

    def test_a_dump_gives_the_same_rows(self, server: Server, run_import: Import, tmp_path: Path) -> None:
        client = server.database(4)
        fill(client, "en2zh", *ZH)
        first = run_import("redis", server.url, "st-en-zh", "--database", "4", out=tmp_path / "a")
        second = run_import("redis", server.dump(tmp_path), "st-en-zh", "--database", "4", out=tmp_path / "b")
        assert first.sha256 == second.sha256
        assert "saved.rdb, sha256 " in str(second.meta.source)
        assert str(first.meta.source).endswith("database 4")
        client.close()

    def test_a_dump_is_not_written_to(self, server: Server, run_import: Import, tmp_path: Path) -> None:
        fill(server.client, "en2zh", *ZH)
        path = server.dump(tmp_path)
        before = path.read_bytes()
        run_import("redis", path, "st-en-zh")
        assert path.read_bytes() == before
        assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "saved.rdb"]

    def test_imported_rows_score(self, server: Server, run_import: Import) -> None:
        from audit.literature.known_tasks import known_tasks as tasks

        fill(server.client, "en2zh", *ZH)
        predictions = run_import("redis", server.url, "st-en-zh")
        (found,) = score(predictions, tasks()["st-en-zh"], conventions=["hufs-char-normalised-finished"], replicates=0)
        assert found.account is not None
        assert (found.account.scored, found.account.error, found.account.skipped[0].rows) == (2, 1, 1)

    def test_many_hashes_come_in_batches(self, server: Server, run_import: Import) -> None:
        pipe = server.client.pipeline()
        for n in range(1203):
            pipe.hset(f"task_LibriSpeech-ASR-test-clean:{n:04d}", mapping={"infer": f"{n}</s>", "sentence": str(n)})
        pipe.execute()
        predictions = run_import("redis", server.url, "asr-librispeech-clean")
        assert [row.reference for row in predictions.rows] == [str(n) for n in range(1203)]

    def test_judges_queues_and_keys_of_other_types(
        self, server: Server, run_import: Import, capsys: pytest.CaptureFixture[str]
    ) -> None:
        fill(server.client, "en2zh", ZH[0])
        server.client.lpush("task_en2zh:pending-judge-qwen3", "1")
        server.client.set("task_en2zh:note", "text")
        server.client.lpush("task_en2zh:7", "a list with an item's name")
        assert len(run_import("redis", server.url, "st-en-zh").rows) == 1
        out = capsys.readouterr().out
        assert "read           3 hashes" in out
        assert "refused        2 hashes" in out
        assert "not a hash but a string (task_en2zh:note)" in out
        assert "3 queues" in out

    def test_a_name_with_wildcards_is_taken_literally(self, server: Server, run_import: Import) -> None:
        fill(server.client, "en2zh", ZH[0])
        fill(server.client, "en*[z]h?", ZH[1])
        predictions = run_import("redis", server.url, "st-en-zh", "--name", "en*[z]h?")
        assert [row.hypothesis for row in predictions.rows] == [ZH[1]["infer"]]

    def test_a_name_that_is_not_there(self, server: Server, run_import: Import) -> None:
        fill(server.client, "en2zh-13b", ZH[0])
        with pytest.raises(InputError, match="no hashes task_en2zh:ID") as caught:
            run_import("redis", server.url, "st-en-zh")
        assert "en2zh-13b" in str(caught.value.fix)

    def test_a_field_that_is_not_utf8(self, server: Server, run_import: Import, tmp_path: Path) -> None:
        server.client.hset("task_en2zh:0", mapping={"infer": b"\xff", "translation": "x"})
        with pytest.raises(InputError, match="not UTF-8") as caught:
            run_import("redis", server.url, "st-en-zh")
        assert "task_en2zh:0: infer" in str(caught.value.where)
        assert not (tmp_path / "out").exists()

    def test_a_dump_that_is_cut_off(self, server: Server, run_import: Import, tmp_path: Path) -> None:
        fill(server.client, "en2zh", *ZH)
        path = server.dump(tmp_path)
        path.write_bytes(path.read_bytes()[:60])
        with pytest.raises(InputError, match="cannot load the dump"):
            run_import("redis", path, "st-en-zh")

    def test_a_dump_of_a_newer_redis(self, run_import: Import, tmp_path: Path) -> None:
        path = tmp_path / "new.rdb"
        path.write_bytes(b"REDIS9999" + bytes(40))
        with pytest.raises(InputError, match="cannot load the dump") as caught:
            run_import("redis", path, "st-en-zh")
        assert "version" in str(caught.value)

    def test_a_server_that_is_not_there(self, run_import: Import, tmp_path: Path) -> None:
        with pytest.raises(MissingError, match="the Redis server does not answer"):
            run_import("redis", f"unix://{tmp_path}/none", "st-en-zh")


def test_a_pointer_of_git_lfs_is_no_dump(run_import: Import, tmp_path: Path) -> None:
    path = tmp_path / "x.rdb"
    path.write_text("version https://git-lfs.github.com/spec/v1\n", encoding="utf-8")
    with pytest.raises(InputError, match="a Git LFS pointer") as caught:
        run_import("redis", path, "st-en-zh")
    assert "git lfs pull" in str(caught.value.fix)


def test_a_dump_that_is_not_there(run_import: Import, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        run_import("redis", tmp_path / "x.rdb", "st-en-zh")


def test_a_wrong_url(run_import: Import) -> None:
    with pytest.raises(InputError, match="not a Redis URL"):
        run_import("redis", "redis://host:port/0", "st-en-zh")


def test_without_redis_server(run_import: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.rdb"
    path.write_bytes(b"REDIS0010" + bytes(40))
    monkeypatch.setattr(redis_server.shutil, "which", lambda _: None)
    with pytest.raises(MissingError, match="redis-server is not installed") as caught:
        run_import("redis", path, "st-en-zh")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "url",
    [
        "redis://user:hunter2@host:1/0",
        "redis://:hunter2@host:1",
        "redis://host:1/0?password=hunter2&username=me",
        "redis://:x@hunter2@host",
        "redis://:hunter2/more@host:1/0",
        "redis://host:1/0#hunter2",
    ],
)
def test_passwords_stay_out_of_messages(url: str) -> None:
    assert "hunter2" not in redis_server._without_password(url)
    quoted = redis_server._reason(ValueError(f"Port could not be cast to integer value as 'hunter2' ({url})"), url)
    assert "hunter2" not in quoted


@pytest.mark.parametrize("url", ["redis://:hunt%65r2/x@host:1/0", "redis://:hunter2@127.0.0.1:1/0?db=x"])
def test_the_errors_of_the_client_do_not_show_the_password(
    url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("redis")
    common = ["--task", "st-en-zh", "--model", "M", "--variant", "7b", "--out", str(tmp_path)]
    assert main(["import", "redis", url, *common]) in {2, 3}
    err = capsys.readouterr().err
    assert "hunter2" not in err
    assert "hunt%65r2" not in err


def test_a_looping_answer_is_split_in_time() -> None:
    """Five slots of one type and a thousand markers: a search over all ways would not end."""
    types = ["date"] * 5 + ["time"]
    assert split_answers("; ".join(["date=today"] * 1000), types) is None
    assert split_answers("; ".join(["date=today"] * 1000) + "; time=noon", types) is None
    assert split_answers("date=a; date=b; time=c", ["date", "date", "time"]) == ["a", "b", "c"]
    assert split_answers("date=a; date=b; date=c; time=d", ["date", "date", "time"]) is None


def task(identifier: str, kind: ReferenceType) -> Task:
    return Task(identifier, "", "", kind, {}, family=tasks()[identifier].family)


TEXT, SLOT = ReferenceType.TEXT, ReferenceType.SLOT


@pytest.mark.parametrize(
    ("identifier", "kind", "fields", "expected"),
    [
        ("asr-gigaspeech", TEXT, {"sentence": "A <COMMA>"}, "A <COMMA>"),
        ("st-en-ja", TEXT, {"sentence": "a", "translation": "b"}, "b"),
        ("pr-librispeech", TEXT, {"text": "AH0 sil"}, "AH0 sil"),
        ("mc-musiccaps", TEXT, {"caption": "c"}, "c"),
        ("er-iemocap", TEXT, {"emotion": "exc"}, "Happy"),
        ("aac-audiocaps", ReferenceType.CAPTIONS, {"caption": "c"}, ["c"]),
        ("osr-librimix", ReferenceType.SPEAKERS, {"ans1": "A", "ans2": "B"}, ["A", "B"]),
        ("ke-inspec", ReferenceType.KEYPHRASES, {"keyphrases": "p; q r"}, ["p", "q r"]),
        ("ke-inspec", ReferenceType.KEYPHRASES, {"keyphrases": ""}, []),
        ("story-audiocaps", ReferenceType.OPTIONAL, {"caption": "c"}, "c"),
        ("story-audiocaps", ReferenceType.OPTIONAL, {}, None),
        (
            "sqqa-wikiqa",
            ReferenceType.QUESTION_ANSWERS,
            {"question": "q", "answer": "a; b"},
            {"question": "q", "answers": ["a", "b"]},
        ),
    ],
)
def test_the_reference_of_every_task(
    identifier: str, kind: ReferenceType, fields: dict[str, str], expected: object
) -> None:
    found = rows_of(Item("task_n:1", {"infer": "x", **fields}), task(identifier, kind), "n", None, None)
    assert isinstance(found, list)
    assert [(row.id, row.hypothesis, row.reference) for row in found] == [("1", "x", expected)]
    # The source's own value stays beside the reference made of it.
    assert found[0].extra == fields


def test_a_label_outside_the_four_classes_is_refused() -> None:
    found = rows_of(Item("task_n:1", {"infer": "x", "emotion": "fru"}), task("er-iemocap", TEXT), "n", None, None)
    assert found == Refused("task_n:1", "gold label 'fru' is not one of the four classes")


def test_a_label_that_is_not_iemocaps() -> None:
    with pytest.raises(InputError, match="unknown label 'zzz'"):
        rows_of(Item("task_n:1", {"infer": "x", "emotion": "zzz"}), task("er-iemocap", TEXT), "n", None, None)


def test_a_constant_reference_and_a_field_by_name() -> None:
    item = Item("task_n:1", {"infer": "yes", "path": "p", "gold": "no"})
    verification = task("sv-voxceleb1", TEXT)
    with pytest.raises(InputError, match="is not known"):
        rows_of(item, verification, "n", None, None)
    for options, expected in (((None, "yes"), "yes"), (("gold", None), "no")):
        found = rows_of(item, verification, "n", *options)
        assert isinstance(found, list)
        assert found[0].reference == expected


def test_a_missing_reference_field() -> None:
    with pytest.raises(InputError, match="the field is missing") as caught:
        rows_of(Item("task_n:1", {"infer": "x"}), task("st-en-zh", TEXT), "n", None, None)
    assert caught.value.where == "task_n:1: translation"


def slots(infer: str | None, gold: str = "time=ten am; date=today") -> list[Any] | Refused:
    fields = {"slots": gold, "transcript": "t", **({} if infer is None else {"infer": infer})}
    return rows_of(Item("task_n:1", fields), task("sf-slurp", SLOT), "n", None, None)


def test_one_row_a_slot() -> None:
    found = slots("time=10 am</s>; date=to; day</s>")
    assert isinstance(found, list)
    assert [(row.id, row.hypothesis) for row in found] == [("1#1", "10 am</s>"), ("1#2", "to; day</s>")]
    assert found[1].reference == {"slot": "date", "value": "today", "transcript": "t"}
    assert found[1].extra["cluster"] == "1"


def test_slots_without_an_output_are_errors_each() -> None:
    found = slots(None)
    assert isinstance(found, list)
    assert [(row.hypothesis, bool(row.error)) for row in found] == [(None, True), (None, True)]


@pytest.mark.parametrize("infer", ["time=a", "a; b", "date=a; time=b", "", "time=a; date=b; date=c"])
def test_answers_that_do_not_line_up_are_refused(infer: str) -> None:
    assert isinstance(slots(infer), Refused)


def test_gold_slots_that_cannot_be_read_are_refused() -> None:
    assert slots("x", "no equals sign") == Refused("task_n:1", "slots not of the form type=value; type=value")


def test_answers_are_split_in_one_way_only() -> None:
    assert split_answers("A=1; b=2=3", ["a", "b"]) == ["1", "2=3"]
    assert split_answers("a=x; a=y", ["a", "a"]) == ["x", "y"]
    assert split_answers("a=x; a=y; a=z", ["a", "a"]) is None
    assert split_answers("a=İ; b=2", ["a", "b"]) == ["İ", "2"]


@pytest.mark.redis
@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
class TestHostileDumps:
    def test_a_killed_import_leaves_no_server(self, server: Server, tmp_path: Path) -> None:
        fill(server.client, "en2zh", *ZH)
        dump = server.dump(tmp_path)
        script = (
            "import sys, time\nfrom audit.importers.redis_server import open_source\n"
            "with open_source(sys.argv[1], 0) as (client, _):\n"
            "    print(client.info('server')['process_id'], client.config_get('dir')['dir'], flush=True)\n"
            "    time.sleep(600)\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(dump)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        number, folder = process.stdout.readline().split()
        assert Path(folder, "dump.rdb").is_file()
        os.kill(int(number), 0)
        process.kill()
        process.wait()
        process.stdout.close()
        # The folder goes first, and the server a moment later.
        left = True
        for _ in range(3000):
            left = Path(folder).exists() or Path("/proc", number).exists()
            if not left:
                break
            time.sleep(0.01)
        assert not left

    def test_a_dump_that_unpacks_to_more_than_its_size_allows(
        self, server: Server, run_import: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(server.client, "en2zh", *ZH)
        server.client.set("bomb", "a" * 200_000_000)
        path = server.dump(tmp_path)
        server.client.flushall()
        assert path.stat().st_size < 20_000_000
        monkeypatch.setattr(redis_server, "_MEMORY", 150 << 20)
        monkeypatch.setattr(redis_server, "_MEMORY_A_BYTE", 1)
        with pytest.raises(InputError, match="cannot load the dump") as caught:
            run_import("redis", path, "st-en-zh")
        assert "needs more than 1" in str(caught.value.fix)
        monkeypatch.setattr(redis_server, "_MEMORY", 1 << 30)
        assert len(run_import("redis", path, "st-en-zh").rows) == len(ZH)

    def test_damaged_structures_end_in_an_error_or_in_rows(self, server: Server, tmp_path: Path) -> None:
        """Without its check of the structures, the server would crash, or answer with what lies beside them."""
        fill(server.client, "en2zh", *ZH)
        whole = server.dump(tmp_path).read_bytes()[:-8] + bytes(8)  # a checksum of zeros is not compared
        rng = random.Random(23)
        ended = {"rows": 0, "error": 0}
        for _ in range(40):
            raw = bytearray(whole)
            for _ in range(rng.randint(1, 4)):
                raw[rng.randrange(9, len(raw) - 8)] = rng.randrange(256)
            (tmp_path / "damaged.rdb").write_bytes(raw)
            try:
                with redis_server.open_source(str(tmp_path / "damaged.rdb"), 0) as (client, _):
                    for key in client.scan_iter():
                        if client.type(key) == b"hash":
                            client.hgetall(key)
                ended["rows"] += 1
            except (InputError, MissingError):
                ended["error"] += 1
        assert min(ended.values()) > 3, ended


@pytest.mark.parametrize("answers", [30, 400])
def test_the_work_of_splitting_grows_with_the_answer(answers: int) -> None:
    """As many slots as answers, all of one type: there are more ways than atoms, and two of them are looked at."""
    text = "; ".join(["a="] * answers)
    assert split_answers(text, ["a"] * (answers // 2)) is None
    assert split_answers(text, ["a"] * answers) == [""] * answers
