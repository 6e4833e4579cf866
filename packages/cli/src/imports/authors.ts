/** Which officer at hand signs for an organisation in a role. */
import type { Client, TransactionAuthor } from '@daybook/client';
import type { PlannedSigner } from '@daybook/formats';
import { contractNamed } from '../actions/contracts.ts';
import { CliError } from '../errors.ts';

/** Finds, among the officers at hand, one of an organisation who holds a role in the directory. */
export async function createAuthorFinder(
  authors: readonly TransactionAuthor[],
  client: Client,
): Promise<(wanted: PlannedSigner) => TransactionAuthor> {
  const directory = client.contractBy(await contractNamed('directory', client));
  const officers = directory.records('officer');
  const held: { readonly author: TransactionAuthor; readonly roles: ReadonlySet<string> }[] = [];
  for (const author of authors) {
    const [organisation = '', name = ''] = author.identity?.split('/') ?? [];
    const found = author.identity && (await officers.get({ organisation, name }));
    held.push({ author, roles: rolesIn(found ? found.row.roles : undefined) });
  }
  return ({ organisation, role }) => {
    const fitting = held.find(
      ({ author, roles }) => author.identity?.startsWith(`${organisation}/`) && roles.has(role),
    );
    if (fitting !== undefined) return fitting.author;
    throw new CliError({ code: 'CLI_AUTHOR_MISSING', organisation, role });
  };
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
