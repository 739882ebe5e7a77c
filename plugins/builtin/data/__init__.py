"""Built-in components of kind data."""

from ...component import Component
from .clean import Clean
from .csv import Csv
from .jsonl import JsonLines
from .mix import Mix
from .parquet import Parquet
from .split import Split
from .splits import Splits
from .take import Take
from .text import TextFiles

COMPONENTS: tuple[type[Component], ...] = (TextFiles, JsonLines, Csv, Parquet, Clean, Split, Splits, Mix, Take)
