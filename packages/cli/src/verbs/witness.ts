/** The witness: a process outside the consortium that watches its history and cosigns it. */
import { createClient, readBaseUrl } from '@daybook/client';
import type { Genesis } from '@daybook/core';
import {
  asPublicKey,
  assertNever,
  createSigner,
  encodeNoteKey,
  isNoteName,
  readGenesisFile,
} from '@daybook/core';
import { trustedErasOf } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import { malformed, readJson } from '../files.ts';
import type { Input } from '../frame/input.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { openKey, PASSPHRASE_OPTION } from '../officers.ts';
import { jsonLine, remark } from '../print.ts';
import type { WitnessEvent, WitnessParts } from '../witness/follow.ts';
import { followOnce, refuseAfterAlarm } from '../witness/follow.ts';
import { openWitnessStore } from '../witness/store.ts';

const EVERY_SECONDS_MAX = 3600;
const NODE_TIMEOUT_MS = 10_000;

async function witness(input: Input, world: World): Promise<Exit> {
  const name = input.text('name');
  if (!isNoteName(name)) {
    const expected = 'a name such as audit.example/w1, without spaces and plus signs';
    throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--name', expected });
  }
  const everySeconds = input.integer('every', { min: 1, max: EVERY_SECONDS_MAX }) ?? 2;
  const genesis = await readGenesis(input.text('genesis'));
  const urls = readUrls(input);
  const store = await openWitnessStore(input.text('state'));
  await refuseAfterAlarm(store);
  let state = await store.read();
  const place = { file: input.text('key'), purpose: 'log', position: 0 } as const;
  const signer = createSigner(await openKey(place, input, world));
  const key = { name, type: 'cosignature', publicKey: asPublicKey(signer.publicKey) } as const;
  remark(world, `witness ${encodeNoteKey(key)} follows ${urls.join(', ')}`);
  const { chain } = genesis;
  const parts: WitnessParts = {
    genesis,
    eras: await trustedErasOf(input),
    nowMs: () => world.nowMs(),
    nodes: urls.map((url) => ({
      url,
      client: createClient({ urls: [url], chain, timeoutMs: NODE_TIMEOUT_MS }),
    })),
    store,
    name,
    signer,
    tell: (event) => tell(event, input, world),
  };
  while (!world.signal.aborted) {
    state = await followOnce(parts, state);
    if (input.flag('once')) return state === undefined ? 'refused' : 'done';
    await pause(everySeconds * 1000, world.signal);
  }
  return 'done';
}

async function readGenesis(file: string): Promise<Genesis> {
  const genesis = readGenesisFile(await readJson(file));
  if (genesis.ok) return genesis.value;
  throw malformed(file, 'it is no genesis file that all founders signed');
}

function readUrls(input: Input): readonly string[] {
  const urls = [...new Set(input.texts('url'))];
  if (urls.length > 0 && urls.every((url) => readBaseUrl(url) !== undefined)) return urls;
  const expected = 'an address with http:// or https://';
  throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--url', expected });
}

function tell(event: WitnessEvent, input: Input, world: World): void {
  if (input.flag('json')) world.out.write(jsonLine(event));
  else world.out.write(`${sentenceOf(event)}\n`);
}

function sentenceOf(event: WitnessEvent): string {
  switch (event.kind) {
    case 'cosigned':
      return `cosigned the tree of size ${event.size} that ${event.url} serves`;
    case 'handed in':
      return `handed the cosignature of size ${event.size} in at ${event.url}`;
    case 'not handed in':
      return `${event.url} did not take the cosignature: ${event.fact}`;
    case 'away':
      return `${event.url} does not answer: ${event.fact}`;
    case 'unproven':
      return `${event.url} serves a checkpoint that is not cosigned: ${event.fact}`;
    default:
      return assertNever(event);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, ms);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}

export const WITNESS_VERB: Verb = {
  words: ['witness'],
  title: 'Watch the history of a chain from outside and cosign its checkpoints, until Ctrl-C.',
  help:
    'Asks every node for its checkpoint, verifies the signatures of the validators and that the ' +
    'history only grew since the last one, then cosigns and hands the cosignature in. On a fork, or ' +
    'on a node whose tree shrank, it stores what proves it and ends with code 8; ' +
    'daybook verify checks the stored proof offline. Run it on a machine of its own, with nodes of ' +
    'several departments.',
  operands: [],
  options: {
    name: {
      value: 'NAME',
      help: 'Name under which it is registered, such as audit.example/w1.',
      required: true,
    },
    key: { value: 'FILE', help: 'Its key file, of the purpose log.', required: true },
    genesis: { value: 'FILE', help: 'Genesis file of the chain.', required: true },
    state: { value: 'FOLDER', help: 'Where it remembers what it saw.', required: true },
    url: {
      value: 'URL',
      help: 'Address of a node; each one given is followed.',
      many: true,
      required: true,
      environment: 'DAYBOOK_URL',
    },
    every: { value: 'SECONDS', help: 'Pause between two rounds.', default: '2' },
    once: { help: 'One round only, for timers.' },
    recovery: {
      value: 'FILE',
      help: 'Recovery file that the departments published; for a chain that went through one.',
      many: true,
      environment: 'DAYBOOK_RECOVERY',
    },
    ...PASSPHRASE_OPTION,
  },
  examples: [
    'witness --name audit.example/w1 --key witness.json --genesis genesis.json --state witness/ ' +
      '--url https://finance.example --url https://health.example',
  ],
  runsUntilTold: true,
  run: witness,
};
