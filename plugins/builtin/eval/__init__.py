"""Built-in components of kind eval."""

from ...component import Component

COMPONENTS: tuple[type[Component], ...] = ()
