/** Small things done to texts of any length, each in one pass: what an expression would search again from every place. */

/** The text without the signs `sign` at its end. */
export function trimEnd(text: string, sign: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === sign) end--;
  return text.slice(0, end);
}

/** What stands between the first `open` at or after `from` and the next `close`; undefined when either is absent. */
export function between(text: string, open: string, close: string, from = 0): string | undefined {
  const begin = text.indexOf(open, from);
  if (begin < 0) return undefined;
  const end = text.indexOf(close, begin + open.length);
  return end < 0 ? undefined : text.slice(begin + open.length, end);
}

/** At most `limit` UTF-16 units of it; a cut is marked by an ellipsis, which no name may hold. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const kept = text.slice(0, limit - 1);
  return `${/[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

/** As `cut`, but the middle is left out: what went wrong often stands at the end of a message. */
export function cutMiddle(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const tail = Math.floor(limit * 0.4);
  const end = text.slice(text.length - tail);
  return cut(text, limit - tail) + (/^[\udc00-\udfff]/.test(end) ? end.slice(1) : end);
}
