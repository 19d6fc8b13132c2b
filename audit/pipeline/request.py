"""The requests for an audit; light to import, so that a caller can build one before anything heavy is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from audit._util.paths import LITERATURE
from audit.errors import InputError
from audit.facts import Direction, Unit
from audit.report.formats import FORMATS
from audit.report.language import Language
from audit.schema import Signing
from tasks.statistics.defaults import MOST_REPLICATES, REPLICATES

if TYPE_CHECKING:
    from audit.analysis.sampling.plan import Sampled
    from audit.literature.studies import Study
    from audit.provenance.signing.keys import SigningKey
    from audit.scoring.pool import EngineName
    from tasks.row import Row

# The chance that any bound of a plan ever misses its value.
RISK = "0.05"


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """What to audit, and how.

    Attributes:
        study: The id of a study in the literature's `studies/`.
        predictions: Holds `TASK.jsonl` files; with None or without such files, only recorded values are audited.
        literature: The folder with `studies/`, `reproductions/` and `works/`.
        probes: Folder with results of `repro-audit probe`; may be None or missing.
        replicates: Bootstrap replicates; 0 for no intervals.
        cache: Folder for counts, intervals and analyses kept between runs; None for no cache.
        engine: Where rows are counted, see `audit.scoring.pool`.
        workers: Number of counting processes; None for one per processor.
        outputs: Store of public outputs (`audit.literature.outputs.store`); None reads none.
        signing: How the document will be signed, as stated in it; None if it will not be.
    """

    study: str = "salmonn"
    predictions: Path | None = None
    literature: Path = LITERATURE
    probes: Path | None = None
    replicates: int = REPLICATES
    cache: Path | None = None
    engine: EngineName = "auto"
    workers: int | None = None
    outputs: Path | None = None
    signing: Signing | None = None

    def __post_init__(self) -> None:
        if self.replicates < 0:
            raise InputError("must not be negative", where="replicates", fix="Give 0 for no intervals.")
        if self.replicates > MOST_REPLICATES:
            what = f"{self.replicates} are too many: whoever verifies a package draws as many"
            raise InputError(what, where="replicates", fix=f"Give at most {MOST_REPLICATES}.")


@dataclass(frozen=True, slots=True)
class BlindOptions:
    """How to make a blind edition, see `audit.provenance.blind_edition.Request`.

    Attributes:
        named: Further names that must not be seen.
        kept: Words that are no identities.
        own_paper: The audited paper is the team's own.
        secret: The unblind.json; None for the one in the output folder.
    """

    named: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    own_paper: bool = False
    secret: Path | None = None


@dataclass(frozen=True, slots=True)
class PublicationRequest:
    """Where an audit's results go.

    Attributes:
        out: The folder; made if it is missing.
        files: File names of the reports to render, from `audit.report.formats.FORMATS`.
        language: The language of the reports.
        sign: Whether to sign a package, which needs the HTML and the PDF.
        key: Loads the signing key when the package is made; None makes a key for this run, which proves integrity, not
            identity.
        certificate: The key's certificate and its chain, PEM; None for one made from the key.
        slides: Whether to make slides, too.
        blind: Make a blind edition in `out/blind/`, and no reports that name the team; None for an audit that names it.
    """

    out: Path
    files: tuple[str, ...] = tuple(FORMATS.values())
    language: Language = Language.ENGLISH
    sign: bool = True
    key: Callable[[], SigningKey] | None = None
    certificate: Path | None = None
    slides: bool = False
    blind: BlindOptions | None = None


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """A claim in words of a command line; what is None comes from a study's claim on this task, if there is one."""

    value: str
    metric: str | None = None
    unit: Unit | None = None
    direction: Direction | None = None
    margin: str | None = None


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What to plan.

    Attributes:
        task: The task's id.
        rows: All units of the set with their references; outputs are ignored.
        claims: Claims by value; with none, all claims of `study` on this task.
        study: The study whose claims, margins and tasks count; None for those at hand.
        run: The run that will follow the plan.
        sampled: Outputs, or judgements of outputs that are all at hand.
        risk: As a decimal string.
        conventions: Id -> weight of its part of the risk; empty for all that have a sequence.
        cap: No output has more tokens under any convention; None if no bound is known: then error rates have no upper limit.
        strata: Number of strata by length of the reference.
        seed: A given seed; None to draw one, or for a public one.
        public: Which public value the seed will be derived from. after: The date on or after which it is published.
        audits: Simulated audits for each expectation; 0 for none.
    """

    task: str
    rows: Sequence[Row]
    claims: tuple[ClaimRequest, ...] = ()
    study: Study | None = None
    run: str | None = None
    sampled: Sampled = "outputs"
    risk: str = RISK
    conventions: tuple[tuple[str, int], ...] = ()
    cap: int | None = None
    strata: int = 1
    seed: str | None = None
    public: str | None = None
    after: str | None = None
    audits: int = 50
