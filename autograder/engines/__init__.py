"""Who does the work of a batch: this machine, or many of them by Ray."""
