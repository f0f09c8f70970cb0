/** What readers, judges and edges of every component share; knows no kind of object. */
export * from "./fields.ts";
export * from "./label_index.ts";
export * from "./mentions.ts";
export * from "./per_world.ts";
export * from "./reasons.ts";
export * from "./routes.ts";
export * from "./selectors.ts";
export * from "./states.ts";
