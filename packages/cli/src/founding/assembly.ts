/** The founding document out of the departments' cards, and the collection of their consents. */
import { foundingContracts } from '@daybook/applications';
import { timeText } from '@daybook/client';
import type { FounderSignature, Genesis, GenesisDocument, GenesisFailure } from '@daybook/core';
import {
  completeParameters,
  equalBytes,
  GENESIS_FORMAT,
  isParameterName,
  missingFounders,
  PARAMETERS,
  readGenesis,
  readGenesisDraft,
  toHex,
} from '@daybook/core';
import type { InputFaultLine } from '../errors.ts';
import { CliError } from '../errors.ts';
import { malformed, readJson } from '../files.ts';
import type { CardNode, SignedCard } from './card.ts';

/** A founding document with the consents it has so far. */
export interface GenesisDraft {
  readonly genesis: Genesis;
  readonly signatures: readonly FounderSignature[];
}

export interface FoundingPlan {
  readonly name: string;
  readonly timeMs: number;
  /** Allows fewer than four validators. */
  readonly developmentMode: boolean;
  /** `name=value` each. */
  readonly parameters: readonly string[];
}

/** @throws CliError CLI_GENESIS_INVALID with every fault */
export function assembleGenesis(cards: readonly SignedCard[], plan: FoundingPlan): Genesis {
  const nodes = cards.flatMap(({ card }) => (card.node === undefined ? [] : [card.node]));
  const document: GenesisDocument = {
    format: GENESIS_FORMAT,
    name: plan.name,
    timeMs: plan.timeMs,
    developmentMode: plan.developmentMode,
    parameters: parametersOf(plan.parameters),
    contracts: foundingContracts,
    organisations: cards.map(({ card }) => card.organisation),
    validators: nodes.filter(isValidator).map(({ role: _role, ...node }) => node),
    observers: nodes.filter(isObserver).map(({ role: _role, ...node }) => node),
  };
  const genesis = readGenesis(document);
  if (genesis.ok) return genesis.value;
  throw invalid(genesis.reason);
}

function isValidator(node: CardNode): node is Extract<CardNode, { role: 'validator' }> {
  return node.role === 'validator';
}

function isObserver(node: CardNode): node is Extract<CardNode, { role: 'observer' }> {
  return node.role === 'observer';
}

function parametersOf(texts: readonly string[]): GenesisDocument['parameters'] {
  const given: Record<string, number> = {};
  for (const text of texts) {
    const [name = '', value = ''] = text.split('=', 2);
    if (!isParameterName(name) || !/^\d{1,15}$/.test(value)) {
      const expected = `NAME=NUMBER, with a name of ${Object.keys(PARAMETERS).join(', ')}`;
      throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--parameter', expected });
    }
    given[name] = Number(value);
  }
  const complete = completeParameters(given);
  if (complete.ok) return complete.value;
  const expected = `values within their bounds (${JSON.stringify(complete.reason)})`;
  throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--parameter', expected });
}

function invalid(reason: GenesisFailure): CliError {
  if (reason.code === 'CORE_GENESIS_UNSIGNED') {
    return new CliError({ code: 'CLI_GENESIS_INCOMPLETE', missing: reason.missing });
  }
  const faults: InputFaultLine[] = reason.faults.map(({ pointer, expected, found }) => ({
    where: pointer === '' ? 'the document' : pointer,
    expected,
    found,
  }));
  return new CliError({ code: 'CLI_GENESIS_INVALID', faults });
}

/** Reads a genesis file, whoever has signed it so far. */
export async function readDraftFile(file: string): Promise<GenesisDraft> {
  const draft = readGenesisDraft(await readJson(file));
  if (draft.ok) return draft.value;
  throw invalid(draft.reason);
}

/** The text of a genesis file. */
export function renderGenesis({ genesis, signatures }: GenesisDraft): string {
  return `${JSON.stringify({ genesis: genesis.document, signatures }, undefined, 2)}\n`;
}

/** Consents of several copies of one document together; each organisation once. */
export function mergeDrafts(
  drafts: readonly { readonly file: string; readonly draft: GenesisDraft }[],
): GenesisDraft {
  const [first] = drafts;
  if (first === undefined) throw new CliError({ code: 'CLI_OPERAND_MISSING', name: 'file' });
  const { genesis } = first.draft;
  const other = drafts.find(({ draft }) => !equalBytes(draft.genesis.chain, genesis.chain));
  if (other !== undefined) {
    const [ours, theirs] = [toHex(genesis.chain), toHex(other.draft.genesis.chain)];
    throw malformed(other.file, `it is another document: chain ${theirs}, not ${ours}`);
  }
  const signatures = new Map<string, FounderSignature>();
  for (const signature of drafts.flatMap(({ draft }) => draft.signatures)) {
    const isGood = !missingFounders(genesis, [signature]).includes(signature.organisation);
    if (isGood) signatures.set(signature.organisation, signature);
  }
  return { genesis, signatures: [...signatures.values()] };
}

/** What a founder must know before consenting: who is in it, and what cannot be changed later. */
export function summaryOf(
  genesis: Genesis,
): readonly { readonly title: string; readonly text: string }[] {
  const { document, chain } = genesis;
  const { organisations, validators, observers } = document;
  return [
    { title: 'Chain id', text: toHex(chain) },
    { title: 'Name', text: document.name },
    { title: 'Time', text: timeText(document.timeMs) },
    { title: 'Organisations', text: organisations.map(({ slug }) => slug).join(', ') },
    { title: 'Validators', text: validators.map(({ organisation }) => organisation).join(', ') },
    {
      title: 'Observers',
      text: observers.map(({ organisation }) => organisation).join(', ') || 'none',
    },
    ...(document.developmentMode
      ? [{ title: 'Development', text: 'yes: fewer than four validators tolerate no fault' }]
      : []),
  ];
}
