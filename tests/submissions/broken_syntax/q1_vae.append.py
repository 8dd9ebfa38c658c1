def log_mean_exp(y)
    return y
