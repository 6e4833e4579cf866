/**
 * The merge routine of OCDS 1.1: the releases of a process, oldest first, add up to its compiled
 * release. Objects merge field by field, lists of objects by their `id`, anything else is replaced;
 * null takes a value away. Which fields are left out or replaced as a whole, the schema says.
 */
import type { ExactJson, ExactObject } from '../exact-json.ts';
import { isExactNumber, isExactObject } from '../exact-json.ts';
import releaseSchema from '../schemas/ocds-1.1.5/release-schema.json' with { type: 'json' };

/** The part of a schema that merging looks at. */
interface MergeSchema {
  /** Of no use here, but every schema has it. */
  readonly type?: unknown;
  readonly $ref?: string;
  readonly omitWhenMerged?: boolean;
  readonly wholeListMerge?: boolean;
  readonly properties?: Readonly<Record<string, MergeSchema>>;
  readonly items?: MergeSchema;
}

const ROOT: MergeSchema = releaseSchema;
const DEFINITIONS: Readonly<Record<string, MergeSchema>> = releaseSchema.definitions;

/**
 * The compiled release.
 * @param releases  of one process, each with `ocid` and `date`, in any order
 * @returns         undefined if there are none
 */
export function compileReleases(releases: readonly ExactObject[]): ExactObject | undefined {
  const ordered = inTime(releases);
  const last = ordered.at(-1);
  if (last === undefined) {
    return undefined;
  }
  const merged = ordered.reduce<ExactObject>((sum, next) => mergeObjects(sum, next, ROOT), {});
  const [ocid, date] = [textOf(last.ocid), textOf(last.date)];
  return { ...merged, tag: ['compiled'], id: `${ocid}-${date}`, date };
}

/** A record for each process, in the order in which they come: its releases, oldest first, and what they add up to. */
export function recordsOf(releases: readonly ExactObject[]): readonly ExactObject[] {
  const processes = new Map<string, ExactObject[]>();
  for (const release of releases) {
    const ocid = textOf(release.ocid);
    const known = processes.get(ocid);
    if (known === undefined) processes.set(ocid, [release]);
    else known.push(release);
  }
  return [...processes].map(([ocid, own]) => {
    const compiledRelease = compileReleases(own);
    return { ocid, releases: inTime(own), ...(compiledRelease && { compiledRelease }) };
  });
}

function inTime(releases: readonly ExactObject[]): readonly ExactObject[] {
  return releases.toSorted((a, b) => compareTimes(textOf(a.date), textOf(b.date)));
}

function textOf(json: ExactJson | undefined): string {
  return typeof json === 'string' ? json : '';
}

/** By the moment meant, whatever the zone; by the text where it is no date-time. */
function compareTimes(a: string, b: string): number {
  const difference = Date.parse(a) - Date.parse(b);
  if (Number.isNaN(difference)) {
    return a < b ? -1 : Number(a > b);
  }
  return difference;
}

function mergeObjects(before: ExactObject, after: ExactObject, schema: MergeSchema): ExactObject {
  const merged = new Map(Object.entries(before));
  for (const [name, value] of Object.entries(after)) {
    const own = schemaOf(schema, name);
    if (own.omitWhenMerged === true) {
      continue;
    }
    if (value === null) {
      merged.delete(name);
    } else {
      merged.set(name, mergeValues(merged.get(name), value, own));
    }
  }
  return Object.fromEntries(merged);
}

function schemaOf({ properties }: MergeSchema, name: string): MergeSchema {
  const own = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : {};
  return resolved(own ?? {});
}

/** The flags stand beside a reference or behind it. */
function resolved(schema: MergeSchema): MergeSchema {
  const name = schema.$ref?.replace('#/definitions/', '');
  return name === undefined ? schema : { ...DEFINITIONS[name], ...schema };
}

function mergeValues(
  before: ExactJson | undefined,
  after: ExactJson,
  schema: MergeSchema,
): ExactJson {
  if (isExactObject(after)) {
    return mergeObjects(isExactObject(before) ? before : {}, after, schema);
  }
  if (!isObjects(after)) {
    return after;
  }
  const item = resolved(schema.items ?? {});
  const kept = isObjects(before) ? before : [];
  return schema.wholeListMerge === true
    ? after.map((entry) => mergeObjects({}, entry, item))
    : mergeLists(kept, after, item);
}

function isObjects(json: ExactJson | undefined): json is readonly ExactObject[] {
  return Array.isArray(json) && json.every(isExactObject);
}

/** Entries with an id that came before are merged into it; all others are put behind. */
function mergeLists(
  before: readonly ExactObject[],
  after: readonly ExactObject[],
  item: MergeSchema,
): readonly ExactObject[] {
  const merged = [...before];
  const places = new Map(before.map((entry, index) => [idOf(entry), index] as const));
  for (const entry of after) {
    const id = idOf(entry);
    const at = (id === undefined ? undefined : places.get(id)) ?? merged.length;
    merged[at] = mergeObjects(merged[at] ?? {}, entry, item);
    places.set(id, at);
  }
  return merged;
}

function idOf({ id }: ExactObject): string | undefined {
  return isExactNumber(id) ? id.toString() : textOf(id) || undefined;
}
