"""Built-in stages."""

from ...component import Component
from .finetune import Finetune
from .train import Train

COMPONENTS: tuple[type[Component], ...] = (Train, Finetune)
