/**
 * All that a payee is called: organisation, name, blinded identifier, key, and what the directory calls
 * the organisation. Rules and lists mean each of them, so that naming one more hides none. The audit
 * rules say the same in SQL (`audit-rules.ts`).
 */
import type { RowOf } from '@daybook/contracts';
import { toHex } from '@daybook/core';
import type { directory } from '../directory.ts';
import { partyNameKey } from '../party-name.ts';
import type { treasury } from '../treasury.ts';

type Payee = RowOf<(typeof treasury)['records']['commitment']>['payee'];
type Organisation = RowOf<(typeof directory)['records']['organisation']>;

/** Looks an organisation up in the directory. */
export type Lookup = (slug: string) => Pick<Organisation, 'title'> | undefined;

const STARTS = ['organisation:', 'name:', 'person:', 'key:'];

export function isPayee(text: string): boolean {
  return STARTS.some((start) => text.startsWith(start));
}

/** One text for all ways of writing a payee. */
export function canonicalPayee(payee: string): string {
  const [, name] = /^name:(.+)$/s.exec(payee) ?? [];
  // All but names are written in ASCII.
  return name === undefined ? payee.toLowerCase() : `name:${partyNameKey(name)}`;
}

export function organisationIn(payee: string): string | undefined {
  const [, organisation] = /^organisation:(.+)$/.exec(payee) ?? [];
  return organisation;
}

/** How a payee is shown: as it was written, by what says most of it. */
export function writtenPayee({ organisation, name, person }: Payee): string {
  if (organisation !== undefined) return `organisation:${organisation}`;
  return person === undefined ? `name:${name ?? ''}` : `person:${toHex(person)}`;
}

/** A payee as a list names it, and, for an organisation, its titles: each once, canonical. */
export function payeesNamed(payee: string, organisationOf: Lookup): readonly string[] {
  const slug = organisationIn(payee);
  const { title } = (slug !== undefined && organisationOf(slug)) || {};
  const titles = title === undefined ? [] : [title.en, title.zh];
  const all = [payee, ...titles.map((each) => `name:${each}`)];
  return [...new Set(all.map(canonicalPayee))];
}

/** All that the payee of a commitment is called, what says most of it first; canonical. */
export function payeesOf(payee: Payee, organisationOf: Lookup): readonly string[] {
  const { name, key } = payee;
  const written = [
    ...(name === undefined ? [] : [`name:${name}`]),
    ...(key === undefined ? [] : [`key:${toHex(key)}`]),
  ];
  const first = payeesNamed(writtenPayee(payee), organisationOf);
  return [...new Set([...first, ...written.map(canonicalPayee)])];
}
