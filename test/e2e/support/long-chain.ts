/**
 * A program that grows the chain of a lone validator by many empty blocks, each built, executed,
 * certified and committed by the node's own ledger, a hundred to a sync. It says when it is done and
 * then waits to be killed: the node that starts afterwards must recover as from a crash.
 *
 *   long-chain.ts CONFIG_FILE BLOCKS
 */
import { readFile } from 'node:fs/promises';
import { applications } from '@daybook/applications';
import type { Certificate, Genesis } from '@daybook/core';
import { assert, readGenesisFile, sign, signBytes } from '@daybook/core';
import { readKeyFile } from '@daybook/keystore';
import type { Node } from '@daybook/node';
import {
  createMetrics,
  createSystemClock,
  loadSettings,
  SILENT_LOGGER,
  startNode,
} from '@daybook/node';

type Ledger = Node['ledger'];
type Built = ReturnType<Ledger['build']>;

const RANGE = 100;
const BLOCK_TIME_MS = 10;

async function openNode(configFile: string) {
  const settings = loadSettings(configFile, {});
  const read = async (file: string, purpose: 'peer' | 'consensus'): Promise<Uint8Array> =>
    (await readKeyFile(file, { purpose, allowUnprotected: true })).secretKey;
  const consensus = await read(settings.keys.consensusFile ?? '', 'consensus');
  const peer = await read(settings.keys.peerFile, 'peer');
  const file: unknown = JSON.parse(await readFile(settings.node.genesisFile, 'utf8'));
  const genesis = readGenesisFile(file);
  assert(genesis.ok, 'the genesis is signed');
  const node = await startNode(
    { settings, genesis: genesis.value, keys: { peer, consensus } },
    {
      clock: createSystemClock(),
      logger: SILENT_LOGGER,
      metrics: createMetrics(),
      random: () => 0,
      contracts: applications,
      onJoined: () => undefined,
      onFatal: (error) => {
        throw error;
      },
    },
  );
  return { node, genesis: genesis.value, consensus };
}

function certify(genesis: Genesis, { header, hash }: Built, secretKey: Uint8Array): Certificate {
  const slot = { height: header.height, round: 0, blockHash: hash };
  const message = signBytes(genesis.chain, { type: 'commit', ...slot });
  const signatures = [sign(secretKey, message)];
  return { kind: 'commit', ...slot, validatorCount: 1, signers: [0], signatures };
}

async function main(configFile: string, blocks: number): Promise<void> {
  const { node, genesis, consensus } = await openNode(configFile);
  const { ledger } = node;
  while (ledger.head().header.height < blocks) {
    const count = Math.min(RANGE, blocks - ledger.head().header.height);
    for (let index = 0; index < count; index++) {
      const { header, next } = ledger.head();
      const [proposer] = next.validators;
      assert(proposer !== undefined, 'there is a validator');
      const timestampMs = header.timestampMs + BLOCK_TIME_MS;
      const block = ledger.build({ timestampMs, proposer: proposer.id, entries: [] });
      await ledger.commitRange([{ block, certificate: certify(genesis, block, consensus) }]);
    }
  }
  process.stdout.write('grown\n');
  // Keeps the process until it is killed; the parent closes the pipe if it ends first.
  process.stdin.resume().on('end', () => process.exit());
}

const [configFile = '', blocks = '0'] = process.argv.slice(2);
await main(configFile, Number(blocks));
