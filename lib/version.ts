/**
 * The version of this release, as semver. It stands here and not only in deno.json, so that telling it needs neither the
 * right to read files nor a file beside a bundle; a test keeps it, deno.json and CHANGELOG.md one.
 */
export const VERSION = "0.1.0";
