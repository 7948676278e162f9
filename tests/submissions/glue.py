"""All that stands between a folder of submissions and `evalrun batch`: one job a line."""
import base64, json, pathlib, sys, zipfile
IMAGES = {".py": "python", ".cpp": "cpp", ".cc": "cpp", ".java": "java"}
for student in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    files = {str(p.relative_to(student)): p.read_bytes() for p in student.rglob("*") if p.is_file()}
    for name in [name for name in files if name.endswith(".zip")]:
        with zipfile.ZipFile(student / name) as packed:
            files = {entry: packed.read(entry) for entry in packed.namelist() if not entry.endswith("/")}
    main = min((n for n in files if pathlib.Path(n).suffix.lower() in IMAGES), key=lambda n: ("main" not in n.lower(), n))
    print(json.dumps({"id": student.name, "image": IMAGES[pathlib.Path(main).suffix.lower()], "source": main, "files": {n: {"base64": base64.b64encode(b).decode()} for n, b in files.items()}}))
