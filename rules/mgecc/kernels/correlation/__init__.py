"""Correlation of two maps over displacements."""
