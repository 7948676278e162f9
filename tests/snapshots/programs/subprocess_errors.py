import subprocess
try:
    subprocess.run(['no-such-program'])
except FileNotFoundError as e:
    print(e)
print(subprocess.run('exit 5', shell=True).returncode, subprocess.run('kill -9 $$', shell=True).returncode)
try:
    subprocess.run(['sleep', '5'], timeout=0.05)
except subprocess.TimeoutExpired as e:
    print(e)
