/** Checking a proof file, with no node and no network. */
import type { CheckpointForkVerdict, ForkVerdict, ListVerdict, Verdict } from '@daybook/client';
import {
  CLIENT_ERRORS,
  decodeStamp,
  describeFacts,
  describeList,
  explainList,
  explainVerdict,
  explainVerification,
  verifyCheckpointFork,
  verifyForkProof,
  verifyListBundles,
  verifyProofBundle,
  verifyStamp,
} from '@daybook/client';
import { decodeCheckpointFork, decodeForkProof, decodeListBundle, toHex } from '@daybook/core';
import {
  LANGUAGE_OPTION,
  languageOf,
  TRUST_OPTIONS,
  trustedChainOf,
  trustedErasOf,
} from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import { verifyTable } from '../exports/tables.ts';
import { isFolder, readBytes } from '../files.ts';
import type { Input } from '../frame/input.ts';
import { renderPairs } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { answer } from '../print.ts';
import { readProofOf, tableFormOf } from './list-files.ts';
import { hashFile, STAMP_ENDING } from './stamp.ts';
import { listJson, verdictJson } from './verdict-json.ts';
import { exitOfVerdict, verdictLines } from './verdict-lines.ts';
import { verifyFolder } from './verify-folder.ts';

async function verify(input: Input, world: World): Promise<Exit> {
  const [file = '', ...more] = input.operands('file');
  const chain = await trustedChainOf(input);
  const eras = await trustedErasOf(input);
  const trust = { chain, eras, nowMs: world.nowMs() };
  if (await isFolder(file)) {
    const [surplus] = more;
    if (surplus === undefined) return await verifyFolder(file, trust, { input, world });
    throw new CliError({ code: 'CLI_OPERAND_SURPLUS', found: surplus });
  }
  const bytes = await readBytes(file);
  const form = tableFormOf(file);
  if (form !== undefined) {
    const files =
      more.length > 0 ? await Promise.all(more.map(readBytes)) : await readProofOf(file);
    return answerList(await verifyTable(bytes, form, { files, trust }), { input, world });
  }
  const stamp = decodeStamp(bytes);
  if (stamp !== undefined) {
    const [document = documentOf(file)] = more;
    const verdict = verifyStamp(stamp, await hashFile(document), trust);
    return answerRecord(verdict, { file, document, bytes: bytes.length }, { input, world });
  }
  if (more.length > 0 || decodeListBundle(bytes).ok) {
    const files = [bytes, ...(await Promise.all(more.map(readBytes)))];
    return answerList(verifyListBundles(files, trust), { input, world });
  }
  if (decodeForkProof(bytes).ok)
    return verifyFork(file, verifyForkProof(bytes, trust), { input, world });
  if (decodeCheckpointFork(bytes).ok)
    return verifyTrees(file, verifyCheckpointFork(bytes, trust), { input, world });
  const verdict = verifyProofBundle(bytes, trust);
  return answerRecord(verdict, { file, bytes: bytes.length }, { input, world });
}

/** The document that lies beside its stamp. */
function documentOf(file: string): string {
  return file.endsWith(STAMP_ENDING) ? file.slice(0, -STAMP_ENDING.length) : file;
}

/** Shows what the proof of one record says. */
function answerRecord(
  verdict: Verdict,
  names: Readonly<Record<string, string | number>>,
  { input, world }: Asked,
): Exit {
  const language = languageOf(input);
  answer(input, world, {
    json: { ...names, ...verdictJson(verdict) },
    lines: (paint) => {
      const facts = verdict.outcome === 'invalid' ? [] : describeFacts(verdict.facts, language);
      return verdictLines(verdict, explainVerdict(verdict, language), { facts, paint });
    },
  });
  return exitOfVerdict(verdict);
}

/** Shows what the files of a list prove. */
export function answerList(verdict: ListVerdict, { input, world }: Asked): Exit {
  const language = languageOf(input);
  answer(input, world, {
    json: listJson(verdict),
    lines: (paint) => {
      const facts = verdict.outcome === 'invalid' ? [] : describeList(verdict.facts, language);
      return verdictLines(verdict, explainList(verdict, language), { facts, paint });
    },
  });
  return exitOfVerdict(verdict);
}

interface Asked {
  readonly input: Input;
  readonly world: World;
}

/** A fork proof: `valid` says that the fork happened, and it names who is proven faulty. */
function verifyFork(file: string, verdict: ForkVerdict, { input, world }: Asked): Exit {
  answer(input, world, {
    json: { file, kind: 'fork', ...verdict },
    lines: (paint) => {
      if (verdict.outcome === 'invalid') {
        const { summary, remedy } = {
          summary: explainVerification(verdict.reason),
          remedy: CLIENT_ERRORS[verdict.reason.code].remedy,
        };
        return [paint('red', 'This file proves no fork.'), summary, remedy].join('\n');
      }
      const { facts } = verdict;
      const blocks = facts.blocks.map(({ blockHash, round }) => ({
        title: `Decided in round ${round}`,
        text: toHex(blockHash),
      }));
      const accused = facts.accused.map(({ validator, kinds }) => ({
        title: `Proven: ${kinds.join(', ')}`,
        text: toHex(validator),
      }));
      const both = facts.sealedBoth.map((id) => ({ title: 'Sealed both', text: toHex(id) }));
      const head = `Height ${facts.height} was decided twice.`;
      const doubt = verdict.outcome === 'unknown' ? [explainVerification(verdict.reason)] : [];
      const pairs = [...blocks, ...both, ...accused];
      return [paint('red', head), ...doubt, '', renderPairs(pairs, paint)].join('\n');
    },
  });
  return exitOfVerdict(verdict);
}

/** What a witness stored: `valid` says that a quorum signed two histories. */
function verifyTrees(file: string, verdict: CheckpointForkVerdict, { input, world }: Asked): Exit {
  answer(input, world, {
    json: { file, kind: 'checkpoint-fork', ...verdict },
    lines: (paint) => {
      if (verdict.outcome === 'invalid') {
        const { remedy } = CLIENT_ERRORS[verdict.reason.code];
        const summary = explainVerification(verdict.reason);
        return [paint('red', 'This file proves no fork.'), summary, remedy].join('\n');
      }
      const { trees, signedBoth } = verdict.facts;
      const pairs = [
        ...trees.map(({ size, root }) => ({ title: `Tree of size ${size}`, text: toHex(root) })),
        ...signedBoth.map((key) => ({ title: 'Signed both', text: key })),
      ];
      const head = 'A quorum of validators signed two histories that exclude each other.';
      const doubt = verdict.outcome === 'unknown' ? [explainVerification(verdict.reason)] : [];
      return [paint('red', head), ...doubt, '', renderPairs(pairs, paint)].join('\n');
    },
  });
  return exitOfVerdict(verdict);
}

export const VERIFY_VERB: Verb = {
  words: ['verify'],
  title: 'Check a proof file offline.',
  help:
    'Three answers: valid, invalid, and "cannot tell" when nothing says which chain you mean: give ' +
    'the genesis file or the chain id that you trust. Of a list that came in several files give ' +
    'all, in order. A table of daybook export, .csv, .jsonl or .parquet, is checked with the proof beside it. ' +
    'A stamp of daybook stamp is checked with the document beside it, or the one given after it. ' +
    'Of a folder of daybook evidence there is one verdict on all that is in it. ' +
    'Checks fork-proof.bin of a node and checkpoint-fork.bin of a witness, too: then ' +
    'valid means that the fork happened.',
  operands: [
    {
      name: 'file',
      help: 'Proof file from a node or the verbs proof, get and list; or a folder of evidence.',
      many: true,
    },
  ],
  options: {
    ...TRUST_OPTIONS,
    ...LANGUAGE_OPTION,
  },
  examples: [
    'verify payment.proof --genesis genesis.json',
    'verify payments-1.proof payments-2.proof --genesis genesis.json',
    'verify payments.csv --genesis genesis.json',
    'verify will.pdf.stamp --genesis genesis.json',
    'verify roads-2026-evidence --genesis genesis.json',
  ],
  run: verify,
};
