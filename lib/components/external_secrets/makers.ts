/** Which ExternalSecret makes a Secret. */
import { GONE, isAbsent, type Maker, type ObjectRef, type World } from "../../engine/model.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { targetOf } from "./judge.ts";
import { externalSecrets } from "./kinds.ts";

const byTarget = perWorld((world) =>
  Map.groupBy(world.list(externalSecrets), (object) => `${object.metadata?.namespace}/${targetOf(object)}`)
);

/** The ExternalSecrets that name this Secret as their target, and the one of its name if that is gone. */
export function makersOf(ref: ObjectRef, world: World): Maker[] {
  if (ref.kind !== "Secret") return [];
  const found = byTarget(world).get(`${ref.namespace}/${ref.name}`) ?? [];
  const usual = { ...ref, kind: "ExternalSecret" };
  return [
    ...found.map((object) => ({
      to: refOf("ExternalSecret", object),
      via: "made by",
      explains: [...GONE, "MissingKey"],
    })),
    ...isAbsent(world, usual) ? [{ to: usual, via: "made by", inferred: true }] : [],
  ];
}
