/** A walk divided among several processes, and what they come to together. */
export { nessieShard, together } from "./record.ts";
export { inShard, type Shard, shardOf, shardText } from "./shard.ts";
export { joined, settled } from "./join.ts";
