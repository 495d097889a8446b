"""Multi-head attention with its projections."""
