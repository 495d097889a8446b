"""Windows of an image as a tensor of their own, and their sum."""
