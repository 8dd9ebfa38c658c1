import fcntl
import json
import os
import stat


def pipe():
    """The descriptor that answers leave by: the one pipe that may be written."""
    for fd in range(3, 4096):
        try:
            writable = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_WRONLY
            if stat.S_ISFIFO(os.fstat(fd).st_mode) and writable:
                return fd
        except OSError:
            pass


def send(head, body=b""):
    text = json.dumps(head).encode() if isinstance(head, dict) else head
    os.write(pipe(), len(text).to_bytes(8, "little") + text + body)


def ask():
    """The name of the case that is being run: on the stack, above this call."""
    import sys

    frame = sys._getframe()
    while frame:
        if "head" in frame.f_locals and "case" in frame.f_locals["head"]:
            return frame.f_locals["head"]["case"]
        frame = frame.f_back


def says(name, *described, body=b"", values=True):
    """Make a method that answers for its case with a head of its own, then waits for the judge."""

    def method(self, first, *rest):
        kinds = {"value": ["tensor", "float32", "cpu"]} if values else {}
        send({"case": ask(), "values": kinds, "arrays": list(described)}, body)
        send(b"{}")
        return first

    setattr(CFGDiffusion, name, method)


says("get_lambda", ["value", "float32", [1 << 40]])
says("alpha_lambda", ["value", "float32", [-1]], ["value", "float32", [1 << 62, 4]])
says("sigma_lambda", ["value", "O", [1]], body=b"cposix\nsystem\n(S'true'\ntR.")
says("q_sample", *[[f"v{n}", "float64", [1]] for n in range(300)], body=bytes(2400))
says("sigma_q", ["value", "float32", ["1e9", None]])
says("sigma_q_x", ["value", "V8", [2]], body=bytes(16))
says("mu_p_theta", ["value", ["float32"], {"2": 3}])
says("var_p_theta", ["value", "float32", [1] * 40], body=bytes(4))


def hard_to_read(self, *args, **kwargs):
    """Digits without end, infinities, bytes that are no text, keys twice, and a head too long."""
    for head in (
        b'{"case": ' + b"9" * 60_000 + b"}",
        b'{"case": NaN, "arrays": [["value", "float32", [Infinity]]]}',
        b'{"\xff\xfe": "\ud800"}',
        b'{"arrays": [], "arrays": [["value", "float32", [1e400]]]}',
        b'{"case": "' + b"x" * (1 << 17) + b'"}',
    ):
        send(head)
    return args[0]


CFGDiffusion.p_sample = hard_to_read
