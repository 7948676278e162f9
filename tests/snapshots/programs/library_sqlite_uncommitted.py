import sqlite3, os
c = sqlite3.connect('/work/db')
c.execute('create table t(a)'); c.commit()
c.execute('insert into t values (1)')
print(sorted(os.listdir('/work')))
