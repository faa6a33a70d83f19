/** Where a number may begin and end in a text: expressions that take no character. */

/** Letters, digits and the underscore; beyond ASCII all but punctuation and signs. */
const word = String.raw`\w\u00AA-\u1FFF\u2C00-\u2DFF\u3040-\uFFFF`;

/** No part of a longer token stands before: `click-4155552671` is one token. */
export const tokenStart = `(?<![${word}]|[${word}][-.])`;

/** No part of a longer token follows. A dot or hyphen may, if it ends a sentence. */
export const tokenEnd = `(?![${word}]|[-.][${word}])`;
