"""Run roc-validator (crs4/rocrate-validator) on a crate without network; run by the Python of scripts/provenance-tools.

It would fetch the two JSON-LD contexts. Here they are answered from the few terms that our crates use, with the IRIs
that RO-Crate 1.1 gives them; a term that is not among them is an error, so none is dropped in silence.
"""

import json
import pathlib
import sys

from rocrate_validator import models, services
from rocrate_validator.utils import document_loader, http

SCHEMA = (
    "CreativeWork Dataset SoftwareApplication Organization CreateAction about actionStatus agent author contentSize "
    "datePublished description encodingFormat endTime hasPart instrument license mentions name object publisher result "
    "softwareVersion startTime url version"
)
CRATE = {term: f"http://schema.org/{term}" for term in SCHEMA.split()}
CRATE |= {"File": "http://schema.org/MediaObject", "conformsTo": "http://purl.org/dc/terms/conformsTo"}
RUN = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
CONTEXTS = {
    "https://w3id.org/ro/crate/1.1/context": {"@context": CRATE},
    "https://w3id.org/ro/terms/workflow-run/context": {"@context": RUN},
}


def terms(value: object) -> set:
    """Every term that a JSON-LD value uses."""
    if isinstance(value, list):
        return set().union(*map(terms, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    types = value.get("@type", [])
    found = {types} if isinstance(types, str) else set(types)
    return found | {key for key in value if not key.startswith("@")} | set().union(*map(terms, value.values()))


class Answer:
    """What requests would give."""

    def __init__(self, value: object) -> None:
        self.status_code, self.text, self.headers = 200, json.dumps(value), {"Content-Type": "application/ld+json"}

    def json(self) -> object:
        return json.loads(self.text)

    def raise_for_status(self) -> None:
        """Nothing to raise."""


def answer(self: object, url: str, *_: object, **__: object) -> Answer:
    return Answer(CONTEXTS[url])


def main(folder: str, severity: str) -> int:
    graph = json.loads(pathlib.Path(folder, "ro-crate-metadata.json").read_text())["@graph"]
    unknown = terms(graph) - set(CRATE) - set(RUN)
    if unknown:
        print("terms without a context:", unknown)
        return 1
    http.HttpRequester.get = answer
    document_loader.install_document_loader()
    settings = services.ValidationSettings(
        rocrate_uri=folder,
        profile_identifier="process-run-crate",
        requirement_severity=models.Severity[severity],
    )
    result = services.validate(settings)
    for issue in result.get_issues():
        print(issue.severity.name, issue.check.identifier, issue.message)
    print("checks:", len(result.executed_checks))
    return 0 if result.passed() and len(result.executed_checks) > 10 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
