/** Every decoder of foreign bytes, with what it is thrown at. */
import {
  decodeBlock,
  decodeBodyEntry,
  decodeCertificate,
  decodeHeader,
  decodeMessage,
  decodeResult,
  encodeBlock,
  encodeCertificate,
  encodeHeader,
  encodeMessage,
  encodeResult,
} from '@daybook/core';
import * as client from '../../packages/client/test/fuzz-targets.ts';
import * as contracts from '../../packages/contracts/test/fuzz-targets.ts';
import * as core from '../../packages/core/test/fuzz-targets.ts';
import * as formats from '../../packages/formats/test/fuzz-targets.ts';
import * as network from '../../packages/network/test/fuzz-targets.ts';
import * as node from '../../packages/node/test/fuzz-targets.ts';
import * as state from '../../packages/state/test/fuzz-targets.ts';
import { encodeEntry, gatherChainSamples } from './chain-samples.ts';
import type { Answer, FuzzTarget } from './fuzz.ts';

const { again } = core;

/** Decoders that share a reader, as one target: each of them sees every input. */
function together(name: string, targets: readonly FuzzTarget[]): FuzzTarget {
  return {
    name,
    samples: targets.flatMap(({ samples }) => samples),
    again: (bytes) => {
      const answers = targets.map((target) => target.again(bytes));
      const isOther = (answer: Answer) =>
        answer instanceof Uint8Array && Buffer.compare(answer, bytes) !== 0;
      const isTaken = (answer: Answer) =>
        answer === true ||
        answer instanceof Uint8Array ||
        (typeof answer === 'object' && answer.ok);
      const reason = answers.map((answer) =>
        typeof answer === 'object' && 'reason' in answer ? answer.reason : undefined,
      );
      return answers.find(isOther) ?? answers.find(isTaken) ?? { ok: false, reason };
    },
  };
}

/** All of them; the samples of the chain take a short run of the simulator. */
export async function gatherTargets(): Promise<readonly FuzzTarget[]> {
  const chain = await gatherChainSamples();
  return [
    { name: 'message', samples: chain.messages, again: again(decodeMessage, encodeMessage) },
    together('blocks', [
      { name: 'block', samples: chain.blocks, again: again(decodeBlock, encodeBlock) },
      { name: 'header', samples: chain.headers, again: again(decodeHeader, encodeHeader) },
      {
        name: 'certificate',
        samples: chain.certificates,
        again: again(decodeCertificate, encodeCertificate),
      },
    ]),
    together('transactions and results', [
      { name: 'entry', samples: chain.entries, again: again(decodeBodyEntry, encodeEntry) },
      { name: 'result', samples: chain.results, again: again(decodeResult, encodeResult) },
    ]),
    ...core.CBOR,
    together('state proof', core.STATE_PROOF),
    core.PROOF_BUNDLE,
    core.LIST_BUNDLE,
    together('fork proof', core.FORK_PROOFS),
    together('payloads of system transactions', core.PAYLOADS),
    together('note', core.NOTES),
    together('founding documents', core.DOCUMENTS),
    ...state.VOTES,
    together('votes and the signer', state.VOTE_CONTENTS),
    state.SEGMENT_FILE,
    state.SEGMENT_INDEX,
    state.ROOT_RECORD,
    together('frames', network.FRAMES),
    together('snapshot', node.SNAPSHOT),
    together('exchanges of nodes', node.EXCHANGES),
    node.SETTINGS_FILE,
    together('requests of clients', [...node.REQUESTS_OF_CLIENTS, formats.TIME_STAMP_REQUEST]),
    together('stored values and schemas', contracts.STORED),
    ...client.PROOFS,
    together('verified forks and checkpoints', client.FORKS),
    together('files of clients', client.FILES),
    formats.SPENDING_TABLE,
    together('IATI and kept files', [formats.IATI_FILE, formats.KEPT_FILES]),
    together('JSON of publishers', formats.JSON_FILES),
  ];
}
