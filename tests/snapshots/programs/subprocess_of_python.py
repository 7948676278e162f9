import subprocess, sys
for a in (['-c', 'import sys; print(sys.argv); sys.exit(3)', 'x'], ['-m', 'json.tool', '--help'], ['-S', '-E', '-c', 'print(__name__)'], ['-']):
    r = subprocess.run([sys.executable, *a], input='print(6)', capture_output=True, text=True)
    print(r.returncode, r.stdout[:60], r.stderr[:60])
