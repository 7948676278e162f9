import os, sys
os.execve(sys.executable, ['python3', '-c', 'import os; print(sorted(os.environ))'], {'A': '1'})
