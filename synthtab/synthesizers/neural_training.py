"""Training: ctgan's own training loops, fed our matrix, our batches and our progress.

ctgan's two loops live in modules of their own, and take what they work with from names of those modules: the
transformer that makes a matrix of a table, the sampler of rows, the loader of batches, the progress bar. A *private
instance* of such a module is executed for each fit and given parts of ours under these names; the module that
everybody imports is left as it is.

What the parts of ours are worth (NHANES, 3,685 rows × 26 columns, one thread):

* ctgan draws the rows of a batch by a call of ``np.random.choice`` a row, and starts joblib workers to transform;
  `ConditionalRows` draws a batch in a few array operations.
* torch's ``DataLoader`` collates row by row; `Batches` indexes once. TVAE's epochs take 0.17 s instead of 0.23 s.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
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

__all__ = ["Batches", "ConditionalRows", "TrainedNetwork", "train_ctgan", "train_tvae"]

FloatArray = npt.NDArray[np.float64]
MatrixArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

_ENOUGH_TO_LEARN_FROM = 2


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


class ConditionalRows:
    """CTGAN's training by sampling: ask for a level of a column, and show real rows that hold it.

    It lives as long as the fit does.

    Parameters
    ----------
    matrix : ndarray of float32, shape (n_rows, width)
        The training rows.
    spans : sequence of tuple of int
        First and last-plus-one matrix column of each choice that may be asked for.
    log_frequency : bool
        Whether levels are asked for by the logarithm of their frequency.
    """

    def __init__(self, matrix: MatrixArray, spans: Sequence[tuple[int, int]], *, log_frequency: bool) -> None:
        self._widths = np.array([stop - start for start, stop in spans], dtype=np.int64)
        self._starts = np.concatenate([[0], np.cumsum(self._widths)]).astype(np.int64)
        widest = int(self._widths.max(initial=0))
        n_spans = len(spans)
        self._upto = np.ones((n_spans, widest))
        self._first = np.zeros((n_spans, widest + 1), dtype=np.int64)
        self._rows = np.zeros((n_spans, len(matrix)), dtype=np.int64)
        for position, (start, stop) in enumerate(spans):
            codes = matrix[:, start:stop].argmax(axis=1)
            counts = np.bincount(codes, minlength=stop - start)
            weights = np.log1p(counts) if log_frequency else counts.astype(np.float64)
            self._upto[position, : stop - start - 1] = (np.cumsum(weights) / weights.sum())[:-1]
            self._first[position, 1 : stop - start + 1] = np.cumsum(counts)
            self._rows[position] = np.argsort(codes, kind="stable")

    def probabilities(self, position: int) -> FloatArray:
        """Give how often each level of one column is asked for, once the column is.

        Parameters
        ----------
        position : int
            Number of the choice.

        Returns
        -------
        ndarray of float, shape (n_levels,)
            Probabilities.
        """
        return np.diff(self._upto[position, : self._widths[position]], prepend=0.0)

    def dim_cond_vec(self) -> int:
        """Give the number of levels of all columns together.

        Returns
        -------
        int
            Width of the condition.
        """
        return int(self._starts[-1])

    def sample_condvec(self, batch: int) -> tuple[MatrixArray, MatrixArray, IntArray, IntArray] | None:
        """Ask for a level of a column, once for each row of a batch.

        Parameters
        ----------
        batch : int
            Rows.

        Returns
        -------
        tuple of ndarray or None
            One-hot levels, one-hot columns, columns and levels; None when there is nothing to ask for.
        """
        n_spans = len(self._widths)
        if not n_spans:
            return None
        column = np.random.randint(n_spans, size=batch)  # noqa: NPY002 - the state that the fit has seeded
        level = (self._upto[column] > np.random.random(batch)[:, None]).argmax(axis=1)  # noqa: NPY002 - the same
        every_row = np.arange(batch)
        asked = np.zeros((batch, self.dim_cond_vec()), dtype=np.float32)
        asked[every_row, self._starts[column] + level] = 1.0
        mask = np.zeros((batch, n_spans), dtype=np.float32)
        mask[every_row, column] = 1.0
        return asked, mask, column, level

    def sample_data(
        self, data: MatrixArray, n: int, column: IntArray | None, level: IntArray | None
    ) -> MatrixArray:
        """Draw rows that hold the levels asked for.

        Parameters
        ----------
        data : ndarray of float32, shape (n_rows, width)
            The training rows.
        n : int
            How many.
        column, level : ndarray of int, shape (n,), or None
            What is asked for.

        Returns
        -------
        ndarray of float32, shape (n, width)
            Rows, drawn with replacement.
        """
        if column is None or level is None:
            return data[np.random.randint(len(data), size=n)]  # noqa: NPY002 - the state that the fit has seeded
        first, last = self._first[column, level], self._first[column, level + 1]
        place = first + np.floor(np.random.random(n) * (last - first)).astype(np.int64)  # noqa: NPY002 - the same
        return data[self._rows[column, place]]


class Batches:
    """Shuffled batches of a tensor, each by one indexing operation; stands for torch's ``DataLoader``.

    Parameters
    ----------
    dataset : torch.utils.data.TensorDataset
        One tensor of rows.
    batch_size : int
        Rows of a batch.
    **_others : object
        What else ``DataLoader`` is told; the loop wants it shuffled and complete.
    """

    def __init__(self, dataset: Any, batch_size: int, **_others: object) -> None:  # noqa: ANN401 - torch has no types here
        self._rows = dataset.tensors[0]
        self._batch_size = batch_size

    def __iter__(self) -> Iterator[list[Any]]:
        """Walk over all rows once, in a new random order."""
        import torch

        for rows in torch.randperm(len(self._rows)).split(self._batch_size):
            yield [self._rows[rows]]


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
    matrix = _at_least_two_rows(table.matrix)
    levels = [span for span in table.encoding.spans() if span.is_level]
    places = [(span.start, span.stop) for span in levels]
    module = _private_module("ctgan.synthesizers.ctgan")
    vars(module).update(
        DataTransformer=_fixed_transformer(table, matrix),
        DataSampler=lambda data, _info, _log: ConditionalRows(data, places, log_frequency=log_frequency),
    )
    model = module.CTGAN(enable_gpu=False, **settings)
    vars(module).update(tqdm=_epochs(stage, model))
    model.fit(np.zeros((len(matrix), 1), dtype=np.float32))
    *blocks, last = list(model._generator.seq)  # noqa: SLF001 - its generator has no public name
    layers = [_without_normalisation(block.fc, block.bn) for block in blocks] + [_plain(last)]
    network = _network(layers, stage, passes_inputs_on=True)
    shares = tuple(matrix[:, start:stop].mean(axis=0, dtype=np.float64) for start, stop in places)
    return TrainedNetwork(Condition(int(settings["embedding_dim"]), shares), network, np.zeros(table.encoding.width))  # type: ignore[arg-type] # a number


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
        Whether latent points come from a normal distribution with the mean and covariance of those that the encoder
        gives to the training rows, rather than from the standard one.
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

    matrix = _at_least_two_rows(table.matrix)
    module = _private_module("ctgan.synthesizers.tvae")
    encoders = _remember_instances(module.Encoder)
    vars(module).update(DataTransformer=_fixed_transformer(table, matrix), DataLoader=Batches)
    model = module.TVAE(enable_gpu=False, **settings)
    vars(module).update(tqdm=_epochs(stage, model))
    model.fit(np.zeros((len(matrix), 1), dtype=np.float32))
    layers = [_plain(layer) for layer in model.decoder.seq if hasattr(layer, "weight")]
    network = _network(layers, stage, passes_inputs_on=False)
    noise = model.decoder.sigma.detach().numpy().astype(np.float64)
    with torch.no_grad():
        mean, spread, _ = encoders[0].eval()(torch.from_numpy(matrix))
        points = mean + spread * torch.randn_like(spread)
    prior = Prior(np.zeros(mean.shape[1]), np.eye(mean.shape[1]))
    if fitted_prior:
        prior = _aggregate(mean.double().numpy(), spread.double().numpy())
    coupling = couple(EncodedTable(table.encoding, matrix), network(points.numpy())) if coupled else None
    return TrainedNetwork(prior, network, noise, coupling)


def _aggregate(means: FloatArray, spreads: FloatArray) -> Prior:
    """Give the normal distribution that has the mean and covariance of all rows' latent points together."""
    covariance = np.cov(means, rowvar=False, bias=True).reshape(means.shape[1], means.shape[1])
    covariance += np.diag((spreads**2).mean(axis=0) + 1e-6)
    return Prior(means.mean(axis=0), np.linalg.cholesky(covariance))


def _private_module(name: str) -> ModuleType:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _fixed_transformer(table: EncodedTable, matrix: MatrixArray) -> type:
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
            return matrix

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
        make(self, *args)  # type: ignore[call-arg] # whatever the class takes
        made.append(self)

    kind.__init__ = remember  # type: ignore[misc] # as above
    return made


def _at_least_two_rows(matrix: MatrixArray) -> MatrixArray:
    """Repeat a single row: batch normalisation and covariances need two."""
    return np.repeat(matrix, 2, axis=0) if len(matrix) < _ENOUGH_TO_LEARN_FROM else matrix


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


def _network(layers: list[tuple[FloatArray, FloatArray]], stage: str, *, passes_inputs_on: bool) -> Network:
    if not all(np.isfinite(part).all() for layer in layers for part in layer):
        raise FitError(f"The training diverged ({stage}).", hint="Lower the learning rate, or train for fewer epochs.")
    weights = tuple(np.ascontiguousarray(weight, dtype=np.float32) for weight, _ in layers)
    return Network(weights, tuple(bias.astype(np.float32) for _, bias in layers), passes_inputs_on)
