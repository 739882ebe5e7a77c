"""Built-in components of kind optimizer."""

from ...component import Component
from .adamw import AdamW

COMPONENTS: tuple[type[Component], ...] = (AdamW,)
