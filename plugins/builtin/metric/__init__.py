"""Built-in components of kind metric."""

from ...component import Component
from .perplexity import Perplexity

COMPONENTS: tuple[type[Component], ...] = (Perplexity,)
