import q1_vae
