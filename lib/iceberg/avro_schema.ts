/** From the schema in an Avro file to a reader that takes the wanted fields and goes past all others. */
import {
  AvroError,
  type Cursor,
  readBytes,
  readLong,
  readSize,
  readText,
  skipBytes,
  skipLong,
} from "./avro_values.ts";
import { DEEPEST, parseJson, TooDeep } from "../untrusted/json.ts";
import { own } from "../untrusted/lookup.ts";

/**
 * The fields of a record to take, by the names that the result gives them. Iceberg knows fields by their ids; a file
 * without ids is read by names. `of`: those of the record in that field.
 */
export type Wanted = Readonly<Record<string, { id: number; of?: Wanted }>>;

export type AvroReader = (cursor: Cursor) => Record<string, unknown>;

/** Reads a value, or goes past it. */
interface Values {
  read(cursor: Cursor): unknown;
  skip(cursor: Cursor): void;
}

/** Readers by schema; the schemas of a catalog's manifests differ by partition spec only. */
const readers = new WeakMap<Wanted, Map<string, AvroReader>>();
const KEPT_READERS = 256;
const LONGEST_KEPT = 256 * 1024;

/** The reader of a file's records. Throws AvroError when the schema is none of records, or can't be understood. */
export function readerOf(schema: string, wanted: Wanted): AvroReader {
  let known = readers.get(wanted);
  if (!known) readers.set(wanted, known = new Map());
  const before = known.get(schema);
  if (before) return before;
  const reader = recordReader(parsed(schema), wanted);
  if (known.size >= KEPT_READERS) known.clear();
  if (schema.length <= LONGEST_KEPT) known.set(schema, reader);
  return reader;
}

function parsed(schema: string): unknown {
  try {
    return parseJson(schema);
  } catch (error) {
    if (error instanceof TooDeep) throw tooDeep();
    throw new AvroError("damaged", "has no schema that can be read");
  }
}

function recordReader(schema: unknown, wanted: Wanted): AvroReader {
  if (!isObject(schema) || schema.type !== "record") {
    throw new AvroError("damaged", "is an Avro file of something else than records");
  }
  return record(schema, wanted, new Map()).read as AvroReader;
}

const tooDeep = () =>
  new AvroError(
    "unsupported",
    `has records within each other deeper than ${DEEPEST} levels, which is not read here`,
  );

type Named = Map<string, Values>;

/** A record without wanted fields is gone past, not read. */
function values(schema: unknown, wanted: Wanted | undefined, named: Named, space = ""): Values {
  if (typeof schema === "string") return PLAIN.get(schema) ?? byName(schema, named, space);
  if (Array.isArray(schema)) return union(schema.map((one) => values(one, wanted, named, space)));
  if (!isObject(schema)) throw unknownType(schema);
  switch (schema.type) {
    case "record":
      return record(schema, wanted ?? {}, named, space);
    case "array":
      return items(values(schema.items, wanted, named, space), false);
    case "map":
      return items(values(schema.values, wanted, named, space), true);
    case "fixed":
      return remember(schema, named, space, fixed(schema.size));
    case "enum":
      return remember(schema, named, space, LONG);
    default:
      return values(schema.type, wanted, named, space);
  }
}

function record(schema: Schema, wanted: Wanted, named: Named, outer = ""): Values {
  const space = typeof schema.namespace === "string" ? schema.namespace : outer;
  const steps: { key: string | undefined; values: Values }[] = [];
  const itself: Values = {
    read(cursor) {
      const out: Record<string, unknown> = {};
      enter(cursor);
      for (const { key, values } of steps) {
        if (key === undefined) values.skip(cursor);
        else out[key] = values.read(cursor);
      }
      cursor.depth--;
      return out;
    },
    skip(cursor) {
      enter(cursor);
      for (const { values } of steps) values.skip(cursor);
      cursor.depth--;
    },
  };
  remember(schema, named, space, itself);
  if (!Array.isArray(schema.fields)) {
    throw new AvroError("damaged", "has a schema of a record without fields");
  }
  for (const field of schema.fields) {
    if (!isObject(field)) throw new AvroError("damaged", "has a schema with a field that is none");
    const key = keyOf(field, wanted);
    steps.push({
      key,
      values: values(field.type, key === undefined ? undefined : own(wanted, key)?.of, named, space),
    });
  }
  return itself;
}

/** A record may be a part of itself, and then its values say how deep it goes, or that it has no end. */
function enter(cursor: Cursor): void {
  if (++cursor.depth > DEEPEST) throw tooDeep();
}

function keyOf(field: Schema, wanted: Wanted): string | undefined {
  const id = field["field-id"];
  return Object.keys(wanted).find((key) =>
    id === undefined ? key === field.name : own(wanted, key)?.id === id
  );
}

function union(choices: Values[]): Values {
  const choose = (cursor: Cursor): Values => {
    const choice = choices[Number(readLong(cursor))];
    if (!choice) throw new AvroError("damaged", "has a value of a type that its schema does not name");
    return choice;
  };
  return { read: (cursor) => choose(cursor).read(cursor), skip: (cursor) => choose(cursor).skip(cursor) };
}

/** Arrays and maps: blocks of items, each with its count, and with its size when the count is negative. */
function items(item: Values, keyed: boolean): Values {
  const walk = (cursor: Cursor, each: (cursor: Cursor) => void, mayJump: boolean) => {
    for (let count = readSize(cursor, true); count !== 0; count = readSize(cursor, true)) {
      const size = count < 0 ? readSize(cursor) : undefined;
      // Each item has a byte at least, so more items than bytes are none: damage must not become an endless loop, and
      // neither must lists of lists of what takes no bytes.
      cursor.items += Math.abs(count);
      if (Math.abs(count) > cursor.end - cursor.at || cursor.items > cursor.end) throw inList();
      if (size !== undefined && mayJump) cursor.at += size;
      else for (let i = Math.abs(count); i > 0; i--) each(cursor);
      if (cursor.at > cursor.end) throw inList();
    }
  };
  const skipOne = (cursor: Cursor) => {
    if (keyed) skipBytes(cursor);
    item.skip(cursor);
    if (cursor.at > cursor.end) throw inList();
  };
  return {
    read(cursor) {
      const out: unknown[] = [];
      walk(cursor, () => {
        if (keyed) skipBytes(cursor);
        out.push(item.read(cursor));
        if (cursor.at > cursor.end) throw inList();
      }, false);
      return out;
    },
    skip: (cursor) => walk(cursor, skipOne, true),
  };
}

const inList = () => new AvroError("truncated", "ends in the middle of a list");

function fixed(size: unknown): Values {
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw new AvroError("damaged", "has a schema with a fixed type of no size");
  }
  return {
    read(cursor) {
      cursor.at += size;
      return cursor.bytes.subarray(cursor.at - size, cursor.at);
    },
    skip: (cursor) => void (cursor.at += size),
  };
}

const LONG: Values = { read: readLong, skip: skipLong };

const PLAIN: ReadonlyMap<string, Values> = new Map(Object.entries({
  null: fixedValue(0, () => null),
  boolean: fixedValue(1, (view, at) => view.getUint8(at) !== 0),
  int: LONG,
  long: LONG,
  float: fixedValue(4, (view, at) => view.getFloat32(at, true)),
  double: fixedValue(8, (view, at) => view.getFloat64(at, true)),
  bytes: { read: readBytes, skip: (cursor: Cursor) => void skipBytes(cursor) },
  string: { read: readText, skip: (cursor: Cursor) => void skipBytes(cursor) },
}));

function fixedValue(size: number, take: (view: DataView, at: number) => unknown): Values {
  return {
    read(cursor) {
      const { bytes, at } = cursor;
      cursor.at += size;
      if (cursor.at > cursor.end) throw new AvroError("truncated", "ends in the middle of a value");
      return take(new DataView(bytes.buffer, bytes.byteOffset), at);
    },
    skip: (cursor) => void (cursor.at += size),
  };
}

function remember(schema: Schema, named: Named, space: string, value: Values): Values {
  if (typeof schema.name !== "string") return value;
  named.set(schema.name, value);
  if (space) named.set(`${space}.${schema.name}`, value);
  return value;
}

function byName(name: string, named: Named, space: string): Values {
  const found = named.get(`${space}.${name}`) ?? named.get(name);
  if (!found) throw unknownType(name);
  return found;
}

const unknownType = (what: unknown) =>
  new AvroError(
    "damaged",
    `has a schema with a type that Avro does not know: ${JSON.stringify(what)?.slice(0, 60)}`,
  );

type Schema = Record<string, unknown>;

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
