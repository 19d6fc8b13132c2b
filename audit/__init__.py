"""Score a model's outputs under every scoring convention in use, audit reported numbers, and verify the reports.

```python
import audit

table = audit.score("asr", ["the cat sat", "uh two dogs"], ["The cat sat.", "2 dogs"])
table["audiobench"].value        # under one convention
table.to_pandas()                # under all of them

result = audit.audit(audit.AuditRequest(study="salmonn"))
html = audit.render(result, "html")
```

`import audit` loads nothing heavy; each function loads what it needs. Errors say `what` is wrong, `where`, and how to `fix`
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit._util import own_tasks as _own_tasks

_own_tasks.load()

if TYPE_CHECKING:
    from audit.api import (
        attribute,
        audit,
        compare,
        explain,
        explain_jointly,
        load_audit,
        load_predictions,
        load_study,
        multiverse,
        plan,
        render,
        rows,
        score,
        survey,
        verify,
    )
    from audit.errors import AuditError, CheckFailedError, InputError, MissingError
    from audit.pipeline.request import AuditRequest, ClaimRequest, PlanRequest

__all__ = [
    "AuditError",
    "AuditRequest",
    "CheckFailedError",
    "ClaimRequest",
    "InputError",
    "MissingError",
    "PlanRequest",
    "attribute",
    "audit",
    "compare",
    "explain",
    "explain_jointly",
    "load_audit",
    "load_predictions",
    "load_study",
    "multiverse",
    "plan",
    "render",
    "rows",
    "score",
    "survey",
    "verify",
]
_ERRORS = frozenset({"AuditError", "CheckFailedError", "InputError", "MissingError"})


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'audit' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module("audit.errors" if name in _ERRORS else "audit.api"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
