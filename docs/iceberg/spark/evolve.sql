-- A schema that changes under its data: columns are known by ids, so that old files are read rightly.
CREATE TABLE lakehouse.demo.events (id INT, name STRING, price FLOAT, amount DECIMAL(8, 2), at STRUCT<x: INT, y: INT>) USING iceberg;

INSERT INTO lakehouse.demo.events VALUES (1, 'one', 1.5, 1.25, named_struct('x', 1, 'y', 2));

-- A new column is NULL in rows that were there before.
ALTER TABLE lakehouse.demo.events ADD COLUMN note STRING AFTER name;

INSERT INTO lakehouse.demo.events VALUES (2, 'two', 'noted', 2.5, 2.50, named_struct('x', 3, 'y', 4));

SELECT * FROM lakehouse.demo.events ORDER BY id;
-- => 1 | one | NULL | 1.5 | 1.25 | ["1","2"]
-- => 2 | two | noted | 2.5 | 2.50 | ["3","4"]

ALTER TABLE lakehouse.demo.events RENAME COLUMN name TO title;
ALTER TABLE lakehouse.demo.events ALTER COLUMN title FIRST;

-- Wider types: nothing is written anew.
ALTER TABLE lakehouse.demo.events ALTER COLUMN id TYPE BIGINT;
ALTER TABLE lakehouse.demo.events ALTER COLUMN price TYPE DOUBLE;
ALTER TABLE lakehouse.demo.events ALTER COLUMN amount TYPE DECIMAL(12, 2);

INSERT INTO lakehouse.demo.events VALUES ('three', 3000000000, NULL, 0.1, 1234567890.25, NULL);

SELECT * FROM lakehouse.demo.events ORDER BY id;
-- => one | 1 | NULL | 1.5 | 1.25 | ["1","2"]
-- => two | 2 | noted | 2.5 | 2.50 | ["3","4"]
-- => three | 3000000000 | NULL | 0.1 | 1234567890.25 | NULL

-- What is dropped and added again is another column: the old values do not come back.
ALTER TABLE lakehouse.demo.events DROP COLUMN note;
ALTER TABLE lakehouse.demo.events ADD COLUMN note STRING;

SELECT id, note FROM lakehouse.demo.events ORDER BY id;
-- => 1 | NULL
-- => 2 | NULL
-- => 3000000000 | NULL

ALTER TABLE lakehouse.demo.events ADD COLUMN at.z INT;
ALTER TABLE lakehouse.demo.events DROP COLUMN at.x;

SELECT id, at FROM lakehouse.demo.events ORDER BY id;
-- => 1 | ["2",null]
-- => 2 | ["4",null]
-- => 3000000000 | NULL

-- Narrower types lose data, and are refused.
ALTER TABLE lakehouse.demo.events ALTER COLUMN id TYPE INT;
-- fails: NotSupported

-- Partitions that change: old files stay as they are.
ALTER TABLE lakehouse.demo.events ADD PARTITION FIELD bucket(2, id);

INSERT INTO lakehouse.demo.events (title, id, price, amount, at, note) VALUES ('four', 4, 4.0, 4.00, NULL, 'x');

ALTER TABLE lakehouse.demo.events DROP PARTITION FIELD bucket(2, id);

SELECT title, note FROM lakehouse.demo.events WHERE id = 4;
-- => four | x

SELECT count(*) FROM lakehouse.demo.events;
-- => 4
