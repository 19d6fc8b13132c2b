"""Packages of old versions stay verifiable: ten years on, without network, with no certificate authority."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.provenance.format import archive
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify
from tests.audit.provenance.test_verify_md import Shell, blocks
from tests.support.paths import ROOT
from tests.support.provenance import made
from tests.support.provenance.golden import GOLDEN

VERSIONS = sorted(path.name for path in GOLDEN.iterdir())


def trust(version: str) -> Trust:
    folder = GOLDEN / version
    return Trust(key=(folder / "signer.pub.pem").read_bytes())


def full_trust(version: str) -> Trust:
    folder = GOLDEN / version
    return Trust(
        key=(folder / "signer.pub.pem").read_bytes(),
        reviewers=((folder / "reviewer.pub.pem").read_bytes(),),
        time_stamp_roots=(folder / "tsa.pem").read_bytes(),
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_plain(version: str) -> None:
    report = verify(GOLDEN / version / "plain.zip", trust(version))
    assert report.accepted, report.as_text()


@pytest.mark.parametrize("version", VERSIONS)
def test_full(version: str, tmp_path: Path) -> None:
    report = verify(GOLDEN / version / "full.zip", full_trust(version))
    assert report.accepted, report.as_text()
    passed = {check.name for check in report.checks if check.status == "ok"}
    assert {"identity", "time", "time stamp", "countersignature"} <= passed
    folder = made.write(archive.read(GOLDEN / version / "full.zip"), tmp_path / "package")
    assert verify(folder, full_trust(version)).accepted


def isolated(later: bool = True) -> list[str]:
    """A prefix: no network interface that is up, no certificate authorities, and ten years on."""
    for program in ("unshare", "mount", "faketime"):
        if shutil.which(program) is None:
            pytest.skip(f"needs the program {program}")
    if os.geteuid() != 0:
        pytest.skip("needs root to take the network away")
    empty = "for d in /etc/ssl/certs /usr/share/ca-certificates; do test ! -d $d || mount -t tmpfs none $d; done"
    prefix = ["unshare", "--net", "--mount", "sh", "-c", f'{empty}; exec "$@"', "sh"]
    if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("may not make namespaces here")
    return [*prefix, *(["faketime", "+10 years"] if later else [])]


def test_the_isolation_isolates() -> None:
    checks = "ls -A /etc/ssl/certs; ip -o link 2>/dev/null | grep -c 'state UP'; date +%Y"
    result = subprocess.run([*isolated(), "sh", "-c", checks], capture_output=True, text=True, check=False)
    lines = result.stdout.split()
    now = subprocess.run(["date", "+%Y"], capture_output=True, text=True, check=True).stdout
    assert int(lines[-1]) == int(now) + 10
    assert [line for line in lines[:-1] if line != "0"] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_ten_years_on(version: str, cli: Path) -> None:
    folder = GOLDEN / version
    environment = {**os.environ, "SSL_CERT_FILE": "/dev/null", "SSL_CERT_DIR": "/nonexistent"}
    command = [cli / "repro-audit", "verify", folder / "full.zip", "--key", folder / "signer.pub.pem", "--tsa-certificates",
               folder / "tsa.pem", "--reviewer-key", folder / "reviewer.pub.pem"]  # fmt: skip
    result = subprocess.run(
        [*isolated(), *map(str, command)], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_the_tools_of_others_ten_years_on(
    version: str, tmp_path: Path, shell: Shell, need: Callable[..., None]
) -> None:
    """Every command of the package's own VERIFY.md."""
    need("openssl", "ssh-keygen", "pdfsig", "node", "basenc")
    folder = made.write(archive.read(GOLDEN / version / "full.zip"), tmp_path / "package")
    commands = blocks((folder / "VERIFY.md").read_text(encoding="utf-8"))
    assert len(commands) == 10
    script = tmp_path / "block.sh"
    for title, block in commands.items():
        script.write_text(block, encoding="utf-8")
        prefix = " ".join(f"'{word}'" for word in isolated())
        result = shell(f"{prefix} bash {script}", folder, TSA=str(GOLDEN / version / "tsa.pem"))
        assert result.returncode == 0, f"{title}: {result.stdout}{result.stderr}"


def test_verifying_needs_no_import_of_the_network(cli: Path) -> None:
    """Verification loads neither an HTTP client nor the renderer."""
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from audit.provenance.verification.trust import Trust\nfrom audit.provenance.verification.verify import verify\n"
        f"assert verify(Path({str(GOLDEN / VERSIONS[0] / 'plain.zip')!r}), Trust()).intact\n"
        "print(sorted(sys.modules.keys() & {'torch', 'weasyprint', 'matplotlib', 'numpy'}))"
    )
    root = ROOT
    result = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
