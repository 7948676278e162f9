e = ValueError('x')
e.add_note('a note')
e.add_note('another')
raise e
