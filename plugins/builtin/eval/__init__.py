"""Built-in evals."""

from ...component import Component
from .evaluate import Evaluate
from .generate import Generate

COMPONENTS: tuple[type[Component], ...] = (Evaluate, Generate)
