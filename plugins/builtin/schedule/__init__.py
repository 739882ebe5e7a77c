"""Built-in components of kind schedule."""

from ...component import Component

COMPONENTS: tuple[type[Component], ...] = ()
