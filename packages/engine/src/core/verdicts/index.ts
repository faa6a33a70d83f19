export { compileVerdicts, verdictIssueCodes, type VerdictsResult } from "./compile.ts";
export type { CompiledRule, CompiledVerdicts } from "./compiled.ts";
export {
  type AnswerFacts,
  judge,
  type Judgement,
  ruleName,
  type VerdictWord,
  verdictWord,
} from "./judge.ts";
