"""llx: a declarative experiment language for training language models, and its runtime.

The Python face is resolved on first use, so that importing the package costs nothing:
`llx.check(path)`, `llx.plan(path)`, `llx.run(path, **params)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "check", "plan", "run"]

if TYPE_CHECKING:
    from .runtime.face import check, plan, run


def __getattr__(name: str) -> Any:
    if name in ("check", "plan", "run"):
        from .runtime import face

        return getattr(face, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
