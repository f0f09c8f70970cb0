"""Reads Parquet files and Iceberg tables with pyarrow and PyIceberg, and prints their values as canonical JSON.

The texts are those of lib/parquet/canonical.ts, made here again by other means, so that two programs that share no
code can be compared. Arguments: `files FILE...`, or `table CATALOG_URI TABLE`. Keys come from AWS_* in the environment.
"""
import decimal
import json
import os
import struct
import sys
import uuid

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq

decimal.getcontext().prec = 60


def floating(value, form):
    if value != value:
        return "NaN"
    return struct.pack(form, value).hex()


def canonical(scalar):
    kind = scalar.type
    if not scalar.is_valid:
        return None
    if isinstance(scalar, pa.ExtensionScalar):
        value = scalar.as_py()
        return str(value) if isinstance(value, uuid.UUID) else canonical(scalar.value)
    if pa.types.is_boolean(kind):
        return "true" if scalar.as_py() else "false"
    if pa.types.is_float32(kind):
        return floating(scalar.as_py(), ">f")
    if pa.types.is_float64(kind):
        return floating(scalar.as_py(), ">d")
    if pa.types.is_decimal(kind):
        return str(int(scalar.as_py().scaleb(kind.scale)))
    if pa.types.is_integer(kind):
        return str(scalar.as_py())
    if pa.types.is_temporal(kind):
        return str(scalar.value)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return scalar.as_py()
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return scalar.as_py().hex()
    if pa.types.is_struct(kind):
        return [canonical(scalar[name]) for name in (field.name for field in kind)]
    if pa.types.is_map(kind):
        return [[canonical(pair["key"]), canonical(pair["value"])] for pair in scalar.values]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [canonical(one) for one in scalar.values]
    raise TypeError(f"no canonical text for {kind}")


def type_text(kind):
    """As Iceberg's metadata writes types."""
    if isinstance(kind, pa.BaseExtensionType):
        return "uuid" if kind.extension_name == "arrow.uuid" else str(kind)
    if pa.types.is_timestamp(kind):
        return f"timestamp{'tz' if kind.tz else ''}{'_ns' if kind.unit == 'ns' else ''}"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    if pa.types.is_fixed_size_binary(kind):
        return f"fixed[{kind.byte_width}]"
    for test, text in (
        (pa.types.is_struct, "struct"),
        (pa.types.is_map, "map"),
        (pa.types.is_list, "list"),
        (pa.types.is_large_list, "list"),
        (pa.types.is_large_string, "string"),
        (pa.types.is_large_binary, "binary"),
    ):
        if test(kind):
            return text
    words = {"bool": "boolean", "int32": "int", "int64": "long", "float": "float", "double": "double"}
    words |= {"date32[day]": "date", "time64[us]": "time", "string": "string", "binary": "binary"}
    return words.get(str(kind), str(kind))


def parts(kind):
    if pa.types.is_struct(kind):
        return list(kind)
    if pa.types.is_map(kind):
        return [kind.key_field, kind.item_field]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [kind.value_field]
    return []


def shape(fields):
    out = []
    for field in fields:
        number = (field.metadata or {}).get(b"PARQUET:field_id", b"none").decode()
        out += [f"{field.name}#{number} {type_text(field.type)}", *shape(parts(field.type))]
    return out


def told(table):
    columns = {}
    for name in table.column_names:
        columns[name] = [canonical(one) for chunk in table.column(name).chunks for one in chunk]
    return {"shape": shape(table.schema), "rows": table.num_rows, "columns": columns}


def store():
    endpoint = os.environ["S3_ENDPOINT"]
    scheme, _, host = endpoint.partition("://")
    return pyarrow.fs.S3FileSystem(
        access_key=os.environ["AWS_ACCESS_KEY_ID"],
        secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        endpoint_override=host,
        scheme=scheme,
        region="us-east-1",
        force_virtual_addressing=False,
    )


def index_of(file):
    group = file.metadata.row_group(0) if file.metadata.num_row_groups else None
    columns = [group.column(at) for at in range(group.num_columns)] if group else []
    return {
        "groups": file.metadata.num_row_groups,
        "bounds": sum(1 for one in columns if one.is_stats_set),
        "columnIndexes": sum(1 for one in columns if one.has_column_index),
        "codecs": sorted({one.compression for one in columns}),
        "writer": file.metadata.created_by,
    }


def files(paths):
    s3 = store()
    out = {}
    for path in paths:
        with s3.open_input_file(path.removeprefix("s3://")) as source:
            # Without the schema that some writers put beside it, only what Parquet itself says counts.
            file = pq.ParquetFile(source)
            out[path] = told(file.read()) | index_of(file)
    return out


def table(uri, name):
    from pyiceberg.catalog.rest import RestCatalog

    catalog = RestCatalog(
        "witness",
        **{
            "uri": uri,
            "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO",
            "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"],
            "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"],
            "s3.force-virtual-addressing": "false",
        },
    )
    loaded = catalog.load_table(name)
    return told(loaded.scan().to_arrow()) | {"location": loaded.location()}


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    said = files(rest) if command == "files" else table(*rest)
    json.dump(said, sys.stdout)
