def log_mean_exp(y):
    return y[:, 10**6]
