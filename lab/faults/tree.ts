/** Changes in a copy of the manifests before it is pushed: the mistakes that people push. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Document, parseAllDocuments } from "yaml";
import { LabError } from "../errors.ts";

function missing(file: string, what: string): LabError {
  return new LabError("faults", `${file} has no ${what}: the fault does not fit these manifests any more`);
}

/** Edits the object `Kind/name` in a YAML file of the tree. Throws LabError when it is not there. */
export function edit(tree: string, file: string, object: string, change: (document: Document) => void): void {
  const path = join(tree, file);
  const documents = parseAllDocuments(readFileSync(path, "utf8"));
  if (!Array.isArray(documents)) throw missing(file, "documents");
  const name = (one: Document) => `${one.get("kind")}/${one.getIn(["metadata", "name"])}`;
  const found = documents.find((one) => name(one) === object);
  if (!found) throw missing(file, object);
  change(found);
  writeFileSync(path, documents.map((one) => one.toString({ lineWidth: 0 })).join("---\n"));
}

/** Replaces the first `from` in a file of the tree. Throws LabError when there is none. */
export function replace(tree: string, file: string, from: string, to: string): void {
  const path = join(tree, file);
  const before = readFileSync(path, "utf8");
  if (!before.includes(from)) throw missing(file, `text ${JSON.stringify(from)}`);
  writeFileSync(path, before.replace(from, () => to));
}

/** Path of the platform's app in the tree. */
export function app(file: string): string {
  return `kubernetes/apps/data-platform/${file}`;
}

/**
 * How Flux waits while a fault is on. The timeout is the shortest that kustomize-controller takes, for it holds up the
 * repair; the pause after a failure is the platform's own and not the lab's three seconds, in which nobody sees it.
 */
export const WAITS = { timeout: "30s", retryInterval: "1m" } as const;

/** Puts {@linkcode WAITS} into every app. */
export function shortWaits(tree: string): void {
  const file = "lab/overlay/flux/kustomization.yaml";
  replace(tree, file, "path: /spec/timeout, value: 3m", `path: /spec/timeout, value: ${WAITS.timeout}`);
  replace(
    tree,
    file,
    "path: /spec/retryInterval, value: 3s",
    `path: /spec/retryInterval, value: ${WAITS.retryInterval}`,
  );
}

/** Edits Nessie's HelmRelease: its roll-out fails after `seconds`, once. */
export function editRelease(tree: string, change: (document: Document) => void, seconds = 20): void {
  edit(tree, app("nessie/helm-release.yaml"), "HelmRelease/nessie", (release) => {
    release.setIn(["spec", "timeout"], `${seconds}s`);
    release.setIn(["spec", "upgrade", "remediation", "retries"], 0);
    change(release);
  });
}
