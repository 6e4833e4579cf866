/**
 * Checkpoints of a cluster of real processes: every node serves the history with a quorum of
 * signatures, proves one tree from another, takes cosignatures of registered witnesses only, and
 * serves after a restart what it served before.
 */
import { oversight } from '@daybook/applications';
import type { Client } from '@daybook/client';
import { createClient, isRefusal, verifyBlockInTree, verifyExtension } from '@daybook/client';
import type { NoteKey, VerifiedCheckpoint } from '@daybook/core';
import {
  asHash,
  checkpointOriginOf,
  cosignNote,
  createSigner,
  encodeNoteSignature,
  encodeTreeHead,
  encodeUtf8,
  generateSecretKey,
  possessionSignBytes,
  verifyCheckpoint,
  ZERO_HASH,
} from '@daybook/core';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import type { Impostor } from './support/impostor.ts';
import { startImpostor } from './support/impostor.ts';
import { FOUR, member } from './support/members.ts';
import { eventually } from './support/waiting.ts';

const WITNESS = 'university.example/w1';
const WITHIN_MS = 120_000;
const LIAR = 'audit';
const REGISTRAR = { name: 'registrar', roles: ['oversight.registrar'] };

describe('checkpoints (validators=4, observers=1)', function () {
  this.timeout(300_000);
  const signer = createSigner(generateSecretKey());
  const key: NoteKey = { name: WITNESS, type: 'cosignature', publicKey: signer.publicKey };
  let cluster: Cluster;
  let clients: readonly Client[];
  let first: VerifiedCheckpoint;
  let impostor: Impostor | undefined;

  const verified = async (client: Client, witnessesMin = 0): Promise<VerifiedCheckpoint> => {
    const note = (await client.checkpoint()) ?? expect.fail('there is a checkpoint');
    const { chain, validators } = cluster.genesis;
    const origin = checkpointOriginOf(chain);
    const checked = verifyCheckpoint(note, { origin, validators, witnesses: [key], witnessesMin });
    return checked.ok ? checked.value : expect.fail(JSON.stringify(checked.reason));
  };

  before(async () => {
    const [finance = member('finance', 'validator'), ...others] = FOUR;
    const registering = { ...finance, officers: [...finance.officers, REGISTRAR] };
    cluster = await startCluster({
      members: [registering, ...others, member('newspaper', 'observer')],
      parameters: { emptyIntervalMs: 1000 },
    });
    clients = cluster.nodes.map(({ apiUrl }) => createClient({ urls: [apiUrl] }));
  });
  after(async () => {
    await impostor?.stop();
    await cluster?.remove();
  });

  it('spec L-11: given a running chain, then every node serves a tree that a quorum signed', async () => {
    for (const client of clients) {
      const checkpoint = await eventually(() => verified(client), {
        what: `a checkpoint of ${client.urls[0]}`,
        withinMs: WITHIN_MS,
      });
      expect(checkpoint.validators.length).to.be.at.least(3);
      first = checkpoint;
    }
  });

  it('spec L-13: given two checkpoints, then one is proven from the other, and to a header', async () => {
    const [client = expect.fail('there is a node')] = clients;
    const later = await eventually(
      async () => {
        const checkpoint = await verified(client);
        return checkpoint.head.size > first.head.size && checkpoint;
      },
      { what: 'a later checkpoint', withinMs: WITHIN_MS },
    );

    const { path } = await client.consistency(first.head.size, later.head.size);
    const block = (await client.block(first.head.size - 1)) ?? expect.fail('the block is there');
    const { path: upwards } = await client.inclusion(block.height, later.head.size);
    const next = await eventually(() => client.block(later.head.size), {
      what: 'the block after the checkpoint',
      withinMs: WITHIN_MS,
    });

    expect(verifyExtension(first.head, later.head, path)).to.equal(true);
    expect(verifyBlockInTree(block, later.head, upwards)).to.equal(true);
    expect(next.historyRoot).to.deep.equal(later.head.root);
    const covering = await client.checkpoint(later.head.size - 1);
    expect(covering).not.to.equal(undefined);
  });

  it('spec L-12: given a cosignature, then only that of a registered witness is taken, by all nodes', async () => {
    const [client = expect.fail('there is a node')] = clients;
    const cosign = async (): Promise<number> => {
      const { head } = await verified(client);
      const seen = { text: encodeTreeHead(head), timeS: Math.floor(Date.now() / 1000) };
      const line = encodeNoteSignature(cosignNote(seen, WITNESS, signer));
      return await client.cosign(head.size, encodeUtf8(line));
    };
    const refusal = await cosign().catch((error: unknown) => error);

    const { chain } = cluster.genesis;
    const claim = { purpose: 'witness', publicKey: signer.publicKey } as const;
    const { registerWitness } = client.contractOf(oversight).calls;
    const officer = cluster.officer('finance/registrar');
    const author = { identity: officer.identity, signer: createSigner(officer.secretKey) };
    const outcome = await client.perform(
      [author],
      [
        registerWitness({
          organisation: 'finance',
          name: WITNESS,
          publicKey: signer.publicKey,
          title: { en: 'University', zh: '大学' },
          proof: signer.sign(possessionSignBytes(asHash(chain), claim, WITNESS)),
          reason: 'It watches for the public.',
        }),
      ],
    );
    await eventually(async () => (await cosign()) === 1, {
      what: 'a cosignature that is taken',
      withinMs: WITHIN_MS,
    });

    expect(isRefusal(refusal, 'NODE_WITNESS_UNKNOWN')).to.equal(true);
    expect(outcome.state).to.equal('committed');
    for (const other of clients) {
      const seen = await eventually(
        async () => {
          await cosign();
          return await verified(other, 1).catch(() => undefined);
        },
        { what: `the witness at ${other.urls[0]}`, withinMs: WITHIN_MS },
      );
      expect(seen.witnesses.map(({ key: by }) => by.name)).to.deep.equal([WITNESS]);
    }
  });

  it('spec N-1: given a validator that claims a height nobody has, then checkpoints go on while it is linked, and it is forgotten when it has gone', async () => {
    const [client = expect.fail('there is a node')] = clients;
    await cluster.node(LIAR).process.stop();
    // Three are left, a quorum: without the one that is lied to there is no checkpoint.
    impostor = await startImpostor(cluster, LIAR, 'finance');
    const none = new Uint8Array(1);
    const held = { prePrepare: none, prepare: none, commit: none, roundChange: none };
    const place = { height: 2 ** 50, round: 0, headHash: ZERO_HASH };
    impostor.send({ type: 'status', ...place, wallMs: Date.now(), links: none, held });
    const heard = await eventually(async () => (await client.status()).sync, {
      what: 'the claim in the status',
      withinMs: WITHIN_MS,
    });
    const before = await verified(client);

    await eventually(async () => (await verified(client)).head.size > before.head.size + 1, {
      what: 'later checkpoints beside the claim',
      withinMs: WITHIN_MS,
    });
    await impostor.stop();
    impostor = undefined;

    expect(heard).to.include({ target: 2 ** 50 - 1, credible: false });
    await eventually(async () => (await client.status()).sync === undefined, {
      what: 'the claim to go with its link',
      withinMs: WITHIN_MS,
    });
    await cluster.node(LIAR).process.start();
  });

  it('given a node that is killed, when started alone, then it serves what it served', async () => {
    const node = cluster.node('newspaper');
    const observer = createClient({ urls: [node.apiUrl] });
    const before = await verified(observer);
    await cluster.stop();

    await node.process.start();

    const again = await verified(observer);
    expect(again.head.size).to.be.at.least(before.head.size);
    expect(again.validators.length).to.be.at.least(3);
  });
});
