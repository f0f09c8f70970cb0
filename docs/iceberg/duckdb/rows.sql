-- Rows changed by DuckDB: by delete files (merge on read), the only way it has.
CREATE TABLE lakehouse.demo.on_read (id BIGINT, name VARCHAR, amount INTEGER);

INSERT INTO lakehouse.demo.on_read VALUES (1, 'a', 10), (2, 'b', 20), (3, 'c', 30), (4, 'd', 40);

UPDATE lakehouse.demo.on_read SET amount = amount + 1 WHERE id <= 2;

DELETE FROM lakehouse.demo.on_read WHERE name = 'c';

SELECT * FROM lakehouse.demo.on_read ORDER BY id;
-- => 1 | a | 11
-- => 2 | b | 21
-- => 4 | d | 40

-- A MERGE may update or delete, and not both.
MERGE INTO lakehouse.demo.on_read AS t USING (VALUES (1, 'A'), (9, 'new')) AS s(id, name)
ON t.id = s.id
WHEN MATCHED THEN UPDATE SET name = s.name
WHEN NOT MATCHED THEN INSERT (id, name, amount) VALUES (s.id, s.name, 0);

SELECT * FROM lakehouse.demo.on_read ORDER BY id;
-- => 1 | A | 11
-- => 2 | b | 21
-- => 4 | d | 40
-- => 9 | new | 0
