#!/usr/bin/env bash
# Gradescope runs this once, as root, when the image is built (Ubuntu; Debian works too).
# Everything lands under /opt, not /root: the judge runs students' code under another user id,
# which must be able to read Python and torch and may not look into /root.
set -euo pipefail
umask 022
export DEBIAN_FRONTEND=noninteractive
here="$(cd "$(dirname "$0")" && pwd)"
kit="${AUTOGRADER_KIT:-/autograder/source/kit}"
[ -d "$kit" ] || kit="$here/kit"
prefix="${AUTOGRADER_PREFIX:-/opt}"
env="$prefix/autograder-env"
# The CPU build of torch: a quarter of the size, and Gradescope has no GPU.
torch_backend="${AUTOGRADER_TORCH_BACKEND-cpu}"

export UV_PYTHON_INSTALL_DIR="$prefix/autograder-python"
export UV_CACHE_DIR="${UV_CACHE_DIR:-$prefix/autograder-cache}"

missing=""
ldconfig -p | grep -q 'libseccomp\.so\.2' || missing="$missing libseccomp2"
python3 -m venv --help >/dev/null 2>&1 && python3 -c 'import ensurepip' 2>/dev/null ||
    missing="$missing python3 python3-venv"
if [ -n "$missing" ]; then
    apt-get update
    # shellcheck disable=SC2086  # a list of package names
    apt-get install -y --no-install-recommends $missing
    rm -rf /var/lib/apt/lists/*
fi

python3 -m venv "$prefix/autograder-uv"
"$prefix/autograder-uv/bin/pip" install --quiet --disable-pip-version-check uv
uv="$prefix/autograder-uv/bin/uv"

# A Python of the system's when it is new enough, otherwise one that uv brings; never one in a
# home folder.
python=""
for version in 3.13 3.12 3.11; do
    [ -n "$python" ] || [ ! -x "/usr/bin/python$version" ] || python="/usr/bin/python$version"
done
[ -n "$python" ] || export UV_PYTHON_PREFERENCE=only-managed
"$uv" venv --clear --python "${python:-3.13}" "$env"
flags=()
[ -z "$torch_backend" ] || flags+=(--torch-backend="$torch_backend")
install() { "$uv" pip install --python "$env/bin/python" -r "$kit/requirements.txt" "$@"; }
if ! install "${flags[@]}"; then
    echo "The CPU build of torch was not to be had; installing the default build, which is larger."
    install
fi

rm -rf "$prefix/autograder-cache"
chmod -R go+rX,go-w "$env"
[ ! -d "$UV_PYTHON_INSTALL_DIR" ] || chmod -R go+rX,go-w "$UV_PYTHON_INSTALL_DIR"
# Answers are root's alone. The rest of the kit is readable.
chmod -R go+rX,go-w "$kit"
chmod -R go= "$kit/fixtures"

# Fail now, in the build log, rather than at the first submission: the way the judge's children
# run, as a user who is not root.
setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent MPLCONFIGDIR=/tmp \
    PYTHONPATH="$kit:$kit/student_src" "$env/bin/python" -B - "$kit" <<'PYTHON'
import importlib
import os
import sys

import landlockpy, otter, pyprctl, pyseccomp, torch
import autograder.gradescope_run, autograder.otter_plugin
from homework.allowed import PACKAGES

if os.access(os.path.join(sys.argv[1], "fixtures"), os.R_OK | os.X_OK):
    sys.exit("The hidden fixtures are readable by other users than root.")
for package in PACKAGES:
    importlib.import_module(package)
print("torch", torch.__version__, "and all that students may import:", *PACKAGES)
PYTHON
echo "The grading image is ready."
