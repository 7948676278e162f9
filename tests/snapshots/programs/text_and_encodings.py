import codecs
for c in ('utf-8', 'utf-16', 'latin-1', 'cp1252', 'shift_jis', 'idna', 'rot13', 'punycode', 'cp437', 'mbcs'):
    try:
        print(c, codecs.encode('aé', c))
    except (LookupError, UnicodeError, TypeError) as e:
        print(c, type(e).__name__)
print(ascii('\ud800'))
