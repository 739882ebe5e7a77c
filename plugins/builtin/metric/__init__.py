"""Built-in components of kind metric."""

from ...component import Component

COMPONENTS: tuple[type[Component], ...] = ()
