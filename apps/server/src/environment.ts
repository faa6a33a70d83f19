import { readFileSync } from "node:fs";
import { nearestName } from "@postrider/contract";
import type { Issue } from "@postrider/engine";

/** The environment as it was given to the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What to look for in an environment. */
export interface Wanted {
  readonly names: readonly string[];
  /** Of the names: those that may also be given as the path of a file, under `NAME_FILE`. */
  readonly secrets: readonly string[];
}

/** What was found. An empty value counts as unset. */
export interface Found {
  readonly values: Readonly<Record<string, string>>;
  readonly issues: readonly Issue[];
  /** Variables that Kubernetes sets for its services: not meant as settings. */
  readonly ignored: readonly string[];
}

/** Letters of an unknown name that is still compared with the known ones. */
const longestName = 60;

/**
 * Takes the settings out of an environment: values, and the contents of the files that `NAME_FILE` names. No value of a
 * secret appears in an issue.
 *
 * @example readEnvironment({ DATABASE_URL_FILE: "/run/secrets/db" }, wanted).values.DATABASE_URL
 */
export function readEnvironment(env: Environment, { names, secrets }: Wanted): Found {
  const given = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "",
  );
  const ignored = given.filter(isServiceVariable).map(([name]) => name);
  const meant = new Map(given.filter((entry) => !isServiceVariable(entry)));
  const files = secrets.map((name) => `${name}_FILE`);
  const issues = unknownNames([...meant.keys()], [...names, ...files]);
  const values: Record<string, string> = {};
  for (const name of names) {
    const value = meant.get(name);
    const file = secrets.includes(name) ? meant.get(`${name}_FILE`) : undefined;
    if (value !== undefined && file !== undefined)
      issues.push({ path: name, message: `and ${name}_FILE are both set: keep one of them` });
    else if (file !== undefined) {
      const content = readSecret(file);
      if (typeof content === "string") values[name] = content;
      else issues.push({ path: `${name}_FILE`, message: `names ${fileName(file)} ${content.fault}` });
    } else if (value !== undefined) values[name] = value;
  }
  return { values, issues, ignored };
}

/** What is plainly no path may be the secret itself, and is not shown. */
const fileName = (path: string): string =>
  /^(\.{0,2}\/|[A-Za-z]:\\)/.test(path) ? `${path},` : "what is no absolute path of a file, and";

/** Without the newline at its end, which editors and `echo` put there. */
function readSecret(path: string): string | { readonly fault: string } {
  try {
    const text = readFileSync(path, "utf8").replace(/(\r?\n)+$/, "");
    return text === "" ? { fault: "which is empty" } : text;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    return { fault: `which cannot be read (${code})` };
  }
}

/**
 * Kubernetes gives every container of a namespace the address of each Service in the form of Docker's links, so a
 * Service named `postrider` sets `POSTRIDER_PORT=tcp://10.0.0.1:4400`:
 * https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
 */
function isServiceVariable([name, value]: readonly [string, string]): boolean {
  if (!name.startsWith("POSTRIDER_")) return false;
  return serviceName.test(name) || (name.endsWith("_PORT") && /^(tcp|udp|sctp):\/\//.test(value));
}

const serviceName =
  /^POSTRIDER(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;

function unknownNames(given: readonly string[], known: readonly string[]): Issue[] {
  const unknown = given.filter((name) => name.startsWith("POSTRIDER_") && !known.includes(name));
  return unknown.map((path) => {
    const near = nearestName(path, known, longestName);
    return { path, message: near === null ? "is not a setting" : `is not a setting; did you mean ${near}?` };
  });
}

const otherNames =
  /^(DATABASE_(URI|URLS|DSN)|DATABASEURL|(DB|PG|POSTGRES|POSTGRESQL)_?(URL|URI|DSN))(_FILE)?$/i;
const postgresUrl = /^postgres(ql)?:\/\//;

/**
 * Signs of a PostgreSQL server although DATABASE_URL is not set: an embedded ledger would be started instead in
 * silence, and its events lost with the container. `meant`: certainly; `perhaps`: worth a warning.
 */
export function signsOfPostgres(env: Environment): {
  readonly meant: readonly string[];
  readonly perhaps: readonly string[];
} {
  const given = Object.entries(env).filter(([, value]) => value !== undefined && value !== "");
  const isMeant = ([name, value = ""]: [string, string | undefined]) =>
    name !== "DATABASE_URL" &&
    (otherNames.test(name) || (postgresUrl.test(value) && nearestName(name, ["DATABASE_URL"]) !== null));
  const isPerhaps = ([name, value = ""]: [string, string | undefined]) =>
    ["PGHOST", "PGDATABASE", "PGSERVICE"].includes(name) || postgresUrl.test(value);
  const meant = given.filter(isMeant).map(([name]) => name);
  const perhaps = given.filter((entry) => !isMeant(entry) && isPerhaps(entry)).map(([name]) => name);
  return { meant, perhaps };
}
