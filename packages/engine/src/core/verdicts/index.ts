export { compileVerdicts, verdictIssueCodes } from "./compile.ts";
export type { CompiledVerdicts } from "./compiled.ts";
export { type AnswerFacts, judge, type Judgement, type VerdictWord, verdictWord } from "./judge.ts";
