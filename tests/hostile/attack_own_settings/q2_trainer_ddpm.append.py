from ddpm_utils.args import args
