/**
 * A fake of Nessie in memory: enough of the API's behaviour for the trials of the checkpoint, and wrong on request. No
 * claim about the real one rests on it.
 */

// deno-lint-ignore no-explicit-any
export type Json = any;

export interface FakeCommit {
  hash: string;
  parent: string;
  message: string;
  /** By the catalog's own clock. */
  time: Date;
  operations: Json[];
  /** Contents by the JSON of the key's elements. */
  tree: Map<string, Json>;
}

export interface FakeRef {
  type: "BRANCH" | "TAG";
  name: string;
  hash: string;
}

export const BEGINNING = "2e1cfa82b035c26cbbbdae632cea070514eb8b773f616aaeaf668e2f0be8f10d";

/** An error of Nessie, to be thrown and answered. */
export class FakeError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly conflicts: Json[] = [],
  ) {
    super(message);
  }
}

export class FakeState {
  readonly commits = new Map<string, FakeCommit>();
  readonly refs = new Map<string, FakeRef>();
  count = 0;

  constructor(readonly flaws: ReadonlySet<string>, readonly now: () => Date = () => new Date()) {
    this.commits.set(BEGINNING, {
      hash: BEGINNING,
      parent: "",
      message: "",
      time: new Date(0),
      operations: [],
      tree: new Map(),
    });
    this.refs.set("main", { type: "BRANCH", name: "main", hash: BEGINNING });
  }

  ref(name: string): FakeRef {
    const found = this.refs.get(name === "-" ? "main" : name);
    if (!found) throw new FakeError(404, "REFERENCE_NOT_FOUND", `Named reference '${name}' not found`);
    return found;
  }

  /** The commit that `name`, `name@hash`, `@hash`, `name~2` stands for. */
  at(text: string): { ref: Json; commit: FakeCommit } {
    const [, name = "", hash, back] = /^([^@~]*)(?:@([0-9a-f]+))?(?:~(\d+))?$/.exec(text) ?? [];
    const ref: Json = name ? this.ref(name) : { type: "DETACHED", name: "DETACHED", hash };
    const wanted = this.flaws.has("time-travel-head") && name ? ref.hash : hash ?? ref.hash;
    let commit = this.commit(wanted);
    for (let i = 0; i < Number(back ?? 0); i++) commit = this.commit(commit.parent);
    return { ref: { ...ref, hash: commit.hash }, commit };
  }

  commit(hash: string): FakeCommit {
    const found = this.commits.get(hash);
    if (!found) throw new FakeError(404, "REFERENCE_NOT_FOUND", `Commit '${hash}' not found`);
    return found;
  }

  /** Newest first, without the beginning. */
  log(hash: string): FakeCommit[] {
    const all: FakeCommit[] = [];
    for (let at = this.commit(hash); at.parent !== ""; at = this.commit(at.parent)) all.push(at);
    return all;
  }

  create(type: FakeRef["type"], name: string, from: Json): FakeRef {
    const { flaws } = this;
    if (/^[0-9a-f]{8,64}$/i.test(name) && !flaws.has("hash-name")) {
      throw new FakeError(400, "BAD_REQUEST", "Reference name must not be a potential commit ID");
    }
    if (this.refs.has(name) && !flaws.has("create-twice")) {
      throw new FakeError(409, "REFERENCE_ALREADY_EXISTS", `Named reference '${name}' already exists.`);
    }
    const hash = from.hash ?? this.ref(from.name).hash;
    this.commit(hash);
    const elsewhere = flaws.has("create-elsewhere") && type === "BRANCH"
      ? this.add(hash, "odd", []).hash
      : hash;
    const made: FakeRef = { type, name, hash: elsewhere };
    this.refs.set(name, made);
    return made;
  }

  remove(name: string, hash: string): FakeRef {
    const found = this.ref(name);
    if (found.hash !== hash && !this.flaws.has("delete-any")) {
      throw new FakeError(409, "REFERENCE_CONFLICT", `'${name}' is not at expected hash`, [
        { conflictType: "UNEXPECTED_HASH", message: "hash" },
      ]);
    }
    if (!this.flaws.has("delete-nothing") || !name.endsWith("-delete")) this.refs.delete(name);
    return found;
  }

  commitTo(name: string, seen: string, message: string, operations: Json[]): { ref: FakeRef; added: Json[] } {
    const { flaws } = this;
    const ref = this.ref(name);
    if (ref.type === "TAG" && !flaws.has("tag-commits")) {
      throw new FakeError(400, "BAD_REQUEST", "not a branch");
    }
    if (flaws.has("stale-refused") && ref.hash !== seen) throw conflict("KEY_CONFLICT", ["shop"], "stale");
    if (!flaws.has("conflict-ignored")) this.check(ref, seen, operations);
    const before = ref.hash;
    const made = this.add(before, message, operations);
    const added = operations.filter(({ content }) => content && !content.id).map(({ key }) => ({
      key,
      contentId: made.tree.get(JSON.stringify(key.elements)).id,
    }));
    const dropped = flaws.has("commits-lost") && /writer 3/.test(message);
    const stays = flaws.has("commit-stays") && /a table$/.test(message);
    if (!stays && !dropped) ref.hash = made.hash;
    if (flaws.has("commit-leaks")) this.ref("main").hash = made.hash;
    if (flaws.has("tag-moves")) {
      for (const one of this.refs.values()) if (one.type === "TAG") one.hash = made.hash;
    }
    return { ref: { ...ref, hash: made.hash }, added };
  }

  private check(ref: FakeRef, seen: string, operations: Json[]): void {
    const now = this.commit(ref.hash).tree;
    const then = this.commit(seen).tree;
    for (const { type, key, content } of operations) {
      const id = JSON.stringify(key.elements);
      const changed = now.get(id) !== then.get(id);
      if (changed) throw conflict(then.has(id) ? "VALUE_DIFFERS" : "KEY_EXISTS", key.elements, "changed");
      if (type === "PUT" && now.has(id) && !content.id) throw conflict("KEY_EXISTS", key.elements, "exists");
      const parent = key.elements.slice(0, -1);
      const needs = type === "PUT" && parent.length > 0 && !now.has(JSON.stringify(parent));
      if (needs && !this.flaws.has("namespace-free")) {
        throw conflict("NAMESPACE_ABSENT", parent, "must exist");
      }
    }
  }

  add(parent: string, message: string, operations: Json[]): FakeCommit {
    const tree = new Map(this.commit(parent).tree);
    for (const { type, key, content } of operations) {
      const id = JSON.stringify(key.elements);
      if (type === "DELETE") tree.delete(id);
      else if (type === "PUT") tree.set(id, { ...content, id: content.id ?? crypto.randomUUID() });
    }
    const hash = (++this.count).toString(16).padStart(8, "0").padStart(64, "c0de");
    const made: FakeCommit = { hash, parent, message, time: this.now(), operations, tree };
    this.commits.set(hash, made);
    return made;
  }

  merge(name: string, body: Json): Json {
    const { flaws } = this;
    const ref = this.ref(name);
    const source = this.commit(body.fromHash);
    const sources = new Set(this.log(source.hash).map(({ hash }) => hash));
    const ancestor = this.log(ref.hash).find(({ hash }) => sources.has(hash)) ?? this.commit(BEGINNING);
    const target = this.commit(ref.hash);
    const keys = [...source.tree.keys()].filter((key) => source.tree.get(key) !== ancestor.tree.get(key));
    const conflicts = flaws.has("merge-conflict-ignored")
      ? []
      : keys.filter((key) => target.tree.get(key) !== ancestor.tree.get(key));
    const silent = flaws.has("merge-conflict-silent");
    const details = keys.map((key) => ({
      key: { elements: JSON.parse(key) },
      ...conflicts.includes(key) && !silent
        ? { conflict: { conflictType: "VALUE_DIFFERS", message: "" } }
        : {},
    }));
    if (conflicts.length > 0) {
      if (body.isReturnConflictAsResult) return { wasApplied: false, wasSuccessful: false, details };
      throw conflict("VALUE_DIFFERS", JSON.parse(conflicts[0] ?? "[]"), "changed in conflict");
    }
    const applies = !body.isDryRun || flaws.has("merge-dry-applies");
    if (applies && !flaws.has("merge-nothing")) {
      const operations = keys.map((key) => ({
        type: "PUT",
        key: { elements: JSON.parse(key) },
        content: source.tree.get(key),
      }));
      ref.hash = this.add(ref.hash, body.message ?? "merge", operations).hash;
    }
    return { wasApplied: applies, wasSuccessful: true, details, resultantTargetHash: ref.hash };
  }
}

function conflict(type: string, elements: string[], message: string): FakeError {
  return new FakeError(409, "REFERENCE_CONFLICT", message, [{
    conflictType: type,
    key: { elements },
    message,
  }]);
}
