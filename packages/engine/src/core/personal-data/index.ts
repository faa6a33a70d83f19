export { everyKind, kindBits, type KindSet, kindsOf, kindWords } from "./kinds.ts";
export { hintOf, isPersonalName, type NameHint, noHint } from "./names.ts";
export { personalKindsIn } from "./scan.ts";
export { personalKindsInJson } from "./json.ts";
