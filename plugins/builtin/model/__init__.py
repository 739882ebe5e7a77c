"""Built-in components of kind model."""

from ...component import Component
from .decoder import Decoder
from .encoder import Encoder

COMPONENTS: tuple[type[Component], ...] = (Decoder, Encoder)
