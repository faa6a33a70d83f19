/** What a name says about the digits under it. */
export interface NameHint {
  /** Digits alone are a phone number. */
  readonly isPhone: boolean;
  /** Digits alone are an id, and no card number. */
  readonly isId: boolean;
}

/** A name that says nothing. */
export const noHint: NameHint = { isPhone: false, isId: false };

const hints: readonly NameHint[] = [noHint, { isPhone: true, isId: false }, { isPhone: false, isId: true }];

const phoneName =
  /(?:phone|mobile|msisdn|whatsapp|(?:^|[_-])(?:tel|cell|ph)|Tel|Cell)(?:[_-]?(?:number|num|no))?$/i;
const idName = /ids?$/i;
const cardName = /card|(?:^|[_-])pan(?:$|[_-])/i;
const emailName = /e-?mail|(?:^|[_-])em$/i;

/**
 * What the last name of a macro's path, or of a member of an object, says about its value.
 *
 * @example hintOf("data.user.phone_number") // { isPhone: true, isId: false }
 * @example hintOf("data.click_id") // { isPhone: false, isId: true }
 */
export function hintOf(path: string): NameHint {
  const name = lastName(path);
  if (phoneName.test(name)) return hints[1] as NameHint;
  return idName.test(name) && !cardName.test(name) ? (hints[2] as NameHint) : noHint;
}

/**
 * Whether the name says that its value is an e-mail address, a phone or a card number: its hash is then personal too.
 *
 * @example isPersonalName("data.user.email") // true
 */
export function isPersonalName(path: string): boolean {
  const name = lastName(path);
  return phoneName.test(name) || ((emailName.test(name) || cardName.test(name)) && !idName.test(name));
}

/** Without indexes, which name nothing. */
function lastName(path: string): string {
  const names = path.replace(/\[\d+\]|\.\d+(?=[.[]|$)/g, "");
  return /([^.[\]"]*)"?\]?$/.exec(names)?.[1] ?? names;
}
