let () =
  let words = Str.split (Str.regexp " +") (read_line ()) in
  let the = List.filter (String.equal "the") words in
  Printf.printf "the %d\nwords: %d\n" (List.length the) (List.length words)
