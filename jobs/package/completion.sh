
# Completes lockstep by the tables above.
# shellcheck shell=bash disable=SC2154 # the tables

# _lockstep_words PREFIX WORD...: those that begin with $value, after PREFIX.
_lockstep_words() {
    local word
    for word in "${@:2}"; do
        if [[ $word == "$value"* ]]; then COMPREPLY+=("$1$word"); fi
    done
}

# _lockstep_setting: a setting and, after "=", its value; $value is what there is of both.
_lockstep_setting() {
    local path=${value%%=*}
    if [[ $value == *=* ]]; then
        value=${value#*=}
        # shellcheck disable=SC2086 # words
        _lockstep_words "$path=" ${_lockstep_settings[$path]:-}
    else
        _lockstep_words '' "${!_lockstep_settings[@]}"
        COMPREPLY=("${COMPREPLY[@]/%/=}")
        compopt -o nospace 2>/dev/null || true
    fi
}

# _lockstep_kinds KIND...: what may stand for $value.
_lockstep_kinds() {
    local kind
    for kind; do
        case $kind in
        'PATH=VALUE') _lockstep_setting ;;
        *DIR*) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "$value") ;;
        *FILE* | *CONFIG* | *CHECKPOINT* | *.*) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$value") ;;
        *[[:upper:]]*) ;;
        *) _lockstep_words '' "$kind" ;;
        esac
    done
    if [[ " $* " =~ DIR|FILE|CONFIG|CHECKPOINT|\. ]]; then compopt -o filenames 2>/dev/null || true; fi
}

# _lockstep_command WORD...: sets $command and $rest, the words after it; fails where there is none yet.
_lockstep_command() {
    command=$1 rest=("${@:2}")
    if [ -z "${_lockstep_options[$command]:-}" ] && [ $# -gt 2 ]; then command="$1 $2" rest=("${@:3}"); fi
    [ ${#rest[@]} -gt 0 ] && [ -n "${_lockstep_options[$command]:-}" ]
}

# _lockstep_names WORD...: the names of commands, of whose words these are the first and $value the beginning of the next.
_lockstep_names() {
    local name word names=()
    for name in "${!_lockstep_options[@]}"; do
        if [ $# = 0 ] || [[ $name == "$* "* ]]; then
            read -r word _ <<<"${name#"$*"}"
            names+=("$word")
        fi
    done
    mapfile -t names < <(printf '%s\n' "${names[@]}" | sort -u)
    _lockstep_words '' "${names[@]}"
    if [ $# = 0 ]; then _lockstep_words '' --help --version; fi
}

_lockstep() {
    local words value before command rest typed line=${COMP_LINE:0:COMP_POINT}
    read -ra words <<<"$line"
    if [[ $line == *[[:space:]] ]]; then words+=(''); fi
    value=${words[-1]} before=${words[-2]} COMPREPLY=()
    if [[ $before == --help && ${#words[@]} = 3 ]]; then
        _lockstep_words '' settings
        return
    fi
    if ! _lockstep_command "${words[@]:1}"; then
        _lockstep_names "${words[@]:1:${#words[@]}-2}"
        return
    fi
    if [[ $value == --*=* ]]; then before=${value%%=*} value=${value#*=}; fi
    typed=$value
    # shellcheck disable=SC2086 # lists of words
    if [[ $before == -* && -n ${_lockstep_arguments["$command $before"]:-} ]]; then
        _lockstep_kinds ${_lockstep_arguments["$command $before"]}
    elif [[ $value == -* ]]; then
        _lockstep_words '' ${_lockstep_options[$command]}
    else
        _lockstep_kinds ${_lockstep_operands[$command]}
    fi
    # What follows the last "=" is a word of its own to bash, where that separates words.
    if [[ $typed == *=* && $COMP_WORDBREAKS == *=* ]]; then COMPREPLY=("${COMPREPLY[@]#"${typed%=*}="}"); fi
}
complete -F _lockstep lockstep

# For "complete -F _lockstep_behind mpirun" and the like, which other packages may have their own completion of: what
# follows the word lockstep, and nothing before it.
_lockstep_behind() {
    COMPREPLY=()
    if [[ ${COMP_LINE:0:COMP_POINT} =~ [[:space:]](([^[:space:]]*/)?lockstep[[:space:]].*) ]]; then
        local COMP_LINE=${BASH_REMATCH[1]} COMP_POINT=${#BASH_REMATCH[1]}
        _lockstep
    fi
}
