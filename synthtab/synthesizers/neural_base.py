"""What the neural synthesizers share: encode, train, hold to the marginals, draw, save."""

from __future__ import annotations

import pickle
from abc import abstractmethod

import numpy as np

from synthtab.errors import SpecError
from synthtab.progress import current_progress
from synthtab.schema import CastTable, TableSchema
from synthtab.schema.sdv_metadata import to_sdv_metadata
from synthtab.synthesizers.base import Synthesizer
from synthtab.synthesizers.guard import Guard
from synthtab.synthesizers.neural_decoding import Decoder
from synthtab.synthesizers.neural_encoding import EncodedTable, encode, refuse_too_wide
from synthtab.synthesizers.neural_network import NeuralModel
from synthtab.synthesizers.neural_state import from_state, to_state
from synthtab.synthesizers.neural_training import TrainedNetwork
from synthtab.synthesizers.quiet import import_sdv
from synthtab.synthesizers.sdv import SDVModel, plain_frame, plain_schema, plain_table, sample_sdv
from synthtab.synthesizers.state import ModelState

__all__ = ["NeuralSynthesizer", "Setting"]

Setting = int | float | bool | tuple[int, ...]


class NeuralSynthesizer(Synthesizer):
    """What the neural synthesizers share: encode, train, hold to the marginals, draw.

    Parameters
    ----------
    schema : TableSchema
        What is public about the table.
    seed : int, default 0
        Seed of the fit, and of `sample` when it is given none.
    guard : bool or Guard, default True
        Whether, and with which `k`, the guard runs.
    epochs : int, default 300
        Times that training goes over the table.
    normal_scores : bool, default True
        Whether numbers enter as normal scores.
    calibrated : bool, default True
        Whether the model is held to the marginals of the table.
    as_sdv : bool, default False
        SDV's own behaviour.
    """

    def __init__(
        self,
        schema: TableSchema,
        *,
        seed: int = 0,
        guard: bool | Guard = True,
        epochs: int = 300,
        normal_scores: bool = True,
        calibrated: bool = True,
        as_sdv: bool = False,
    ) -> None:
        super().__init__(schema, seed=seed, guard=guard)
        self.epochs = epochs
        self.normal_scores = normal_scores
        self.calibrated = calibrated
        self.as_sdv = as_sdv
        self._model: NeuralModel | None = None
        self._sdv_model: SDVModel | None = None
        self._require_whole("epochs", epochs)
        for name in ("normal_scores", "calibrated", "as_sdv"):
            self._require_truth(name)

    # ---------------------------------------------------------------- what differs

    @abstractmethod
    def _train(self, table: EncodedTable) -> TrainedNetwork:
        """Train on the matrix."""

    @abstractmethod
    def _temperature(self) -> float:
        """Give the temperature at which levels are drawn."""

    @abstractmethod
    def _sdv_settings(self) -> dict[str, Setting]:
        """Give those of SDV's parameters that the caller has set."""

    # ---------------------------------------------------------------- the hooks of Synthesizer

    def _prepare(self) -> None:
        # the sampler is ours: a saved model is sampled without SDV and torch
        if self._fitted is None:
            import_sdv()

    def _fit(self, table: CastTable, seed: int) -> None:
        self._model, self._sdv_model = None, None
        refuse_too_wide(table)
        if self.as_sdv:
            self._fit_sdv(table)
            return
        k = self.guard_config.k if self.guard_config is not None else Guard().k
        encoded = encode(table, self.people, seed, normal_scores=self.normal_scores, k=k)
        trained = self._train(encoded)
        decoder = Decoder.plain(encoded.encoding, self._temperature(), trained.noise, trained.coupling)
        model = NeuralModel(trained.source, trained.network, decoder)
        self._model = model.calibrated(seed) if self.calibrated else model

    def _fit_sdv(self, table: CastTable) -> None:
        """Fit SDV's own synthesizer of the same class name."""
        from sdv import single_table
        from sdv.metadata import Metadata

        metadata = Metadata.load_from_dict(to_sdv_metadata(plain_schema(table, self.schema)))
        settings = {"epochs": self.epochs, "enable_gpu": False} | self._sdv_settings()
        model: SDVModel = getattr(single_table, type(self).__name__)(metadata, **settings)
        progress, stage = current_progress(), f"fit {self.name} as SDV"
        progress.start(stage, 1)
        model.fit({"table": plain_frame(table, self.schema)})
        progress.finish(stage)
        sampler = getattr(model._model, "_data_sampler", None)  # type: ignore[attr-defined] # noqa: SLF001 - it has no public name
        if sampler is not None:
            # every level of every training row, in row order; sampling does without
            sampler._rid_by_cat_cols = None  # noqa: SLF001 - as above
        self._sdv_model = model

    def _sample(self, n_rows: int, seed: int) -> CastTable:
        if self._sdv_model is not None:
            return plain_table(sample_sdv(self._sdv_model, n_rows, seed), self.schema)
        assert self._model is not None
        return self._model.sample(n_rows, seed)

    def _state(self) -> ModelState:
        if self._sdv_model is not None:
            return ModelState(pickled=pickle.dumps(self._sdv_model))
        assert self._model is not None
        return to_state(self._model)

    def _restore(self, state: ModelState) -> None:
        if state.pickled:
            import_sdv()
            self._sdv_model = pickle.loads(state.pickled)  # noqa: S301 - `load` has asked whether the file is trusted
        else:
            self._model = from_state(state)

    # ---------------------------------------------------------------- checks

    def _require_whole(self, name: str, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise SpecError(f"{self.name}: {name} must be a whole number, 1 or more.")

    def _require_number(self, name: str, value: object, *, zero: bool = False) -> None:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float | np.number)
            or not np.isfinite(value)
            or value < 0
            or (value == 0 and not zero)
        ):
            raise SpecError(f"{self.name}: {name} must be a number {'of 0 or more' if zero else 'above 0'}.")

    def _require_truth(self, name: str) -> None:
        if not isinstance(getattr(self, name), bool):
            raise SpecError(f"{self.name}: {name} must be true or false.")

    def _widths(self, name: str, text: object) -> tuple[int, ...]:
        """Read the widths of hidden layers."""
        parts = str(text).split(",")
        if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
            raise SpecError(f"{self.name}: {name} must be widths of layers, such as '256,256'.")
        return tuple(int(part) for part in parts)
