"""Recurrent layers and cells."""

from __future__ import annotations

from . import as_written

as_written("LSTM", "LSTMForward", "LSTM")
as_written("RNN", "RNNForward", "RNN")
as_written("LSTMCell", "LSTMCellForward", "LSTMCell")
as_written("RNNCell", "RNNCellForward", "RNNCell")
