"""The judge: runs untrusted code far from the answers, and decides in the parent.

Theory of operation
-------------------
* The parent (`autograder.judge.sandbox`) holds the answers and never imports torch or a student's
  file. It starts a *zygote* (`zygote`), a process with a clean environment in which torch and the
  provided code are loaded and rehearsed once (`rehearsal`), and which never sees an answer or a
  student's input.
* For each submission the zygote forks a child (`child`). The child gives up what it does not need
  (`confine`: own user, file access, system calls, memory, time), reads inputs from a descriptor of
  its own, runs probes, and writes plain arrays back (`wire`): no pickle, no score, no flag. What it
  writes is data to the parent and nothing else. It gets the inputs of a task once it has answered
  all earlier ones (`feed`).
* The parent bounds wall time and bytes (`watch`), ends the child, and compares
  (`homework.compare`). The first answer to a case stands (`autograder.tasks`); a case that crashes
  or hangs is marked, and the remaining cases of the task run in a new child.
* Where bubblewrap works, zygotes and children live in namespaces of their own (`namespaces`). Each
  worker has a place (`slot`) with folders, a user (`users`), a zygote and perhaps a cgroup
  (`cgroups`).
* Which confinement works here (`rungs`) is found by trying to escape from it (`escape`), strongest
  first.
"""
