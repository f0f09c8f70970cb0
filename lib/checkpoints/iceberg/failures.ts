// STUB until the real one is merged
import type { NextStep } from "../../checkpoint/trial.ts";
import type { EngineError } from "./engines/engine.ts";
export interface EngineFailure {
  reason: string;
  message: string;
  evidence: string;
  unsupported: boolean;
  next?: readonly NextStep[];
}
export function failureOfEngine(error: EngineError): EngineFailure {
  const [link = { type: "", message: "" }] = error.chain;
  const all = `${link.type}: ${link.message}`;
  const reason = /Not implemented/.test(all)
    ? "NotSupported"
    : /does not exist|NOT_FOUND|NoSuchTable/i.test(all)
    ? "NotFound"
    : /already exists|ALREADY_EXISTS/i.test(all)
    ? "AlreadyExists"
    : /[Cc]onflict|CommitFailed|409/.test(all)
    ? "CommitConflict"
    : "Failed";
  return { reason, message: reason, evidence: all.slice(0, 400), unsupported: reason === "NotSupported" };
}
