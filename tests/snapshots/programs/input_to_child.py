#: {"stdin": {"text": "eins\nzwei\ndrei"}}
import subprocess, sys
sys.stdin.readline()
print(subprocess.run(['cat'], capture_output=True, stdin=subprocess.DEVNULL).stdout)
