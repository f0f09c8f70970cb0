/** What keeps the walk within the memory that it was given. */
export { type Allowance, MetadataTooLarge, Overfull, type Room, roomOf, unbounded } from "./allowance.ts";
export { type MemoryGuard, memoryGuard } from "./guard.ts";
