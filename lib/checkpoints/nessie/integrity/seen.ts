/** A set of texts that keeps 53 bits of each: a million texts take 16 MiB, however long they are. */

export interface SeenSet {
  /** Puts it in; whether it is new. Two texts of a million are taken for one with a chance of 1 in 18,000. */
  add(text: string): boolean;
  has(text: string): boolean;
}

export function seenSet(): SeenSet {
  const hashes = hashSet();
  return { add: (text) => hashes.add(hash53(text)), has: (text) => hashes.has(hash53(text)) };
}

/** The same of hashes that were made before. */
export function hashSet(): { add(hash: number): boolean; has(hash: number): boolean } {
  let slots = new Float64Array(1024);
  let used = 0;
  const find = (hash: number) => {
    let at = hash % slots.length;
    while (slots[at] !== 0 && slots[at] !== hash) at = (at + 1) % slots.length;
    return at;
  };
  const grow = () => {
    const before = slots;
    slots = new Float64Array(before.length * 2);
    for (const hash of before) if (hash !== 0) slots[find(hash)] = hash;
  };
  return {
    add(hash) {
      const at = find(hash);
      if (slots[at] === hash) return false;
      slots[at] = hash;
      if (++used * 2 > slots.length) grow();
      return true;
    },
    has: (hash) => slots[find(hash)] !== 0,
  };
}

/** Two multiplicative hashes of 32 bits mixed into one of 53; never 0, which marks an empty slot. */
export function hash53(text: string): number {
  let a = 0x9e3779b1;
  let b = 0x85ebca77;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0xcc9e2d51);
    b = Math.imul(b ^ code, 0x1b873593);
  }
  a = Math.imul(a ^ (a >>> 16), 0x21f0aaad) ^ Math.imul(b ^ (b >>> 15), 0x735a2d97);
  b = Math.imul(b ^ (b >>> 16), 0x21f0aaad) ^ Math.imul(a ^ (a >>> 15), 0x735a2d97);
  return (2 ** 32 * (b & 0x1fffff) + (a >>> 0)) || 1;
}
