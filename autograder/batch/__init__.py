"""Many submissions: which are to be graded, what came out, and an account of all that lasts."""
