/** The report as it is: one JSON document whose schema is docs/schema/report.v1.json. */
import type { Renderer } from "./parts.ts";

/** Signs that JSON allows as they are and a terminal may obey: DEL, C1 controls, direction marks. */
const UNSAFE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

export const json: Renderer = (report) =>
  JSON.stringify(report, null, 2).replace(
    UNSAFE,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  ) + "\n";
