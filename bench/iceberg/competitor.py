"""PyIceberg as a competitor: for each table name on stdin, creates it, appends 1,000 rows, reads all back, and prints how many
milliseconds that took. Arguments: the catalog's URI and a namespace. Keys come from AWS_* in the environment."""
import decimal
import os
import sys
import time

import pyarrow as pa
from pyiceberg.catalog.rest import RestCatalog

ROWS = 1000

uri, namespace = sys.argv[1:]
catalog = RestCatalog(
    "bench",
    **{
        "uri": uri,
        "warehouse": os.environ["WAREHOUSE"],
        "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO",
        "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"],
        "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"],
        "s3.force-virtual-addressing": "false",
    },
)
schema = pa.schema([("id", pa.int64()), ("name", pa.string()), ("amount", pa.decimal128(10, 2))])
rows = pa.table(
    {
        "id": list(range(ROWS)),
        "name": [f"n{one}" for one in range(ROWS)],
        "amount": [decimal.Decimal(one) / 10 for one in range(ROWS)],
    },
    schema=schema,
)

for line in sys.stdin:
    name = f"{namespace}.{line.strip()}"
    started = time.perf_counter()
    catalog.create_table(name, schema).append(rows)
    back = catalog.load_table(name).scan().to_arrow().to_pylist()
    took = (time.perf_counter() - started) * 1000
    assert len(back) == ROWS and sum(one["amount"] for one in back) == decimal.Decimal("49950.00"), len(back)
    print(took, flush=True)
