/** Takes secrets out of what a server said. Pure. */

/** A part of a secret of this length or more is taken out, too; a shorter secret only where it stands as a word. */
const PART = 8;

/**
 * `text` with every value of `secrets`, and every part of one of at least 8 characters, replaced by "…". Servers quote
 * what they refuse in whole or in part, escaped as in JSON or Go, in base64 or decoded: all these are found.
 */
export function redact(text: string, secrets: readonly string[]): string {
  const hidden = new Uint8Array(text.length);
  for (const form of new Set(secrets.flatMap(forms))) {
    if (form.length < PART) hideWords(text, form, hidden);
    else hideParts(text, form, hidden);
  }
  let out = "";
  for (let i = 0; i < text.length; i++) {
    if (!hidden[i]) out += text[i];
    else if (!hidden[i - 1]) out += "…";
  }
  return out;
}

function hideParts(text: string, secret: string, hidden: Uint8Array): void {
  for (let i = 0; i + PART <= text.length; i++) {
    if (secret.includes(text.slice(i, i + PART))) hidden.fill(1, i, i + PART);
  }
}

function hideWords(text: string, secret: string, hidden: Uint8Array): void {
  if (secret.trim() === "") return;
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) {
    const end = at + secret.length;
    if (!/\w/.test(text[at - 1] ?? "") && !/\w/.test(text[end] ?? "")) hidden.fill(1, at, end);
  }
}

function forms(secret: string): string[] {
  const plain = [secret, ...decoded(secret)];
  return [
    ...plain,
    ...plain.map((text) => JSON.stringify(text).slice(1, -1)),
    new TextEncoder().encode(secret).toBase64(),
  ];
}

function decoded(text: string): string[] {
  try {
    return [new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(text))];
  } catch {
    return [];
  }
}
