del log_mean_exp
