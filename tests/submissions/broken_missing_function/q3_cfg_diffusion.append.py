del CFGDiffusion.sigma_q
