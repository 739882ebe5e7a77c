"""Built-in components of kind schedule."""

from ...component import Component
from .constant import Constant
from .cosine import Cosine
from .linear import Linear
from .warmup_stable_decay import WarmupStableDecay

COMPONENTS: tuple[type[Component], ...] = (Constant, Cosine, Linear, WarmupStableDecay)
