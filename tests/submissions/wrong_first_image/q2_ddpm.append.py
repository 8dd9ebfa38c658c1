class DenoiseDiffusion(DenoiseDiffusion):
    def q_xt_x0(self, x0, t):
        bar = self.alpha_bar[t[0]].reshape(1, 1, 1, 1)
        return bar.sqrt() * x0, (1 - bar).expand(len(x0), 1, 1, 1)

    def p_xt_prev_xt(self, xt, t):
        noise = self.eps_model(xt, t)
        beta = self.gather(self.beta, t)
        xt -= beta / (1 - self.gather(self.alpha_bar, t)).sqrt() * noise
        xt /= self.gather(self.alpha, t).sqrt()
        return xt, beta
