#!/usr/bin/env bash
# Packs what you hand in: bash collect_submission.sh [ASSIGNMENT]
#
# Start it from any folder. It writes submission_<assignment>.zip beside itself and says what is in
# it. The work is done by student_src/homework/collect.py; this only finds a Python.
#
# Every line ends in a comment, so that a carriage return that some editors and checkouts append to
# lines is part of the comment and does no harm. Keep it so, and leave no line empty.
here=$(CDPATH= cd -- "$(dirname -- "$0")" > /dev/null && pwd -P) #
found= #
for wish in 'u.find_spec("torch") is not None' 'True'; do # a Python that can run the checks, or any
    for python in "$PYTHON" python3 python py; do #
        test -n "$python" || continue #
        "$python" -P -c "import sys, importlib.util as u; sys.exit(not (sys.version_info >= (3, 11) and $wish))" > /dev/null 2>&1 || continue #
        found=$python #
        break 2 #
    done #
done #
if test -z "$found"; then #
    echo "There is no Python 3.11 or newer here. Activate the environment you work in, or name its Python: PYTHON=/path/to/python bash collect_submission.sh" #
    exit 2 #
fi #
exec "$found" -I "$here/student_src/homework/collect.py" "$@" #
