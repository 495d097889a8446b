"""Recurrent layers and cells: LSTM and plain."""
