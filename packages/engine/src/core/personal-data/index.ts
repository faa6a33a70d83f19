export { everyKind, kindBits, type KindSet, kindsOf, kindWords } from "./kinds.ts";
export { hintOf, isPersonalName, type NameHint } from "./names.ts";
export { personalKindsIn } from "./scan.ts";
export { personalKindsInJson } from "./json.ts";
