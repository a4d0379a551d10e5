"""Training: ctgan's own training loops, fed our matrix, our batches and our progress.

ctgan's two loops live in modules of their own, and take what they work with from names of those modules:
the transformer that makes a matrix of a table, the sampler of rows, the loader of batches, the progress bar.
A *private instance* of such a module is executed for each fit and given parts of ours under these names; the
module that everybody imports is left as it is.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from synthtab.errors import FitError
from synthtab.progress import current_progress
from synthtab.synthesizers.neural_coupling import Coupling, couple
from synthtab.synthesizers.neural_encoding import EncodedTable
from synthtab.synthesizers.neural_network import Condition, Network, Prior
from synthtab.synthesizers.neural_rows import Batches, ConditionalRows

__all__ = ["TrainedNetwork", "network_of", "train_ctgan", "train_tvae"]

FloatArray = npt.NDArray[np.float64]
MatrixArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TrainedNetwork:
    """What training gives.

    Parameters
    ----------
    source : Prior or Condition
        What the network is fed.
    network : Network
        The generator, or the decoder of an autoencoder.
    noise : ndarray of float, shape (width,)
        Standard deviation of the noise around each scalar.
    coupling : Coupling, optional
        How the draws of a row depend on one another.
    """

    source: Prior | Condition
    network: Network
    noise: FloatArray
    coupling: Coupling | None = None


def train_ctgan(
    table: EncodedTable, stage: str, *, log_frequency: bool, **settings: float | tuple[int, ...]
) -> TrainedNetwork:
    """Train CTGAN's generator.

    Parameters
    ----------
    table : EncodedTable
        The rows to be learned.
    stage : str
        Name of the stage for progress.
    log_frequency : bool
        Whether levels are asked for, in training, by the logarithm of their frequency.
    **settings : float or tuple of int
        Parameters of ``ctgan.CTGAN``.

    Returns
    -------
    TrainedNetwork
        The generator, its batch normalisation folded into its weights.
    """
    levels = [span for span in table.encoding.spans() if span.is_level]
    places = [(span.start, span.stop) for span in levels]
    module = _private_module("ctgan.synthesizers.ctgan")
    vars(module).update(
        DataTransformer=_fixed_transformer(table),
        DataSampler=lambda data, _info, _log: ConditionalRows(data, places, log_frequency=log_frequency),
    )
    model = module.CTGAN(enable_gpu=False, **settings)
    vars(module).update(tqdm=_epochs(stage, model))
    model.fit(np.zeros((len(table.matrix), 1), dtype=np.float32))
    network = network_of(model._generator, stage)  # noqa: SLF001 - its generator has no public name
    source = Condition(int(settings["embedding_dim"]), table.encoding)  # type: ignore[arg-type] # a number
    return TrainedNetwork(source, network, np.zeros(table.encoding.width))


def train_tvae(
    table: EncodedTable, stage: str, *, fitted_prior: bool, coupled: bool, **settings: float | tuple[int, ...]
) -> TrainedNetwork:
    """Train TVAE's decoder.

    Parameters
    ----------
    table : EncodedTable
        The rows to be learned.
    stage : str
        Name of the stage for progress.
    fitted_prior : bool
        Whether latent points come from a normal distribution with the mean and covariance of those that the
        encoder gives to the training rows, rather than from the standard one.
    coupled : bool
        Whether what the latent points leave unexplained is to be drawn jointly.
    **settings : float or tuple of int
        Parameters of ``ctgan.TVAE``.

    Returns
    -------
    TrainedNetwork
        The decoder.
    """
    import torch

    module = _private_module("ctgan.synthesizers.tvae")
    encoders = _remember_instances(module.Encoder)
    vars(module).update(DataTransformer=_fixed_transformer(table), DataLoader=Batches)
    model = module.TVAE(enable_gpu=False, **settings)
    vars(module).update(tqdm=_epochs(stage, model))
    model.fit(np.zeros((len(table.matrix), 1), dtype=np.float32))
    network = network_of(model.decoder, stage)
    noise = model.decoder.sigma.detach().numpy().astype(np.float64)
    with torch.no_grad():
        mean, spread, _ = encoders[0].eval()(torch.from_numpy(table.matrix))
        points = mean + spread * torch.randn_like(spread)
    prior = Prior(np.zeros(mean.shape[1]), np.eye(mean.shape[1]))
    if fitted_prior:
        prior = _aggregate(mean.double().numpy(), spread.double().numpy())
    coupling = couple(table, network(points.numpy())) if coupled else None
    return TrainedNetwork(prior, network, noise, coupling)


def network_of(module: Any, stage: str) -> Network:  # noqa: ANN401 - torch has no types here
    """Take the layers out of one of ctgan's trained modules.

    Parameters
    ----------
    module : torch.nn.Module
        CTGAN's generator or TVAE's decoder.
    stage : str
        Name of the stage, for the error.

    Returns
    -------
    Network
        What the module says in evaluation mode.

    Raises
    ------
    FitError
        When a weight is not finite.
    """
    layers = []
    passes_inputs_on = False
    for layer in module.seq:
        if hasattr(layer, "fc"):
            passes_inputs_on = True
            layers.append(_without_normalisation(layer.fc, layer.bn))
        elif hasattr(layer, "weight"):
            layers.append(_plain(layer))
    if not all(np.isfinite(part).all() for layer in layers for part in layer):
        raise FitError(
            f"The training diverged ({stage}).", hint="Lower the learning rate, or train for fewer epochs."
        )
    weights = tuple(np.ascontiguousarray(weight, dtype=np.float32) for weight, _ in layers)
    return Network(weights, tuple(bias.astype(np.float32) for _, bias in layers), passes_inputs_on)


def _aggregate(means: FloatArray, spreads: FloatArray) -> Prior:
    """Give the normal distribution that has the mean and covariance of all rows' latent points together."""
    covariance = np.cov(means, rowvar=False, bias=True).reshape(means.shape[1], means.shape[1])
    covariance += np.diag((spreads**2).mean(axis=0) + 1e-6)
    return Prior(means.mean(axis=0), np.asarray(np.linalg.cholesky(covariance), dtype=np.float64))


def _private_module(name: str) -> ModuleType:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _fixed_transformer(table: EncodedTable) -> type:
    from ctgan.data_transformer import SpanInfo

    class FixedTransformer:
        """Stands for ctgan's transformer: the matrix is made already."""

        def __init__(self) -> None:
            self.output_info_list: list[list[object]] = []
            for span in table.encoding.spans():
                info = SpanInfo(span.width, "tanh" if span.is_scalar else "softmax")
                if span.is_scalar or span.is_level:
                    self.output_info_list.append([info])
                else:
                    self.output_info_list[-1].append(info)
            self.output_dimensions = table.encoding.width

        def fit(self, *_given: object) -> None:
            """Do nothing."""

        def transform(self, _given: object) -> MatrixArray:
            """Give the matrix."""
            return table.matrix

    return FixedTransformer


def _epochs(stage: str, model: Any) -> type:  # noqa: ANN401 - ctgan has no types
    class Epochs:
        """Stands for tqdm: each epoch is a step of our progress, with the loss as its note."""

        def __init__(self, epochs: range, **_others: object) -> None:
            self._epochs = epochs

        def __iter__(self) -> Iterator[int]:
            progress = current_progress()
            progress.start(stage, len(self._epochs))
            try:
                for epoch in self._epochs:
                    yield epoch
                    progress.advance(stage, note=f"loss {float(model.loss_values.iloc[-1, -1]):.2f}")
            finally:
                progress.finish(stage)

    return Epochs


def _remember_instances(kind: type) -> list[Any]:
    """Keep what a class of a private module makes."""
    made: list[Any] = []
    make = kind.__init__  # type: ignore[misc] # a class of a private module: nobody subclasses it

    def remember(self: object, *args: object) -> None:
        make(self, *args)
        made.append(self)

    kind.__init__ = remember  # type: ignore[misc] # as above
    return made


def _plain(layer: Any) -> tuple[FloatArray, FloatArray]:  # noqa: ANN401 - torch has no types here
    return layer.weight.detach().double().numpy().T, layer.bias.detach().double().numpy()


def _without_normalisation(layer: Any, normalisation: Any) -> tuple[FloatArray, FloatArray]:  # noqa: ANN401 - as above
    """Fold the running means and variances of a batch normalisation into the layer before it.

    ctgan normalises by each batch in sampling too, so that its rows depend on one another.
    """
    weight, bias = _plain(layer)
    variance = normalisation.running_var.double().numpy() + normalisation.eps
    factor = normalisation.weight.detach().double().numpy() / np.sqrt(variance)
    shift = normalisation.bias.detach().double().numpy()
    return weight * factor, (bias - normalisation.running_mean.double().numpy()) * factor + shift
