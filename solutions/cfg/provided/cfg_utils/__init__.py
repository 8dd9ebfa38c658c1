"""Names that files written for the public course handout import; the kit has them in `homework`."""
