-- Maintenance: many small files made few, snapshots and orphans removed, in the order in which that is safe.
CREATE TABLE lakehouse.demo.events (id BIGINT, name STRING) USING iceberg TBLPROPERTIES ('format-version' = '2');

INSERT INTO lakehouse.demo.events VALUES (1, 'a');
INSERT INTO lakehouse.demo.events VALUES (2, 'b');
INSERT INTO lakehouse.demo.events VALUES (3, 'c');
INSERT INTO lakehouse.demo.events VALUES (4, 'd');

SELECT count(*) FROM lakehouse.demo.events.files;
-- => 4

-- 1. Compaction: queries read one file instead of four.
CALL lakehouse.system.rewrite_data_files(table => 'demo.events', options => map('min-input-files', '2'));

SELECT count(*) FROM lakehouse.demo.events.files;
-- => 1

SELECT * FROM lakehouse.demo.events ORDER BY id;
-- => 1 | a
-- => 2 | b
-- => 3 | c
-- => 4 | d

-- 2. Manifests, which queries read before files.
CALL lakehouse.system.rewrite_manifests('demo.events');

-- 3. Snapshots: on a catalog that keeps versions, other branches and tags may need their files, and Nessie switches
-- expiry off (gc.enabled=false). Its own garbage collector knows them all.
CALL lakehouse.system.expire_snapshots(table => 'demo.events', older_than => TIMESTAMP '2026-01-01 00:00:00');
-- fails: GcDisabled

-- 4. Orphans: files that no snapshot names. The same holds.
CALL lakehouse.system.remove_orphan_files(table => 'demo.events', dry_run => true);
-- fails: GcDisabled

SELECT count(*) FROM lakehouse.demo.events;
-- => 4
