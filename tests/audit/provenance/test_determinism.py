"""Same inputs, same bytes: under another folder, user, umask, time zone, locale, hash seed, number of CPUs and clock."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.provenance.format import archive, layout
from audit.provenance.signing import pades
from tests.support.paths import ROOT
from tests.support.provenance import made

STABLE = (
    layout.AUDIT,
    layout.REPORT_HTML,
    layout.SBOM,
    layout.ENVIRONMENT,
    layout.CODECHECK,
    layout.ROOT,
    layout.PROVENANCE,
    layout.TEST_RESULT,
    layout.CERTIFICATE,
    layout.PUBLIC_KEY,
    layout.SSH_KEY,
    layout.PREDICTIONS_LIST,
    layout.VERIFY,
)

# Renders the PDF and makes the package in a process of its own, and prints what must be equal.
SCRIPT = """
import hashlib, json, os, pathlib, sys
sys.path.insert(0, sys.argv[1])
from tests.support.provenance import made
from audit.provenance import package
from audit.provenance.format import layout
out = pathlib.Path(sys.argv[2])
predictions = made.write_predictions(out / "predictions")
os.umask(int(os.environ.get("TEST_UMASK", "022"), 8))
made.write_out(out, predictions)
folder = package.build(out, package.Options(key=made.key(), name="Test Auditor", predictions=predictions))
digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in STABLE}
for name in ("report.pdf", "annex.pdf"):
    unsigned = (out / name).read_bytes()
    digests["unsigned " + name] = hashlib.sha256(unsigned).hexdigest()
    digests["prefix of " + name] = hashlib.sha256((folder / name).read_bytes()[:len(unsigned)]).hexdigest()
run = json.loads((folder / "run.json").read_bytes())
print(json.dumps([digests, {"uid": os.geteuid(), "year": run["started"][:4], "cpus": run["machine"]["cpus_usable"]}]))
""".replace("STABLE", repr(STABLE))


def once(
    folder: Path,
    prefix: tuple[str, ...] = (),
    owner: int | None = None,
    expected: dict[str, object] | None = None,
    **variables: str,
) -> dict[str, str]:
    folder.mkdir(parents=True)
    if owner is not None:
        os.chown(folder, owner, owner)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **variables}
    command = [*prefix, sys.executable, "-W", "ignore", "-c", SCRIPT, str(ROOT), str(folder)]
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr
    value: dict[str, str]
    value, conditions = json.loads(result.stdout)
    # That the run was as different as it was meant to be.
    for name, wanted in (expected or {}).items():
        assert conditions[name] == wanted
    return value


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    value = once(tmp_path_factory.mktemp("first") / "run", PYTHONHASHSEED="1", TZ="UTC")
    for name in (layout.REPORT_PDF, layout.ANNEX):
        assert value[f"unsigned {name}"] == value[f"prefix of {name}"]
    return value


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONHASHSEED": "4242"},
        {"TZ": "Pacific/Chatham"},
        {"LC_ALL": "C"},
        {"LANG": "tr_TR.UTF-8", "LC_ALL": "POSIX", "LANGUAGE": "tr"},
        {"TEST_UMASK": "077"},
        {"SOURCE_DATE_EPOCH": "1"},
        {"OMP_NUM_THREADS": "1", "USER": "somebody", "LOGNAME": "somebody"},
    ],
    ids=",".join,
)
def test_another_environment(variables: dict[str, str], first: dict[str, str], tmp_path: Path) -> None:
    assert once(tmp_path / "elsewhere" / "with a space", **variables) == first


def test_another_clock(first: dict[str, str], tmp_path: Path, need: Callable[..., None]) -> None:
    need("faketime")
    assert once(tmp_path / "later", ("faketime", "2036-02-29 12:34:56"), expected={"year": "2036"}) == first


def test_another_number_of_cpus(first: dict[str, str], tmp_path: Path, need: Callable[..., None]) -> None:
    need("taskset")
    assert once(tmp_path / "one", ("taskset", "-c", "0"), expected={"cpus": 1}) == first


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user(first: dict[str, str], tmp_path: Path, need: Callable[..., None]) -> None:
    """Another uid, which may read root's files: the interpreter may be among them."""
    need("setpriv")
    may_read = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    become = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *may_read)
    assert once(tmp_path / "run", become, owner=65534, expected={"uid": 65534}) == first


def test_another_order_of_files(files: dict[str, bytes]) -> None:
    from audit.provenance import package

    options = package.Options(key=made.key(), name="Test Auditor", command=("repro-audit", "run"))
    backwards = dict(reversed(list(made.artefacts().items())))
    again = package.make(backwards, options)
    assert {name: again[name] for name in STABLE} == {name: files[name] for name in STABLE}


def test_the_zip_is_a_function_of_the_files(files: dict[str, bytes]) -> None:
    assert archive.zip_bytes(files) == archive.zip_bytes(dict(reversed(list(files.items()))))


def test_the_signed_pdf_starts_with_the_rendering(files: dict[str, bytes]) -> None:
    unsigned = made.artefacts()["report.pdf"]
    assert files[layout.REPORT_PDF].startswith(unsigned)
    assert pades.prefix_digest(files[layout.REPORT_PDF], len(unsigned)) == hashlib.sha256(unsigned).hexdigest()


def test_the_signed_pdf_is_still_pdf_a_3(files: dict[str, bytes]) -> None:
    """Signing adds an update; metadata, version and attachment stay as the renderer wrote them."""
    import io

    import pypdf

    before, after = (
        pypdf.PdfReader(io.BytesIO(raw)) for raw in (made.artefacts()["report.pdf"], files[layout.REPORT_PDF])
    )
    assert after.xmp_metadata is not None
    assert before.xmp_metadata is not None
    assert after.xmp_metadata.stream.get_data() == before.xmp_metadata.stream.get_data()
    assert b'pdfaid:part="3"' in after.xmp_metadata.stream.get_data().replace(
        b"<pdfaid:part>3</pdfaid:part>", b'pdfaid:part="3"'
    )
    assert "/Version" not in after.trailer["/Root"]
    assert after.metadata == before.metadata
    assert list(after.attachments) == ["audit.json"]


VOLATILE = [
    layout.REPORT_PDF,
    layout.ANNEX,
    layout.RUN,
    layout.CRATE,
    layout.CHECKSUMS,
    layout.SSH_SIGNATURE,
    Path(layout.PUBLICATION).name,
]

# The program itself, from predictions to package, with all of it different at once.
WHOLE = """
import hashlib, json, os, pathlib, sys
sys.path.insert(0, sys.argv[1])
from tests.support.provenance import made
from audit import cli
from audit.provenance import package
out = pathlib.Path(sys.argv[2])
predictions = made.write_predictions(out / "predictions")
os.umask(int(os.environ.get("TEST_UMASK", "022"), 8))
arguments = ["run", "--predictions", str(predictions), "--out", str(out / "out"), "--replicates", "50"]
arguments += ["--no-cache", "--no-package"]
assert cli.main(arguments) == 0
options = package.Options(key=made.key(), name="Test Auditor", predictions=predictions)
folder = package.build(out / "out", options)
digests = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
           for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in VOLATILE}
for name in ("report.pdf", "annex.pdf"):
    unsigned = (out / "out" / name).read_bytes()
    assert (folder / name).read_bytes().startswith(unsigned)
    digests["unsigned " + name] = hashlib.sha256(unsigned).hexdigest()
with open(out / "digests.json", "w") as handle:
    json.dump([digests, {"uid": os.geteuid()}], handle)
""".replace("VOLATILE", repr(VOLATILE))


@pytest.mark.slow
@pytest.mark.pdf
def test_the_whole_program(tmp_path: Path, need: Callable[..., None]) -> None:
    """audit.json, HTML, unsigned PDF, SBOM, counts and bundles, with every condition different at once."""
    need("faketime", "taskset", "setpriv")
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")

    def whole(folder: Path, prefix: list[str], **variables: str) -> list[dict[str, object]]:
        folder.mkdir(parents=True)
        os.chown(folder, 65534, 65534)
        command = [*prefix, sys.executable, "-W", "ignore", "-c", WHOLE, str(ROOT), str(folder)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "SOURCE_DATE_EPOCH": "1700000000", **variables}
        result = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
        value: list[dict[str, object]] = json.loads((folder / "digests.json").read_bytes())
        return value

    may_read = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    other = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        *may_read,
        "faketime",
        "2036-02-29 12:34:56",
        "taskset",
        "-c",
        "0",
    ]
    one, first = whole(tmp_path / "one", [], PYTHONHASHSEED="1", LANG="C.UTF-8", TZ="UTC")
    two, second = whole(
        tmp_path / "two" / "with a space",
        other,
        PYTHONHASHSEED="999",
        LC_ALL="POSIX",
        TZ="Pacific/Chatham",
        TEST_UMASK="077",
    )
    assert (first["uid"], second["uid"]) == (0, 65534)
    assert {
        "audit.json",
        "report.html",
        "answers.html",
        "unsigned report.pdf",
        "unsigned annex.pdf",
        layout.SBOM,
        layout.ROOT,
        layout.PROVENANCE,
        layout.TEST_RESULT,
    } <= set(one)
    assert any(name.startswith("counts/") for name in one)
    assert one == two
