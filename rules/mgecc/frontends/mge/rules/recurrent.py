"""Recurrent layers and cells."""

from __future__ import annotations

from typing import Any

from mgecc.graph import Unsupported
from mgecc.ops.recurrent import LSTMAttrs, LSTMCellAttrs, RNNAttrs, RNNCellAttrs

from ..parameters import activation
from . import Params, attributes


def _layers(params: Params) -> dict[str, Any]:
    """What all layers have."""
    if params.get("proj_size", 0) or (params["dropout"] and params["fwd_mode"] == "TRAINING"):
        why = "projections and training with dropout are not supported"
        raise Unsupported(why, "call model.eval() first")
    return {
        "hidden_size": params["hidden_size"],
        "layers": params["num_layers"],
        "bidirectional": params["bidirectional"],
        "bias": params["bias"],
    }


@attributes("LSTM", "LSTMForward", "LSTM")
def lstm(params: Params) -> LSTMAttrs:
    return LSTMAttrs(**_layers(params))


@attributes("RNN", "RNNForward", "RNN")
def rnn(params: Params) -> RNNAttrs:
    return RNNAttrs(**_layers(params), activation=activation(params))


@attributes("LSTMCell", "LSTMCellForward", "LSTMCell")
def lstm_cell(params: Params) -> LSTMCellAttrs:
    return LSTMCellAttrs()


@attributes("RNNCell", "RNNCellForward", "RNNCell")
def rnn_cell(params: Params) -> RNNCellAttrs:
    return RNNCellAttrs(activation=activation(params))
