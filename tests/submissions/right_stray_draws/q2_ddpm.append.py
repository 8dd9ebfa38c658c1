import random

import numpy as np


class DenoiseDiffusion(DenoiseDiffusion):
    def loss(self, x0, noise=None):
        coin, order = torch.rand(len(x0)), torch.randperm(len(x0))
        mask = torch.bernoulli(torch.full((len(x0),), 0.1))
        unused = torch.nn.functional.dropout(torch.ones(len(x0)), 0.1), random.random()
        shown = torch.randn_like(x0), np.random.permutation(len(x0))
        self.log = coin, order, mask, unused, shown
        return super().loss(x0, noise)
