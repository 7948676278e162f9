import sqlite3
c = sqlite3.connect(':memory:')
c.executescript('create table t(a, b); insert into t values (1, 2), (3, 4);')
print(c.execute('select * from t').fetchall(), c.total_changes)
