/** Which ExternalSecret makes a Secret, or another object. */
import { GONE, isAbsent, type Maker, type ObjectRef, refKey, type World } from "../../engine/model.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { externalSecrets } from "./kinds.ts";
import { listedTarget } from "./target.ts";

const byTarget = perWorld((world) =>
  Map.groupBy(world.list(externalSecrets), (object) => {
    const ref = listedTarget(object, world);
    return ref && refKey(ref);
  })
);

/** The ExternalSecrets that name this object as their target, and for a Secret the one of its name if that is gone. */
export function makersOf(ref: ObjectRef, world: World): Maker[] {
  const found = byTarget(world).get(refKey(ref)) ?? [];
  const usual = { ...ref, kind: "ExternalSecret" };
  return [
    ...found.map((object) => ({
      to: refOf("ExternalSecret", object),
      via: "made by",
      explains: [...GONE, "MissingKey"],
    })),
    ...ref.kind === "Secret" && isAbsent(world, usual) ? [{ to: usual, via: "made by", inferred: true }] : [],
  ];
}
