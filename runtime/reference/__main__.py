"""`python -m llx.runtime.reference`: write the pages anew."""

from __future__ import annotations

from .pages import FOLDER, write

if __name__ == "__main__":
    print(f"{write()} pages in {FOLDER}")
