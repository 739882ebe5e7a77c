"""Built-in components of kind objective."""

from ...component import Component
from .causal_lm import CausalLM
from .classification import Classification
from .masked_lm import MaskedLM

COMPONENTS: tuple[type[Component], ...] = (CausalLM, MaskedLM, Classification)
