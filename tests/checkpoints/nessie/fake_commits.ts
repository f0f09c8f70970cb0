/** Requirements and updates of the Iceberg REST protocol, carried out on metadata in memory. */
import type { CatalogReply } from "../../../lib/clients/catalog_http.ts";
import { problem } from "./fake_replies.ts";

// deno-lint-ignore no-explicit-any
type Json = any;

/** Why a requirement does not hold; undefined when it does. */
export function broken(one: Json, metadata: Json, there: boolean): CatalogReply | undefined {
  const current = metadata.refs[one.ref]?.["snapshot-id"] ?? null;
  const holds: Record<string, () => boolean> = {
    "assert-create": () => !there,
    "assert-table-uuid": () => metadata["table-uuid"] === one.uuid,
    "assert-ref-snapshot-id": () => current === one["snapshot-id"],
    "assert-current-schema-id": () => metadata["current-schema-id"] === one["current-schema-id"],
    "assert-last-assigned-field-id": () => metadata["last-column-id"] === one["last-assigned-field-id"],
    "assert-last-assigned-partition-id": () =>
      metadata["last-partition-id"] === one["last-assigned-partition-id"],
    "assert-default-spec-id": () => metadata["default-spec-id"] === one["default-spec-id"],
    "assert-default-sort-order-id": () => metadata["default-sort-order-id"] === one["default-sort-order-id"],
  };
  const check = holds[one.type];
  if (!check) return problem(400, "BadRequestException");
  return check() ? undefined : problem(409, "CommitFailedException");
}

/** Carries out an update; false for one that it does not know. */
export function applied(one: Json, metadata: Json): boolean {
  const last = (id: number, list: Json[], name: string) => id === -1 ? list.at(-1)[name] : id;
  const actions: Record<string, () => void> = {
    "assign-uuid": () => metadata["table-uuid"] = one.uuid,
    "upgrade-format-version": () => metadata["format-version"] = one["format-version"],
    "add-schema": () => metadata.schemas.push(one.schema),
    "set-current-schema": () =>
      metadata["current-schema-id"] = last(one["schema-id"], metadata.schemas, "schema-id"),
    "add-spec": () => metadata["partition-specs"].push(one.spec),
    "set-default-spec": () =>
      metadata["default-spec-id"] = last(one["spec-id"], metadata["partition-specs"], "spec-id"),
    "add-sort-order": () => metadata["sort-orders"].push(one["sort-order"]),
    "set-default-sort-order": () =>
      metadata["default-sort-order-id"] = last(one["sort-order-id"], metadata["sort-orders"], "order-id"),
    "set-location": () => metadata.location = one.location,
    "set-properties": () => Object.assign(metadata.properties, one.updates),
    "remove-properties": () => one.removals.forEach((key: string) => delete metadata.properties[key]),
    "add-snapshot": () => metadata.snapshots.push(one.snapshot),
    "set-snapshot-ref"() {
      metadata.refs[one["ref-name"]] = { type: one.type, "snapshot-id": one["snapshot-id"] };
      if (one["ref-name"] === "main") metadata["current-snapshot-id"] = one["snapshot-id"];
    },
    "remove-snapshots"() {
      metadata.snapshots = metadata.snapshots.filter((s: Json) =>
        !one["snapshot-ids"].includes(s["snapshot-id"])
      );
    },
  };
  actions[one.action]?.();
  return one.action in actions;
}
