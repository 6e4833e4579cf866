/** Checking a proof file, with no node and no network. */
import type { Verdict } from '@daybook/client';
import { describeFacts, explainVerdict, verifyProofBundle } from '@daybook/client';
import { LANGUAGE_OPTION, languageOf, TRUST_OPTIONS, trustedChainOf } from '../connect.ts';
import type { Exit } from '../exit-codes.ts';
import { readBytes } from '../files.ts';
import type { Input } from '../frame/input.ts';
import { renderPairs } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { answer } from '../print.ts';
import { verdictJson } from './verdict-json.ts';

/** The exit code of a verdict. */
export function exitOfVerdict({ outcome }: Verdict): Exit {
  if (outcome === 'valid') return 'done';
  return outcome === 'unknown' ? 'undecided' : 'invalid';
}

const COLOURS = { valid: 'green', invalid: 'red', unknown: 'yellow' } as const;

async function verify(input: Input, world: World): Promise<Exit> {
  const file = input.operand('file');
  const chain = await trustedChainOf(input);
  const bytes = await readBytes(file);
  const verdict = verifyProofBundle(bytes, { chain, nowMs: world.nowMs() });
  const language = languageOf(input);
  answer(input, world, {
    json: { file, bytes: bytes.length, ...verdictJson(verdict) },
    lines: (paint) => {
      const [first = '', ...rest] = explainVerdict(verdict, language);
      const facts = verdict.outcome === 'invalid' ? [] : describeFacts(verdict.facts, language);
      return [
        paint(COLOURS[verdict.outcome], first),
        ...rest,
        ...(facts.length === 0 ? [] : ['', renderPairs(facts, paint)]),
      ].join('\n');
    },
  });
  return exitOfVerdict(verdict);
}

export const VERIFY_VERB: Verb = {
  words: ['verify'],
  title: 'Check a proof file offline.',
  help:
    'Three answers: valid, invalid, and "cannot tell" when nothing says which chain you mean: give ' +
    'the genesis file or the chain id that you trust.',
  operands: [{ name: 'file', help: 'Proof file, from daybook proof or a node.' }],
  options: { ...TRUST_OPTIONS, ...LANGUAGE_OPTION },
  examples: ['verify payment.proof --genesis genesis.json'],
  run: verify,
};
