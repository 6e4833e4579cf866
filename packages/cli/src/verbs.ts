/** Every verb of the program, and the one that some words mean. */
import { ClientError, createClient, readBaseUrl } from '@daybook/client';
import type { ManifestContract } from '@daybook/contracts';
import { actionVerbs, kebab } from './actions/action-verb.ts';
import { knownContracts } from './actions/contracts.ts';
import { CliError } from './errors.ts';
import { nearestOf } from './frame/parse.ts';
import type { Verb } from './frame/verb.ts';
import { AUDIT_VERBS } from './verbs/audit.ts';
import { CHAIN_VERBS } from './verbs/chain.ts';
import { CHECK_VERBS } from './verbs/check.ts';
import { CHECKPOINT_VERB } from './verbs/checkpoint.ts';
import { CLUSTER_VERBS } from './verbs/cluster.ts';
import { completionVerb } from './verbs/completion.ts';
import { IMPORT_VERBS } from './verbs/import.ts';
import { IMPORT_OCDS_VERB } from './verbs/import-ocds.ts';
import { INIT_VERBS } from './verbs/init.ts';
import { KEY_VERBS } from './verbs/keys.ts';
import { PUBLISH_VERBS } from './verbs/publish.ts';
import { PUBLISH_FILES_VERB } from './verbs/publish-files.ts';
import { PUBLISH_SOURCE_VERBS } from './verbs/publish-source.ts';
import { RECORD_VERBS } from './verbs/records.ts';
import { RECOVERY_VERBS } from './verbs/recovery.ts';
import { SEAL_VERBS } from './verbs/seal.ts';
import { SQL_VERBS } from './verbs/sql.ts';
import { STAMP_VERB } from './verbs/stamp.ts';
import { TIMESTAMP_AUTHORITY_VERB } from './verbs/timestamp-authority.ts';
import { TRANSACTION_VERBS } from './verbs/transactions.ts';
import { VERIFY_VERB } from './verbs/verify.ts';
import { WITNESS_VERB } from './verbs/witness.ts';

/** Verbs that are there whatever contracts a chain has, in the order of help. */
export const GENERAL_VERBS: readonly Verb[] = [
  ...INIT_VERBS,
  ...KEY_VERBS,
  ...TRANSACTION_VERBS,
  ...SEAL_VERBS,
  ...RECORD_VERBS,
  ...SQL_VERBS,
  VERIFY_VERB,
  CHECKPOINT_VERB,
  WITNESS_VERB,
  ...CHAIN_VERBS,
  ...RECOVERY_VERBS,
  ...CHECK_VERBS,
  ...IMPORT_VERBS,
  IMPORT_OCDS_VERB,
  ...PUBLISH_VERBS,
  ...PUBLISH_SOURCE_VERBS,
  PUBLISH_FILES_VERB,
  ...AUDIT_VERBS,
  STAMP_VERB,
  TIMESTAMP_AUTHORITY_VERB,
  ...CLUSTER_VERBS,
  completionVerb(allVerbs),
];

/** General verbs, and one for each action of the contracts of this release. */
export async function allVerbs(): Promise<readonly Verb[]> {
  const contracts = await knownContracts();
  return [...GENERAL_VERBS, ...contracts.flatMap((contract) => actionVerbs(contract))];
}

/** What a command line means. */
export type Meaning =
  | { readonly kind: 'verb'; readonly verb: Verb; readonly rest: readonly string[] }
  /** Words that several verbs begin with. */
  | { readonly kind: 'group'; readonly verbs: readonly Verb[] }
  | { readonly kind: 'overview' };

/** The words before the first option. */
function plainWords(words: readonly string[]): readonly string[] {
  const end = words.findIndex((word) => word.startsWith('-'));
  return end < 0 ? words : words.slice(0, end);
}

function startsWith(words: readonly string[], start: readonly string[]): boolean {
  return start.every((word, index) => words[index] === word);
}

/** Finds the verb of a command line. @throws CliError CLI_VERB_UNKNOWN */
export async function findVerb(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Meaning> {
  const plain = plainWords(words);
  const [first, second] = plain;
  if (first === undefined) return { kind: 'overview' };
  const isNamedSubmit = first === 'submit' && second !== undefined;
  const general = isNamedSubmit ? undefined : findIn(GENERAL_VERBS, words);
  if (general !== undefined) return general;
  const before = isNamedSubmit ? ['submit'] : [];
  const contract = await findContract(plain[before.length] ?? '', { words, environment });
  const verbs = contract === undefined ? [] : actionVerbs(contract, { before });
  const asVerb = words.map((word, index) => (index === before.length + 1 ? kebab(word) : word));
  const found = findIn(verbs, asVerb);
  if (found !== undefined) return found;
  throw await unknown(plain, verbs);
}

function findIn(verbs: readonly Verb[], words: readonly string[]): Meaning | undefined {
  const plain = plainWords(words);
  const exact = verbs.find((verb) => startsWith(words, verb.words));
  if (exact !== undefined) {
    return { kind: 'verb', verb: exact, rest: words.slice(exact.words.length) };
  }
  const group = verbs.filter((verb) => startsWith(verb.words, plain));
  return group.length === 0 ? undefined : { kind: 'group', verbs: group };
}

interface Line {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A contract of this release, or one that only the chain knows. */
async function findContract(name: string, line: Line): Promise<ManifestContract | undefined> {
  const shipped = (await knownContracts()).find((contract) => contract.name === name);
  if (shipped !== undefined || !/^[a-z][A-Za-z0-9]{1,63}$/.test(name)) return shipped;
  const urls = urlsOf(line).filter((url) => readBaseUrl(url) !== undefined);
  if (urls.length === 0) return undefined;
  try {
    return await createClient({ urls, timeoutMs: 3000 }).contract(name);
  } catch (error) {
    // No node, or none that has it: then nothing of this name is known. What a node refuses is told.
    const isRefused = error instanceof ClientError && error.code === 'CLIENT_REFUSED';
    if (isRefused) throw error;
    return undefined;
  }
}

/** Addresses named before it is known which verb names them. */
function urlsOf({ words, environment }: Line): readonly string[] {
  const given = words.flatMap((word, index) => {
    if (word.startsWith('--url=')) return [word.slice('--url='.length)];
    return words[index - 1] === '--url' ? [word] : [];
  });
  const variable = environment.DAYBOOK_URL ?? '';
  return given.length > 0 ? given : variable.split(/[\s,]+/).filter((url) => url !== '');
}

async function unknown(plain: readonly string[], actions: readonly Verb[]): Promise<CliError> {
  const contracts = (await knownContracts()).map(({ name }) => name);
  const names =
    actions.length > 0
      ? actions.map(({ words }) => words.join(' '))
      : [
          ...new Set(GENERAL_VERBS.flatMap(({ words }) => [words[0] ?? '', words.join(' ')])),
          ...contracts,
        ];
  const name = plain.join(' ');
  const suggestion = nearestOf(name, names) ?? nearestOf(plain[0] ?? '', names);
  return new CliError({ code: 'CLI_VERB_UNKNOWN', name, suggestion });
}
