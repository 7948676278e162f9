# Bash completion of evalrun. The words come from the binary's own help, so that they cannot drift from it.
# shellcheck shell=bash

# _evalrun_help SECTION WORDS…: the first words of the lines in a section of `evalrun WORDS… --help`.
_evalrun_help() {
    "${@:2}" --help 2>/dev/null | sed -n "/^$1:/,/^\$/s/^  \([a-z-][^ ]*\).*/\1/p" | tr ',' '\n'
}

_evalrun() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]}
    local program=(evalrun) words=''
    [[ $1 == */* ]] && program=("$1")
    COMPREPLY=()
    case $before in
        --format) words='json text' ;;
        --order) words='completion input' ;;
        --output | --plan | --journal) mapfile -t COMPREPLY < <(compgen -f -- "$word") && return ;;
        --save-to) mapfile -t COMPREPLY < <(compgen -d -- "$word") && return ;;
        --set) return ;;
        *)
            local depth=1
            if ((COMP_CWORD > 1)) && _evalrun_help Subcommands "${program[@]}" | grep -qxF -- "$verb"; then
                program+=("$verb")
                depth=2
            fi
            if [[ $verb == image && $COMP_CWORD -gt 2 ]]; then
                program+=("${COMP_WORDS[2]}")
                if [[ ${COMP_WORDS[2]} == check ]]; then
                    words=$("${program[0]}" image list 2>/dev/null | sed -n 's/^\([A-Za-z0-9_-]*\): .*/\1/p')
                fi
            elif ((COMP_CWORD == depth)); then
                words=$(_evalrun_help Subcommands "${program[@]}")
            fi
            [[ $word == -* ]] && words+=$'\n'$(_evalrun_help Options "${program[@]}")
            ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    # Where a plan may stand, files too.
    if [[ $word != -* && $before != --format && $before != --order && $verb != image && $verb != schema ]]; then
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
    fi
}

complete -o filenames -F _evalrun evalrun
