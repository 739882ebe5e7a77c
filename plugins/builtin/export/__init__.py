"""Built-in exports."""

from ...component import Component
from .safetensors import Safetensors

COMPONENTS: tuple[type[Component], ...] = (Safetensors,)
