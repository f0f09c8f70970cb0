/** Trials of the setup as it is: keys, their copies, buckets, region, and the place where the others are carried out. */
import { leftoverOutcome } from "../../../checkpoint/scratch.ts";
import { refText } from "../../../engine/model.ts";
import { userText } from "../../../checkpoint/scratch_marker.ts";
import {
  failed,
  type Outcome,
  passed,
  skipped,
  type Trial,
  type TrialWords,
  unknown,
} from "../../../checkpoint/trial.ts";
import { copyOutcomes, credentialOutcomes } from "./credentials.ts";
import type { S3Setup } from "./mod.ts";
import { refusalText, replyOf } from "./calls.ts";
import { type BucketElsewhere, type RealBucket, storeText } from "./facts.ts";
import { listingStep, removalStep } from "../scratch/places.ts";
import { nameOf, type SweptPlace } from "../scratch/sweep.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";

const credentials: Trial<S3Setup> = {
  id: "s3.credentials",
  title: "keys of the object store",
  explain:
    "Every pair of S3 keys in the platform's Secrets, and in those that Rook wrote for its users, signs a request that the " +
    "store accepts. An unknown access key, a wrong secret key, a line break in a key and a wrong clock are told apart.",
  weight: "critical",
  run: ({ store }) => credentialOutcomes(store.credentials),
};

const copies: Trial<S3Setup> = {
  id: "s3.credential-copies",
  title: "copies of keys",
  explain:
    "The copies of keys in the platform's namespace are those that Rook wrote for the user. They are compared in memory; " +
    "what differs is named, never shown. A copy of another user's keys that work is no fault.",
  weight: "critical",
  run: ({ store }) => copyOutcomes(store.credentials),
};

const buckets: Trial<S3Setup> = {
  id: "s3.buckets",
  title: "buckets of the platform",
  explain:
    "Every bucket that the platform claims, or that the configuration of its pods names, is there and can be listed with " +
    "the platform's keys. One that lies in another store than the one that is tried is named with its store, and not judged.",
  weight: "critical",
  async run(context) {
    const { buckets: here, elsewhere } = context.store;
    if (here.length + elsewhere.length === 0) {
      return skipped("the platform claims no bucket, and its configuration names none");
    }
    const looked = await Promise.all(here.map((bucket) => lookInto(context, bucket)));
    return [...looked, ...elsewhere.map((bucket) => isElsewhere(context, bucket))];
  },
};

/** Of another store nothing is said but whose it is. */
function isElsewhere({ store, endpoint }: S3Setup, { name, via, store: owner }: BucketElsewhere): Outcome {
  const object = { kind: "S3Bucket", name };
  const whose = `bucket ${name} lies in ${owner}; ${via} names it`;
  if (store.known) {
    return skipped(`${whose}; what is tried here is ${storeText(store.known)}`, {
      object,
      reason: "OtherStore",
    });
  }
  return skipped(
    `${whose}; nothing shows that ${endpoint} leads there, and these keys open no such bucket here`,
    {
      object,
      reason: "OtherStore",
      next: [nextStep("name-store", owner.split(" ").at(-1) ?? "")],
    },
  );
}

async function lookInto({ s3, session, store }: S3Setup, { name, via }: RealBucket): Promise<Outcome> {
  const { ListObjectsV2Command } = await import("@aws-sdk/client-s3");
  const said = await replyOf(
    s3.send(new ListObjectsV2Command({ Bucket: name, MaxKeys: 1 })),
    { ...session, what: `list bucket ${name}` },
  );
  const object = { kind: "S3Bucket", name };
  const base = { object, evidence: `GET /${name}?list-type=2`, expected: "HTTP 200" };
  const keys = store.chosen ? refText(store.chosen.secret) : "the keys";
  if (said.ok) {
    return passed(`bucket ${name} is listed with the keys of ${keys}`, { ...base, observed: "HTTP 200" });
  }
  const observed = refusalText(said.refusal);
  if (said.refusal.status === 404) {
    return failed("NoSuchBucket", `bucket ${name} does not exist; ${via} names it`, { ...base, observed });
  }
  const message = `bucket ${name} may not be read with the keys of ${keys}; ${via} names it`;
  const next = [nextStep("list-bucket-claims"), nextStep("list-store-users")];
  return failed("AccessDenied", message, { ...base, observed, next });
}

const region: Trial<S3Setup> = {
  id: "s3.region",
  title: "region",
  explain:
    "What the store says is the region of the platform's buckets. Clients sign with a region; a store that insists on its " +
    "own rejects the others; some take any.",
  weight: "warning",
  async run({ s3, session, store, region }) {
    const { GetBucketLocationCommand } = await import("@aws-sdk/client-s3");
    const [first] = store.buckets;
    if (!first) return skipped("there is no bucket to ask the region of");
    const said = await replyOf(
      s3.send(new GetBucketLocationCommand({ Bucket: first.name })),
      { ...session, what: `read the region of bucket ${first.name}` },
    );
    const evidence = `GET /${first.name}?location`;
    if (!said.ok) {
      return skipped(`the store does not tell the region: ${refusalText(said.refusal)}`, { evidence });
    }
    // AWS says nothing for us-east-1.
    const told = said.value.LocationConstraint || "no region";
    const message = `signed for ${region}, and the store, which says ${told}, takes it`;
    return passed(message, { observed: told, evidence });
  },
};

const place: Trial<S3Setup> = {
  id: "s3.scratch-bucket",
  title: "scratch bucket",
  explain:
    "The user of the platform's keys may make a bucket, in which all is tried and which goes at the end. Where it may not, " +
    "a prefix of a bucket that is there is used, and what needs a bucket of its own is skipped.",
  weight: "warning",
  run({ bucket, prefix, ownBucket, refusal }) {
    if (ownBucket) return passed(`all is tried in bucket ${bucket}`);
    const why = refusal ? ` (${refusalText(refusal)})` : "";
    return skipped(`this user may make no bucket${why}: what can be is tried below ${bucket}/${prefix}`);
  },
};

const sweep: Trial<S3Setup> = {
  id: "s3.sweep",
  title: "leftovers of earlier runs",
  explain:
    "Scratch buckets and prefixes of other runs carry a marker that says whose they are and how long that run may take. Those " +
    "of runs that are over were removed before anything was tried, those of runs under way were left alone. What has such " +
    "a name and no marker that is understood is left alone too, and named with the commands to look at it and remove it.",
  weight: "warning",
  async run({ swept, endpoint, stillUnclear }) {
    const stuck = swept.places.flatMap((one) =>
      one.state === "stuck"
        ? {
          ...leftoverOutcome({ ...one, what: `${nameOf(one)}, left by an earlier run,` }),
          ...one.listsOthers ? {} : { next: [removalStep(endpoint, one.place)] },
        }
        : []
    );
    const unclear = (await stillUnclear()).map((one) =>
      failed("OwnerUnknown", `${nameOf(one)} was left alone: it ${one.why}`, {
        observed: nameOf(one),
        expected: "a scratch place whose marker says when its run ends",
        next: [listingStep(endpoint, one.place), removalStep(endpoint, one.place)],
      })
    );
    const unseen = swept.unseen.map((why) =>
      unknown("NotListed", `whether earlier runs left something is not known: ${why}`)
    );
    const all = [...stuck, ...unclear, ...unseen];
    return all.length > 0 ? all : passed(sweptText(swept.places));
  },
};

function sweptText(places: readonly SweptPlace[]): string {
  const gone = places.filter(({ state }) => state === "removed").map(nameOf);
  const live = places.flatMap((one) =>
    one.state === "live" ? `${nameOf(one)} (${userText(one.run, one)})` : []
  );
  return [
    gone.length > 0 ? `removed what earlier runs left: ${gone.join(", ")}` : "nothing was left",
    ...live.length > 0 ? [`left alone what other runs are using: ${live.join(", ")}`] : [],
  ].join("; ");
}

export const setupTrials: readonly Trial<S3Setup>[] = [credentials, copies, buckets, region, place, sweep];

/** Judged when all is over, so it has no `run`. */
export const cleanWords: TrialWords = {
  id: "s3.clean",
  title: "everything cleaned up",
  explain: "Whatever this run has made in the object store is gone again when it ends.",
  weight: "warning",
};
