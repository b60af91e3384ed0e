#!/bin/sh
# Makes .venv: the pinned versions of requirements.lock, then Fathom itself. `make install` calls it.
#
# All it needs is a Python from 3.11 to 3.13 somewhere on the PATH; `python3` itself may be older.
# PYTHON=/path/to/python names one instead. The stamp is written last; what an interrupted
# installation leaves behind is not trusted but made again.
set -eu
cd "$(dirname "$0")/.."
here=$(pwd -P)
stamp=.venv/.installed
unfinished=.venv/.unfinished

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# A name on the PATH proves little (pyenv has shims for versions that are not there): run it.
in_range() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' </dev/null >/dev/null 2>&1; }
can_make_venv() { "$1" -c 'import ensurepip, venv' </dev/null >/dev/null 2>&1; }

find_python() {
    without_venv=
    if [ -n "${PYTHON:-}" ]; then
        in_range "$PYTHON" || fail "PYTHON=$PYTHON is not a working Python from 3.11 to 3.13."
        candidates=$PYTHON
    else
        candidates="python3 python3.13 python3.12 python3.11 python"
    fi
    for candidate in $candidates; do
        in_range "$candidate" || continue
        if can_make_venv "$candidate"; then
            python=$candidate
            return
        fi
        without_venv=${without_venv:-$candidate}
    done
    if [ -n "$without_venv" ]; then
        case $without_venv in
            python3.*) package=$without_venv-venv ;;
            *) package=python3-venv ;;
        esac
        fail "$without_venv can't make virtual environments. On Debian and Ubuntu install them with: sudo apt-get install $package"
    fi
    fail "Fathom needs Python 3.11, 3.12 or 3.13, and none was found on the PATH. Install one, or name it: make install PYTHON=/path/to/python3.12"
}

# An environment that was moved keeps scripts that point to where it was made.
reusable() {
    [ ! -e "$unfinished" ] && in_range .venv/bin/python && [ -f .venv/bin/pip ] && head -n 2 .venv/bin/pip | grep -qF "$here/.venv/"
}

rm -f "$stamp"
if ! reusable; then
    find_python
    echo "Making .venv with $("$python" --version) ($(command -v "$python"))"
    "$python" -m venv --clear .venv
fi

# Progress is for eyes; logs get warnings and errors only.
if [ -t 1 ]; then quiet=; else quiet=--quiet; fi
: >"$unfinished"
echo "Installing the pinned versions; the first time this downloads Qt and takes a minute"
.venv/bin/python -m pip install $quiet --no-input --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
.venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check --no-deps --no-build-isolation --editable .
rm -f "$unfinished"
printf '%s\n' "$here" >"$stamp"
echo "Installed. Start with: make run"
