"""The pipeline around the scorers: from literature and predictions to the audit's report."""

from audit._util import own_tasks as _own_tasks

_own_tasks.load()
