"""Sums, products, extremes and means over axes, positions of extremes, cumulative sums."""
