import xml.etree.ElementTree as E, csv, io, html
print(E.tostring(E.fromstring('<a><b x="1"/></a>')), list(csv.reader(io.StringIO('a,"b,c"\n'))), html.escape('<&>'))
