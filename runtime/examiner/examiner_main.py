def main(words):
    tests, stem, *names = words
    end = names.index("--")
    run_examiner(tests, stem, tuple(names[:end]), names[end + 1 :])
