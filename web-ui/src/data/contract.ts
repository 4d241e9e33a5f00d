// The shapes of the console's JSON interface, version 1, exactly as the node serves them.
// Ids are branded so that a case id can't be handed where a matter id is meant.
export type * from "./contract/audit";
export type * from "./contract/base";
export type * from "./contract/desk";
export type * from "./contract/device";
export type * from "./contract/duty";
export type * from "./contract/explain";
export type * from "./contract/place";
