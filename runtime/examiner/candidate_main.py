def main(words):
    run_candidate(words[0])
