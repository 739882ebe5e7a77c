"""Built-in components of kind model."""

from ...component import Component

COMPONENTS: tuple[type[Component], ...] = ()
