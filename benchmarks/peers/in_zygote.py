"""Loaded by a zygote that is to be measured: puts the clocks of `inside` in their places."""

from benchmarks.peers import inside

inside.in_zygote()
