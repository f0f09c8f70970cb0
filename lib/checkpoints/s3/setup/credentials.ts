/** The keys in the cluster: read into memory, tried with one signed request each, and compared without being shown. */
import { kubePath } from "../../../untrusted/api_path.ts";
import type { KubeWriter } from "../../../clients/kubernetes/writer.ts";
import type { RawS3, S3Keys } from "../../../clients/s3/client.ts";
import { CannotLook, UsageError } from "../../../engine/errors.ts";
import { failureReason } from "../../../engine/unread/failure_reason.ts";
import type { Failure, ObjectRef } from "../../../engine/model.ts";
import { refText } from "../../../engine/model.ts";
import { failed, type Outcome, passed, skipped, unknown } from "../../../checkpoint/trial.ts";
import { type CredentialRef, pairAmong } from "./facts.ts";
import { command } from "../../../untrusted/shell.ts";
import { own } from "../../../untrusted/lookup.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";
import type { NextStep } from "../../../checkpoint/trial.ts";

/** A Secret with what was read of it, and what the store said to its keys. `keys` are secrets. */
export interface Credential extends CredentialRef {
  keys?: S3Keys;
  /** Why the keys could not be read. */
  failure?: Failure;
  /** What is wrong with them before anybody is asked. */
  flaw?: string;
  /** The answer to a signed request. */
  answer?: { status: number; code?: string };
}

/** Reads the keys of each Secret by one GET. Never throws for one that cannot be read: it says why. */
export async function readCredentials(
  kube: Pick<KubeWriter, "get">,
  refs: readonly CredentialRef[],
): Promise<Credential[]> {
  return await Promise.all(refs.map(async (ref): Promise<Credential> => {
    try {
      return { ...ref, ...keysIn(await dataOf(kube, ref.secret), ref) };
    } catch (error) {
      if (error instanceof CannotLook) return { ...ref, failure: error.failure };
      throw error;
    }
  }));
}

/** The Secret that `--credentials NAMESPACE/NAME` names, with its pair of keys. UsageError when it can't be that. */
export async function chosenCredential(kube: Pick<KubeWriter, "get">, text: string): Promise<Credential> {
  const [namespace, name, ...rest] = text.split("/");
  const label = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;
  if (!namespace || !name || rest.length > 0 || !label.test(namespace) || !label.test(name)) {
    throw new UsageError(
      `--credentials is ${JSON.stringify(text.slice(0, 64))}, and must be NAMESPACE/SECRET, like ` +
        "lake/s3-keys.",
    );
  }
  const secret: ObjectRef = { kind: "Secret", namespace, name };
  const found = await kube.get(pathOf(secret));
  if (!found) {
    throw new UsageError(
      `--credentials names ${refText(secret)}, which does not exist. ` +
        `To see them: ${command`kubectl -n ${namespace} get secrets`}`,
    );
  }
  const data = (found.data ?? {}) as Record<string, unknown>;
  const names = Object.keys(data);
  const pair = pairAmong(names);
  if (!pair) {
    throw new UsageError(
      `--credentials names ${
        refText(secret)
      }, which holds no pair of S3 keys under a usual name; it holds: ` +
        `${names.join(", ") || "nothing"}. Usual names are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ` +
        "access-key-id and secret-access-key, AccessKey and SecretKey.",
    );
  }
  const ref: CredentialRef = { secret, ...pair, kind: "copy", used: true };
  return { ...ref, ...keysIn(data, ref) };
}

const pathOf = ({ namespace = "", name }: ObjectRef) =>
  kubePath`/api/v1/namespaces/${namespace}/secrets/${name}`;

async function dataOf(kube: Pick<KubeWriter, "get">, secret: ObjectRef): Promise<Record<string, unknown>> {
  const found = await kube.get(pathOf(secret));
  if (found) return (found.data ?? {}) as Record<string, unknown>;
  throw new CannotLook({ kind: "server-error", message: `${refText(secret)} does not exist` });
}

function keysIn(data: Record<string, unknown>, ref: CredentialRef): Pick<Credential, "keys" | "flaw"> {
  const [accessKeyId = "", secretAccessKey = ""] = [ref.idKey, ref.secretKey].map((name) =>
    textOf(own(data, name)) ?? ""
  );
  return pairFlaw({ accessKeyId, secretAccessKey }, ref);
}

/** A pair of keys, with what is wrong with it before anybody is asked. */
export function pairFlaw(
  keys: S3Keys,
  { idKey, secretKey }: Pick<CredentialRef, "idKey" | "secretKey">,
): Pick<Credential, "keys" | "flaw"> {
  const { accessKeyId, secretAccessKey } = keys;
  const empty = [!accessKeyId && idKey, !secretAccessKey && secretKey].filter((name) => name);
  if (empty.length > 0) {
    return { flaw: `its ${empty.join(" and ")} ${empty.length > 1 ? "are" : "is"} empty or no text` };
  }
  const odd = [/\s/.test(accessKeyId) && idKey, /\s/.test(secretAccessKey) && secretKey]
    .filter((name) => name);
  return {
    keys,
    ...odd.length > 0 ? { flaw: `its ${odd.join(" and ")} holds a space or a line break` } : {},
  };
}

function textOf(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(value));
  } catch {
    return undefined;
  }
}

/** Asks the store with each pair of keys. Throws CannotLook when nobody answers. */
export async function tryCredentials(raw: RawS3, all: readonly Credential[]): Promise<Credential[]> {
  return await Promise.all(all.map(async (one) => {
    // A key with a line break goes into no header.
    if (!one.keys || one.flaw) return one;
    const { status, code } = await raw.send({ method: "GET", keys: one.keys });
    return { ...one, answer: { status, ...code ? { code } : {} } };
  }));
}

/** Whether the store took the signature; what else the user may do is another matter. */
export function signs({ answer }: Credential): boolean {
  if (!answer) return false;
  return answer.status < 300 || (answer.status === 403 && answer.code === "AccessDenied");
}

/** What each Secret's keys are worth. */
export function credentialOutcomes(all: readonly Credential[]): Outcome[] {
  if (all.length === 0) {
    return [failed("NoCredentials", "no Secret of the platform holds a pair of S3 keys under a usual name", {
      next: [nextStep("health"), nextStep("give-credentials")],
    })];
  }
  return all.map((one): Outcome => {
    const object = one.secret;
    const what = `${one.idKey} and ${one.secretKey}`;
    const evidence = "GET /, signed";
    if (one.failure) {
      const message = `its keys could not be read: ${one.failure.message}`;
      return unknown(failureReason(one.failure.kind), message, { object });
    }
    if (one.flaw) {
      return failed("BadKey", `cannot sign a request: ${one.flaw}`, {
        object,
        evidence: what,
        next: look(one),
      });
    }
    if (!one.answer) return unknown("NotTried", "its keys were not tried", { object });
    const observed = `HTTP ${one.answer.status}${one.answer.code ? ` ${one.answer.code}` : ""}`;
    const base = { object, observed, expected: "HTTP 200", evidence };
    if (signs(one)) return passed(`${what} sign requests that the store accepts`, base);
    return { ...failed(...refusedWhy(one, observed), base), next: look(one), ...mayBeOthers(one) };
  });
}

const UNKNOWN_KEY = new Set(["InvalidAccessKeyId", "XAdminUserNotFound"]);

/** What no pod uses may be for another store: of a backup, for one. */
function mayBeOthers({ kind, used, answer }: Credential): Partial<Outcome> {
  return kind === "copy" && !used && UNKNOWN_KEY.has(answer?.code ?? "") ? { status: "warning" } : {};
}

function refusedWhy({ answer, idKey, secretKey }: Credential, observed: string): [string, string] {
  switch (answer?.code) {
    case "InvalidAccessKeyId":
    // versitygw without users beside its root: s3err.go there.
    case "XAdminUserNotFound":
      return [
        "UnknownKey",
        `the store has no user with the access key in ${idKey}: it was deleted or rotated`,
      ];
    case "SignatureDoesNotMatch":
      return [
        "WrongSecret",
        `the store knows the access key in ${idKey}, and ${secretKey} is not its secret`,
      ];
    case "RequestTimeTooSkewed":
      return ["ClockSkew", "the clock of this machine and that of the store differ by more than 15 minutes"];
    case "UserSuspended":
      return ["UserSuspended", "the user of these keys is suspended"];
    default:
      return ["Refused", `the store rejected a request signed with its keys (${observed})`];
  }
}

const look = ({ secret, kind }: Credential): NextStep[] =>
  kind === "given" ? [] : [
    ...kind === "copy" ? [nextStep("list-external-secrets", secret.namespace ?? "")] : [],
    nextStep("describe-secret", secret.namespace ?? "", secret.name),
    nextStep("list-store-users"),
  ];

/** Whether the copies of keys in the platform's namespace are those that Rook wrote. Says names only, never a key. */
export function copyOutcomes(all: readonly Credential[]): Outcome[] {
  if (all.every(({ kind }) => kind === "given")) {
    return [skipped("the keys were given, so there is no Secret whose copies could differ")];
  }
  const sources = all.filter(({ kind, keys }) => kind === "source" && keys);
  const copies = all.filter(({ kind, keys }) => kind === "copy" && keys);
  if (sources.length === 0 || copies.length === 0) {
    const absent = sources.length === 0 ? "no Secret of a user of the store" : "no copy of keys";
    return [skipped(`${absent} was read, so there is nothing to compare`)];
  }
  return copies.map((copy): Outcome => {
    const object = copy.secret;
    const namesake = sources.find(({ keys }) => keys?.accessKeyId === copy.keys?.accessKeyId);
    if (namesake?.keys?.secretAccessKey === copy.keys?.secretAccessKey) {
      return passed(`holds the same keys as ${refText(namesake?.secret ?? object)}`, { object });
    }
    const names = sources.map(({ secret }) => refText(secret)).join(", ");
    if (namesake) {
      const message = `has the access key of ${refText(namesake.secret)}, with another secret key`;
      return failed("CopyDiffers", message, { object, next: look(copy) });
    }
    if (signs(copy)) return passed(`holds keys of another user than ${names}; they work`, { object });
    const message = `holds other keys than ${names}, and the store does not take them: the copy is old` +
      (copy.used ? "" : ", or for another store");
    return failed("CopyDiffers", message, { object, next: look(copy), ...mayBeOthers(copy) });
  });
}
