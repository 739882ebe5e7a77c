"""What the stages `train` and `finetune` share."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Literal

from annotated_types import Ge

from ...api import (
    Adapter,
    Amount,
    BatchSize,
    Data,
    Estimate,
    Facts,
    FactsOf,
    Field,
    Fraction,
    Interval,
    Job,
    Metric,
    Objective,
    Optimizer,
    Place,
    Quantity,
    Reference,
    Schedule,
    Stage,
    Task,
    TokenizerTask,
    Work,
    neutral,
)
from ...fit import check_fit, check_frozen, check_roles, frozen_of, is_tokens
from ...rows import rows_per_step, tokens_per_row, training_split
from ...work import Recompute
from ..learning_rate import LearningRateTest
from ..optimizer.adamw import AdamW
from ..schedule.cosine import Cosine
from ..scores import Scores, scores_of
from ..tokens import Tokens
from .trained import Trained, looked_at

Part = Literal["body", "head", "embedding"] | str
"""A part of a network: a word for it, or a pattern of the names of its parameters."""


class TrainingStage(Stage):
    """A stage of training by gradients: everything but where the model comes from."""

    data: Data = Field(description="What is learned from: its `train` split trains, its `validation` split selects")
    objective: Objective = Field(description="What is learned")
    optimizer: Optimizer = Field(default_factory=AdamW, description="How weights follow gradients")
    schedule: Schedule = Field(default_factory=Cosine, description="How the learning rate moves")
    batch: BatchSize = Field(
        Quantity(32, "examples"),
        description="What goes into one step, over all devices, in whole rows; of tokens about so many",
    )
    budget: Amount | list[Amount] = Field(description="How long to train; of a list, the first one reached")
    validate_: Interval | None = Field(
        None, description="How often to validate; none is once an epoch, and at least ten times"
    )
    select: Metric | Literal["loss"] = Field("loss", description="By what `best` is chosen on the validation rows")
    patience: int | None = Field(None, ge=1, description="Validations without a better one until the stage stops")
    min_change: float = Field(
        0.0, ge=0, description="How much better a validation is at least, to count as better for `patience`"
    )
    clip: float | None = Field(1.0, gt=0, description="The norm to which gradients are clipped")
    clip_value: float | None = Field(
        None, gt=0, description="The size to which each number of the gradients is cut, before their norm is clipped"
    )
    ema: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="The decay of an average of the weights, which is validated and kept in their place",
    )
    swa: Fraction | None = Field(
        None,
        description="The part of the budget after which the mean of the weights is validated and kept in their place",
    )
    token_dropout: float = Field(
        0.0, ge=0, lt=1, description="The share of the tokens that the mask takes the place of, anew at each step"
    )
    micro_batch: Annotated[int, Ge(1)] | Literal["auto"] = Field(
        "auto",
        description="Rows that go through the model at once; auto is as many as memory holds (with a batch of tokens: of the longest rows, as many shorter ones taking their room)",
    )
    save: Amount | None = neutral(None, "How often to save for resuming; none is about once a minute")
    samples: list[str] = neutral([], "Prompts that are continued at each validation, to be read in the report")
    activation_checkpointing: Recompute = neutral(
        "none", "What layers compute again for the backward pass, to save memory: all of a block, or what is cheap"
    )
    offload: bool = Field(False, description="Whether the optimizer's state stays in the host's memory")
    compile: bool = Field(False, description="Whether the network is compiled by torch.compile")
    freeze: Part | list[Part] = Field(
        default_factory=list,
        description="What isn't trained: `body`, `head`, `embedding`, or patterns of parameters' names",
    )
    unfreeze: Interval | None = Field(
        None, description="How long until one more layer is trained, from the top, the head first; none is all at once"
    )

    @property
    def budgets(self) -> tuple[Quantity, ...]:
        return tuple(self.budget) if isinstance(self.budget, list) else (self.budget,)

    @property
    def frozen(self) -> list[str]:
        """Give the patterns of what isn't trained."""
        return self.freeze if isinstance(self.freeze, list) else [self.freeze]

    @property
    @abstractmethod
    def initial(self) -> Reference | None:
        """Give the checkpoint that it starts from."""

    @property
    def adapting(self) -> Adapter | Literal["continue"] | None:
        """Give what is trained beside the body; `continue` is the adapter that the checkpoint holds."""
        return None

    @property
    def initial_adapter(self) -> Adapter | None:
        """Give the adapter that the checkpoint holds which it starts from."""
        return None

    @property
    def head_is_new(self) -> bool:
        """Tell, as far as it is known, whether its head is made anew, and so is trained beside an adapter."""
        return True

    def described_adapter(self) -> Adapter | None:
        return self.initial_adapter if self.adapting == "continue" else self.adapting

    def described_objective(self) -> Objective:
        return self.objective.started(self.initial)

    def training_tokens(self) -> Tokens:
        return Tokens(
            data=self.data,
            tokenizer=self.described_tokenizer(),
            encoding=self.objective.encoding(self.described_model().shape),
            splits=[split for split in self.data.artifact.splits if split in ("train", "validation")],
        )

    def scores(self) -> Scores | None:
        """Give the task in which another checkpoint scores the rows, if the objective needs that."""
        return scores_of(self.described_objective(), self.training_tokens())

    def learning_rate_test(self) -> LearningRateTest | None:
        """Give the task that finds the learning rate, if it is to be found."""
        if self.optimizer.lr != "auto":
            return None
        scores = self.scores()
        return LearningRateTest(
            model=self.described_model(),
            objective=self.described_objective(),
            tokens=self.training_tokens().default(),
            scores=scores.default() if scores else None,
            tokenizer=self.described_tokenizer(),
            optimizer=self.optimizer,
            batch=self.batch,
            initial=self.initial,
            clip=self.clip,
            clip_value=self.clip_value,
            micro_batch=None if self.micro_batch == "auto" else self.micro_batch,
            activation_checkpointing=self.activation_checkpointing,
            freeze=self.frozen,
            adapter=self.adapting,
            initial_adapter=self.initial_adapter,
        )

    def prepare(self) -> dict[str, Task]:
        scores, test = self.scores(), self.learning_rate_test()
        more = {"scores": scores, "lr": test}
        return {"tokens": self.training_tokens()} | {label: task for label, task in more.items() if task is not None}

    def check(self, place: Place) -> None:
        check_fit(place, self.objective, self.described_model(), self.data.artifact)
        check_roles(place, self.objective, self.described_model(), self.described_tokenizer())
        splits = self.data.artifact.splits
        if splits and "train" not in splits:
            place.error("data", "L0550", {"splits": splits}, help="L0550.help")
        if "validation" not in splits:
            needs = {
                "patience": self.patience is not None,
                "select": self.select != "loss",
                "schedule": self.schedule.needs_validation,
            }
            for field, needed in needs.items():
                if needed:
                    place.error(field, "L0551", {"field": field}, help="L0551.help")
        if isinstance(self.select, Metric) and self.select.needs not in self.objective.offers():
            values = {"metric": self.select.name, "objective": self.objective.name}
            place.error("select", "L0552", values, help="L0552.help")
        if self.samples and self.objective.writes is None:
            place.error("samples", "L0545", {"objective": self.objective.name}, help="L0545.help")
        self._check_means(place)
        check_frozen(place, self.described_objective(), self.described_tokenizer())
        if not place.problems and self.batch.dimension == "tokens":
            length = self.row_length()
            if length is not None and self.batch.magnitude < length:
                place.error("batch", "L0560", {"batch": str(self.batch), "length": length}, help="L0560.help")

    def _check_means(self, place: Place) -> None:
        """Report means against overfitting that do nothing, or that exclude each other."""
        if self.swa is not None and self.ema is not None:
            place.error("swa", "L0793")
        if self.min_change and self.patience is None:
            place.error("min_change", "L0793.min_change")
        tokenizer = self.described_tokenizer().task
        if self.token_dropout and isinstance(tokenizer, TokenizerTask):
            roles = tokenizer.known_roles(place.root)
            if roles is not None and "mask" not in roles:
                place.error("token_dropout", "L0790", {"tokenizer": tokenizer.name})

    def facts(self, inputs: FactsOf) -> Facts:
        tokens = inputs(self.training_tokens())
        return {name: tokens[name] for name in ("labels", "vocab_size", "roles") if name in tokens}

    def estimate(self, inputs: FactsOf) -> Estimate:
        vocab_size = inputs(self.described_tokenizer()).get("vocab_size")
        rows_a_step = self.rows_known(inputs)
        some = looked_at(self, self.facts(inputs))
        if vocab_size is None:
            return Estimate(rows=rows_a_step)
        model = self.described_model()
        parameters = model.parameters(vocab_size)
        # A backward pass costs twice its forward pass.
        part = some or Trained(parameters, embedded=parameters - model.parameters(0), passes=3.0, kept=1.0)
        length = model.shape.context_length
        rows = self.rows_a_step(self.longest_row()) if self.micro_batch == "auto" else self.micro_batch
        tokens = self.tokens_at_most(inputs)
        beside = [model for _, model, *_ in frozen_of(self.objective)]
        return Estimate(
            parameters=parameters,
            trained_parameters=part.parameters,
            active_parameters=model.active_parameters(vocab_size),
            tokens=tokens,
            rows=rows_a_step,
            # What is frozen beside it has a forward pass alone.
            flops=tokens
            * (
                part.passes * model.flops_per_token(vocab_size, length)
                + sum(other.flops_per_token(vocab_size, length) for other in beside)
            )
            if tokens
            else None,
            # Weights in float32; of those that are trained gradients, an average, and the optimizer's state; and what the
            # forward pass keeps.
            memory=4 * (parameters + sum(other.parameters(vocab_size) for other in beside))
            - part.spared
            + (4 + 4 * (self.ema is not None or self.swa is not None)) * part.parameters
            + (0 if self.offload else self.optimizer.state_bytes(part.parameters, part.embedded))
            + round(part.kept * model.activation_bytes(vocab_size, rows, length, self.activation_checkpointing)),
        )

    def rows_a_step(self, length: int) -> int:
        """Give the rows of a global batch when rows are full; the loader knows the real mean length."""
        size = int(self.batch.magnitude)
        return max(1, size // length) if self.batch.dimension == "tokens" else size

    def row_length(self) -> int | None:
        """Give the tokens of a full row, over all of its streams; None if rows have lengths of their own."""
        return None if None in self._lengths() else self.longest_row()

    def longest_row(self) -> int:
        """Give the tokens that a row has at most, over all of its streams."""
        # A row may hold one token more than the model reads of it.
        most = self.described_model().shape.context_length
        return sum(most if length is None else min(length, most) for length in self._lengths())

    def _lengths(self) -> list[int | None]:
        arrays = self.objective.encoding(self.described_model().shape).arrays()
        return [array.shape[0] for name, array in arrays.items() if is_tokens(name)]

    def rows_known(self, inputs: FactsOf) -> int | None:
        """Give the rows of a step as the loader will take them, if enough is known of the rows."""
        facts = inputs(self.training_tokens())
        if splits := facts.get("splits"):
            split = training_split(splits)
            return rows_per_step(self.batch, tokens_per_row(facts, split), splits[split]["rows"])
        if self.batch.dimension == "tokens" and self.row_length() is None:
            return None
        return self.rows_a_step(self.row_length() or 1)

    def tokens_at_most(self, inputs: FactsOf) -> int | None:
        """Give the most tokens that the budget allows, as far as it is known."""
        length = self.longest_row()
        epoch = inputs(self.training_tokens()).get("splits", {})
        epoch_tokens = epoch.get("train", epoch.get("rows", {})).get("tokens")
        known = []
        for budget in self.budgets:
            if budget.dimension == "tokens":
                known.append(budget.magnitude)
            elif budget.dimension == "steps":
                known.append(budget.magnitude * self.rows_a_step(length) * length)
            elif budget.dimension == "epochs" and epoch_tokens is not None:
                known.append(budget.magnitude * epoch_tokens)
        # It is a part of the budget if it pauses on the way.
        return int(min(known) * (1.0 if self.until is None else self.until)) if known else None

    def run(self, work: Work) -> Facts:
        optimizer, found = self.optimizer, {}
        if test := self.learning_rate_test():
            found = {"lr": work.input(test).facts["lr"]}
            optimizer = optimizer.model_copy(update=found)
        facts = work.train(
            Job(
                model=self.described_model(),
                objective=self.described_objective(),
                tokens=self.training_tokens(),
                data=self.data,
                scores=self.scores(),
                frozen=frozen_of(self.objective),
                tokenizer=self.described_tokenizer(),
                optimizer=optimizer,
                schedule=self.schedule,
                batch=self.batch,
                budget=self.budgets,
                initial=self.initial,
                micro_batch=None if self.micro_batch == "auto" else self.micro_batch,
                validate=self.validate_,
                select=self.select,
                patience=self.patience,
                min_change=self.min_change,
                clip=self.clip,
                clip_value=self.clip_value,
                ema=self.ema,
                swa=self.swa,
                token_dropout=self.token_dropout,
                activation_checkpointing=self.activation_checkpointing,
                offload=self.offload,
                save=self.save,
                compile=self.compile,
                samples=self.samples,
                freeze=self.frozen,
                unfreeze=self.unfreeze,
                adapter=self.adapting,
                initial_adapter=self.initial_adapter,
            )
        )
        return facts | found
