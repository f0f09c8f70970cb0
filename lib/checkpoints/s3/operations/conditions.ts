/** Trials of conditions: a request that must only be done if the object is as the client believes. */
import { expect, fail } from "../../../checkpoint/expect.ts";
import { passed, type Trial } from "../../../checkpoint/trial.ts";
import type { RawMethod, RawReply } from "../../../clients/s3/raw.ts";
import { ofRejected, ofServed, tell } from "../compatibility/told.ts";
import type { S3Context } from "../context.ts";
import { expectBytes, madeBytes } from "./bytes.ts";
import { answerText, expectRejected, expectStatus, operation, type Steps } from "./steps.ts";

const WRONG_ETAG = `"${"fedcba9876543210".repeat(2)}"`;
const WRITERS = 8;

const send = (
  { raw, bucket, prefix }: Steps,
  method: RawMethod,
  name: string,
  headers: Record<string, string>,
  body?: Uint8Array,
) => raw({ method, bucket, key: prefix + name, headers, body });

/** A condition that is met: the request must be done. */
const expectDone = (reply: RawReply, evidence: string, reason = "WronglyRefused") =>
  expectStatus(
    reply,
    200,
    reason,
    `the store rejects a request whose condition is met: ${evidence}`,
    evidence,
  );

/** That the object is this, after a request that was rejected or done. */
async function expectObject(steps: Steps, name: string, wanted: Uint8Array, evidence: string): Promise<void> {
  const { bytes } = await steps.get(name);
  expectBytes(bytes, wanted, `GET after ${evidence}`);
}

const putIfNoneMatch = operation({
  id: "s3.put-if-none-match",
  title: "Put only what does not exist",
  explain:
    "PUT with If-None-Match: * makes an object that does not exist, and is rejected with 412 when it does. Locks and " +
    "manifests of backups, and commits without a catalog (Delta Lake), are made so. A store that ignores it lets " +
    "two writers each believe that they won.",
  weight: "warning",
}, async (steps) => {
  const [first, second] = [madeBytes(500, 61), madeBytes(600, 62)];
  const condition = { "if-none-match": "*" };
  const done = await send(steps, "PUT", "object", condition, first);
  const reply = await send(steps, "PUT", "object", condition, second);
  tell(steps.context, "if-none-match.put", ofRejected(reply, 412));
  expectDone(done, "PUT of a new key with If-None-Match: *");
  const evidence = "PUT onto an object that exists with If-None-Match: *";
  expectRejected(reply, 412, "the store ignores If-None-Match: * and overwrites the object", evidence);
  await expectObject(steps, "object", first, evidence);
  return passed("a new key is written, an existing one rejected with 412 and kept as it was");
});

const putRace = operation({
  id: "s3.put-race",
  title: "Race of conditional puts",
  explain:
    `${WRITERS} writers put the same new key with If-None-Match: * at once: one wins, the others get 412 (or 409), ` +
    "and the object is the winner's. Only so is it a lock; a store that checks first and writes later has several " +
    "winners.",
  weight: "warning",
  needs: ["s3.put-if-none-match"],
}, async (steps) => {
  const bodies = Array.from({ length: WRITERS }, (_, at) => madeBytes(400 + at, 70 + at));
  for (let round = 1; round <= 3; round++) {
    const name = `object-${round}`;
    const condition = { "if-none-match": "*" };
    const replies = await Promise.all(bodies.map((body) => send(steps, "PUT", name, condition, body)));
    const winners = bodies.filter((_, at) => replies[at]?.status === 200);
    const evidence = `${WRITERS} PUTs at once with If-None-Match: *, round ${round}`;
    const seen = { expected: "1 winner", evidence };
    const reason = winners.length > 1 ? "ManyWinners" : "NoWinner";
    expect(winners.length === 1, reason, "a race for a new key does not have exactly one winner", {
      observed: `${winners.length} winners (${replies.map(answerText).join(", ")})`,
      ...seen,
    });
    const strange = replies.find(({ status }) => ![200, 409, 412].includes(status));
    const other = "the losers of a race for a new key are rejected otherwise than by 412 or 409";
    expectStatus(strange ?? { status: 412 }, 412, "OtherRefusal", other, evidence);
    await expectObject(steps, name, winners[0] ?? new Uint8Array(), evidence);
  }
  return passed(`${WRITERS} writers, three times: one winner each time, and its bytes`);
});

const putIfMatch = operation({
  id: "s3.put-if-match",
  title: "Put only onto what was read",
  explain:
    "PUT with If-Match replaces an object whose ETag it names, quoted as every S3 gives it, and is rejected with 412 " +
    "otherwise. State files that several writers change need it. Ceph RGW 16 rejects the right ETag in quotes: a " +
    "client that sends what it was given can then never write.",
  weight: "warning",
}, async (steps) => {
  const bodies = [madeBytes(500, 81), madeBytes(501, 82), madeBytes(502, 83), madeBytes(503, 84)] as const;
  await steps.put("object", bodies[0]);
  // Without quotes: a store that does not know quotes would reject it for them.
  const wrong = await send(steps, "PUT", "object", { "if-match": WRONG_ETAG.replaceAll('"', "") }, bodies[1]);
  const kept = await steps.get("object");
  const { etag = "" } = kept;
  const quoted = await send(steps, "PUT", "object", { "if-match": etag }, bodies[2]);
  const after = await steps.get("object");
  const bare = await send(
    steps,
    "PUT",
    "object",
    { "if-match": after.etag?.replaceAll('"', "") ?? "" },
    bodies[3],
  );
  tell(steps.context, "if-match.put-wrong", ofRejected(wrong, 412));
  tell(steps.context, "if-match.put-quoted", ofServed(quoted));
  tell(steps.context, "if-match.put-bare", ofServed(bare));
  const evidence = "PUT with If-Match of a wrong ETag";
  expectRejected(wrong, 412, "the store ignores If-Match and overwrites what another writer made", evidence);
  expectBytes(kept.bytes, bodies[0], `GET after ${evidence}`);
  const right = "PUT with If-Match of the right ETag";
  if (quoted.status !== 200) {
    expectDone(bare, right);
    await expectObject(steps, "object", bodies[3], right);
    fail("QuotedETagRefused", {
      message: "the store takes the ETag of a conditional PUT only without its quotes, and clients send them",
      observed: `${answerText(quoted)} with the ETag in quotes, 200 without them`,
      expected: "200 with the ETag as the store gave it",
      evidence: right,
    });
  }
  expectBytes(after.bytes, bodies[2], `GET after ${right}`);
  return passed("the right ETag replaces, a wrong one is rejected with 412 and changes nothing");
});

/** After that the second after an object's own is over, by the store's clock too. */
const PAST_MS = 2_500;

/** GET with a condition that is met, and one that is not; each with what it must come to. */
function conditionalGet(
  words: { id: string; title: string; explain: string },
  conditions: (etag: string, modified: string) => {
    met: Record<string, string>;
    unmet: Record<string, string>;
    /** The same, unmet also for a store that compares more finely than the header can say. */
    coarser?: Record<string, string>;
    status: number;
  },
  features: { met?: string; unmet?: string } = {},
): Trial<S3Context> {
  return operation({ ...words, weight: "warning" }, async (steps) => {
    const bytes = madeBytes(300, 91);
    const { ETag = "" } = await steps.put("object", bytes);
    const head = await send(steps, "HEAD", "object", {});
    const { met, unmet, coarser, status } = conditions(ETag, head.headers.get("last-modified") ?? "");
    const text = (headers: Record<string, string>) =>
      Object.entries(headers).map(([name, value]) => `GET with ${name}: ${value}`).join();
    const done = await send(steps, "GET", "object", met);
    const reply = await send(steps, "GET", "object", unmet);
    if (features.met) tell(steps.context, features.met, ofServed(done));
    if (features.unmet) tell(steps.context, features.unmet, ofRejected(reply, status));
    expectDone(done, text(met));
    expectBytes(done.bytes, bytes, text(met));
    if (coarser && reply.status < 300) {
      // A date that is still to come is passed over (RFC 9110, 13.1.3).
      await new Promise((resolve) => setTimeout(resolve, PAST_MS));
      const seen = await send(steps, "GET", "object", coarser);
      expect(seen.status !== status, "FinerThanSeconds", {
        message:
          "the store compares fractions of a second that its Last-Modified does not have: whoever asks with that " +
          "date is sent the object again",
        observed: `${reply.status}, and ${seen.status} for a second later`,
        expected: `${status}`,
        evidence: text(unmet),
      });
    }
    expectRejected(
      reply,
      status,
      "the store ignores the condition of a GET and sends the object",
      text(unmet),
    );
    return passed(`${text(met)} gives the object; ${text(unmet)} gives ${status}`);
  });
}

const getIfMatch = conditionalGet(
  {
    id: "s3.get-if-match",
    title: "Get only what was read before",
    explain:
      "GET with If-Match gives the object whose ETag it names, and 412 when it is another one by now. Hadoop S3A, with " +
      "change detection by the server, notices by it that a file was replaced while it is read.",
  },
  (etag) => ({ met: { "if-match": etag }, unmet: { "if-match": WRONG_ETAG }, status: 412 }),
  { met: "if-match.get-quoted", unmet: "if-match.get-wrong" },
);

const getIfNoneMatch = conditionalGet(
  {
    id: "s3.get-if-none-match",
    title: "Get only what is new",
    explain:
      "GET with If-None-Match answers 304 for the object whose ETag it names, and sends any other. Caches in front of " +
      "a store live on it; where it is ignored they fetch everything again.",
  },
  (etag) => ({ met: { "if-none-match": WRONG_ETAG }, unmet: { "if-none-match": etag }, status: 304 }),
  { unmet: "if-none-match.get-quoted" },
);

const getIfModified = conditionalGet({
  id: "s3.get-if-modified-since",
  title: "Get only what changed since",
  explain:
    "GET with If-Modified-Since answers 304 for an object that has not changed since then, and sends one that has. " +
    "Tools that keep copies (sync, mirrors of backups) save their traffic by it.",
}, (_etag, modified) => ({
  met: { "if-modified-since": new Date(Date.parse(modified || "0") - 86_400_000).toUTCString() },
  unmet: { "if-modified-since": modified },
  coarser: { "if-modified-since": new Date(Date.parse(modified || "0") + 1000).toUTCString() },
  status: 304,
}));

export const conditionTrials: readonly Trial<S3Context>[] = [
  putIfNoneMatch,
  putRace,
  putIfMatch,
  getIfMatch,
  getIfNoneMatch,
  getIfModified,
];
