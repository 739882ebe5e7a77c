"""Built-in components of kind data."""

from ...component import Component

COMPONENTS: tuple[type[Component], ...] = ()
