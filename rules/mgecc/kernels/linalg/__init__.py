"""Matrix inverse and singular values."""
