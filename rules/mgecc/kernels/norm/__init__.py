"""Normalisation by statistics of the data, of the model, and of neighbouring channels."""
