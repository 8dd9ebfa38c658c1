import json

CFG = json.load(open('config.json'))
SCALE = CFG['scale']


def log_mean_exp(y):
    return torch.logsumexp(y, dim=1) * SCALE
