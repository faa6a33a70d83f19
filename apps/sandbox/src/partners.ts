import { SandboxError } from "./errors.ts";
import { Partner } from "./partner.ts";

/** Every fake partner that was named so far; naming one makes it. */
export class Partners {
  readonly #byName = new Map<string, Partner>();

  /** @throws SandboxError `partner_name_invalid` */
  named(name: string): Partner {
    let partner = this.#byName.get(name);
    if (!partner) {
      if (!/^[A-Za-z0-9._~-]{1,128}$/.test(name) || /^\.{1,2}$/.test(name)) {
        throw new SandboxError(
          "partner_name_invalid",
          "A partner's name has 1 to 128 characters of A-Z a-z 0-9 . _ ~ -, so that it stands in a path as it is.",
        );
      }
      partner = new Partner(name);
      this.#byName.set(name, partner);
    }
    return partner;
  }

  known(name: string): Partner | undefined {
    return this.#byName.get(name);
  }

  /** In order of their names. */
  all(): Partner[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
