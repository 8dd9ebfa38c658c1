import os


class Trap(dict):
    def __setitem__(self, name, value):
        os._exit(0)

    def keys(self):
        return {"n_steps", "device"}


args = Trap(n_steps=1000, device="cpu")
