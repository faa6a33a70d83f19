/** Where a text is no JSON Pointer, and why. */
export interface PointerFault {
  /** The 0-based character. */
  readonly position: number;
  readonly message: string;
}

/** The most names: each is one more walk over the rest of an answer. */
const deepestPointer = 32;

/**
 * The names in a JSON Pointer, unescaped; none for the empty one, which is the whole document.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6901
 * @example parsePointer("/a~1b/0") // ["a/b", "0"]
 */
export function parsePointer(text: string): readonly string[] | PointerFault {
  if (text === "") return [];
  if (!text.startsWith("/"))
    return {
      position: 0,
      message: 'A JSON Pointer begins with "/": write /code, or "" for the whole answer.',
    };
  const position = text.search(/~(?![01])/);
  if (position !== -1)
    return { position, message: 'In a JSON Pointer "~" is written "~0", and "/" within a name "~1".' };
  const names = text.slice(1).split("/");
  if (names.length > deepestPointer)
    return { position: 0, message: `A JSON Pointer has at most ${deepestPointer} names here.` };
  return names.map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
}
