// CMS's communication tasks: a program that is given two FIFOs by name, and whose dialogue is its standard streams
// here. A script, which runs beside the program in its own sandbox, joins the two.
//
// A FIFO has no direction, and old managers and stubs agree to use the two the other way round. So the script looks at
// how the program has opened them. What it opens both ways keeps the program from waiting until then.
#pragma once

namespace evalrun::contest {

// For bash -c, with the arguments: a name; the files that are the program's standard input, output and error ("": as
// they are); the program and its own arguments. It exits as the program does.
inline constexpr const char* kFifoScript = R"SH(
input=$1 output=$2 errors=$3; shift 3
mkfifo /tmp/first /tmp/second /tmp/pause || exit 99
# Open both ways, so that no open of the program's waits.
exec 3<&0 4>&1 5<>/tmp/first 6<>/tmp/second 7<>/tmp/pause
if [[ $errors ]]; then exec 8>&2 2>"$errors"; fi
"$@" /tmp/first /tmp/second <"$input" >"$output" 3<&- 4>&- 5>&- 6>&- 7>&- 8>&- &
program=$!
to= from=
while [[ ! $to ]]; do
  open=
  for link in /proc/$program/fd/*; do
    [[ -e $link || -L $link ]] && open=1
    if [[ $link -ef /tmp/first ]]; then its=/tmp/first other=/tmp/second
    elif [[ $link -ef /tmp/second ]]; then its=/tmp/second other=/tmp/first
    else continue; fi
    while read -r key value; do
      if [[ $key == flags: ]]; then break; fi
    done 2>/dev/null </proc/$program/fdinfo/${link##*/}
    case $value in
      *0) to=$its from=$other ;;
      *1) from=$its to=$other ;;
    esac
  done
  if [[ ! $open ]]; then break; fi
  if [[ ! $to ]]; then read -r -t 0.002 -u 7; fi
done
if [[ $to ]]; then
  # The program may open the one that it writes later: until its end there is a writer.
  exec 9>"$to" 10<"$from" 11<>"$from"
  exec 5>&- 6>&- 7>&-
  cat <&3 >&9 4>&- 10<&- 11>&- & reader=$!
  cat <&10 >&4 3<&- 9>&- 11>&- & writer=$!
  exec 3<&- 4>&- 9>&- 10<&-
fi
wait $program
code=$?
if [[ $to ]]; then
  exec 11>&-
  kill $reader
  wait $writer
fi 2>/dev/null
if [[ $errors ]]; then cat "$errors" >&8; fi
exit $code
)SH";

}  // namespace evalrun::contest
