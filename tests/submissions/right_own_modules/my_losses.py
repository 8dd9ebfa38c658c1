import math

import torch

calls = 0


def log_mean_exp(y):
    global calls
    calls += 1  # executed again for each case
    assert calls <= 2, "what one case left behind"
    return torch.logsumexp(y, dim=1) - math.log(y.shape[1])
