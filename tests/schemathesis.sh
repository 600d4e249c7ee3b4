#!/usr/bin/env bash
# Holds a running desk against its own /openapi.json with schemathesis 4, in every way that it knows. Run by hand:
#
#   python3 -m venv somewhere && somewhere/bin/pip install schemathesis
#   DEBUG=true python3 app.py                     # in another terminal, with a database to throw away
#   PATH=somewhere/bin:$PATH tests/schemathesis.sh http://localhost:8080
#
# A locked desk wants a token, from POST /user/login or /api/debug/login: TOKEN=… tests/schemathesis.sh …
set -eu
desk=${1:-http://localhost:8080}
[ $# -gt 0 ] && shift
settings=$(realpath "$(dirname "$0")/schemathesis.toml")
cd "$(mktemp -d)" # where it may leave what it finds
# Its stateful phase takes X-User-Id and X-Request-Id for ids of tickets, and puts the number itself into the header; then
# `requests` sends nothing (InvalidHeader), and a third of its scenarios end in errors. So numbers become text here.
cat >header_texts.py <<'END'
import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    for name, value in (case.headers or {}).items():
        case.headers[name] = value if isinstance(value, (str, bytes)) else str(value)
END
export SCHEMATHESIS_HOOKS=header_texts PYTHONPATH=.
exec schemathesis --config-file "$settings" run "$desk/openapi.json" --checks all \
    --continue-on-failure --generation-database none ${TOKEN:+-H "Authorization: Bearer $TOKEN"} "$@"
