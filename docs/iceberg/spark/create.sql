-- Tables: a namespace, a table with properties and a location of its own, each way of partitioning, and rows.
CREATE NAMESPACE IF NOT EXISTS lakehouse.demo;

CREATE TABLE lakehouse.demo.sample_data (
  id BIGINT NOT NULL COMMENT 'unique',
  name STRING,
  category STRING,
  amount DECIMAL(10, 2),
  created_at TIMESTAMP
) USING iceberg
PARTITIONED BY (days(created_at), category)
LOCATION 's3a://iceberg-test/sample_data'
TBLPROPERTIES (
  'format-version' = '2',
  'write.format.default' = 'parquet',
  'write.parquet.compression-codec' = 'snappy'
);

INSERT INTO lakehouse.demo.sample_data VALUES
  (1, 'alpha', 'a', 10.50, TIMESTAMP '2026-11-01 10:00:00'),
  (2, 'beta', 'b', 20.00, TIMESTAMP '2026-11-02 11:30:00'),
  (3, 'gamma', 'a', NULL, TIMESTAMP '2026-11-03 00:00:00'),
  (4, NULL, 'b', -0.01, TIMESTAMP '2026-11-03 23:59:59.999999');

SELECT id, name, amount, created_at FROM lakehouse.demo.sample_data ORDER BY id;
-- => 1 | alpha | 10.50 | 2026-11-01T10:00:00.000000Z
-- => 2 | beta | 20.00 | 2026-11-02T11:30:00.000000Z
-- => 3 | gamma | NULL | 2026-11-03T00:00:00.000000Z
-- => 4 | NULL | -0.01 | 2026-11-03T23:59:59.999999Z

-- Files that can't hold what is asked for are not read: here by partition.
SELECT id FROM lakehouse.demo.sample_data WHERE category = 'a' AND created_at < TIMESTAMP '2026-11-02 00:00:00';
-- => 1
-- scans 1 of 4 files

-- How rows are put into files: by every transform that Iceberg has.
CREATE TABLE lakehouse.demo.by_transform (id BIGINT, name STRING, at TIMESTAMP, day DATE) USING iceberg
PARTITIONED BY (bucket(4, id), truncate(1, name), hours(at), months(day));

INSERT INTO lakehouse.demo.by_transform VALUES
  (1, 'ab', TIMESTAMP '2026-11-01 10:00:00', DATE '2026-11-01'),
  (2, 'ac', TIMESTAMP '2026-11-01 11:00:00', DATE '2025-11-01'),
  (3, NULL, NULL, NULL);

SELECT id, name FROM lakehouse.demo.by_transform WHERE day >= DATE '2026-01-01';
-- => 1 | ab
-- scans 1 of 3 files

CREATE TABLE lakehouse.demo.by_year (id BIGINT, day DATE) USING iceberg PARTITIONED BY (years(day));

-- A table in the order of its rows, so that bounds of files tell what is in them.
ALTER TABLE lakehouse.demo.by_year WRITE ORDERED BY id;

INSERT INTO lakehouse.demo.by_year SELECT id, make_date(2020 + id % 3, 1, 1) FROM range(9);

SELECT count(*), min(id), max(id) FROM lakehouse.demo.by_year WHERE day = DATE '2021-01-01';
-- => 3 | 1 | 7
-- scans 1 of 3 files

-- A table from a query, and how it was made.
CREATE TABLE lakehouse.demo.copied USING iceberg AS SELECT id, upper(name) AS name FROM lakehouse.demo.sample_data;

SELECT * FROM lakehouse.demo.copied ORDER BY id;
-- => 1 | ALPHA
-- => 2 | BETA
-- => 3 | GAMMA
-- => 4 | NULL

-- A table that is there is not made again.
CREATE TABLE lakehouse.demo.copied (id BIGINT) USING iceberg;
-- fails: AlreadyExists

DROP TABLE lakehouse.demo.copied;

SELECT * FROM lakehouse.demo.copied;
-- fails: NotFound
