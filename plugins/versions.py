"""Versions of distributions, compared: what `use llx-focal >= 0.2` asks for."""

from __future__ import annotations

import re

_VERSION = re.compile(
    r"v?(?P<release>\d+(?:\.\d+)*)"
    r"(?:[-_.]?(?P<pre>a|b|c|rc|alpha|beta|pre|preview)[-_.]?(?P<pre_number>\d*))?"
    r"(?:[-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_number>\d*))?"
    r"(?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_number>\d*))?"
    r"(?:\+[a-z0-9.]+)?",
    re.IGNORECASE,
)
_PRE = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}

Key = tuple[tuple[int, ...], tuple[int, int], int, float]


def version_key(version: str) -> Key | None:
    """Give a key that orders versions as PEP 440 does (local parts don't count), or None if it is no version."""
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        return None
    release = [int(part) for part in match["release"].split(".")]
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    if match["pre"]:
        pre = (_PRE[match["pre"].lower()], int(match["pre_number"] or 0))
    else:
        # 1.0.dev1 comes before 1.0a1, and 1.0 after all of its pre-releases.
        pre = (-1, 0) if match["dev"] and not match["post"] else (9, 0)
    post = int(match["post_number"] or 0) + 1 if match["post"] else 0
    dev = float(match["dev_number"] or 0) if match["dev"] else float("inf")
    return tuple(release), pre, post, dev


def satisfies(version: str, operator: str, wanted: str) -> bool | None:
    """Tell whether a version meets a requirement; None if one of the two can't be read."""
    have, want = version_key(version), version_key(wanted)
    if have is None or want is None:
        return None
    match operator:
        case ">=":
            return have >= want
        case ">":
            return have > want
        case "<=":
            return have <= want
        case "<":
            return have < want
        case "==":
            return have == want
        case "!=":
            return have != want
    return None
