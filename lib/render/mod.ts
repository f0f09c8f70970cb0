/** The table of formats. Each is loaded when it is asked for: a run needs one of them. */
import type { Renderer } from "./parts.ts";

export type { Renderer, RenderOptions } from "./parts.ts";
export { hang, wrap } from "./text.ts";

export const formats = {
  plain: async (): Promise<Renderer> => (await import("./plain.ts")).plain,
  verbose: async (): Promise<Renderer> => (await import("./verbose.ts")).verbose,
  json: async (): Promise<Renderer> => (await import("./json.ts")).json,
};

/** How a command shows its report to people, where the plain format is not about what it is for. */
export const views = {
  platform: async (): Promise<Renderer> => (await import("./platform.ts")).platform,
};

export type View = keyof typeof views;

export type Format = keyof typeof formats;

/** Formats that programs read: a run that could not look at anything prints these, too. */
export const documents: ReadonlySet<Format> = new Set<Format>(["json"]);

export const formatNames = Object.keys(formats) as Format[];
