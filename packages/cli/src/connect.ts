/** The client a verb works with: which nodes, and which chain is trusted. */
import type { Client, Language } from '@daybook/client';
import { createClient, readBaseUrl, readTrustedChain } from '@daybook/client';
import type { Genesis, Hash, RecoveryFile } from '@daybook/core';
import { eraOf, readGenesisFile, readRecoveryFile } from '@daybook/core';
import { CliError } from './errors.ts';
import { malformed, readJson, readText } from './files.ts';
import type { Input } from './frame/input.ts';
import type { Options } from './frame/verb.ts';

/** Where the API of a node listens by default. */
const DEFAULT_URL = 'http://127.0.0.1:7780';

/** Options of verbs that check against a chain. */
export const TRUST_OPTIONS = {
  chain: {
    value: 'HEX',
    help: 'Chain id that is trusted, 64 hexadecimal digits.',
    environment: 'DAYBOOK_CHAIN',
  },
  genesis: { value: 'FILE', help: 'Genesis file that is trusted; says the chain id, too.' },
  recovery: {
    value: 'FILE',
    help: 'Recovery file that the departments published; for a chain that went through one.',
    many: true,
    environment: 'DAYBOOK_RECOVERY',
  },
} as const satisfies Options;

/** Options of verbs that ask nodes. */
export const NODE_OPTIONS = {
  url: {
    value: 'URL',
    help: 'Address of a node; the next one is asked when one is away.',
    many: true,
    environment: 'DAYBOOK_URL',
    default: DEFAULT_URL,
  },
  ...TRUST_OPTIONS,
} as const satisfies Options;

export const LANGUAGE_OPTION = {
  language: {
    value: 'LANGUAGE',
    help: 'Language of titles and sentences of contracts.',
    choices: ['en', 'zh'],
    default: 'en',
  },
} as const satisfies Options;

export function languageOf(input: Input): Language {
  return input.text('language') === 'zh' ? 'zh' : 'en';
}

/** The trusted chain id, from --genesis or --chain; undefined if neither is given. */
export async function trustedChainOf(input: Input): Promise<Hash | undefined> {
  const file = input.optionalText('genesis');
  const text = file === undefined ? input.optionalText('chain') : await readText(file);
  if (text === undefined) return undefined;
  const chain = readTrustedChain(text);
  if (chain !== undefined) return chain;
  const option = file === undefined ? '--chain' : '--genesis';
  const expected =
    file === undefined ? '64 hexadecimal digits' : 'a genesis file that all founders signed';
  throw new CliError({ code: 'CLI_OPTION_INVALID', option, expected });
}

/** The founding document in a genesis file. @throws CliError CLI_FILE_MALFORMED */
export async function readGenesis(file: string): Promise<Genesis> {
  const genesis = readGenesisFile(await readJson(file));
  if (genesis.ok) return genesis.value;
  throw malformed(file, 'it is no genesis file that all founders signed');
}

/** Eras of the recoveries that are trusted, from --recovery. */
export async function trustedErasOf(input: Input): Promise<readonly Hash[]> {
  const files = await Promise.all(input.texts('recovery').map(readRecovery));
  return files.map(({ plan }) => eraOf(plan));
}

/** Reads a recovery file. @throws CliError CLI_FILE_MALFORMED with every fault */
export async function readRecovery(file: string): Promise<RecoveryFile> {
  const read = readRecoveryFile(await readJson(file));
  if (read.ok) return read.value;
  const faults = read.reason.faults.map(({ pointer, expected }) => `${pointer}: ${expected}`);
  throw malformed(file, faults.join('; '));
}

/** Addresses of nodes, each once. @throws CliError CLI_OPTION_INVALID */
function urlsOf(input: Input): readonly string[] {
  const urls = [...new Set(input.texts('url'))];
  return urls.map((url) => checkedUrl(url, '--url'));
}

/** An address of a node. @param named  how the command line calls it @throws CliError CLI_OPTION_INVALID */
export function checkedUrl(url: string, named: string): string {
  if (readBaseUrl(url) !== undefined) return url;
  const expected = 'an address with http:// or https://';
  throw new CliError({ code: 'CLI_OPTION_INVALID', option: named, expected });
}

const NODE_TIMEOUT_MS = 10_000;

/** A client for each of the nodes named by --url, which asks no other. */
export function connectEach(
  input: Input,
  chain?: Hash,
): readonly { readonly url: string; readonly client: Client }[] {
  const timeoutMs = NODE_TIMEOUT_MS;
  return urlsOf(input).map((url) => ({
    url,
    client: createClient({ urls: [url], chain, timeoutMs }),
  }));
}

/** The client for the nodes named by --url. */
export async function connect(input: Input): Promise<Client> {
  const urls = urlsOf(input);
  const chain = await trustedChainOf(input);
  return createClient({ urls, chain, eras: await trustedErasOf(input) });
}
