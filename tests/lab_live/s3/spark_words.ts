/** One text for one value of a flat column: as Spark is asked to say it, and as it must be. */
import { decimalText } from "../../../lib/checkpoints/s3/parquet/parts.ts";
import { hex } from "../../../lib/parquet/canonical.ts";
import type { Field, IcebergType, Value } from "../../../lib/parquet/types.ts";

/** An expression of Spark's that says a value of the column as `sparkText` does. */
export function sparkSays({ name, type }: Field): string {
  if (typeof type !== "string") {
    if ("decimal" in type) return `cast(${name} AS string)`;
    return "fixed" in type ? `lower(hex(${name}))` : `to_json(struct(${name}))`;
  }
  switch (type) {
    case "float":
      return bitsOf(name, "java.lang.Float", "floatToIntBits", type);
    case "double":
      return bitsOf(name, "java.lang.Double", "doubleToLongBits", type);
    case "date":
      return `unix_date(${name})`;
    case "timestamp":
    case "timestamptz":
      return `unix_micros(cast(${name} AS timestamp))`;
    case "string":
    case "binary":
      return `lower(hex(${name}))`;
    default:
      return `cast(${name} AS string)`;
  }
}

/** Java takes no null for a number. */
function bitsOf(column: string, owner: string, method: string, type: string): string {
  const number = `coalesce(${column}, cast(0 AS ${type}))`;
  return `if(${column} IS NULL, NULL, java_method('${owner}', '${method}', ${number}))`;
}

/** The flat columns; of nested ones PyIceberg is the witness. */
export function sparkText(type: IcebergType, value: Value): string {
  if (value === null) return "NULL";
  if (typeof type === "object" && "decimal" in type) {
    return javaDecimal(BigInt(String(value)), type.decimal.scale);
  }
  const view = new DataView(new ArrayBuffer(8));
  if (type === "float") {
    view.setFloat32(0, Number(value));
    return String(view.getInt32(0));
  }
  if (type === "double") {
    view.setFloat64(0, Number(value));
    return String(view.getBigInt64(0));
  }
  if (value instanceof Uint8Array) return hex(value);
  return type === "string" ? hex(new TextEncoder().encode(String(value))) : String(value);
}

/** As Java says a BigDecimal: the smallest are `1E-10`. */
function javaDecimal(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled);
  const exponent = digits.length - 1 - scale;
  if (exponent >= -6) return decimalText(unscaled, scale);
  const rest = digits.length > 1 ? `.${digits.slice(1)}` : "";
  return `${unscaled < 0n ? "-" : ""}${digits[0]}${rest}E${exponent}`;
}
