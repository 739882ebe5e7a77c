"""Built-in components of kind tokenizer."""

from ...component import Component

COMPONENTS: tuple[type[Component], ...] = ()
