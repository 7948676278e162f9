_end = sys.argv.index("--")
run_examiner(sys.argv[1], sys.argv[2], tuple(sys.argv[3:_end]), sys.argv[_end + 1 :])
