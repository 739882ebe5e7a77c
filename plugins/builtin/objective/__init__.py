"""Built-in components of kind objective."""

from ...component import Component
from .causal_lm import CausalLM

COMPONENTS: tuple[type[Component], ...] = (CausalLM,)
