"""Quantisation simulated in float32."""
