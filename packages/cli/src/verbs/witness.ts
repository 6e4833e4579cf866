/** The witness: a process outside the consortium that watches its history and cosigns it. */
import { startAtGenesis } from '@daybook/client';
import { asPublicKey, assertNever, createSigner, encodeNoteKey, isNoteName } from '@daybook/core';
import { connectEach, readGenesis, trustedErasOf } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { openKey, PASSPHRASE_OPTION } from '../officers.ts';
import { jsonLine, remark } from '../print.ts';
import type { CosignEvent } from '../witness/cosign.ts';
import { cosign } from '../witness/cosign.ts';
import type { FollowEvent, FollowParts } from '../witness/follow.ts';
import { followJson, followOnce, refuseAfterAlarm } from '../witness/follow.ts';
import { openHistoryStore } from '../witness/store.ts';

const EVERY_SECONDS_MAX = 3600;

async function witness(input: Input, world: World): Promise<Exit> {
  const name = input.text('name');
  if (!isNoteName(name)) {
    const expected = 'a name such as audit.example/w1, without spaces and plus signs';
    throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--name', expected });
  }
  const everySeconds = input.integer('every', { min: 1, max: EVERY_SECONDS_MAX }) ?? 2;
  const genesis = await readGenesis(input.text('genesis'));
  const nodes = connectEach(input, genesis.chain);
  const store = await openHistoryStore(input.text('state'));
  try {
    await refuseAfterAlarm(store);
    const place = { file: input.text('key'), purpose: 'log', position: 0 } as const;
    const signer = createSigner(await openKey(place, input, world));
    const key = { name, type: 'cosignature', publicKey: asPublicKey(signer.publicKey) } as const;
    const urls = nodes.map(({ url }) => url).join(', ');
    remark(world, `witness ${encodeNoteKey(key)} follows ${urls}`);
    let away = 0;
    const told = (event: WitnessEvent): void => {
      if (event.kind === 'away') away += 1;
      tell(event, input, world);
    };
    const nowMs = (): number => world.nowMs();
    const parts: FollowParts = {
      genesis,
      start: startAtGenesis(genesis),
      eras: await trustedErasOf(input),
      nowMs,
      nodes,
      store,
      tell: told,
      onNewer: ({ head }, { url }) => cosign(head, url, { nodes, name, signer, nowMs, tell: told }),
    };
    const once = input.flag('once');
    const exit = await follow(parts, { everySeconds, once, signal: world.signal });
    // Who runs a witness by a timer must notice when it has watched nothing.
    return once && away === nodes.length ? 'unreachable' : exit;
  } finally {
    await store.close();
  }
}

async function follow(
  parts: FollowParts,
  options: { readonly everySeconds: number; readonly once: boolean; readonly signal: AbortSignal },
): Promise<Exit> {
  const { everySeconds, once, signal } = options;
  let state = await parts.store.read();
  while (!signal.aborted) {
    state = await followOnce(parts, state);
    if (once) return state === undefined ? 'refused' : 'done';
    await pause(everySeconds * 1000, signal);
  }
  return 'done';
}

type WitnessEvent = CosignEvent | FollowEvent;

function tell(event: WitnessEvent, input: Input, world: World): void {
  // What is cosigned is told as such, and what is known already is no news.
  if (event.kind === 'seen') return;
  const json = isFollowed(event) ? followJson(event) : event;
  world.out.write(input.flag('json') ? jsonLine(json) : `${sentenceOf(event)}\n`);
}

function isFollowed(event: WitnessEvent): event is FollowEvent {
  return event.kind === 'seen' || event.kind === 'away' || event.kind === 'unproven';
}

function sentenceOf(event: Exclude<WitnessEvent, { kind: 'seen' }>): string {
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
