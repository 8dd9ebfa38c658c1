"""Right rewrites and wrong edits of the reference, made by a program, and what the judge says."""
