"""Probes: short functions that drive a student's code on given inputs.

`probe(student, inputs) -> {name: value}` asserts nothing and knows no answer. The same probe runs
on the reference solution when a release is built, on your code in the notebook, and in the judge.
Names of what a probe returns are read by the comparison:

* `second`: the result of a second call with other inputs of the same shape, to see whether
  something was remembered from the first;
* `grad_x`: the gradient with respect to `x`;
* `after_x`: the input `x` after the call, to see whether it was changed in place;
* `left_gradient`, `left_weight`: what a loss has done to the network, which is the training loop's;
* `note_...`: what explains a result and is never compared with anything; see `homework.calls`;
* `noise_...`: draws that have to look like independent standard normal numbers.
"""
