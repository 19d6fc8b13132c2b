"""The judges of formats that `scripts/provenance-tools` installs: the Nu HTML Checker, veraPDF, DSS, cosign.

Each is run once for many files, because a Java program takes seconds to start. A test that needs one that is not there is
skipped, with the reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.support.paths import ROOT

TOOLS = Path(os.environ.get("REPRO_AUDIT_PROVENANCE_TOOLS", ROOT / ".cache" / "provenance-tools"))
_LOCKS = ROOT / "tests" / "support" / "provenance" / "tools"
_DATA = '<script type="application/'
_NAMES = "{http://dss.esig.europa.eu/validation/simple-report}"


def installed(path: str) -> Path:
    """A file or folder of the tools; skips if it is not there."""
    found = TOOLS / path
    if not found.exists():
        pytest.skip(f"needs scripts/provenance-tools to have been run ({path})")
    return found


def java(*arguments: str | Path) -> str:
    """What a Java program prints; skips without Java. Its exit status is not looked at: a judge's is 1 for a bad file."""
    if shutil.which("java") is None:
        pytest.skip("needs a Java runtime")
    ran = subprocess.run(
        ["java", "-Djava.awt.headless=true", *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", timeout=600, check=False,
    )  # fmt: skip
    if not ran.stdout.strip():
        raise AssertionError(f"no answer from {arguments}: {ran.stderr[-2000:]}")
    return ran.stdout


def nu(folder: Path, pages: Mapping[str, str | bytes]) -> dict[str, list[str]]:
    """What the Nu HTML Checker says of each page, errors and warnings.

    Args:
        folder: An empty folder.
        pages: Name, which ends in `.html` -> the page.
    """
    jar = installed("node_modules/vnu-jar/build/dist/vnu.jar")
    for name, page in pages.items():
        (folder / name).write_bytes(page if isinstance(page, bytes) else page.encode())
    # Without a guess of the language: texts of records are English in whichever language the report is.
    options = ("--stdout", "--exit-zero-always", "--no-langdetect", "--format", "json")
    said = json.loads(java("-Xss8m", "-jar", jar, *options, folder))
    found: dict[str, list[str]] = {name: [] for name in pages}
    for message in said["messages"]:
        name = message.get("url", "").rpartition("/")[2]
        if "violates Content Security Policy" in message["message"] and _DATA in message.get("extract", ""):
            continue  # a policy is about scripts, and no browser runs this one: "prepare the script element" in HTML
        kind = message.get("subType", message["type"])
        found[name].append(f"{kind}, line {message.get('lastLine')}: {message['message']}")
    return found


def verapdf(paths: Iterable[Path]) -> dict[str, dict[str, list[str]]]:
    """What veraPDF says of each PDF: its name -> each standard that its metadata claim -> the rules that it breaks."""
    classes = installed("java")
    said = json.loads(
        java(
            "-cp", classes / "*", "org.verapdf.apps.GreenfieldCliWrapper", "--flavour", "0", "--format", "json", *paths
        )
    )
    found = {}
    for job in said["report"]["jobs"]:
        standards = {}
        for result in job["validationResult"]:
            profile = result["profileName"].removesuffix(" validation profile")
            standards[profile] = [
                f"{rule['clause']}-{rule['testNumber']} {rule['checks'][0]['context']}: {rule['checks'][0]['errorMessage']}"
                for rule in result["details"]["ruleSummaries"]
                if rule["ruleStatus"] == "FAILED"
            ]
            assert result["compliant"] == (not standards[profile]), result
        found[Path(job["itemDetails"]["name"]).name] = standards
    return found


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature of a PDF as DSS sees it.

    Attributes:
        level: Its PAdES level.
        indication: What follows from it and from the (absent) trusted certificates, with the reason.
        remarks: Keys of DSS's errors and warnings.
        whole: Whether it covers the whole file.
    """

    level: str
    indication: tuple[str, str]
    remarks: frozenset[str]
    whole: bool


# A sound signature; what DSS remarks follows from a key that nobody vouches for.
SOUND = Signature(
    "PAdES-BASELINE-B",
    ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND"),
    frozenset({"BBB_XCV_CCCBB_SIG_ANS", "QUAL_CERT_TRUSTED_LIST_REACHED_ANS", "QUAL_IS_ADES_IND"}),
    whole=True,
)


def dss(paths: Iterable[Path]) -> dict[str, list[Signature]]:
    """What DSS says of each PDF's signatures, by the file's name."""
    classes = installed("java")
    said = java("-cp", classes / "*", "org.mozilla.javascript.tools.shell.Main", _LOCKS / "dss.js", *paths)
    found = {}
    for text in said.split('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>')[1:]:
        report = ET.fromstring(text)
        found[report.findtext(f"{_NAMES}DocumentName", "")] = [
            Signature(
                signature.get("SignatureFormat", ""),
                (signature.findtext(f"{_NAMES}Indication", ""), signature.findtext(f"{_NAMES}SubIndication", "")),
                frozenset(
                    e.get("Key", "") for e in signature.iter() if e.tag in {f"{_NAMES}Error", f"{_NAMES}Warning"}
                ),
                any(scope.get("scope") == "FULL" for scope in signature.iter(f"{_NAMES}SignatureScope")),
            )
            for signature in report.findall(f"{_NAMES}Signature")
        ]
    return found
