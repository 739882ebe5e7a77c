"""All that a plugin author imports: `from llx.plugins.api import …`."""

from pydantic import Field

from ..dsl.diagnostics.model import Text
from ..dsl.program import Reference
from ..dsl.quantities import Quantity
from ..dsl.types import Artifact, PathText, QuantityOf
from .adapters import Adapter
from .builtin.encoding.packed import Packed
from .builtin.encoding.single import Single
from .component import Component, Estimate, Facts, FactsOf, Place, Task, TaskFailed, references
from .derived import Derived, Part, RowsUsed
from .fields import (
    Amount,
    BatchSize,
    CheckpointOf,
    Data,
    Dataset,
    File,
    Files,
    Folder,
    Fraction,
    Interval,
    ListsOf,
    ListsOrDraws,
    NumberFormula,
    RowCondition,
    Rows,
    Steps,
    Target,
    TokenizerOf,
    Tokens,
    Warmup,
    hidden,
    neutral,
    per_trial,
)
from .findings import Also, Findings
from .fit import check_fit
from .hooks import hookimpl
from .kinds import KindOf
from .located import Located
from .models import Model, Shape
from .predicting import Predicting
from .smoke import Smoke, handful
from .sweeps import Distribution, Sweep
from .tasks import Audit, DataTask, Evaluation, Export, Stage, TokenizerTask, Trained, WeightsTask
from .values import (
    IGNORED,
    ArrayOf,
    Batch,
    Decoding,
    Encoding,
    Metric,
    Network,
    Objective,
    Optimizer,
    Records,
    Schedule,
    TensorBatch,
)
from .work import Asked, EvaluationJob, Input, Interrupted, Job, Likelihood, Outcome, Progress, Work
from .writing import Opening, Writing

__all__ = [
    "IGNORED", "Adapter", "Also", "Amount", "ArrayOf", "Artifact", "Asked", "Audit", "Batch", "BatchSize", "CheckpointOf", "Component", "Data", "DataTask",
    "Dataset", "Decoding", "Derived", "Distribution", "Encoding", "Estimate", "Evaluation", "EvaluationJob", "Export", "Facts", "FactsOf", "Field",
    "File", "Files", "Findings", "Folder", "Fraction", "Input", "Interrupted", "Interval", "Job", "KindOf", "Likelihood", "ListsOf", "ListsOrDraws", "Located", "Metric", "Model",
    "Network", "NumberFormula", "Objective", "Opening", "Optimizer", "Outcome", "Packed", "Part", "PathText", "Place", "Predicting", "Progress", "Quantity", "QuantityOf", "Records", "Reference", "RowCondition", "Rows", "RowsUsed", "Schedule",
    "Shape", "Single", "Smoke", "Stage", "Steps", "Sweep", "Target", "Task", "TaskFailed", "TensorBatch", "Text", "TokenizerOf", "TokenizerTask",
    "Tokens", "Trained", "Warmup", "WeightsTask", "Work", "Writing", "check_fit", "handful", "hidden", "hookimpl", "neutral", "per_trial", "references",
]  # fmt: skip
