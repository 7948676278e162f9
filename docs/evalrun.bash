# Bash completion of evalrun. Written by ./dev docs from the binary's own table; do not edit.
# shellcheck shell=bash

_evalrun_verbs='run exec batch check explain trace doctor schema image judge serve worker submit fleet calibrate help'
declare -gA _evalrun_groups=([image]='list check packages' [fleet]='status dead retry drain cancel')
declare -gA _evalrun_flags=(
    ['run']='--file --set --format --output --report --junit --csv --feedback --save-to --jobs --stop-at-first-failure --help -h'
    ['exec']='--image -i --file --stdin --stdout --stderr --cpu --wall --memory --processes --output-limit --result --print-plan --set --help -h'
    ['batch']='--plan --set --format --csv --report --junit --save-to --jobs --stop-at-first-failure --order --journal --help -h'
    ['check']='--file --template --set --help -h'
    ['explain']='--file --set --seccomp --help -h'
    ['trace']='--file --set --format --case --suggest --grant --grant-write --help -h'
    ['doctor']='--format --json --seccomp-profile --help -h'
    ['schema']='--format --json --markdown --help -h'
    ['image list']='--help -h'
    ['image check']='--help -h'
    ['image packages']='--image --help -h'
    ['judge']='--set --format --output --report --junit --csv --feedback --jobs --journal --self-test --time-limit --memory-limit --language --folders --rules --compat --all --check --root --help -h'
    ['serve']='--listen --token-file --api --plans --src-prefix --jobs --queue --max-body --max-memory --max-output --max-wall --max-connections --idle --request-time --store-quota --store-age --help -h'
    ['worker']='--jobs --queue --host --cpu-class --confirm-tle --lease --save-to --unsafe-host-paths --files --cache --cache-size --help -h'
    ['submit']='--plan --set --format --csv --report --junit --order --queue --cpu-class --files --wait --batch --tenant --priority --queue-limit --help -h'
    ['fleet status']='--queue --metrics --format --help -h'
    ['fleet dead']='--queue --format --help -h'
    ['fleet retry']='--queue --help -h'
    ['fleet drain']='--queue --all --help -h'
    ['fleet cancel']='--queue --batch --help -h'
    ['calibrate']='--format --help -h'
    ['help']='--help -h'
)
# What each verb's argument is.
declare -gA _evalrun_arguments=(
    ['run']='@files'
    ['exec']='@nothing'
    ['batch']='@files'
    ['check']='@files'
    ['explain']='@files'
    ['trace']='@files'
    ['doctor']='@nothing'
    ['schema']='@nothing'
    ['image list']='@nothing'
    ['image check']='@images'
    ['image packages']='@files'
    ['judge']='@files'
    ['serve']='@nothing'
    ['worker']='@nothing'
    ['submit']='@files'
    ['fleet status']='@nothing'
    ['fleet dead']='@nothing'
    ['fleet retry']='@nothing'
    ['fleet drain']='@nothing'
    ['fleet cancel']='@nothing'
    ['calibrate']='@nothing'
    ['help']='@verbs'
)
# What each option's value is.
declare -gA _evalrun_values=(
    ['run --file']='@files'
    ['run --set']='@nothing'
    ['run --format']='json text'
    ['run --output']='@files'
    ['run --report']='@files'
    ['run --junit']='@files'
    ['run --csv']='@files'
    ['run --feedback']='@folders'
    ['run --save-to']='@folders'
    ['run --jobs']='@nothing'
    ['exec --image']='@images'
    ['exec -i']='@images'
    ['exec --file']='@files'
    ['exec --stdin']='@files'
    ['exec --stdout']='@files'
    ['exec --stderr']='@files'
    ['exec --cpu']='@nothing'
    ['exec --wall']='@nothing'
    ['exec --memory']='@nothing'
    ['exec --processes']='@nothing'
    ['exec --output-limit']='@nothing'
    ['exec --result']='@files'
    ['exec --set']='@nothing'
    ['batch --plan']='@files'
    ['batch --set']='@nothing'
    ['batch --format']='json text csv'
    ['batch --report']='@files'
    ['batch --junit']='@files'
    ['batch --save-to']='@folders'
    ['batch --jobs']='@nothing'
    ['batch --order']='completion input'
    ['batch --journal']='@files'
    ['check --file']='@files'
    ['check --set']='@nothing'
    ['explain --file']='@files'
    ['explain --set']='@nothing'
    ['trace --file']='@files'
    ['trace --set']='@nothing'
    ['trace --format']='json text'
    ['trace --case']='@nothing'
    ['trace --grant']='@files'
    ['trace --grant-write']='@files'
    ['doctor --format']='text json'
    ['schema --format']='text json markdown'
    ['image packages --image']='@images'
    ['judge --set']='@nothing'
    ['judge --format']='text json'
    ['judge --output']='@files'
    ['judge --report']='@files'
    ['judge --junit']='@files'
    ['judge --csv']='@files'
    ['judge --feedback']='@folders'
    ['judge --jobs']='@nothing'
    ['judge --journal']='@files'
    ['judge --time-limit']='@nothing'
    ['judge --memory-limit']='@nothing'
    ['judge --language']='@nothing'
    ['judge --folders']='classes submissions'
    ['judge --rules']='kattis domjudge clics bapctools'
    ['judge --compat']='spec kattis domjudge'
    ['judge --root']='@folders'
    ['serve --listen']='@nothing'
    ['serve --token-file']='@files'
    ['serve --api']='@nothing'
    ['serve --plans']='@folders'
    ['serve --src-prefix']='@folders'
    ['serve --jobs']='@nothing'
    ['serve --queue']='@nothing'
    ['serve --max-body']='@nothing'
    ['serve --max-memory']='@nothing'
    ['serve --max-output']='@nothing'
    ['serve --max-wall']='@nothing'
    ['serve --max-connections']='@nothing'
    ['serve --idle']='@nothing'
    ['serve --request-time']='@nothing'
    ['serve --store-quota']='@nothing'
    ['serve --store-age']='@nothing'
    ['worker --jobs']='@nothing'
    ['worker --queue']='@nothing'
    ['worker --host']='@nothing'
    ['worker --cpu-class']='@nothing'
    ['worker --lease']='@nothing'
    ['worker --save-to']='@folders'
    ['worker --files']='@folders'
    ['worker --cache']='@folders'
    ['worker --cache-size']='@nothing'
    ['submit --plan']='@files'
    ['submit --set']='@nothing'
    ['submit --format']='json text csv'
    ['submit --report']='@files'
    ['submit --junit']='@files'
    ['submit --order']='completion input'
    ['submit --queue']='@nothing'
    ['submit --cpu-class']='@nothing'
    ['submit --files']='@folders'
    ['submit --batch']='@nothing'
    ['submit --tenant']='@nothing'
    ['submit --priority']='contest course batch'
    ['submit --queue-limit']='@nothing'
    ['fleet status --queue']='@nothing'
    ['fleet status --format']='text json'
    ['fleet dead --queue']='@nothing'
    ['fleet dead --format']='text json'
    ['fleet retry --queue']='@nothing'
    ['fleet drain --queue']='@nothing'
    ['fleet cancel --queue']='@nothing'
    ['fleet cancel --batch']='@nothing'
    ['calibrate --format']='text json'
)

# _evalrun_offer KIND: the words, or what a kind that begins with "@" stands for.
_evalrun_offer() {
    case $1 in
        @nothing) ;;
        @files) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
        @folders) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
        @images)
            mapfile -t COMPREPLY < <(compgen -W "$("$program" image list 2>/dev/null | sed -n 's/^\([A-Za-z0-9_-]*\): .*/\1/p')" -- "$word")
            ;;
        @verbs) mapfile -t COMPREPLY < <(compgen -W "$_evalrun_verbs" -- "$word") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word") ;;
    esac
}

_evalrun() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} at=2 i
    local program=evalrun
    [[ $1 != */* ]] || program=$1
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        if [[ $word == -* ]]; then
            _evalrun_offer '-h --help --version'
        else
            _evalrun_offer @verbs
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
        fi
        return
    fi
    if [[ -n ${_evalrun_groups[$verb]-} ]]; then
        if ((COMP_CWORD == 2)); then
            _evalrun_offer "${_evalrun_groups[$verb]}"
            return
        fi
        verb+=" ${COMP_WORDS[2]}"
        at=3
    fi
    [[ -n ${_evalrun_flags[$verb]-} ]] || verb=run
    # After exec's "--" the words are the command's.
    for ((i = at; i < COMP_CWORD; ++i)); do
        if [[ $verb == exec && ${COMP_WORDS[i]} == -- ]]; then
            _evalrun_offer @files
            if ((i == COMP_CWORD - 1)); then
                mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$word")
            fi
            return
        fi
    done
    if [[ -n ${_evalrun_values["$verb $before"]-} ]]; then
        _evalrun_offer "${_evalrun_values["$verb $before"]}"
    elif [[ $word == -* ]]; then
        _evalrun_offer "${_evalrun_flags[$verb]}"
    else
        _evalrun_offer "${_evalrun_arguments[$verb]}"
    fi
}

complete -o filenames -F _evalrun evalrun
