:- initialization(main).
main :- read_term(A, []), read_term(B, []), C is A + B, write(C), nl, halt.
