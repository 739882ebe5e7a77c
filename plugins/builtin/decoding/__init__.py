"""Built-in components of kind decoding."""

from ...component import Component
from .greedy import Greedy
from .sample import Sample

COMPONENTS: tuple[type[Component], ...] = (Greedy, Sample)

DEFAULT = Sample()
"""How text is drawn where nothing says how."""
