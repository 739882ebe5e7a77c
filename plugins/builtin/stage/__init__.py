"""Built-in components of kind stage."""

from ...component import Component

COMPONENTS: tuple[type[Component], ...] = ()
