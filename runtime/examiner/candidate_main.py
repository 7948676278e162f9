run_candidate(sys.argv[1])
