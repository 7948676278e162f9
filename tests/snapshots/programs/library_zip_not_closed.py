import zipfile
z = zipfile.ZipFile('/work/z.zip', 'w')
z.writestr('a', 'b')
print('end')
