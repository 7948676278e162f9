#!/usr/bin/env bash
# Here-documents, here-strings, parameter expansion and text.
set -euo pipefail

name=world
cat <<END
Hello, $name; two and two is $((2 + 2)), upper case is ${name^^}.
END
cat <<'END'
Nothing is expanded here: $name, $((2 + 2)), `date`.
END
cat <<-END
	Tabs at the start of a line are taken away.
END

path=/srv/data/report.final.txt
echo "name ${path##*/}, folder ${path%/*}, ending ${path##*.}, without it ${path%.*}"
echo "first slash replaced ${path/\//|}, all of them ${path//\//|}"
echo "length ${#path}, part ${path:5:4}, default ${missing:-none}"

is_palindrome() {
  local letters
  letters=$(tr -cd '[:alnum:]' <<<"$1" | tr '[:upper:]' '[:lower:]')
  [[ $letters == "$(rev <<<"$letters")" ]]
}
for sentence in "A man, a plan, a canal: Panama" "Not this one"; do
  if is_palindrome "$sentence"; then
    echo "a palindrome: $sentence"
  else
    echo "none: $sentence"
  fi
done

rot13() { tr 'A-Za-z' 'N-ZA-Mn-za-m'; }
echo "rot13: $(rot13 <<<"Hello") and back: $(rot13 <<<"Hello" | rot13)"

template='Dear {name}, your order {order} has left us.'
while IFS='|' read -r name order; do
  letter=${template/\{name\}/$name}
  echo "${letter/\{order\}/$order}"
done <<'END'
Ada|#17
Grace Hopper|#42
END
