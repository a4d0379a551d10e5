"""A neural model as JSON-able facts and arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from synthtab.errors import SavedModelError
from synthtab.synthesizers.neural_coupling import Coupling
from synthtab.synthesizers.neural_decoding import Decoder
from synthtab.synthesizers.neural_encoding import Encoding, LabelBlock, MissingBlock, NumberBlock
from synthtab.synthesizers.neural_network import Condition, Network, NeuralModel, Prior
from synthtab.synthesizers.normal_scores import NormalScores
from synthtab.synthesizers.state import ModelState, facts_of, listed

__all__ = ["from_state", "to_state"]

FloatArray = npt.NDArray[np.float64]
Arrays = dict[str, npt.NDArray[np.generic]]


def to_state(model: NeuralModel) -> ModelState:
    """Write a model as plain data.

    Parameters
    ----------
    model : NeuralModel
        The model.

    Returns
    -------
    ModelState
        Facts and arrays.
    """
    decoder, network = model.decoder, model.network
    arrays: Arrays = {"noise": decoder.noise, "offsets": decoder.offsets, "outputs": decoder.outputs}
    for position, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        arrays[f"weight {position}"], arrays[f"bias {position}"] = weight, bias
    facts: dict[str, object] = {
        "temperature": decoder.temperature,
        "layers": len(network.weights),
        "passes_inputs_on": network.passes_inputs_on,
        "blocks": [
            _block_facts(block, f"block {position}", arrays)
            for position, block in enumerate(model.encoding.blocks)
        ],
    }
    if decoder.coupling is not None:
        arrays["coupling"] = decoder.coupling.factor
        arrays |= {f"order {position}": order for position, order in enumerate(decoder.coupling.orders)}
    if isinstance(model.source, Prior):
        arrays["prior mean"], arrays["prior factor"] = model.source.mean, model.source.factor
    else:
        facts["dimensions"] = model.source.n_dimensions
    return ModelState(facts, arrays)


def from_state(state: ModelState) -> NeuralModel:
    """Read a model from plain data.

    Parameters
    ----------
    state : ModelState
        What `to_state` wrote.

    Returns
    -------
    NeuralModel
        The model: it draws the same rows.

    Raises
    ------
    SavedModelError
        When the parts do not fit one another.
    """
    facts, arrays = state.facts, state.arrays
    blocks = tuple(
        _block(facts_of(raw), f"block {position}", arrays)
        for position, raw in enumerate(listed(facts, "blocks"))
    )
    encoding = Encoding(blocks)
    layers = range(int(str(facts["layers"])))
    network = Network(
        tuple(np.asarray(arrays[f"weight {layer}"], dtype=np.float32) for layer in layers),
        tuple(np.asarray(arrays[f"bias {layer}"], dtype=np.float32) for layer in layers),
        bool(facts["passes_inputs_on"]),
    )
    source: Prior | Condition
    if "dimensions" in facts:
        source = Condition(int(str(facts["dimensions"])), encoding)
    else:
        source = Prior(_floats(arrays, "prior mean"), _floats(arrays, "prior factor"))
    noise, offsets, outputs = (_floats(arrays, name) for name in ("noise", "offsets", "outputs"))
    coupling = None
    if "coupling" in arrays:
        orders = range(sum(name.startswith("order ") for name in arrays))
        coupling = Coupling(
            _floats(arrays, "coupling"),
            tuple(np.asarray(arrays[f"order {at}"], dtype=np.int64) for at in orders),
        )
    decoder = Decoder(encoding, float(str(facts["temperature"])), noise, offsets, outputs, coupling)
    width = decoder.encoding.width
    if not len(noise) == len(offsets) == network.weights[-1].shape[1] == width:
        raise SavedModelError("The layers of this saved model do not fit its columns.")
    return NeuralModel(source, network, decoder)


def _block_facts(
    block: NumberBlock | LabelBlock | MissingBlock, key: str, arrays: Arrays
) -> dict[str, object]:
    if isinstance(block, NumberBlock):
        arrays[f"{key} shares"], arrays[f"{key} values"] = block.quantile.shares, block.quantile.values
        arrays[f"{key} centres"], arrays[f"{key} spreads"] = block.centres, block.spreads
        return {"kind": "number", "name": block.name, "pattern": block.pattern}
    arrays[f"{key} shares"] = block.shares
    if isinstance(block, LabelBlock):
        return {"kind": "label", "name": block.name, "levels": list(block.levels)}
    return {"kind": "missing"}


def _block(
    facts: Mapping[str, object], key: str, arrays: Mapping[str, npt.NDArray[np.generic]]
) -> NumberBlock | LabelBlock | MissingBlock:
    shares = _floats(arrays, f"{key} shares")
    if facts["kind"] == "number":
        quantile = NormalScores(shares, _floats(arrays, f"{key} values"))
        centres, spreads = _floats(arrays, f"{key} centres"), _floats(arrays, f"{key} spreads")
        return NumberBlock(str(facts["name"]), quantile, centres, spreads, int(str(facts["pattern"])))
    if facts["kind"] == "label":
        return LabelBlock(str(facts["name"]), tuple(str(level) for level in listed(facts, "levels")), shares)
    return MissingBlock(shares)


def _floats(arrays: Mapping[str, npt.NDArray[np.generic]], name: str) -> FloatArray:
    return np.asarray(arrays[name], dtype=np.float64)
