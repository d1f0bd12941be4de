#!/bin/sh
# Prints the path of a Python that can run PureLaka, or says on standard error which package to install.
# Every candidate is run: a shim on PATH may exist and still fail.
set -u

probe='
import sys
if sys.version_info < (3, 12): sys.exit(1)
import ensurepip, sqlite3, ssl, venv
if sqlite3.sqlite_version_info < (3, 37): sys.exit(1)
print(sys.executable)
'

try() {
    found=$("$1" -c "$probe" 2>/dev/null) && [ -n "$found" ] && printf '%s\n' "$found" && exit 0
}

if [ -n "${PYTHON:-}" ]; then
    try "$PYTHON"
    echo "PYTHON=$PYTHON does not run, is older than 3.12, or lacks venv, ssl or SQLite 3.37." >&2
    exit 1
fi

for candidate in python3.14 python3.13 python3.12 python3 python; do
    command -v "$candidate" >/dev/null 2>&1 && try "$candidate"
done
for candidate in $(ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python 2>/dev/null | sort -rV); do
    try "$candidate"
done

{
    echo "PureLaka needs Python 3.12 or newer with venv, and none was found. Install one:"
    echo "  Debian 13, Ubuntu 24.04 or newer   apt install python3 python3-venv"
    echo "  Fedora                             dnf install python3"
    echo "  macOS                              brew install python@3.13"
    echo "  anything else                      pyenv install 3.13, or uv python install 3.13"
    echo "Then run make again, with PYTHON=/path/to/python if it is not on PATH."
} >&2
exit 1
