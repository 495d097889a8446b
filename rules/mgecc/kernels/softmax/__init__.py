"""Softmax along any axis."""
