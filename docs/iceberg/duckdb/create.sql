-- Tables by DuckDB: made, filled, read and dropped. The catalog is attached as `lakehouse`.
CREATE TABLE lakehouse.demo.sample_data (
  id BIGINT,
  name VARCHAR,
  category VARCHAR,
  amount DECIMAL(10, 2),
  created_at TIMESTAMPTZ
);

INSERT INTO lakehouse.demo.sample_data VALUES
  (1, 'alpha', 'a', 10.50, TIMESTAMPTZ '2026-11-01 10:00:00Z'),
  (2, 'beta', 'b', 20.00, TIMESTAMPTZ '2026-11-02 11:30:00Z');

INSERT INTO lakehouse.demo.sample_data VALUES
  (3, 'gamma', 'a', NULL, TIMESTAMPTZ '2026-11-03 00:00:00Z'),
  (4, NULL, 'b', -0.01, TIMESTAMPTZ '2026-11-03 23:59:59.999999Z');

SELECT id, name, amount, created_at FROM lakehouse.demo.sample_data ORDER BY id;
-- => 1 | alpha | 10.50 | 2026-11-01T10:00:00.000000Z
-- => 2 | beta | 20.00 | 2026-11-02T11:30:00.000000Z
-- => 3 | gamma | NULL | 2026-11-03T00:00:00.000000Z
-- => 4 | NULL | -0.01 | 2026-11-03T23:59:59.999999Z

-- Files that can't hold what is asked for are not read: here by the bounds of their columns.
SELECT id FROM lakehouse.demo.sample_data WHERE id > 3;
-- => 4
-- scans 1 of 2 files

SELECT count(*) FROM iceberg_snapshots(lakehouse.demo.sample_data);
-- => n=*

-- A table from a query.
CREATE TABLE lakehouse.demo.copied (id BIGINT, name VARCHAR);

INSERT INTO lakehouse.demo.copied SELECT id, upper(name) FROM lakehouse.demo.sample_data;

SELECT * FROM lakehouse.demo.copied ORDER BY id;
-- => 1 | ALPHA
-- => 2 | BETA
-- => 3 | GAMMA
-- => 4 | NULL

-- A table that is there is not made again.
CREATE TABLE lakehouse.demo.copied (id BIGINT);
-- fails: AlreadyExists

DROP TABLE lakehouse.demo.copied;

SELECT * FROM lakehouse.demo.copied;
-- fails: NotFound
