"""The margins that two runs measure, as the `margins` of a study."""

from __future__ import annotations

import json
from decimal import Decimal

from audit.analysis.comparison import RunComparison
from audit.errors import InputError
from audit.literature.known_tasks import claimed_unit


def margins_yaml(found: RunComparison) -> str:
    """The measured margins in the unit of the studies' claims, with the reason, to be copied into a study.

    Raises:
        InputError: The difference between the runs is not a margin, or no metric has a value in both.
    """
    where = ", ".join(found.runs)
    if found.hindrances:
        raise InputError(
            f"no margin: the runs differ in {', '.join(found.hindrances)}",
            where=where,
            fix="A margin needs two runs that differ only in batch size, machine, precision or library versions; if the files "
            "do not say so and you know it, add --only batch (machine, precision, library-versions).",
        )
    if not found.widest:
        raise InputError("no metric has a value in both runs", where=where, fix="Check the predictions.")
    lines = ["margins:"]
    for metric, effect in found.widest.items():
        unit = claimed_unit(found.task, metric)
        factor = Decimal({"percent": 100, "fraction": 1}[unit]) / effect.scale if unit else Decimal(1)
        value = (Decimal(found.margins[metric]) * factor).normalize()
        reason = (
            f"Two runs of {found.task} were compared: {found.identical} of {found.rows} outputs are identical. "
            f"The largest difference over the conventions, under {effect.name}. {found.conditions.reason}"
        )
        lines += [
            f"  {metric}:",
            f'    value: "{value:f}"',
            "    kind: measured",
            f"    reason: {json.dumps(reason.strip(), ensure_ascii=False)}",
        ]
    return "\n".join(lines) + "\n"
