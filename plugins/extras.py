"""Libraries that some components need and an installation may lack: each comes with an extra of the distribution."""

from __future__ import annotations

from functools import cache

from .component import Place


@cache
def is_installed(package: str) -> bool:
    """Tell whether a package can be imported, without importing it."""
    from importlib.util import find_spec

    return find_spec(package) is not None


def check_library(place: Place, component: str, package: str, extra: str) -> None:
    """Report at a component that it needs a package which is not there, with the extra that brings it."""
    if not is_installed(package):
        place.error(None, "L0750", {"component": component, "library": package, "extra": extra}, help="L0750.help")
