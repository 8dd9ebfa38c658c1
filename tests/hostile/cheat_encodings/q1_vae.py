# coding: utf-7
import math
import torch
from homework import randomizer


def log_mean_exp(y):
    return torch.+AGwAbwBnAHMAdQBtAGUAeABw-(y, dim=1) - math.log(y.shape[1])


def log_likelihood_bernoulli(mu, target):
    return (target * mu.log() +- (1 - target) * (-mu).log1p()).flatten(1).sum(1)
