/** Which officers at hand sign for organisations in their roles. */
import type { Client, TransactionAuthor } from '@daybook/client';
import type { PlannedSigner } from '@daybook/formats';
import { contractNamed } from '../actions/contracts.ts';
import { CliError } from '../errors.ts';

/** An officer at hand with the roles that the directory grants. */
export interface HeldRoles {
  readonly author: TransactionAuthor;
  readonly roles: ReadonlySet<string>;
}

/** Finds, among the officers at hand, one of an organisation who holds a role in the directory. */
export async function createAuthorFinder(
  authors: readonly TransactionAuthor[],
  client: Client,
): Promise<(wanted: PlannedSigner) => TransactionAuthor> {
  const held = await readRoles(authors, client);
  return (wanted) => needFitting(held, wanted)[0];
}

/** Finds the officers of one transaction: a different one for each role wherever that is possible. */
export async function createAuthorsFinder(
  authors: readonly TransactionAuthor[],
  client: Client,
): Promise<(wanted: readonly PlannedSigner[]) => readonly TransactionAuthor[]> {
  const held = await readRoles(authors, client);
  return (wanted) => chooseAuthors(held, wanted);
}

/**
 * An officer for each of those who are wanted. Where four eyes are demanded one officer counts once,
 * so that nobody signs in two roles if somebody else can.
 * @returns each officer once
 * @throws CliError CLI_AUTHOR_MISSING when nobody at hand has one of the roles
 */
export function chooseAuthors(
  held: readonly HeldRoles[],
  wanted: readonly PlannedSigner[],
): readonly TransactionAuthor[] {
  const fitting = wanted.map((one) => needFitting(held, one));
  const distinct = pickDistinct(fitting, []);
  return distinct ?? [...new Set(fitting.map(([first]) => first))];
}

/** One of each list, none twice; a transaction has few signers, so all ways may be tried. */
function pickDistinct(
  lists: readonly (readonly TransactionAuthor[])[],
  taken: readonly TransactionAuthor[],
): readonly TransactionAuthor[] | undefined {
  const [first, ...rest] = lists;
  if (first === undefined) return taken;
  for (const author of first) {
    const picked = taken.includes(author) ? undefined : pickDistinct(rest, [...taken, author]);
    if (picked !== undefined) return picked;
  }
  return undefined;
}

function needFitting(
  held: readonly HeldRoles[],
  { organisation, role }: PlannedSigner,
): readonly [TransactionAuthor, ...TransactionAuthor[]] {
  const [first, ...others] = held
    .filter(
      ({ author, roles }) => author.identity?.startsWith(`${organisation}/`) && roles.has(role),
    )
    .map(({ author }) => author);
  if (first === undefined) throw new CliError({ code: 'CLI_AUTHOR_MISSING', organisation, role });
  return [first, ...others];
}

async function readRoles(
  authors: readonly TransactionAuthor[],
  client: Client,
): Promise<readonly HeldRoles[]> {
  const directory = client.contractBy(await contractNamed('directory', client));
  const officers = directory.records('officer');
  const held: HeldRoles[] = [];
  for (const author of authors) {
    const [organisation = '', name = ''] = author.identity?.split('/') ?? [];
    const found = author.identity && (await officers.get({ organisation, name }));
    held.push({ author, roles: rolesIn(found ? found.row.roles : undefined) });
  }
  return held;
}

/** Role names in the JSON form of an officer's grants. */
function rolesIn(grants: unknown): ReadonlySet<string> {
  const items: readonly unknown[] = Array.isArray(grants) ? grants : [];
  return new Set(
    items.flatMap((item) => {
      const isGrant = typeof item === 'object' && item !== null && 'role' in item;
      return isGrant && typeof item.role === 'string' ? [item.role] : [];
    }),
  );
}
