"""Built-in components of kind encoding."""

from ...component import Component

COMPONENTS: tuple[type[Component], ...] = ()
