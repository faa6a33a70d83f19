/** The contract's, for the documents and templates of the engine. */
export { isRawNumber, parseExactJson, type RawNumber } from "@postrider/contract/exact-json";
