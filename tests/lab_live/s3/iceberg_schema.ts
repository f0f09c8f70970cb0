/** Fields as table metadata has them, and back. */
import { type Field, type IcebergType, typeText } from "../../../lib/parquet/types.ts";

/** A schema as table metadata has it. */
export type Described = string | Record<string, unknown>;

/** The fields as a schema, to make a table with. */
export function described(fields: readonly Field[]): unknown {
  return {
    type: "struct",
    fields: fields.map(({ id, name, type, required = false }) => ({
      id,
      name,
      required,
      type: typeOf(type),
    })),
  };
}

function typeOf(type: IcebergType): unknown {
  if (typeof type === "string" || "fixed" in type || "decimal" in type) return typeText(type);
  if ("struct" in type) return described(type.struct);
  if ("list" in type) {
    const { id, type: element, required = false } = type.list;
    return { type: "list", "element-id": id, element: typeOf(element), "element-required": required };
  }
  const { key, value } = type.map;
  return {
    ...{ type: "map", "key-id": key.id, key: typeOf(key.type), "value-id": value.id },
    ...{ value: typeOf(value.type), "value-required": value.required ?? false },
  };
}

/** The same fields with the ids that the catalog has given them. */
export function withIds(fields: readonly Field[], schema: Described): Field[] {
  const given = typeof schema === "string" ? [] : schema.fields as { id: number; type: Described }[];
  return fields.map((field, at) => ({
    ...field,
    id: given[at]?.id ?? -1,
    type: withIdsInside(field.type, given[at]?.type ?? ""),
  }));
}

function withIdsInside(type: IcebergType, given: Described): IcebergType {
  if (typeof type === "string" || typeof given === "string" || "fixed" in type || "decimal" in type) {
    return type;
  }
  if ("struct" in type) return { struct: withIds(type.struct, given) };
  const part = (field: Field, word: string): Field => ({
    ...field,
    id: Number(given[`${word}-id`]),
    type: withIdsInside(field.type, given[word] as Described),
  });
  if ("list" in type) return { list: part(type.list, "element") };
  return { map: { key: part(type.map.key, "key"), value: part(type.map.value, "value") } };
}
