"""NumPy, loaded when it is first used.

What lists conventions, or says what they are, imports their metrics and counts nothing; NumPy would be a fifth of its time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:

    class _Numpy:
        def __getattr__(self, name):
            import numpy as loaded  # noqa: ICN001  # `np` is what replaces it

            # From now on every name is found here, as fast as in the module.
            vars(self).update(vars(loaded))
            return getattr(loaded, name)

    np = _Numpy()
    NDArray = None  # annotations are not evaluated; an alias of a type is written in quotes

__all__ = ["NDArray", "np"]
