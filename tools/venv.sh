#!/bin/sh
# Makes .venv hold what a lock file names: sh tools/venv.sh requirements.txt
# A stamp of Python's version and the lock's hash makes the second run quick.
set -eu
lock=$1

if [ -z "${PYTHON:-}" ] && .venv/bin/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
    python=.venv/bin/python
else
    python=$(sh tools/find_python.sh)
fi

key() {
    "$python" -c '
import hashlib, pathlib, sys
print(sys.version.split()[0], hashlib.sha256(pathlib.Path(sys.argv[1]).read_bytes()).hexdigest())' "$1"
}

# The development lock holds the other one, version by version (a test compares them).
for installed in "$lock" requirements-dev.txt; do
    if [ -f ".venv/$installed.key" ] && [ "$(cat ".venv/$installed.key")" = "$(key "$installed")" ]; then
        exit 0
    fi
done

if [ "$python" != .venv/bin/python ]; then
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi
rm -f .venv/requirements*.key
echo "Installing $lock"
.venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --requirement "$lock"
key "$lock" >".venv/$lock.key"
