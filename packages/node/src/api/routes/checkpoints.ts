/** Checkpoints of the history, proofs between them, and the way in for witnesses (protocol §17). */
import type { Height } from '@daybook/core';
import { NOTE_BYTES_MAX, toHex } from '@daybook/core';
import type { FinalBlocks } from '../final-blocks.ts';
import { CBOR_TYPE, JSON_TYPE, TEXT_TYPE } from '../media-type.ts';
import { pathBlock, queryHeight } from '../parameters.ts';
import type { Chain, Checkpoints, History } from '../ports.ts';
import { problemOf } from '../problem.ts';
import { refuse, view } from '../reply.ts';
import type { Route } from '../route.ts';
import { defineRoute } from '../route.ts';
import { COUNT, hex, list, object } from '../schemas.ts';

export interface CheckpointParts {
  readonly chain: Chain;
  readonly blocks: FinalBlocks;
  readonly history: History;
  readonly checkpoints: Checkpoints;
}

const TAG = 'Checkpoints';
/** Lines of witnesses that one checkpoint takes. */
const WITNESSES_MAX = 32;
const NOTE_TYPE = `${TEXT_TYPE}; charset=utf-8`;

function checkpointRoute({ checkpoints }: CheckpointParts): Route {
  return defineRoute({
    id: 'getCheckpoint',
    method: 'GET',
    path: '/v1/checkpoint',
    tag: TAG,
    title: 'The history as a checkpoint that a quorum of validators signed',
    help:
      'A signed note (C2SP tlog-checkpoint): origin, size and root of the tree of block hashes, ' +
      'then one line for each validator and each witness.',
    parameters: {
      height: queryHeight('The smallest kept one that covers this block; the newest if left out.'),
      witnesses: {
        in: 'query',
        help:
          'Only one that so many registered witnesses have cosigned. The newest of them is kept ' +
          'for each number, however long ago it was cosigned, until the node is started again.',
        expected: `a number of witnesses from 1 to ${WITNESSES_MAX}`,
        schema: { type: 'integer', minimum: 1, maximum: WITNESSES_MAX },
        absent: 0,
        read: (text: string) => {
          const count = readSize(text) ?? WITNESSES_MAX + 1;
          return count <= WITNESSES_MAX ? count : undefined;
        },
      },
    },
    responses: { 200: { help: 'The note.', content: { [TEXT_TYPE]: { type: 'string' } } } },
    problems: ['NODE_CHECKPOINT_UNKNOWN'],
    handle: ({ values: { height, witnesses } }) => {
      const note =
        height === undefined
          ? checkpoints.newest(witnesses)
          : checkpoints.covering(height, witnesses);
      if (note === undefined) return refuse({ code: 'NODE_CHECKPOINT_UNKNOWN' });
      const freshness = { kind: 'never' } as const;
      return { kind: 'bytes', status: 200, mediaType: NOTE_TYPE, bytes: note, freshness };
    },
  });
}

function cosignRoute({ checkpoints }: CheckpointParts): Route {
  return defineRoute({
    id: 'addCosignatures',
    method: 'POST',
    path: '/v1/checkpoint/{size}/cosignatures',
    tag: TAG,
    title: 'Add the cosignature of a witness to a checkpoint',
    help:
      'Signature lines of witnesses that the oversight contract registers, as C2SP ' +
      'tlog-cosignature writes them. They are passed on to all nodes.',
    parameters: {
      size: {
        in: 'path',
        help: 'Size of the tree that was cosigned.',
        expected: 'a size: a whole number from 1',
        schema: { type: 'integer', minimum: 1 },
        absent: 0,
        read: readSize,
      },
    },
    body: { bytesMax: NOTE_BYTES_MAX, content: { [TEXT_TYPE]: { type: 'string' } } },
    responses: {
      200: { help: 'How many lines were new.', content: { [JSON_TYPE]: object({ added: COUNT }) } },
    },
    problems: [
      'NODE_MEDIA_TYPE_UNSUPPORTED',
      'NODE_BODY_TOO_LARGE',
      'NODE_OVERLOADED',
      'NODE_CHECKPOINT_UNKNOWN',
      'NODE_WITNESS_UNKNOWN',
      'CORE_NOTE_MALFORMED',
      'CORE_NOTE_SIGNATURE_WRONG',
    ],
    handle: ({ values: { size }, body }) => {
      const added = checkpoints.cosign(size, body as Uint8Array);
      return added.ok ? view({ added: added.value }) : refuse(problemOf(added.reason));
    },
  });
}

function readSize(text: string): number | undefined {
  const size = /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(size) ? size : undefined;
}

function querySize(help: string) {
  return {
    in: 'query',
    help,
    expected: 'a size: a whole number from 1',
    schema: { type: 'integer', minimum: 1 },
    absent: undefined,
    read: readSize,
  } as const;
}

const CONSISTENCY = object({
  from: COUNT,
  fromRoot: hex(32),
  to: COUNT,
  toRoot: hex(32),
  path: list(hex(32)),
});

function consistencyRoute({ chain, history }: CheckpointParts): Route {
  const largest = (): number => chain.head().height + 1;
  return defineRoute({
    id: 'getConsistency',
    method: 'GET',
    path: '/v1/consistency',
    tag: TAG,
    title: 'Proof that one tree of the history begins with another',
    help: 'RFC 9162 §2.1.4 over block hashes; both roots are as this node has them.',
    parameters: {
      from: querySize('Size of the smaller tree; 1 if left out.'),
      to: querySize('Size of the larger tree; that of the head if left out.'),
    },
    responses: {
      200: { help: 'The proof.', content: { [JSON_TYPE]: CONSISTENCY, [CBOR_TYPE]: CONSISTENCY } },
    },
    problems: ['NODE_TREE_SIZE', 'NODE_BLOCK_PRUNED'],
    handle: async ({ values }) => {
      const { from = 1, to = largest() } = values;
      if (from > to || to > largest()) {
        const detail = `Sizes go from 1 to ${largest()}; asked for ${from} and ${to}.`;
        return refuse({ code: 'NODE_TREE_SIZE', detail });
      }
      const path = await history.consistency(from, to);
      const [fromRoot, toRoot] = [await history.root(from), await history.root(to)];
      if (path === undefined || fromRoot === undefined || toRoot === undefined) {
        return refuse({ code: 'NODE_BLOCK_PRUNED' });
      }
      const tag = `${toHex(toRoot)}-${from}`;
      return view(
        { from, fromRoot, to, toRoot, path },
        { kind: values.to === undefined ? 'tagged' : 'immutable', tag },
      );
    },
  });
}

const INCLUSION = object({
  index: COUNT,
  leaf: hex(32),
  size: COUNT,
  root: hex(32),
  path: list(hex(32)),
});

function inclusionRoute({ chain, blocks, history }: CheckpointParts): Route {
  return defineRoute({
    id: 'getBlockInclusion',
    method: 'GET',
    path: '/v1/blocks/{block}/inclusion',
    tag: TAG,
    title: 'Proof that a block stands in the history',
    help: 'RFC 9162 §2.1.3; the leaf is hashed from the block hash, its index is the height.',
    parameters: {
      block: pathBlock('Height, hash, or head.'),
      size: querySize('Size of the tree, as a checkpoint names it; that of the head if left out.'),
    },
    responses: {
      200: { help: 'The proof.', content: { [JSON_TYPE]: INCLUSION, [CBOR_TYPE]: INCLUSION } },
    },
    problems: ['NODE_BLOCK_UNKNOWN', 'NODE_BLOCK_PRUNED', 'NODE_TREE_SIZE'],
    handle: async ({ values }) => {
      const index: Height | undefined = await blocks.resolve(values.block);
      if (index === undefined) return refuse({ code: 'NODE_BLOCK_UNKNOWN' });
      const largest = chain.head().height + 1;
      const { size = largest } = values;
      if (size > largest || size <= index) {
        const detail = `A tree that holds the block has ${index + 1} to ${largest} leaves.`;
        return refuse({ code: 'NODE_TREE_SIZE', detail });
      }
      const outline = await chain.outline(index);
      const [path, root] = [await history.inclusion(index, size), await history.root(size)];
      if (outline === undefined || path === undefined || root === undefined) {
        return refuse({ code: 'NODE_BLOCK_PRUNED' });
      }
      return view({ index, leaf: outline.blockHash, size, root, path });
    },
  });
}

export function checkpointRoutes(parts: CheckpointParts): readonly Route[] {
  return [
    checkpointRoute(parts),
    cosignRoute(parts),
    consistencyRoute(parts),
    inclusionRoute(parts),
  ];
}
