/** The name of this machine, for markers: whoever finds a leftover can see where it came from. */
export function hostName(): string {
  try {
    return Deno.hostname();
  } catch {
    // Without --allow-sys=hostname.
    return "unknown";
  }
}
