"""Built-in components of kind export."""

from ...component import Component

COMPONENTS: tuple[type[Component], ...] = ()
