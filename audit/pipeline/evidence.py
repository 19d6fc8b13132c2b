"""What the literature says for an audit: the study, what teams recorded, the grades of conventions, the cards of sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.literature.grades import Grading, Key, Known, grades, known_conventions, named_keys
from audit.literature.known_tasks import check_id, find_study, known_tasks
from audit.literature.reproductions import Reproductions, load_reproductions
from audit.literature.sets import SetCard, cards_for
from audit.literature.studies import Study, load_study
from audit.literature.works import Work, load_works, own_record


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that an audit reads besides outputs.

    Attributes:
        study: The paper and its claims.
        reproductions: What teams recorded and observed.
        works: The surveyed works.
        gradings: The evidence for every convention of the study's tasks.
        cards: The cards of sets, by id.
        by_family: A convention takes the evidence of its family, because no record names it: then other studies are read.
    """

    study: Study
    reproductions: Reproductions
    works: tuple[Work, ...]
    gradings: Mapping[Key, Grading]
    cards: Mapping[str, SetCard]
    by_family: bool


def evidence(study_id: str, literature: Path) -> Evidence:
    """Read the literature for a study.

    Args:
        study_id: The study's id, or the path of its file.
        literature: The folder with `studies/`, `reproductions/`, `works/` and `sets/`.

    Raises:
        InputError: A record is not valid.
    """
    study = load_study(find_study(study_id, literature))
    check_id(study, literature)
    reproductions = load_reproductions(literature / "reproductions", study)
    works = tuple(load_works(literature / "works")) if (literature / "works").is_dir() else ()
    conventions = known_conventions(study.tasks)
    family = _by_family(works, conventions)
    gradings = grades(
        works,
        conventions,
        study.id,
        tasks=known_tasks(literature, study) if family else study.tasks,
        own=own_record(study.facts.paper, works, f"{study.path}: paper.work"),
        declared=study.conventions,
    )
    return Evidence(study, reproductions, works, gradings, cards_for(study, literature), family)


def _by_family(works: Sequence[Work], known: Known) -> bool:
    keys = {(task, metric, name) for (task, metric), names in known.items() for name in names}
    return bool(works) and not keys <= named_keys(works)
