/**
 * Takes out of text what looks like a credential, whoever it belongs to: by the word before it, or by its looks. What
 * only speaks of credentials stays, for it is what people need: `password authentication failed for user "nessie"`.
 * Pure, and linear in the text.
 */

const HIDDEN = "***";

/** What any of the rules below needs; most texts have none of it. */
const HINT =
  /pass|pwd|secret|token|key|auth|cred|cookie|sig|session|bearer|basic|negotiate|jwt|eyJ|@|PRIVATE|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|hvs\.|ops_|AIza|-u/i;

/** `value` without credentials; see above. */
export function withoutCredentials(value: string): string {
  if (!HINT.test(value)) return value;
  return withoutAssigned(withoutLoose(withoutUserinfo(value)));
}

/** Names whose value is a secret; their last word says so: `PGPASSWORD`, `fs.s3a.secret.key`, `X-Amz-Signature`. */
const SECRET_NAME =
  /(?:password|passwd|passphrase|passcode|pwd|secrets?|token|(?:api|access|secret|private|account|shared|signing|encryption|master|storage|client|auth|subscription)keys?|accesskeyid|authorization|credentials?|cookie|signature|sessionid|jwt|storepass|keypass)$/;
const SECRET_WORD = /(?:^|[^a-z])(?:pass|sig|auth|pw|creds?)$|[a-z](?:Pass|Sig|Pw|Creds?)$/;

/** Whether what is called so is a secret: the value of such a variable, flag, key or header is. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.replace(/[^A-Za-z0-9]/g, "").toLowerCase()) ||
    SECRET_WORD.test(name) || SECRET_WORD.test(name.toLowerCase());
}

const QUOTE = /\\{0,15}["'`]|&quot;|&apos;|&#(?:34|39|x22|x27);|%2[27]|\\u002[27]/.source;
const NAME =
  /(?:(?:access|secret|api|private|account|shared|client|auth)[ ](?=key))?[\w$-][\w.$-]{0,200}/.source;
const GAP = /\s{0,20}(?:=>|:=|={1,2}|:|%3[ad]|&#(?:61|58|x3[ad]);|\\u003[ad]|>)\s{0,20}|\s{1,20}/.source;
/** A name, and what stands between it and its value; only whole words are looked at. */
const ASSIGNED = new RegExp(
  `(?<![\\w.$-])(?<name>${NAME})(?<quote>${QUOTE}|\\]|\\))?(?<gap>${GAP})`,
  "gi",
);

function withoutAssigned(text: string): string {
  const parts: string[] = [];
  const names = new RegExp(ASSIGNED);
  let done = 0;
  for (let found = names.exec(text); found; found = names.exec(text)) {
    const at = found.index + found[0].length;
    const end = isSecretName(found.groups?.name ?? "") ? secretEnd(text, found, at) : undefined;
    if (end === undefined) {
      // A word before a blank may be the first half of a name: `secret key:`.
      names.lastIndex = at - (found.groups?.gap ?? "").length;
      continue;
    }
    parts.push(text.slice(done, end.from), HIDDEN);
    done = names.lastIndex = end.to;
  }
  return parts.length === 0 ? text : parts.join("") + text.slice(done);
}

/** Where the secret after a name begins and ends; undefined when there is none. */
function secretEnd(
  text: string,
  found: RegExpExecArray,
  at: number,
): { from: number; to: number } | undefined {
  const { name = "", quote, gap = "" } = found.groups ?? {};
  const sign = gap.trim();
  const before = text[found.index - 1] ?? "";
  if (sign === ">") {
    return TAG.test(text.slice(Math.max(0, found.index - 42), found.index)) ? element(text, at) : undefined;
  }
  if (sign === "") return afterBlank(text, name, quote, at);
  // `registry/token:v1` is an image, `arn:...:secret:name` a name.
  if (sign === ":" && gap === ":" && quote === undefined && /[/:]/.test(before)) return undefined;
  const from = pastScheme(text, name, at);
  if (/cookie$/i.test(name)) return nonEmpty(from, lineEnd(text, from));
  const encoded = sign === "=" ? encodedEnd(text, from) : from;
  if (encoded > from) return { from, to: encoded };
  const around = openingAt(text, at);
  const opening = around ?? openingAt(text, from);
  if (opening) {
    const begin = around && from > at ? from : from + opening.length;
    return quoted(text, name, quote, sign, begin, opening);
  }
  const to = bareEnd(text, sign === "=" ? pastBrackets(text, from) : from);
  const value = text.slice(from, to);
  if (NOTHING.test(value) || /^secrets$/i.test(name) && /^\d+$/.test(value)) return undefined;
  if (sign === ":" && /\s$/.test(gap) && quote === undefined && isProse(name, value, text, to)) {
    return undefined;
  }
  return nonEmpty(from, to);
}

const NOTHING =
  /^(?:|null|nil|none|true|false|undefined|<nil>|\*+|…|<redacted>|\[redacted\]|\(redacted\)|xxx+)$/i;
const nonEmpty = (from: number, to: number) => to > from ? { from, to } : undefined;

const TAG = /<(?:[\w.-]{1,40}:)?$/;

function element(text: string, from: number): { from: number; to: number } | undefined {
  const end = text.indexOf("<", from);
  return nonEmpty(from, end < 0 ? text.length : end);
}

/** Flags, `password 'x'`, and a word that looks made by a machine; `token expired` and `secret "x"` are none. */
function afterBlank(
  text: string,
  name: string,
  quote: string | undefined,
  at: number,
): { from: number; to: number } | undefined {
  if (quote !== undefined) return undefined;
  const opening = openingAt(text, at);
  const flag = /^--?[a-z]/i.test(name);
  if (opening) {
    const password = /(?:password|passwd|passphrase|identified by)$/i.test(name);
    return flag || password ? quoted(text, name, quote, "", at + opening.length, opening) : undefined;
  }
  const to = bareEnd(text, at);
  const value = text.slice(at, to);
  if (flag) {
    return /^-|^(?:is|was|must|to|or|and|not|for|in|flag|option|needs?|requires?|required|can|cannot|FILE)$/
        .test(value)
      ? undefined
      : nonEmpty(at, to);
  }
  return looksRandom(value) ? { from: at, to } : undefined;
}

/** `Authorization: Basic x`: past the word. `password: |` of YAML: past the sign. */
function pastScheme(text: string, name: string, at: number): number {
  const scheme = /(?:authorization|auth|token|credentials?)$/i.test(name)
    ? /(?:Basic|Bearer|Digest|Negotiate|NTLM|Token|ApiKey|AWS4-HMAC-SHA256|AWS)\s{1,20}|[|>][+-]?\s{1,20}/iy
    : /[|>][+-]?\s{1,20}/y;
  const opened = openingAt(text, at);
  scheme.lastIndex = at + (opened?.length ?? 0);
  const found = scheme.exec(text);
  // Within quotes | and > are signs of the value.
  return found && !(opened && /^[|>]/.test(found[0])) ? scheme.lastIndex : at;
}

const OPENING = new RegExp(QUOTE, "iy");

function openingAt(text: string, at: number): string | undefined {
  OPENING.lastIndex = at;
  return OPENING.exec(text)?.[0];
}

function quoted(
  text: string,
  name: string,
  quote: string | undefined,
  sign: string,
  begin: number,
  opening: string,
): { from: number; to: number } | undefined {
  const inner = closing(text, begin, opening);
  // `secret: "spark-s3-credentials" not found` names an object.
  const names = sign === ":" && quote === undefined && /^secrets?$/i.test(name);
  const value = text.slice(begin, inner);
  // A value goes on after its quotes in shells, 'a'\''b', and where they are signs of the value: ''%20b.
  const after = inner + opening.length;
  if (inner < text.length && GOES_ON.test(text[after] ?? "")) {
    return { from: begin, to: bareEnd(text, after) };
  }
  if (NOTHING.test(value) || names && !looksRandom(value)) return undefined;
  return nonEmpty(begin, inner);
}

const GOES_ON = /[^\s,;&`<>)\]}|:.]/;

/** A single quote within single quotes: in shells, and in YAML and SQL. */
const SINGLE = /'\\''|'"'"'|''/y;

/** Where the quote closes, before the closing sign; the end of the text when it was cut. */
function closing(text: string, begin: number, opening: string): number {
  for (let at = begin; at < text.length; at++) {
    SINGLE.lastIndex = at;
    if (opening.length === 1 && opening !== "'" && text[at] === "\\") at++;
    else if (opening === "'" && text[at] === "'" && SINGLE.test(text)) at = SINGLE.lastIndex - 1;
    else if (text.startsWith(opening, at) && (opening.length === 1 || text[at - 1] !== "\\")) return at;
  }
  return text.length;
}

const ENDS = /[\s,;&"'`<>)\]}|]/g;
const FOLLOWS = /$|[\s,;&"'`<>)\]}|:.]|\\*["']|amp;|[\w.-]{1,60}\s{0,3}[=:]/y;

/** The end of a value without quotes: at a blank, or at a sign that something else follows. */
function bareEnd(text: string, from: number): number {
  ENDS.lastIndex = from;
  for (let found = ENDS.exec(text); found; found = ENDS.exec(text)) {
    FOLLOWS.lastIndex = found.index + 1;
    if (/\s/.test(found[0]) || FOLLOWS.test(text)) return found.index;
  }
  return text.length;
}

/** A value as URLs and forms write it: quotes and brackets are signs of it, until its last other one. */
const ENCODED = /[\w.!~*'()+-]*%[0-9a-f]{2}(?:[\w.!~*'()%+-]*[\w.!~*%+-])?/iy;

function encodedEnd(text: string, from: number): number {
  ENCODED.lastIndex = from;
  return ENCODED.test(text) ? ENCODED.lastIndex : from;
}

/** `=)x` and `=}'x` have a value that begins with a bracket, `(password=)` has none. */
const BRACKETS = /[)\]}>]['`)\]}>]*(?=[^\s,;&"'`<>)\]}|:.]|[:.]\S)/y;

function pastBrackets(text: string, from: number): number {
  BRACKETS.lastIndex = from;
  return BRACKETS.test(text) ? BRACKETS.lastIndex : from;
}

function lineEnd(text: string, from: number): number {
  const end = /["'\r\n]|$/g;
  end.lastIndex = from;
  return end.exec(text)?.index ?? text.length;
}

/** `could not get the token: connection refused` tells what happened, `password: hunter2` does not. */
function isProse(name: string, value: string, text: string, end: number): boolean {
  if (/^secrets?$/i.test(name) && !looksRandom(value)) return true;
  if (/:$|^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return true;
  const next = /^\s+(?:[A-Za-z0-9"'(/-][^\s=:]*)(?=[\s,.;]|$)/.exec(text.slice(end, end + 80));
  return next !== null && /^(?:[A-Za-z][a-z'’-]*|\d{3})$/.test(value);
}

/** Made by a machine, and not a name of Kubernetes or a word: long, with signs of every kind, or hex. */
function looksRandom(value: string): boolean {
  if (!/^[A-Za-z0-9+/_=.~-]{20,}$/.test(value)) return false;
  if (/^[0-9a-f]{20,}$/i.test(value) || /^[a-z0-9]{24,}$/.test(value)) return /\d/.test(value);
  return /\d/.test(value) && /[a-z]/.test(value) && /[A-Z]/.test(value);
}

const PEM =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----(?:[^-]|-(?!----END))*(?:-----END [A-Z0-9 ]{0,40}-----)?/g;
const JWT = /(?<![\w-])eyJ[\w-]{6,}(?:\.[\w.-]*)?/g;
const SCHEME = /\b(Basic|Bearer|Negotiate)(\s{1,20}|%20)([A-Za-z0-9+/_=.~-]{8,})/gi;
const VENDOR =
  /(?<![\w-])(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|hvs\.|ops_|AIza|npm_|dckr_pat_)[\w.-]{12,}/g;
const KEY_ID = /(?<![A-Za-z0-9])(A(?:KIA|SIA))[A-Z0-9]{12,}/g;
const ANY_KEY_ID = /(?<![A-Za-z0-9])(?=[A-Z]*\d)[A-Z0-9]{16,24}(?![A-Za-z0-9])/;
const S3_SECRET = /(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])/g;
const CURL_USER = /(?<![\w-])(-u|--user|--proxy-user)(\s{1,20}|=)(["']?)([^\s:"']{1,200}):([^\s"']+)/g;

/** What shows by its looks that it is a credential. */
function withoutLoose(text: string): string {
  const keyed = ANY_KEY_ID.test(text);
  const out = text
    .replace(PEM, HIDDEN)
    .replace(JWT, HIDDEN)
    .replace(VENDOR, HIDDEN)
    .replace(
      SCHEME,
      (whole, scheme: string, gap: string, value: string) =>
        /[\d=+/_.]|[a-z][A-Z]/.test(value) ? `${scheme}${gap}${HIDDEN}` : whole,
    )
    .replace(CURL_USER, `$1$2$3$4:${HIDDEN}`)
    .replace(KEY_ID, `$1${HIDDEN}`);
  // Whoever prints the id of a key may print the key beside it.
  return keyed ? out.replace(S3_SECRET, (one) => looksRandom(one) ? HIDDEN : one) : out;
}

/** `//user:password@host` as `//***@host`, whatever the password holds but blanks and quotes. */
function withoutUserinfo(text: string): string {
  if (!text.includes("@") || !text.includes("//")) return text;
  return text.replace(
    /\/\/[^\s"'<>]*/g,
    (run) =>
      run.split(/(?=,?[A-Za-z][A-Za-z0-9+.-]{0,40}:\/\/)/).map((url) => {
        const begin = url.indexOf("//") + 2;
        const at = url.lastIndexOf("@");
        if (begin < 2 || at < begin) return url;
        const slash = url.indexOf("/", begin);
        const authority = slash < 0 ? url.length : slash;
        // An @ behind a path belongs to it, unless what stands before the path is no host with a port.
        if (at < authority) return `${url.slice(0, begin)}${HIDDEN}${url.slice(at)}`;
        const user = /^[^/:@]*:(?!\d{1,5}(?:\/|$))/.test(url.slice(begin, begin + 300));
        const inside = url.slice(begin, authority).lastIndexOf("@");
        if (inside >= 0) return `${url.slice(0, begin)}${HIDDEN}${url.slice(begin + inside)}`;
        return user ? `${url.slice(0, begin)}${HIDDEN}${url.slice(at)}` : url;
      }).join(""),
  );
}
