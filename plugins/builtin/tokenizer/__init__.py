"""Built-in components of kind tokenizer."""

from ...component import Component
from .characters import Characters
from .load_tokenizer import LoadTokenizer
from .train_bpe import TrainBpe

COMPONENTS: tuple[type[Component], ...] = (TrainBpe, Characters, LoadTokenizer)
