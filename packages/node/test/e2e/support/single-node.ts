/**
 * A real node in this process: a chain of one validator on a real directory and free ports, with the
 * contracts of the release and the notebook of the API tests.
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applications } from '@daybook/applications';
import { foundingContractsOf } from '@daybook/contracts';
import type { CallArguments, Genesis, PublicKey } from '@daybook/core';
import {
  asPublicKey,
  completeParameters,
  encodeBody,
  encodeTransaction,
  GENESIS_FORMAT,
  generateNonce,
  generateSecretKey,
  peerIdFromPublicKey,
  possessionSignBytes,
  publicKeyOf,
  readGenesis,
  sign,
  signBody,
  toHex,
  ZERO_HASH,
} from '@daybook/core';
import { createSystemClock } from '../../../src/clock.ts';
import { parseSettings } from '../../../src/config.ts';
import { SILENT_LOGGER } from '../../../src/log.ts';
import { createMetrics } from '../../../src/metrics.ts';
import type { Node } from '../../../src/node.ts';
import { startNode } from '../../../src/node.ts';
import { createVotes } from '../../../src/prepare.ts';
import { notebook } from '../../api/support/notebook.ts';

export interface Officer {
  readonly identity: string;
  readonly publicKey: PublicKey;
  readonly secretKey: Uint8Array;
}

export interface BodyOptions {
  readonly chain?: Genesis['chain'];
  readonly validForMs?: number;
  readonly signers?: readonly Officer[];
  readonly identity?: string;
}

export interface SingleNode {
  readonly node: Node;
  readonly genesis: Genesis;
  readonly dataDirectory: string;
  readonly jane: Officer;
  /** Wire bytes of one call, signed by jane unless the options say otherwise. */
  call(contract: string, action: string, args: CallArguments, options?: BodyOptions): Uint8Array;
  /** Rejects when the node must stop. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

const VALIDITY_MS = 60_000;
const ORGANISATION = 'ministry';

function makeOfficer(identity: string): Officer {
  const secretKey = generateSecretKey();
  return { identity, secretKey, publicKey: asPublicKey(publicKeyOf(secretKey)) };
}

interface Secrets {
  readonly peer: Uint8Array;
  readonly consensus: Uint8Array;
  readonly governance: Uint8Array;
}

function buildGenesis(secrets: Secrets, jane: Officer): Genesis {
  const consensusKey = asPublicKey(publicKeyOf(secrets.consensus));
  const key = { purpose: 'consensus', publicKey: consensusKey } as const;
  const parameters = completeParameters({ blockIntervalMs: 1 });
  if (!parameters.ok) throw new Error(parameters.reason.code);
  const genesis = readGenesis({
    format: GENESIS_FORMAT,
    name: 'single',
    timeMs: Date.now() - 1000,
    developmentMode: true,
    parameters: parameters.value,
    contracts: foundingContractsOf([...applications, notebook]),
    organisations: [
      {
        slug: ORGANISATION,
        title: { en: 'Ministry', zh: '部' },
        governanceKey: toHex(publicKeyOf(secrets.governance)),
        officers: [
          { name: 'jane', publicKey: toHex(jane.publicKey), roles: ['directory.administrator'] },
        ],
      },
    ],
    validators: [
      {
        organisation: ORGANISATION,
        peerId: peerIdFromPublicKey(publicKeyOf(secrets.peer)),
        addresses: [],
        consensusKey: toHex(consensusKey),
        proofOfPossession: toHex(
          sign(secrets.consensus, possessionSignBytes(ZERO_HASH, key, ORGANISATION)),
        ),
      },
    ],
    observers: [],
  });
  if (!genesis.ok) throw new Error(JSON.stringify(genesis.reason));
  return genesis.value;
}

export interface SingleNodeOptions {
  /** Free ones by default. */
  readonly networkPort?: number;
  readonly apiPort?: number;
  /** Further lines of the settings file. */
  readonly settings?: string;
}

export async function startSingleNode(options: SingleNodeOptions = {}): Promise<SingleNode> {
  const { networkPort = 0, apiPort = 0, settings = '' } = options;
  const directory = mkdtempSync(path.join(tmpdir(), 'daybook-single-'));
  const secrets = {
    peer: generateSecretKey(),
    consensus: generateSecretKey(),
    governance: generateSecretKey(),
  };
  const jane = makeOfficer(`${ORGANISATION}/jane`);
  const genesis = buildGenesis(secrets, jane);
  const dataDirectory = path.join(directory, 'data');
  const publicKey = asPublicKey(publicKeyOf(secrets.consensus));
  await createVotes({ dataDirectory, chain: genesis.chain, publicKey });
  const text = `node: {dataDirectory: ${dataDirectory}}\nnetwork: {listen: [/ip4/127.0.0.1/tcp/${networkPort}]}\napi: {port: ${apiPort}}\n${settings}`;
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  const node = await startNode(
    {
      settings: parseSettings(text, { file: path.join(directory, 'daybookd.yaml'), env: {} }),
      genesis,
      keys: { peer: secrets.peer, consensus: secrets.consensus },
    },
    {
      clock: createSystemClock(),
      logger: SILENT_LOGGER,
      metrics: createMetrics(),
      random: () => randomInt(2 ** 32) / 2 ** 32,
      contracts: [...applications, notebook],
      onJoined: () => undefined,
      onFatal: reject,
    },
  );
  return {
    node,
    genesis,
    dataDirectory,
    jane,
    failed,
    call: (contract, action, args, body = {}) => {
      const signers = body.signers ?? [jane];
      const bodyBytes = encodeBody({
        version: 1,
        chain: body.chain ?? genesis.chain,
        signers: signers.map(({ publicKey: key, identity }) => ({
          publicKey: key,
          identity: body.identity ?? identity,
        })),
        nonce: generateNonce(),
        validUntilMs: Date.now() + (body.validForMs ?? VALIDITY_MS),
        calls: [{ contract, action, args }],
      });
      const signatures = signers.map(({ secretKey }) => signBody(bodyBytes, secretKey));
      return encodeTransaction(bodyBytes, signatures);
    },
    stop: async () => {
      await node.stop();
      rmSync(directory, { recursive: true });
    },
  };
}

export { makeOfficer };
