/** Times that checks allow, which a declaration of the platform may set otherwise. Pure. */

interface Threshold {
  /** What is allowed where nothing is declared, in seconds. */
  seconds: number;
  help: string;
}

const TABLE = {
  podStart: { seconds: 60, help: "for a new pod to start" },
  podDeletion: { seconds: 120, help: "for a pod to end once it is deleted" },
  recentRestart: { seconds: 600, help: "since the last restart of a container until it is no warning" },
  volumeBind: { seconds: 60, help: "for a new PersistentVolumeClaim to be bound" },
  bucketBind: { seconds: 60, help: "for a new ObjectBucketClaim to be bound" },
  tokenExpiry: { seconds: 30 * 86_400, help: "until a token expires, from when on it is a warning" },
} as const satisfies Record<string, Threshold>;

export type ThresholdName = keyof typeof TABLE;

/** Every threshold with what is allowed by default, in the order of the documentation. */
export const THRESHOLDS: Readonly<Record<ThresholdName, Threshold>> = TABLE;

const UNITS: readonly (readonly [letter: string, seconds: number])[] = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
];
const LONGEST_SECONDS = 366 * 86_400;

/** Seconds of `90s`, `10m`, `26h` or `30d`, from one second to a year; undefined when it is none of them. */
export function seconds(text: string): number | undefined {
  const [, digits, letter] = /^([1-9]\d{0,7})([dhms])$/.exec(text) ?? [];
  const unit = UNITS.find(([known]) => known === letter)?.[1] ?? NaN;
  const all = Number(digits) * unit;
  return all <= LONGEST_SECONDS ? all : undefined;
}

/** `10m` of 600: in the largest unit that leaves nothing over. */
export function durationText(all: number): string {
  const [letter, unit] = UNITS.find(([, size]) => all % size === 0) ?? ["s", 1];
  return `${all / unit}${letter}`;
}
