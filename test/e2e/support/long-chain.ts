/**
 * A program that grows the chain of a validator by many empty blocks, each built, executed,
 * certified and committed by the node's own ledger, a hundred to a sync. It says when it is done and
 * then waits to be killed: the node that starts afterwards must recover as from a crash. Where there
 * are more validators, their configuration files follow: a quorum of them seals each block.
 *
 *   long-chain.ts BLOCKS CONFIG_FILE [CONFIG_FILE of another validator]...
 */
import { readFile } from 'node:fs/promises';
import { applications } from '@daybook/applications';
import type { Certificate, Genesis, ValidatorSet } from '@daybook/core';
import {
  assert,
  createSigner,
  equalBytes,
  quorumOf,
  readGenesisFile,
  signBytes,
} from '@daybook/core';
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
type Signer = ReturnType<typeof createSigner>;

const RANGE = 100;
const BLOCK_TIME_MS = 10;

async function readKey(file: string, purpose: 'peer' | 'consensus'): Promise<Uint8Array> {
  return (await readKeyFile(file, { purpose, allowUnprotected: true })).secretKey;
}

/** The consensus key that a configuration names. */
async function consensusKeyOf(configFile: string): Promise<Uint8Array> {
  const { keys } = loadSettings(configFile, {});
  return await readKey(keys.consensusFile ?? '', 'consensus');
}

async function openNode(configFile: string) {
  const settings = loadSettings(configFile, {});
  const consensus = await consensusKeyOf(configFile);
  const peer = await readKey(settings.keys.peerFile, 'peer');
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
  return { node, genesis: genesis.value };
}

/** In the order of the set. */
function inOrder(validators: ValidatorSet, known: readonly Signer[]): readonly Signer[] {
  return validators.map((validator) => {
    const found = known.find(({ publicKey }) => equalBytes(publicKey, validator.publicKey));
    assert(found !== undefined, 'the key of every validator is there');
    return found;
  });
}

/** Another quorum from height to height, so that everybody has sealed old and new blocks. */
function sealersOf(height: number, count: number): readonly number[] {
  const { quorum } = quorumOf(count);
  return Array.from({ length: quorum }, (_, at) => (height + at) % count).sort((a, b) => a - b);
}

function certify(
  { chain }: Genesis,
  { header, hash }: Built,
  validators: readonly Signer[],
): Certificate {
  const slot = { height: header.height, round: 0, blockHash: hash };
  const message = signBytes(chain, { type: 'commit', ...slot });
  const signers = sealersOf(header.height, validators.length);
  const signatures = signers.map((index) => {
    const sealer = validators[index];
    assert(sealer !== undefined, 'a sealer is in the set');
    return sealer.sign(message);
  });
  return { kind: 'commit', ...slot, validatorCount: validators.length, signers, signatures };
}

async function main(blocks: number, configFiles: readonly string[]): Promise<void> {
  const [configFile = ''] = configFiles;
  const { node, genesis } = await openNode(configFile);
  const { ledger } = node;
  const secretKeys = await Promise.all(configFiles.map(consensusKeyOf));
  const validators = inOrder(ledger.head().next.validators, secretKeys.map(createSigner));
  while (ledger.head().header.height < blocks) {
    const count = Math.min(RANGE, blocks - ledger.head().header.height);
    for (let index = 0; index < count; index++) {
      const { header, next } = ledger.head();
      const [proposer] = next.validators;
      assert(proposer !== undefined, 'there is a validator');
      const timestampMs = header.timestampMs + BLOCK_TIME_MS;
      const block = ledger.build({ timestampMs, proposer: proposer.id, entries: [] });
      await ledger.commitRange([{ block, certificate: certify(genesis, block, validators) }]);
    }
  }
  process.stdout.write('grown\n');
  // Keeps the process until it is killed; the parent closes the pipe if it ends first.
  process.stdin.resume().on('end', () => process.exit());
}

const [blocks = '0', ...configFiles] = process.argv.slice(2);
await main(Number(blocks), configFiles);
