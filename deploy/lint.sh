#!/bin/bash
# Every check of `make lint`, all of them even when one fails; the last line names those that did.
set -uo pipefail
BIN=${BIN:-.venv/bin}
failed=()

check() { # check NAME COMMAND…: quiet when it passes
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then
        printf '%-12s ok\n' "$name"
    else
        printf '%-12s FAILED\n%s\n' "$name" "$said"
        failed+=("$name")
    fi
}

production_settings() { # what a production site would set, of this run only
    local var
    var=$(mktemp -d)
    PRODUCTION=1 VAR_DIR=$var SITE_URL=https://hours.example.org EMAIL_URL=smtp://mail.example.org:25 \
        SECRET_KEY=$("$BIN/python" -c 'import secrets; print(secrets.token_urlsafe(60))') \
        "$BIN/python" manage.py check --deploy --fail-level WARNING
    local code=$?
    rm -rf "$var"
    return $code
}

migrations_complete() {
    local var
    var=$(mktemp -d)
    VAR_DIR=$var "$BIN/python" manage.py makemigrations --check --dry-run
    local code=$?
    rm -rf "$var"
    return $code
}

locks_without_addresses() {
    ! grep -nE '://|--index-url|--find-links|--extra-index' requirements.lock requirements-dev.lock requirements-bench.lock ||
        { echo "A lock names a place to fetch from; hashes are enough."; return 1; }
    for lock in requirements.lock requirements-dev.lock requirements-bench.lock; do
        grep -q -- '--hash=sha256:' "$lock" || { echo "$lock has no hashes."; return 1; }
    done
    ! grep -n '"resolved"' deploy/vendor/package-lock.json
}

nothing_of_this_machine() { # no path of a machine, no place to fetch packages from in what is committed
    ! git grep -nIE '/(home|root|Users)/[a-z]|--(extra-)?index-url[= ]http|"resolved": *"https?:|https?://[^ "]*/simple' \
        -- . ':!deploy/lint.sh' ':!static/vendor' ':!*.lock' &&
        ! git grep -nIF -e "$PWD/" -- .
}

check ruff "$BIN/ruff" check --output-format concise .
check format "$BIN/ruff" format --check --quiet --output-format concise .
check mypy "$BIN/mypy"
check djlint "$BIN/djlint" --lint --quiet templates
check imports "$BIN/lint-imports"
check floats "$BIN/python" deploy/lint_no_floats.py
check migrations migrations_complete
check production production_settings
check locks locks_without_addresses
check paths nothing_of_this_machine

if [ ${#failed[@]} -gt 0 ]; then
    echo "Failed: ${failed[*]}"
    exit 1
fi
