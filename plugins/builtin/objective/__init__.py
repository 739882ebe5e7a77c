"""Built-in components of kind objective."""

from ...component import Component

COMPONENTS: tuple[type[Component], ...] = ()
