"""Built-in components of kind optimizer."""

from ...component import Component

COMPONENTS: tuple[type[Component], ...] = ()
