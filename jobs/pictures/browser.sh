# Sourced by what looks at reports in Debian's chromium. $work is the caller's own folder.
# shellcheck shell=bash

# browse ARGUMENT...: Chromium without a display, with a profile of its own; its own messages are lost.
browse() {
    timeout -k 5 60 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="${work:?}/profile" "$@" 2>/dev/null
}
