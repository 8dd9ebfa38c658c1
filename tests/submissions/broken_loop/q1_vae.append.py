def log_mean_exp(y):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
