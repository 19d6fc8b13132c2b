"""Builds on a real engine, and how a builder's events are shown."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import cli
from audit._util.git import image_arguments
from audit.container.build import BuildError, Plan, _Progress, published
from tests.audit.container.conftest import Host

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.docker
def test_build_writes_the_record(
    host: Host, base_image: str, context: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "new" / "image.json"
    command = ["container", "build", "--host", host.url, "--context", str(context), "--target", "cpu",
               "--build-arg", f"BASE={base_image}", "--build-arg", "REVISION=abc", "--build-arg", "API_TOKEN=hush",
               "--network", "host", "--no-cache", "--tag", "repro-audit-test:2", "--record", str(record)]  # fmt: skip
    assert cli.main(command) == 0
    stdout, stderr = capfd.readouterr()
    lines = stderr.splitlines()
    assert lines[0].startswith("sending ")
    assert [line.split()[0] for line in lines if "/10 " in line] == [f"{step}/10" for step in range(1, 11)]
    assert "\x1b" not in stderr
    assert "\n  a line of the step\n" not in stderr
    identity = stdout.strip()
    raw = record.read_bytes()
    assert b"hush" not in raw
    found = json.loads(raw)
    engine = host.client.inspect_image(identity)
    assert found["id"] == found["config"] == identity == engine["Id"]
    assert found["layers"] == engine["RootFS"]["Layers"]
    assert found["labels"]["org.opencontainers.image.revision"] == "abc"
    assert found["target"] == "cpu"
    assert found["build_args"]["API_TOKEN"] is None
    assert found["build_args"]["BASE"] == base_image
    assert host.client.inspect_image("repro-audit-test:2")["Id"] == identity


@pytest.mark.docker
def test_a_step_that_fails(
    host: Host, base_image: str, context: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "image.json"
    command = ["container", "build", "--host", host.url, "--context", str(context), "--network", "host",
               "--build-arg", f"BASE={base_image}", "--record", str(record), "--target"]  # fmt: skip
    assert cli.main([*command, "failing"]) == 3
    stderr = capfd.readouterr().err
    assert "\n  the last words\n" in stderr
    assert "step 12/12 failed with exit code 7: RUN echo the last words; exit 7" in stderr
    assert not record.exists()
    assert "docs/how-to/build-the-image.md" in stderr
    assert cli.main([*command, "nothing"]) == 3
    assert "the build did not start: " in capfd.readouterr().err
    assert cli.main([*command, "cpu", "--file", str(tmp_path / "none")]) == 2
    assert cli.main([*command, "cpu", "--context", str(tmp_path / "none"), "--file", str(context / "Dockerfile")]) == 2
    assert cli.main([*command, "cpu", "--build-arg", "BASE"]) == 2


@pytest.mark.docker
def test_verbose_shows_every_line(
    host: Host, base_image: str, context: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["container", "build", "--host", host.url, "--context", str(context), "--network", "host", "--verbose",
               "--build-arg", f"BASE={base_image}", "--record", str(tmp_path / "r"), "--target", "cpu"]  # fmt: skip
    assert cli.main([*command, "--no-cache"]) == 0
    assert "\n  a line of the step\n" in capfd.readouterr().err


@pytest.mark.parametrize(
    "tag",
    ["", "BAD TAG", "Bad:1", "a b", "a:", ":1", "a:b:c", "a//b", "a:-x", "a_-b", "a/b:" + "x" * 129, "0" * 64, "a\n"],
)
def test_a_tag_that_is_none(tag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["container", "build", "--host", f"unix://{tmp_path}/none", "--tag", tag]) == 2
    assert f"--tag: {tag!r} is not a valid image name" in capsys.readouterr().err


@pytest.mark.parametrize(
    "tag", ["a", "a:1", "a.b__c--d:X_y.z-1", "localhost/a:1", "ghcr.io/a/b", "h:5000/a:1", "0" * 64 + ":1"]
)
def test_a_tag(tag: str) -> None:
    match_tag = pytest.importorskip("docker.utils.build", reason="the docker package is not installed").match_tag
    assert match_tag(Plan(Path(), Path(), "", tag=tag).tag)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(*events: dict[str, object], terminal: bool = False, verbose: bool = False) -> tuple[str, str | None]:
    stream = Terminal() if terminal else io.StringIO()
    progress = _Progress(stream, verbose=verbose)
    identity = None
    for event in events:
        identity = progress.take(event) or identity
    progress.close()
    return stream.getvalue(), identity


def lines(*texts: str) -> list[dict[str, object]]:
    return [{"stream": text} for text in texts]


def test_steps_of_docker_and_of_podman() -> None:
    text, identity = shown(*lines("Step 1/2 : FROM x\n", " ---> abc\n", "Step 2/2 : RUN y\n"), {"aux": {"ID": DIGEST}})
    assert (text, identity) == ("1/2 FROM x\n2/2 RUN y\n", DIGEST)
    text, identity = shown(*lines("STEP 1/1: FROM x\n", "[2/2] STEP 3/9: RUN y\n", "Successfully built 0123456789ab\n"))
    assert (text, identity) == ("1/1 FROM x\n[2/2] 3/9 RUN y\n", "0123456789ab")


def test_lines_that_come_in_pieces_and_with_controls() -> None:
    events = lines("Ste", "p 1/1 : RUN x\nhalf", " a line\n", "10%\r50%\r100%\r\n", "\x1b[31mred\x1b[0m \x07bell\n")
    text, _ = shown(*events, verbose=True)
    assert text == "1/1 RUN x\n  half a line\n  100%\n  red bell\n"


def test_a_long_step_is_cut_on_a_terminal_and_whole_in_a_pipe() -> None:
    step = f"RUN {'x' * 200}"
    assert shown(*lines(f"Step 1/1 : {step}\n"))[0] == f"1/1 {step}\n"
    text, _ = shown(*lines(f"Step 1/1 : {step}\n"), terminal=True)
    assert f"1/1 {step[:73]}...\n" in text


def test_a_terminal_keeps_steps_only() -> None:
    text, _ = shown(*lines("Step 1/2 : RUN x\n", "passing\n", "Step 2/2 : RUN y\n"), terminal=True)
    assert "  passing\r\x1b[K2/2 RUN y\n" in text
    assert text.endswith("\r\x1b[K")


def test_layers_of_a_base_image() -> None:
    pulled = [{"status": "Downloading", "id": "a", "progress": "[=>  ]"}] * 5 + [{"status": "Pull complete", "id": "a"}]
    assert shown(*pulled)[0] == "  a Pull complete\n"
    assert "a Downloading [=>  ]" in shown(*pulled, terminal=True)[0]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"errorDetail": {"code": 9, "message": "x"}, "error": "x"}, "step 1/1 failed with exit code 9: RUN y"),
        ({"error": 'building at STEP "RUN y": exit status 7'}, "step 1/1 failed with exit code 7: RUN y"),
        ({"error": "The command returned a non-zero code: 12"}, "step 1/1 failed with exit code 12: RUN y"),
        ({"error": "no \x1b[1mspace"}, "step 1/1 failed: no space"),
    ],
)
def test_failures(event: dict[str, object], message: str) -> None:
    with pytest.raises(BuildError) as caught:
        shown(*lines("Step 1/1 : RUN y\n", "output\n"), event)
    assert caught.value.what == message


def test_failure_before_the_first_step_and_its_output() -> None:
    with pytest.raises(BuildError, match="the build failed: x"):
        shown({"error": "x"})
    stream = io.StringIO()
    progress = _Progress(stream, verbose=False)
    progress.take({"stream": "\n".join(["Step 1/1 : RUN y", *map(str, range(100)), "no line feed"])})
    with pytest.raises(BuildError):
        progress.take({"error": "x"})
    assert stream.getvalue().splitlines()[1:] == [f"  {n}" for n in range(61, 100)] + ["  no line feed"]


def test_what_of_build_arguments_is_published() -> None:
    given = {"BASE": f"debian@{DIGEST}", "REVISION": "a" * 40 + "-dirty", "HF_TOKEN": "x", "URL": "https://a:b@c/",
             "SNAPSHOT": "https://snapshot.debian.org/archive/debian/20260101T000000Z/", "EMPTY": ""}  # fmt: skip
    hidden = {"HF_TOKEN": None, "URL": None}
    assert published(given) == {**given, **hidden}


@given(st.text("abcdefghijkLMNOPQ0123456789", min_size=30, max_size=60))
def test_what_looks_like_a_key_is_not_published(value: str) -> None:
    if any(letter.isdigit() for letter in value):
        assert published({"X": f"sk-{value}-1"})["X"] is None


def test_image_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert image_arguments(tmp_path) == {}
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(tmp_path)]
    monkeypatch.setenv("GIT_COMMITTER_DATE", "1700000000 +0000")
    for arguments in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "--message", "x"]):
        subprocess.run([*git, *arguments], check=True)
    clean = image_arguments(tmp_path)
    assert clean["SOURCE_DATE_EPOCH"] == "1700000000"
    assert len(clean["REVISION"]) == 40
    (tmp_path / "new").touch()
    assert image_arguments(tmp_path)["REVISION"] == clean["REVISION"] + "-dirty"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "5")
    assert image_arguments(tmp_path)["SOURCE_DATE_EPOCH"] == "5"
