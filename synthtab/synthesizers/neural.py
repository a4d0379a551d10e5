"""SDV's neural synthesizers: by default trained and decoded the corrected way, else as SDV has them."""

from __future__ import annotations

import pickle
from abc import abstractmethod
from typing import ClassVar

import numpy as np

from synthtab.errors import SpecError
from synthtab.progress import current_progress
from synthtab.schema import CastTable, TableSchema
from synthtab.schema.sdv_metadata import to_sdv_metadata
from synthtab.synthesizers.base import Synthesizer
from synthtab.synthesizers.guard import Guard
from synthtab.synthesizers.neural_decoding import Decoder
from synthtab.synthesizers.neural_encoding import EncodedTable, encode
from synthtab.synthesizers.neural_network import NeuralModel
from synthtab.synthesizers.neural_state import from_state, to_state
from synthtab.synthesizers.neural_training import TrainedNetwork, train_ctgan, train_tvae
from synthtab.synthesizers.quiet import import_sdv
from synthtab.synthesizers.sdv import SDVModel, plain_frame, plain_schema, plain_table, sample_sdv
from synthtab.synthesizers.state import ModelState

__all__ = ["CTGANSynthesizer", "CopulaGANSynthesizer", "NeuralSynthesizer", "TVAESynthesizer"]

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
        self._require_whole("epochs", epochs, 1)
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
        if self._model is None:
            import_sdv()

    def _fit(self, table: CastTable, seed: int) -> None:
        self._model, self._sdv_model = None, None
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

    def _require_whole(self, name: str, value: object, least: int) -> None:
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise SpecError(f"{self.name}: {name} must be a whole number, {least} or more.")

    def _require_number(self, name: str, value: object, *, zero: bool = False) -> None:
        good = isinstance(value, int | float | np.number) and not isinstance(value, bool) and np.isfinite(value)
        if not good or value < 0 or (value == 0 and not zero):  # type: ignore[operator] # a number, by now
            raise SpecError(f"{self.name}: {name} must be a number {'of 0 or more' if zero else 'above 0'}.")

    def _require_truth(self, name: str) -> None:
        if not isinstance(getattr(self, name), bool | np.bool_):
            raise SpecError(f"{self.name}: {name} must be true or false.")

    def _layers(self, name: str) -> tuple[int, ...]:
        """Read the widths of hidden layers."""
        parts = str(getattr(self, name)).split(",")
        if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
            raise SpecError(f"{self.name}: {name} must be widths of layers, such as '256,256'.")
        return tuple(int(part) for part in parts)


class CTGANSynthesizer(NeuralSynthesizer):
    """SDV's CTGAN.

    MEASURED

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
        Whether numbers enter as normal scores rather than through ctgan's mixture of Gaussians.
    log_frequency : bool, default False
        Whether training asks for levels by the logarithm of their frequency. Sampling always asks by true ones.
    calibrated : bool, default True
        Whether the model is held to the marginals of the table.
    batch_size : int, optional
        Rows of a batch: even, a multiple of `pac`. By default 200 (SDV 500).
    embedding_dim : int, default 128
        Dimensions of the noise.
    generator_dim, discriminator_dim : str, default "256,256"
        Widths of the hidden layers.
    generator_lr, discriminator_lr : float, optional
        Learning rates. By default 5e-4 (SDV 2e-4).
    generator_decay, discriminator_decay : float, default 1e-6
        Weight decay.
    discriminator_steps : int, default 1
        Steps of the discriminator for each step of the generator.
    pac : int, optional
        Rows that the discriminator judges together. By default 1 (SDV 10).
    as_sdv : bool, default False
        SDV's own behaviour.
    """

    name: ClassVar[str] = "ctgan"

    def __init__(  # noqa: PLR0913 - SDV's own parameters
        self,
        schema: TableSchema,
        *,
        seed: int = 0,
        guard: bool | Guard = True,
        epochs: int = 300,
        normal_scores: bool = True,
        log_frequency: bool = False,
        calibrated: bool = True,
        batch_size: int | None = None,
        embedding_dim: int = 128,
        generator_dim: str = "256,256",
        discriminator_dim: str = "256,256",
        generator_lr: float | None = None,
        discriminator_lr: float | None = None,
        generator_decay: float = 1e-6,
        discriminator_decay: float = 1e-6,
        discriminator_steps: int = 1,
        pac: int | None = None,
        as_sdv: bool = False,
    ) -> None:
        super().__init__(
            schema,
            seed=seed,
            guard=guard,
            epochs=epochs,
            normal_scores=normal_scores,
            calibrated=calibrated,
            as_sdv=as_sdv,
        )
        self.log_frequency = log_frequency
        self.batch_size = batch_size
        self.embedding_dim = embedding_dim
        self.generator_dim = generator_dim
        self.discriminator_dim = discriminator_dim
        self.generator_lr = generator_lr
        self.discriminator_lr = discriminator_lr
        self.generator_decay = generator_decay
        self.discriminator_decay = discriminator_decay
        self.discriminator_steps = discriminator_steps
        self.pac = pac
        self._check()

    def _check(self) -> None:
        self._require_truth("log_frequency")
        for name in ("embedding_dim", "discriminator_steps"):
            self._require_whole(name, getattr(self, name), 1)
        for name in ("batch_size", "pac"):
            if getattr(self, name) is not None:
                self._require_whole(name, getattr(self, name), 1)
        for name in ("generator_lr", "discriminator_lr"):
            if getattr(self, name) is not None:
                self._require_number(name, getattr(self, name))
        for name in ("generator_decay", "discriminator_decay"):
            self._require_number(name, getattr(self, name), zero=True)
        batch = self.batch_size or (500 if self.as_sdv else _BATCH_SIZE)
        pac = self.pac or (10 if self.as_sdv else 1)
        if batch % 2 or batch % pac:
            raise SpecError(f"{self.name}: batch_size must be even and a multiple of pac.")
        self._layers("generator_dim")
        self._layers("discriminator_dim")

    def _settings(self) -> dict[str, Setting]:
        """Give ctgan's parameters as they were set; the ones left open are not among them."""
        settings: dict[str, Setting] = {
            "embedding_dim": self.embedding_dim,
            "generator_dim": self._layers("generator_dim"),
            "discriminator_dim": self._layers("discriminator_dim"),
            "generator_decay": self.generator_decay,
            "discriminator_decay": self.discriminator_decay,
            "discriminator_steps": self.discriminator_steps,
        }
        for name in ("batch_size", "generator_lr", "discriminator_lr", "pac"):
            value = getattr(self, name)
            if value is not None:
                settings[name] = value
        return settings

    def _sdv_settings(self) -> dict[str, Setting]:
        return self._settings()

    def _temperature(self) -> float:
        return 1.0

    def _train(self, table: EncodedTable) -> TrainedNetwork:
        ours: dict[str, Setting] = {
            "epochs": self.epochs,
            "batch_size": _BATCH_SIZE,
            "generator_lr": _LEARNING_RATE,
            "discriminator_lr": _LEARNING_RATE,
            "pac": 1,
        }
        settings = ours | self._settings()
        return train_ctgan(table, f"fit {self.name}", log_frequency=self.log_frequency, **settings)


_BATCH_SIZE = 200
_LEARNING_RATE = 5e-4


class CopulaGANSynthesizer(CTGANSynthesizer):
    """TODO."""

    name: ClassVar[str] = "copula_gan"


class TVAESynthesizer(NeuralSynthesizer):
    """SDV's TVAE.

    MEASURED

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
        Whether numbers enter as normal scores rather than through ctgan's mixture of Gaussians.
    decode : {"joint", "sample", "argmax"}, default "joint"
        Whether levels are drawn from the decoder's odds, or the most likely is taken as in SDV.
    temperature : float, default 0.5
        Temperature at which levels are drawn.
    fitted_prior : bool, default True
        Whether latent points come from the normal distribution of those that the encoder gave to the table, rather
        than from the standard one.
    calibrated : bool, default True
        Whether the model is held to the marginals of the table.
    batch_size : int, optional
        Rows of a batch. By default 200 (SDV 500).
    embedding_dim : int, default 128
        Dimensions of the latent space.
    compress_dims, decompress_dims : str, default "128,128"
        Widths of the hidden layers of encoder and decoder.
    l2scale : float, default 1e-5
        Weight decay.
    loss_factor : float, default 2
        Weight of the reconstruction against the prior.
    as_sdv : bool, default False
        SDV's own behaviour.
    """

    name: ClassVar[str] = "tvae"

    def __init__(
        self,
        schema: TableSchema,
        *,
        seed: int = 0,
        guard: bool | Guard = True,
        epochs: int = 300,
        normal_scores: bool = True,
        decode: str = "joint",
        temperature: float = 0.8,
        fitted_prior: bool = True,
        calibrated: bool = True,
        batch_size: int | None = None,
        embedding_dim: int = 128,
        compress_dims: str = "128,128",
        decompress_dims: str = "128,128",
        l2scale: float = 1e-5,
        loss_factor: float = 2.0,
        as_sdv: bool = False,
    ) -> None:
        super().__init__(
            schema,
            seed=seed,
            guard=guard,
            epochs=epochs,
            normal_scores=normal_scores,
            calibrated=calibrated,
            as_sdv=as_sdv,
        )
        self.decode = decode
        self.temperature = temperature
        self.fitted_prior = fitted_prior
        self.batch_size = batch_size
        self.embedding_dim = embedding_dim
        self.compress_dims = compress_dims
        self.decompress_dims = decompress_dims
        self.l2scale = l2scale
        self.loss_factor = loss_factor
        if decode not in ("joint", "sample", "argmax"):
            raise SpecError(f"{self.name}: decode must be 'joint', 'sample' or 'argmax'.")
        self._require_truth("fitted_prior")
        for name in ("temperature", "loss_factor"):
            self._require_number(name, getattr(self, name))
        self._require_number("l2scale", l2scale, zero=True)
        self._require_whole("embedding_dim", embedding_dim, 1)
        if batch_size is not None:
            self._require_whole("batch_size", batch_size, 1)
        self._layers("compress_dims")
        self._layers("decompress_dims")

    def _settings(self) -> dict[str, Setting]:
        settings: dict[str, Setting] = {
            "embedding_dim": self.embedding_dim,
            "compress_dims": self._layers("compress_dims"),
            "decompress_dims": self._layers("decompress_dims"),
            "l2scale": self.l2scale,
            "loss_factor": self.loss_factor,
        }
        return settings if self.batch_size is None else settings | {"batch_size": self.batch_size}

    def _sdv_settings(self) -> dict[str, Setting]:
        return self._settings()

    def _temperature(self) -> float:
        return 0.0 if self.decode == "argmax" else self.temperature

    def _train(self, table: EncodedTable) -> TrainedNetwork:
        settings = {"epochs": self.epochs, "batch_size": _BATCH_SIZE} | self._settings()
        coupled = self.decode == "joint"
        return train_tvae(table, f"fit {self.name}", fitted_prior=self.fitted_prior, coupled=coupled, **settings)
