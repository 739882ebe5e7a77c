"""Built-in components of kind metric."""

from ...component import Component
from .accuracy import Accuracy
from .bits_per_byte import BitsPerByte
from .macro_f1 import MacroF1
from .perplexity import Perplexity

COMPONENTS: tuple[type[Component], ...] = (Perplexity, BitsPerByte, Accuracy, MacroF1)
