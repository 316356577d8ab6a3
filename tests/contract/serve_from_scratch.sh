#!/bin/sh
# Copies the committed tree, runs `make serve` in it as a newcomer would, and asks it for a score.
set -eu
root=$(git rev-parse --show-toplevel)
copy=$(mktemp -d)
port=${PORT:-8765}
trap 'kill "$server" 2>/dev/null || true; rm -rf "$copy"' EXIT
git -C "$root" archive HEAD | tar -x -C "$copy"
started=$(date +%s)
make -s -C "$copy" serve PORT="$port" &
server=$!
until curl -fsS "http://127.0.0.1:$port/v1/health" 2>/dev/null; do
  kill -0 "$server"
  test $(($(date +%s) - started)) -lt 300
  sleep 1
done
echo
echo "serving after $(($(date +%s) - started)) s, set-up included (goal: 180 s)"
"$copy/.venv/bin/python" - "$copy/drawn.png" <<'PY'
import sys
from pathlib import Path

from functions.triage.golden import drawn_photos

Path(sys.argv[1]).write_bytes(drawn_photos()["large uneven spot"])
PY
curl -fsS -H 'Content-Type: image/png' --data-binary "@$copy/drawn.png" "http://127.0.0.1:$port/v1/predictions" | grep '"score"'
curl -fsS "http://127.0.0.1:$port/" | grep -q '<h1'
"$copy/.venv/bin/python" - <<'PY'
import importlib.util

extra = [name for name in ("tensorflow", "pandas", "prophet") if importlib.util.find_spec(name)]
assert not extra, f"make serve installed {extra}"
PY
