from __future__ import annotations

import json
import os
import re
import string
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit._util import canonical_json
from audit._util.version import project_version
from audit.errors import InputError
from audit.provenance import package
from audit.provenance.format import layout
from audit.provenance.records import environment, packages, redaction, run_record
from tests.support.paths import ROOT
from tests.support.provenance import made

DIGEST = "sha256:" + "a" * 64


def test_environment_is_canonical_and_the_same_twice() -> None:
    assert canonical_json.dumps(environment.collect().as_json()) == canonical_json.dumps(
        environment.collect().as_json()
    )


def test_packages_carry_versions_and_hashes() -> None:
    found = {one.name: one for one in environment.collect().packages}
    assert re.fullmatch(r"[0-9a-f]{64}", found["sacrebleu"].files_sha256 or "")
    assert found["numpy"].version
    assert "pytest" not in found


def test_a_changed_package_has_another_hash(tmp_path: Path) -> None:
    """What the hash covers, and what it leaves out because the installer and not the package wrote it."""
    from importlib.metadata import Distribution

    info = tmp_path / "x-1.dist-info"
    info.mkdir()

    def digest(record: str) -> str | None:
        (info / "RECORD").write_text(record, encoding="ascii")
        return packages._files_sha256(Distribution.at(info))

    base = digest("x.py,sha256=abc,3\nx-1.dist-info/RECORD,,\n")
    assert base == digest(
        "x-1.dist-info/RECORD,,\nx.py,sha256=abc,3\n../../bin/x,sha256=zzz,9\nx-1.dist-info/INSTALLER,sha256=q,4\n"
    )
    assert base != digest("x.py,sha256=abd,3\nx-1.dist-info/RECORD,,\n")


def test_image_from_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"uri": "pkg:oci/repro-audit", "manifest": DIGEST, "config": DIGEST, "layers": [DIGEST, DIGEST]}
    monkeypatch.setenv(environment.IMAGE_VARIABLE, json.dumps(value))
    found = environment.image()
    assert found is not None
    assert canonical_json.dumps(found.as_json()) == canonical_json.dumps(value)
    files = made.make()
    from tests.support.provenance.attacks import payload

    assert payload(files, layout.ROOT)["predicate"]["image"] == {
        "uri": "pkg:oci/repro-audit",
        "digest": {"sha256": "a" * 64},
    }
    assert json.loads(files[layout.ENVIRONMENT])["image"] == value


def stated(labels: object) -> str:
    return json.dumps({"uri": "pkg:oci/x", "manifest": None, "config": DIGEST, "layers": [], "labels": labels})


@pytest.mark.parametrize("labels", [{}, {"org.opencontainers.image.revision": "abc", "名": "値\n"}])
def test_labels_of_the_image(labels: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(environment.IMAGE_VARIABLE, stated(labels))
    found = environment.image()
    assert found is not None
    assert found.labels == labels
    canonical_json.dumps(found.as_json())


@pytest.mark.parametrize(
    "labels",
    [
        None,
        [],
        {"a": 1},
        {"": "x"},
        {"a" * 201: "x"},
        {"a": "x" * 4001},
        {str(number): "" for number in range(101)},
        {str(number): "x" * 4000 for number in range(20)},
        {"a": "\ud800"},
    ],
)
def test_labels_that_do_not_fit(labels: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(environment.IMAGE_VARIABLE, stated(labels))
    with pytest.raises(InputError):
        environment.image()


def test_how_the_container_runs_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    conditions = "network=none,gpus=all,memory=21694m,pids=4096,user=65532:65532"
    monkeypatch.setenv(run_record.CONTAINER_VARIABLE, conditions)
    assert run_record.collect().variables[run_record.CONTAINER_VARIABLE] == conditions


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "[]",
        "{}",
        '{"uri":1,"manifest":null,"config":null,"layers":[]}',
        '{"uri":"a b","manifest":null,"config":null,"layers":[]}',
        '{"uri":"a","manifest":"sha256:abc","config":null,"layers":[]}',
    ],
)
def test_image_that_is_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(environment.IMAGE_VARIABLE, value)
    with pytest.raises(InputError):
        environment.image()


@pytest.mark.parametrize(("stated", "clean"), [("a" * 40, True), ("a" * 40 + "-dirty", False)])
def test_commit_from_the_variable(stated: str, clean: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(environment.COMMIT_VARIABLE, stated)
    assert environment.code() == environment.Code(project_version(), "a" * 40, clean)


def test_lock_from_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from audit._util.files import sha256_file

    (tmp_path / "lock").write_text("numpy==2.4.6\n", encoding="ascii")
    monkeypatch.setenv(environment.LOCK_VARIABLE, str(tmp_path / "lock"))
    assert environment.collect().lock == sha256_file(tmp_path / "lock")


def test_commit_of_the_checkout() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not in a git checkout")
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert environment.code().commit == head


def test_no_torch_is_loaded_for_the_record() -> None:
    script = (
        "import sys; from audit.provenance.records import run_record, environment\n"
        "run_record.collect(); environment.collect(); print('torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


def test_torch_settings_when_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace as Value

    torch = Value(
        __version__="2.13.0+cu130",
        version=Value(cuda="13.0"),
        backends=Value(
            cudnn=Value(version=lambda: 91000, is_available=lambda: True, benchmark=False, deterministic=True)
        ),
        are_deterministic_algorithms_enabled=lambda: True,
        get_float32_matmul_precision=lambda: "highest",
        get_num_threads=lambda: 4,
        __config__=Value(show=lambda: "GCC"),
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    found = run_record.collect().torch
    assert found is not None
    assert (found.cuda, found.cudnn, found.deterministic_algorithms) == ("13.0", 91000, True)
    canonical_json.dumps(asdict(found))


def test_gpus_without_serial_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$@" > '
        + str(tmp_path / "asked")
        + "\necho 'NVIDIA A100-SXM4-80GB, 81920 MiB, 550.54.15'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert run_record._gpus() == (run_record.Gpu("NVIDIA A100-SXM4-80GB", "81920 MiB", "550.54.15"),)
    assert not {"uuid", "serial"} & set(re.findall("[a-z]+", (tmp_path / "asked").read_text()))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["/home/jane/.venv/bin/repro-audit", "run"], ["repro-audit", "run"]),
        (["x", "--out", "/home/jane/secret-project"], ["x", "--out", "[path]"]),
        (["x", "--out=/home/jane/out"], ["x", "--out=[path]"]),
        (["x", "-o/home/jane/out"], ["x", "-o[path]"]),
        (
            ["x", "~/out", "../../etc", "C:\\Users\\jane", "\\\\server\\share"],
            ["x", "[path]", "[path]", "[path]", "[path]"],
        ),
        (["x", "--passphrase", "hunter2", "out"], ["x", "--passphrase", "[withheld]", "out"]),
        (["x", "--api-key=sk-1", "--token", "abc"], ["x", "--api-key=[withheld]", "--token", "[withheld]"]),
        (["x", "HF_TOKEN=hf_abc"], ["x", "HF_TOKEN=[withheld]"]),
        (
            ["x", "--url", "https://jane:pw@example.org:8443/v1?key=abc#x"],
            ["x", "--url", "https://example.org:8443/v1"],
        ),
        (["x", "file:///home/jane/x"], ["x", "[path]"]),
        (["x", "--mount", "src=/home/jane,dst=/data", "gpu:/home/jane"], ["x", "--mount", "src=[path]", "gpu:[path]"]),
        (
            ["x", "--predictions", "predictions", "--out", "out/a b"],
            ["x", "--predictions", "predictions", "--out", "out/a b"],
        ),
        (["x", "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"], ["x", "[withheld]"]),
        (
            ["x", "--commit", "0123456789abcdef0123456789abcdef01234567"],
            ["x", "--commit", "0123456789abcdef0123456789abcdef01234567"],
        ),
    ],
)
def test_command_lines(arguments: list[str], expected: list[str]) -> None:
    assert redaction.command(arguments) == expected


def test_the_users_and_the_machines_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "janedoe")
    monkeypatch.setenv("HOME", "/home/janedoe")
    monkeypatch.setattr("socket.gethostname", lambda: "gpu-17.example.edu")
    assert redaction.command(["x", "runs/janedoe/a", "gpu-17", "janedoes"]) == [
        "x",
        "runs/[user]/a",
        "[host]",
        "janedoes",
    ]


WORD = st.text(string.ascii_letters + string.digits, min_size=8, max_size=20)


@given(
    WORD,
    st.sampled_from(["--{o} {v}", "--{o}={v}", "{O}={v}"]),
    st.sampled_from(["token", "api-key", "passphrase", "hf_secret"]),
)
def test_no_secret_gets_through(secret: str, form: str, option: str) -> None:
    line = form.format(o=option, O=option.upper().replace("-", "_"), v=secret).split(" ")
    assert secret not in " ".join(redaction.command(["repro-audit", *line]))


@given(st.lists(WORD, min_size=1, max_size=4), st.sampled_from(["{p}", "--out {p}", "--out={p}", "-o{p}"]))
def test_no_absolute_path_gets_through(parts: list[str], form: str) -> None:
    line = form.format(p="/home/" + "/".join(parts)).split(" ")
    cleaned = " ".join(redaction.command(["repro-audit", *line]))
    assert not any(part in cleaned for part in parts)


def test_a_package_holds_no_path_user_or_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All files of a package made in a home folder by a user with secrets in the environment."""
    home = tmp_path / "zaphod"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LOGNAME", "zaphod")
    monkeypatch.setenv("HF_TOKEN", "hf_verysecretverysecret")
    monkeypatch.setenv("TZ", f":{home}/zone")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setattr("socket.gethostname", lambda: "heartofgold")
    out = made.write_out(home / "project" / "out")
    command = (str(home / "bin" / "repro-audit"), "run", "--out", str(out), "--api-key", "sk-verysecret")
    folder = package.build(out, package.Options(key=made.key(), command=command))
    for path in folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            for word in (
                b"zaphod",
                b"heartofgold",
                b"verysecret",
                str(tmp_path).encode(),
                str(ROOT).encode(),
                sys.prefix.encode(),
            ):
                assert word not in raw, (path.name, word)
    assert json.loads((folder / layout.RUN).read_bytes())["command"] == [
        "repro-audit",
        "run",
        "--out",
        "[path]",
        "--api-key",
        "[withheld]",
    ]
