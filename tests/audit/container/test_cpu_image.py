"""The image without CUDA, built by a real engine from this checkout, and the audits in it."""

from __future__ import annotations

import csv
import http.server
import json
import os
import re
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.backends.assets import ASSETS
from tests.audit.container.conftest import Host
from tests.support.paths import ROOT

pytestmark = [pytest.mark.docker, pytest.mark.slow]
EPOCH = "1700000000"
BASE = "localhost/repro-audit-test-debian:1"


def repro_audit(*words: str, host: Host | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH, **variables}
    if host is not None:
        environment["DOCKER_HOST"] = host.url
    return subprocess.run(
        [sys.executable, "-m", "audit", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def base(host: Host, request: pytest.FixtureRequest) -> str:
    """Debian's smallest system in the engine."""
    if not host.client.images(BASE):
        tar = request.getfixturevalue("debian_tar")
        name, tag = BASE.rsplit(":", maxsplit=1)
        host.client.import_image_from_file(str(tar), repository=name, tag=tag)
    return BASE


@pytest.fixture(scope="module")
def assets() -> Iterator[dict[str, str]]:
    """Build arguments for SPICE's parser, which a server on this machine has from Maven's folder; without it, to skip it."""
    folder = Path.home() / ".m2/repository/edu/stanford/nlp/stanford-corenlp/3.6.0"
    if not all((folder / file.name).is_file() for file in ASSETS["corenlp"].files):
        yield {"ASSETS": "skip"}
        return

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {"ASSETS_MIRROR": f"http://127.0.0.1:{server.server_port}"}
        server.shutdown()


@pytest.fixture(scope="module")
def record(host: Host, base: str, assets: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The record of the built image."""
    path = tmp_path_factory.mktemp("image") / "image.json"
    # The mirror as it is today: a snapshot's server is not reached from everywhere.
    arguments = {"BASE": base, "DEBIAN_SNAPSHOT": "", "DEBIAN_VERSIONS": "any", **assets}
    given = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    done = repro_audit(
        "container",
        "build",
        "--target",
        "cpu",
        "--network",
        "host",
        "--record",
        str(path),
        "--verbose",
        *given,
        host=host,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    # Nothing is fetched besides what the lock names: no build of a package in isolation.
    assert "Installing build dependencies" not in done.stdout + done.stderr
    return path


@pytest.fixture(scope="module")
def image(record: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    return value


def as_in_the_image(assets: dict[str, str], folder: Path) -> dict[str, str]:
    """Variables by which this checkout finds the assets that the image has, and no others."""
    variables = dict.fromkeys(("REPRO_AUDIT_FLORES101", "REPRO_AUDIT_CORENLP"), "")
    if "ASSETS_MIRROR" in assets:
        subprocess.run(
            [sys.executable, "-m", "tasks.backends.asset_files", "--into", str(folder), "--mirror", assets["ASSETS_MIRROR"],
             "corenlp"],
            cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip
    return {**variables, "REPRO_AUDIT_ASSETS": str(folder)}


@pytest.fixture(scope="module")
def on_the_host(assets: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default audit by this checkout's own program, outside of any container."""
    out = tmp_path_factory.mktemp("host") / "out"
    variables = as_in_the_image(assets, tmp_path_factory.mktemp("assets"))
    done = repro_audit("run", "--out", str(out), "--no-cache", **variables)
    assert done.returncode == 0, done.stderr
    return out


def writable(path: Path) -> Path:
    path.mkdir(parents=True)
    path.chmod(0o777)
    return path


def run_plainly(host: Host, image: dict[str, Any], out: Path, *words: str, **limits: Any) -> tuple[int, str]:
    """As `docker run --read-only --network none --user 12345:12345 -v OUT:/out IMAGE ...`, and nothing besides."""
    client = host.client
    options = client.create_host_config(binds=[f"{out}:/out"], read_only=True, network_mode="none", **limits)
    made = client.create_container(
        image["id"],
        list(words) or None,
        user="12345:12345",
        host_config=options,
        environment={"SOURCE_DATE_EPOCH": EPOCH},
    )
    try:
        client.start(made)
        code = client.wait(made, timeout=600)["StatusCode"]
        return code, client.logs(made).decode()
    finally:
        client.remove_container(made, force=True)


def test_the_default_audit_is_that_of_the_host(
    host: Host, image: dict[str, Any], on_the_host: Path, tmp_path: Path
) -> None:
    out = writable(tmp_path / "out")
    code, said = run_plainly(host, image, out)
    assert code == 0, said[-3000:]
    assert "MISSING" not in said
    assert (out / "audit.json").read_bytes() == (on_the_host / "audit.json").read_bytes()
    assert {path.stat().st_uid for path in out.rglob("*")} == {12345}
    verified = repro_audit("verify", str(out / "package.zip"))
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "intact" in verified.stdout
    environment = json.loads((out / "package/environment.json").read_text("utf-8"))
    assert environment["code"]["commit"] == image["labels"]["org.opencontainers.image.revision"].removesuffix("-dirty")
    assert environment["lock"] is not None
    assert environment["image"] is None  # nobody said which image it is


def test_spice_has_the_published_value(
    host: Host, image: dict[str, Any], assets: dict[str, str], shared_real: Path, tmp_path: Path
) -> None:
    """Every hundredth row of a published evaluation, by the image's own parser and engine."""
    if "ASSETS_MIRROR" not in assets:
        pytest.skip("needs SPICE's parser in Maven's folder (repro-audit assets fetch corenlp)")
    with (shared_real / "captions/conette_clotho_eval.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[::100]
    predictions, source = tmp_path / "predictions", tmp_path / "rows.jsonl"
    entries = [
        {"id": f"{n:02}", "hypothesis": row["candidate"], "reference": [row[f"ref_{k}"] for k in range(1, 6)]}
        for n, row in enumerate(rows)
    ]
    source.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries), encoding="utf-8")
    given = ["--task", "aac-audiocaps", "--variant", "x", "--model", "CoNeTTE", "--out", str(predictions)]
    assert repro_audit("import", "jsonl", *given, str(source)).returncode == 0
    out = writable(tmp_path / "out")
    for path in predictions.iterdir():
        (out / path.name).write_bytes(path.read_bytes())
    words = ["score", "aac-audiocaps", "--predictions", "/out", "--metric", "spice", "--convention", "coco", "--json"]
    code, said = run_plainly(host, image, out, *words, "--no-cache", "--replicates", "0")
    assert code == 0, said[-3000:]
    [score] = json.loads(said[said.index("[") :])
    published = sum(float(row["spice"]) for row in rows) / len(rows) * 100
    assert float(score["value"]) == pytest.approx(published, abs=1e-6)


def test_scored_predictions_are_those_of_the_host(
    host: Host, image: dict[str, Any], assets: dict[str, str], tmp_path: Path
) -> None:
    """Captions and Japanese too, whose conventions ask for programs and models that one machine has and another lacks."""
    predictions, rows = tmp_path / "predictions", tmp_path / "rows.jsonl"
    texts = {"aac-audiocaps": ["a dog barks", "rain falls on a roof"], "st-en-ja": ["犬が吠える", "雨が降る"]}
    for task, outputs in texts.items():
        entries = [
            {"id": f"{number}", "hypothesis": text, "reference": [text] if task == "aac-audiocaps" else text}
            for number, text in enumerate(outputs)
        ]
        rows.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries), encoding="utf-8")
        given = ["--task", task, "--variant", "13b", "--model", "SALMONN", "--out", str(predictions)]
        imported = repro_audit("import", "jsonl", *given, str(rows))
        assert imported.returncode == 0, imported.stderr
    outs = [writable(tmp_path / name) for name in ("image", "host")]
    words = ["--predictions", "PLACE", "--format", "csv", "--replicates", "50"]
    options = host.client.create_host_config(
        binds=[f"{outs[0]}:/out", f"{predictions}:/predictions:ro"], read_only=True, network_mode="none"
    )
    inside = ["run", "--out", "/out", "--no-cache", *(w.replace("PLACE", "/predictions") for w in words)]
    made = host.client.create_container(
        image["id"], inside, user="12345:12345", host_config=options, environment={"SOURCE_DATE_EPOCH": EPOCH}
    )
    host.client.start(made)
    code = host.client.wait(made, timeout=600)["StatusCode"]
    said = host.client.logs(made).decode()
    host.client.remove_container(made)
    assert code == 0, said[-3000:]
    variables = as_in_the_image(assets, tmp_path / "assets")
    done = repro_audit(
        "run", "--out", str(outs[1]), "--no-cache", *(w.replace("PLACE", str(predictions)) for w in words), **variables
    )
    assert done.returncode == 0, done.stderr
    documents = [json.loads((out / "audit.json").read_text("utf-8")) for out in outs]
    assert any(m["origin"] == "recomputed" and m["value"] for m in documents[0]["measurements"])
    assert documents[0] == documents[1]
    assert (outs[0] / "audit.json").read_bytes() == (outs[1] / "audit.json").read_bytes()


def test_docker_stop_ends_it_in_order(host: Host, image: dict[str, Any], tmp_path: Path) -> None:
    out = writable(tmp_path / "out")
    options = host.client.create_host_config(binds=[f"{out}:/out"], read_only=True, network_mode="none")
    made = host.client.create_container(image["id"], user="12345:12345", host_config=options)
    host.client.start(made)
    deadline = time.monotonic() + 120
    while b"== audit" not in host.client.logs(made):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    host.client.stop(made, timeout=60)
    code = host.client.wait(made)["StatusCode"]
    said = host.client.logs(made).decode()
    host.client.remove_container(made)
    assert code == 143, said
    assert said.rstrip().endswith("repro-audit: stopped")
    assert not (out / ".scratch").exists()


def test_run_by_the_command_says_which_image_it_was(
    host: Host, record: Path, image: dict[str, Any], tmp_path: Path
) -> None:
    out = writable(tmp_path / "out")
    key = tmp_path / "key.pem"
    assert repro_audit("keygen", str(key), "--name", "A Tester", "--no-passphrase").returncode == 0
    key.chmod(0o644)
    words = ["container", "run", "--record", str(record), "--user", "12345:12345", "--key", str(key), "--out", str(out)]
    done = repro_audit(*words, host=host)
    assert done.returncode == 0, done.stderr[-3000:]
    environment = json.loads((out / "package/environment.json").read_text("utf-8"))
    assert environment["image"]["config"] == image["config"]
    assert environment["image"]["layers"] == image["layers"]
    assert environment["image"]["labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    public = tmp_path / "key.pub.pem"
    verified = repro_audit("verify", str(out / "package.zip"), "--key", str(public))
    assert verified.returncode == 0, verified.stdout + verified.stderr
    # The key was a mounted file: neither the image nor what it wrote has it.
    secret = key.read_text(encoding="ascii").splitlines()[1]
    assert not any(secret.encode() in path.read_bytes() for path in out.rglob("*") if path.is_file())


def test_the_image_is_what_it_is_said_to_be(host: Host, image: dict[str, Any]) -> None:
    config = host.client.inspect_image(image["id"])["Config"]
    assert config["User"] == "65532:65532"
    assert config["Healthcheck"]["Test"] == ["CMD", "repro-audit", "doctor"]
    variables = dict(item.split("=", 1) for item in config["Env"])
    assert variables["NVIDIA_VISIBLE_DEVICES"] == "all"
    assert variables["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility"
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()}
    assert {"created", "licenses", "revision", "source"} <= set(labels)
    assert labels["created"] == "2023-11-14T22:13:20Z"
    assert labels["licenses"] == "Apache-2.0"
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", labels["revision"])
    assert variables["REPRO_AUDIT_COMMIT"] == labels["revision"]


def test_the_image_has_no_leftovers(host: Host, image: dict[str, Any]) -> None:
    """Neither package managers' caches and logs, nor a compiler of packages, nor anything that only the build needs."""
    script = (
        "find /var/lib/apt/lists /var/cache/apt /var/log /tmp /var/tmp /root/.cache -type f 2>/dev/null; "
        "find / -xdev \\( -name pip -o -name '*.deb' -o -name '*.whl' -o -name .git \\) 2>/dev/null; "
        "ls /src /out /weights /data /predictions 2>/dev/null | grep -v ':$' | grep ."
    )
    made = host.client.create_container(image["id"], ["-c", script], entrypoint="sh")
    try:
        host.client.start(made)
        host.client.wait(made, timeout=120)
        assert host.client.logs(made).decode().strip() == ""
    finally:
        host.client.remove_container(made)


def test_the_health_check_passes_on_a_read_only_root(host: Host, image: dict[str, Any], tmp_path: Path) -> None:
    code, said = run_plainly(host, image, writable(tmp_path / "out"), "doctor")
    assert code == 0, said
    for part in ("libraries", "tokenizers", "PDF", "java", "METEOR 1.5", "PTB tokens", "WordNet 3.0"):
        assert re.search(rf"^ok +{re.escape(part)} ", said, re.MULTILINE), said


def test_a_folder_that_its_user_cannot_write_to_is_an_error(host: Host, image: dict[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o755)
    code, said = run_plainly(host, image, out)
    assert code == 2, said
    assert "/out: cannot be written to" in said
    assert "Traceback" not in said


def test_weights_that_its_user_cannot_read_are_an_error(host: Host, image: dict[str, Any], tmp_path: Path) -> None:
    out, weights = writable(tmp_path / "out"), tmp_path / "weights"
    weights.mkdir(mode=0o700)
    options = host.client.create_host_config(binds=[f"{weights}:/weights:ro", f"{out}:/out"], network_mode="none")
    made = host.client.create_container(image["id"], user="12345:12345", host_config=options)
    host.client.start(made)
    code = host.client.wait(made, timeout=600)["StatusCode"]
    said = host.client.logs(made).decode()
    host.client.remove_container(made)
    assert code == 2, said
    assert "/weights" in said
    assert "Traceback" not in said


def test_lists_of_what_is_in_it(host: Host, image: dict[str, Any], tmp_path: Path) -> None:
    from scripts.image import bill

    made = host.client.create_container(image["id"])
    try:
        stream, _ = host.client.get_archive(made, "/usr/share/repro-audit")
        (tmp_path / "shelf.tar").write_bytes(b"".join(stream))
    finally:
        host.client.remove_container(made)
    with tarfile.open(tmp_path / "shelf.tar") as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # older patch releases of Python have none
        archive.extractall(tmp_path)
    shelf = tmp_path / "repro-audit"
    texts = [(shelf / name).read_text(encoding="utf-8") for name in ("debian.tsv", "debs.sha256", "wheels.sha256")]
    document = bill.build("repro-audit-cpu", "c0ffee", *texts)
    hashed = {c["name"] for c in document["components"] if c.get("hashes")}
    assert {"openjdk-17-jre-headless", "wordnet-base", "fonts-noto-cjk", "sacrebleu", "pycocoevalcap"} <= hashed
    assert "torch" not in hashed
    # Every wheel is one that the lock names, by its hash.
    lock = (ROOT / "requirements-cpu.lock").read_text(encoding="utf-8")
    digests = [line.split()[0] for line in texts[2].splitlines()]
    assert len(digests) > 60
    assert all(f"sha256:{digest}" in lock for digest in digests)


def test_killed_in_the_middle_of_inference_it_goes_on(host: Host, image: dict[str, Any], tmp_path: Path) -> None:
    torch = pytest.importorskip(
        "torch", reason="inference needs torch; the image without CUDA takes this environment's"
    )
    from tests.support.inference import librispeech, tiny

    site = str(Path(torch.__file__).resolve().parent.parent)
    weights, data = tmp_path / "weights", librispeech.write(tmp_path / "data", 60)
    tiny.build(weights)
    for file in weights.rglob("*"):
        file.chmod(0o755 if file.is_dir() else 0o644)
    words = ["all", "--weights", "/weights", "--data", "/data", "--out", "/out", "--tasks", "asr-librispeech-clean",
             "--format", "csv", "--replicates", "20", "--no-features", "--device", "cpu"]  # fmt: skip

    def start(out: Path) -> Any:
        binds = [f"{out}:/out", f"{weights}:/weights:ro", f"{data}:/data:ro", f"{site}:/torch:ro"]
        options = host.client.create_host_config(binds=binds, read_only=True, network_mode="none")
        variables = {"SOURCE_DATE_EPOCH": EPOCH, "PYTHONPATH": "/opt/repro-audit:/torch", "OMP_NUM_THREADS": "1"}
        made = host.client.create_container(
            image["id"], words, user="12345:12345", host_config=options, environment=variables
        )
        host.client.start(made)
        return made

    def finish(container: Any) -> str:
        code = host.client.wait(container, timeout=600)["StatusCode"]
        said = host.client.logs(container).decode()
        host.client.remove_container(container, force=True)
        assert code == 0, said[-3000:]
        return str(said)

    whole, killed = writable(tmp_path / "whole"), writable(tmp_path / "killed")
    finish(start(whole))
    container = start(killed)
    journal = killed / "predictions" / ".asr-librispeech-clean.work"
    deadline = time.monotonic() + 300
    while sum(file.read_bytes().count(b"\n") for file in journal.glob("*.journal")) < 10:
        assert host.client.inspect_container(container)["State"]["Running"], host.client.logs(container).decode()[
            -3000:
        ]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    host.client.kill(container)
    host.client.wait(container)
    host.client.remove_container(container)
    assert not (killed / "predictions" / "asr-librispeech-clean.jsonl").exists()
    said = finish(start(killed))
    begun = re.search(r"asr-librispeech-clean: (\d+) of 60\b", said)
    assert begun is not None
    assert 0 < int(begun[1]) < 60  # it went on, and did not begin anew
    name = "predictions/asr-librispeech-clean.jsonl"
    assert (killed / name).read_bytes() == (whole / name).read_bytes()
