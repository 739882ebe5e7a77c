"""Training: one loop for every objective, and what measures and writes with what was trained.

from llx.runtime.training import evaluate, generate, train
"""

from .evaluate import evaluate
from .generate import generate
from .train import train

__all__ = ["evaluate", "generate", "train"]
