-- Rows changed: update, delete and merge, once by writing files anew (copy on write), once by delete files (merge on read).
CREATE TABLE lakehouse.demo.on_write (id BIGINT, name STRING, amount INT) USING iceberg
TBLPROPERTIES (
  'format-version' = '2',
  'write.update.mode' = 'copy-on-write', 'write.delete.mode' = 'copy-on-write', 'write.merge.mode' = 'copy-on-write'
);

CREATE TABLE lakehouse.demo.on_read (id BIGINT, name STRING, amount INT) USING iceberg
TBLPROPERTIES (
  'format-version' = '2',
  'write.update.mode' = 'merge-on-read', 'write.delete.mode' = 'merge-on-read', 'write.merge.mode' = 'merge-on-read'
);

INSERT INTO lakehouse.demo.on_write VALUES (1, 'a', 10), (2, 'b', 20), (3, 'c', 30), (4, 'd', 40);
INSERT INTO lakehouse.demo.on_read VALUES (1, 'a', 10), (2, 'b', 20), (3, 'c', 30), (4, 'd', 40);

UPDATE lakehouse.demo.on_write SET amount = amount + 1 WHERE id <= 2;
UPDATE lakehouse.demo.on_read SET amount = amount + 1 WHERE id <= 2;

DELETE FROM lakehouse.demo.on_write WHERE name = 'c';
DELETE FROM lakehouse.demo.on_read WHERE name = 'c';

MERGE INTO lakehouse.demo.on_write AS t USING (SELECT * FROM VALUES (1L, 'A'), (4L, NULL), (9L, 'new') AS s(id, name)) AS s
ON t.id = s.id
WHEN MATCHED AND s.name IS NULL THEN DELETE
WHEN MATCHED THEN UPDATE SET name = s.name
WHEN NOT MATCHED THEN INSERT (id, name, amount) VALUES (s.id, s.name, 0);

MERGE INTO lakehouse.demo.on_read AS t USING (SELECT * FROM VALUES (1L, 'A'), (4L, NULL), (9L, 'new') AS s(id, name)) AS s
ON t.id = s.id
WHEN MATCHED AND s.name IS NULL THEN DELETE
WHEN MATCHED THEN UPDATE SET name = s.name
WHEN NOT MATCHED THEN INSERT (id, name, amount) VALUES (s.id, s.name, 0);

SELECT * FROM lakehouse.demo.on_write ORDER BY id;
-- => 1 | A | 11
-- => 2 | b | 21
-- => 9 | new | 0

SELECT * FROM lakehouse.demo.on_read ORDER BY id;
-- => 1 | A | 11
-- => 2 | b | 21
-- => 9 | new | 0

-- Copy on write leaves no delete files, merge on read does.
SELECT count(*) FROM lakehouse.demo.on_write.delete_files;
-- => 0

SELECT count(*) > 0 FROM lakehouse.demo.on_read.delete_files;
-- => true

INSERT OVERWRITE lakehouse.demo.on_write VALUES (7, 'z', 70);

SELECT * FROM lakehouse.demo.on_write;
-- => 7 | z | 70
