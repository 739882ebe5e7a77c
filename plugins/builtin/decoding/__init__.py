"""Built-in components of kind decoding."""

from ...component import Component

COMPONENTS: tuple[type[Component], ...] = ()
