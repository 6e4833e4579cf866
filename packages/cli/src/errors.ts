/** What goes wrong on the command line, with what to do about it and the exit code it leads to. */
import { assertNever, defineErrors } from '@daybook/core';
import type { Exit } from './exit-codes.ts';

export const CLI_ERRORS = defineErrors({
  CLI_VERB_UNKNOWN: {
    summary: 'There is no such verb.',
    remedy: 'daybook --help lists the verbs.',
  },
  CLI_OPTION_UNKNOWN: {
    summary: 'The verb has no such option.',
    remedy: 'Add --help to the verb to see its options.',
  },
  CLI_OPTION_INVALID: {
    summary: 'The value of an option is not good.',
    remedy: 'Add --help to the verb to see what it takes.',
  },
  CLI_OPERAND_MISSING: {
    summary: 'Something is missing on the command line.',
    remedy: 'Add --help to the verb to see what it needs.',
  },
  CLI_OPERAND_SURPLUS: {
    summary: 'There is too much on the command line.',
    remedy: 'Put quotes around values with spaces; add --help to see what the verb takes.',
  },
  CLI_INPUT_INVALID: {
    summary: 'The input has faults.',
    remedy: 'Correct each of them and try again.',
  },
  CLI_FILE_FAILED: {
    summary: 'A file could not be read or written.',
    remedy: 'Check the path, who owns it, and that the disk is not full.',
  },
  CLI_FILE_MALFORMED: {
    summary: 'A file does not hold what this verb needs.',
    remedy: 'Check that it is the right file and came over whole.',
  },
  CLI_PASSPHRASE_MISSING: {
    summary: 'A key file is encrypted, and there is nobody to ask for its passphrase.',
    remedy: 'Give --passphrase-file, or set DAYBOOK_PASSPHRASE.',
  },
  CLI_SIGNER_MISSING: {
    summary: 'Nobody signs the transaction.',
    remedy: 'Give --signer organisation/name=KEYFILE, once for each officer who signs.',
  },
  CLI_AUTHOR_MISSING: {
    summary: 'No officer given holds a role that is needed.',
    remedy: 'Give --signer for an officer who holds it; daybook list directory officer shows them.',
  },
  CLI_CARD_INVALID: {
    summary: 'A department card is not valid.',
    remedy: 'Ask the department for its card again, on a way that you trust.',
  },
  CLI_GENESIS_INVALID: {
    summary: 'The genesis document cannot be used.',
    remedy: 'Correct what is named; cards are made by daybook init keys.',
  },
  CLI_GENESIS_INCOMPLETE: {
    summary: 'Not every founder has signed the genesis document.',
    remedy: 'Let each of them run daybook init sign, and merge the files with daybook init merge.',
  },
  CLI_IMPORT_FAILED: {
    summary: 'The import could not go on.',
    remedy: 'Remove the cause and run the same command again: it goes on where it stopped.',
  },
  CLI_PUBLICATION_EMPTY: {
    summary: 'The ledger holds nothing of what this would write.',
    remedy:
      'Check the name: daybook list treasury source shows what was imported of money, daybook list ' +
      'procurement process the processes.',
  },
  CLI_ENGAGEMENT_UNKNOWN: {
    summary: 'The chain has no audit engagement of this name.',
    remedy: 'List them: daybook list audit engagement.',
  },
  CLI_STAMP_FAILED: {
    summary: 'The documents were not stamped.',
    remedy: 'Remove the cause and try again.',
  },
  CLI_RULE_INVALID: {
    summary: 'The audit rule cannot run as it is written.',
    remedy: 'Set it again with daybook audit set-rule; docs/audit.md says how rules are written.',
  },
  CLI_RULE_CUT: {
    summary: 'The audit rule found more than could be read.',
    remedy: 'Give its hits finer names, or ask a node with a higher readmodel.queryRowsMax.',
  },
  CLI_CITATION_UNPROVEN: {
    summary: 'A finding was not opened: a record that it would cite cannot be proven.',
    remedy: 'Let the rule cite contract.record/key with the _height of its row; see docs/audit.md.',
  },
  CLI_EVIDENCE_ALTERED: {
    summary: 'The evidence folder is not what its index, its findings or the ledger say.',
    remedy: 'Do not rely on this folder. Ask the auditor for the one that was reported.',
  },
  CLI_EVIDENCE_UNPROVEN: {
    summary: 'A finding cites a version that no file of the evidence folder proves.',
    remedy: 'Ask the auditor for the proofs that the monitor kept: daybook evidence --kept.',
  },
  CLI_EVIDENCE_UNREPORTED: {
    summary: 'The evidence folder has no proof that it was reported.',
    remedy: 'After audit report, add it to this folder: daybook evidence … --add-report.',
  },
  CLI_FINDING_UNDECIDED: {
    summary: 'A finding was handed in, and was not final in the time given.',
    remedy: 'Run the rules again: they open the finding if it is not there.',
  },
  CLI_LINE_UNDECIDED: {
    summary: 'The payment of this line was handed in, and was not final when the import ended.',
    remedy: 'Run the same import again: it adds the payment if it is not there.',
  },
  CLI_LINE_EXPIRED: {
    summary: 'The payment of this line expired before a block included it.',
    remedy: 'Run the same import again; if it lasts, ask daybook why.',
  },
  CLI_LINE_HELD: {
    summary: 'The line was handed in, and is held until others release or approve it.',
    remedy: 'Let them: daybook list ledger pending. An import does not hand it in again meanwhile.',
  },
  CLI_CLUSTER_UNKNOWN: {
    summary: 'No such cluster runs.',
    remedy: 'daybook cluster list shows those that do.',
  },
  CLI_CLUSTER_FAILED: {
    summary: 'The cluster did not start.',
    remedy: 'The last lines of the node that failed say why; remove the cause and start again.',
  },
  CLI_FOLDER_LOCKED: {
    summary: 'Another process works in this folder.',
    remedy: 'Stop the other one, or name a folder of its own with --state.',
  },
  CLI_WITNESS_FORK: {
    summary: 'The history of the chain forked: a quorum signed two that exclude each other.',
    remedy:
      'Keep the file and show it to everybody: daybook verify checks it offline. Trust no node until ' +
      'people have found out what happened; the witness stays down while the file is there.',
  },
  CLI_WITNESS_SHRUNK: {
    summary: 'A node serves a smaller history than it served before.',
    remedy:
      'Ask its operator whether it was restored from an old copy; the file holds both checkpoints. ' +
      'Start the witness without this node, or with a new state folder once it is explained.',
  },
  CLI_CHAINS_DIFFER: {
    summary: 'The two nodes are of different chains, so their states are not compared.',
    remedy:
      'Compare the chain ids with the one your organisation publishes, and correct the address.',
  },
  CLI_DECLINED: {
    summary: 'It was not confirmed, so nothing was done.',
    remedy: 'Run it again and answer yes, or add --yes.',
  },
});

/** A fault of one value: which, and what is wrong with it. */
export interface InputFaultLine {
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

/** Which chain a node is of: its id as 64 hexadecimal digits. */
export interface NodeOfChain {
  readonly url: string;
  readonly chain: string;
}

export type CliFailure =
  | {
      readonly code: 'CLI_VERB_UNKNOWN' | 'CLI_OPTION_UNKNOWN';
      readonly name: string;
      /** The nearest name there is. */
      readonly suggestion: string | undefined;
    }
  | { readonly code: 'CLI_OPTION_INVALID'; readonly option: string; readonly expected: string }
  | { readonly code: 'CLI_OPERAND_MISSING'; readonly name: string }
  | { readonly code: 'CLI_OPERAND_SURPLUS'; readonly found: string }
  | { readonly code: 'CLI_INPUT_INVALID'; readonly faults: readonly InputFaultLine[] }
  | { readonly code: 'CLI_FILE_FAILED'; readonly path: string; readonly systemCode: string }
  | { readonly code: 'CLI_FILE_MALFORMED'; readonly path: string; readonly fact: string }
  | { readonly code: 'CLI_PASSPHRASE_MISSING'; readonly path: string }
  | { readonly code: 'CLI_SIGNER_MISSING' }
  | { readonly code: 'CLI_AUTHOR_MISSING'; readonly organisation: string; readonly role: string }
  | { readonly code: 'CLI_CARD_INVALID'; readonly path: string; readonly fact: string }
  | { readonly code: 'CLI_GENESIS_INVALID'; readonly faults: readonly InputFaultLine[] }
  | { readonly code: 'CLI_GENESIS_INCOMPLETE'; readonly missing: readonly string[] }
  | {
      readonly code: 'CLI_IMPORT_FAILED' | 'CLI_CLUSTER_FAILED' | 'CLI_STAMP_FAILED';
      readonly fact: string;
    }
  | {
      readonly code: 'CLI_CLUSTER_UNKNOWN' | 'CLI_ENGAGEMENT_UNKNOWN' | 'CLI_PUBLICATION_EMPTY';
      readonly name: string;
    }
  | {
      readonly code: 'CLI_RULE_INVALID' | 'CLI_RULE_CUT';
      readonly rule: string;
      readonly fact: string;
    }
  | { readonly code: 'CLI_CITATION_UNPROVEN'; readonly record: string }
  | { readonly code: 'CLI_FINDING_UNDECIDED' }
  | { readonly code: 'CLI_FOLDER_LOCKED'; readonly path: string }
  | { readonly code: 'CLI_WITNESS_FORK'; readonly path: string }
  | { readonly code: 'CLI_WITNESS_SHRUNK'; readonly path: string; readonly url: string }
  | { readonly code: 'CLI_CHAINS_DIFFER'; readonly nodes: readonly NodeOfChain[] }
  | { readonly code: 'CLI_DECLINED' };

/** Thrown for whatever the user can mend; shown without a stack trace. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: CliFailure['code'];
  readonly failure: CliFailure;

  constructor(failure: CliFailure, options?: ErrorOptions) {
    super(explainCli(failure), options);
    this.code = failure.code;
    this.failure = failure;
  }
}

/** What happened, with the facts. */
export function explainCli(failure: CliFailure): string {
  const { summary } = CLI_ERRORS[failure.code];
  switch (failure.code) {
    case 'CLI_VERB_UNKNOWN':
    case 'CLI_OPTION_UNKNOWN': {
      const { suggestion } = failure;
      const hint = suggestion === undefined ? '' : ` Did you mean "${suggestion}"?`;
      return `${summary} You wrote "${failure.name}".${hint}`;
    }
    case 'CLI_OPTION_INVALID':
      return `${summary} ${failure.option} takes ${failure.expected}.`;
    case 'CLI_OPERAND_MISSING':
      return `${summary} It is ${failure.name}.`;
    case 'CLI_OPERAND_SURPLUS':
      return `${summary} The first of it is "${failure.found}".`;
    case 'CLI_INPUT_INVALID':
    case 'CLI_GENESIS_INVALID':
      return [summary, ...failure.faults.map(faultText)].join('\n');
    case 'CLI_FILE_FAILED':
      return `${summary} ${failure.path}: ${failure.systemCode}.`;
    case 'CLI_FILE_MALFORMED':
    case 'CLI_CARD_INVALID':
      return `${summary} ${failure.path}: ${failure.fact}.`;
    case 'CLI_PASSPHRASE_MISSING':
      return `${summary} It is ${failure.path}.`;
    case 'CLI_AUTHOR_MISSING':
      return `${summary} It is ${failure.role} of ${failure.organisation}.`;
    case 'CLI_GENESIS_INCOMPLETE':
      return `${summary} Missing: ${failure.missing.join(', ')}.`;
    case 'CLI_IMPORT_FAILED':
    case 'CLI_STAMP_FAILED':
    case 'CLI_CLUSTER_FAILED':
      return `${summary} ${failure.fact}`;
    case 'CLI_CLUSTER_UNKNOWN':
    case 'CLI_ENGAGEMENT_UNKNOWN':
    case 'CLI_PUBLICATION_EMPTY':
      return `${summary} You wrote "${failure.name}".`;
    case 'CLI_RULE_INVALID':
    case 'CLI_RULE_CUT':
      return `${summary} ${failure.rule}: ${failure.fact}.`;
    case 'CLI_CITATION_UNPROVEN':
      return `${summary} It is ${failure.record}.`;
    case 'CLI_FOLDER_LOCKED':
      return `${summary} It is ${failure.path}.`;
    case 'CLI_WITNESS_FORK':
      return `${summary} The proof is ${failure.path}.`;
    case 'CLI_WITNESS_SHRUNK':
      return `${summary} It is ${failure.url}; what it served is in ${failure.path}.`;
    case 'CLI_CHAINS_DIFFER': {
      const nodes = failure.nodes.map(({ url, chain }) => `  ${url} is of chain ${chain}`);
      return [summary, ...nodes].join('\n');
    }
    case 'CLI_SIGNER_MISSING':
    case 'CLI_FINDING_UNDECIDED':
    case 'CLI_DECLINED':
      return summary;
    default:
      return assertNever(failure);
  }
}

function faultText({ where, expected, found }: InputFaultLine): string {
  return `  ${where}: expected ${expected}, found ${found}`;
}

/** The exit code of each failure. */
export function exitOf(failure: CliFailure): Exit {
  switch (failure.code) {
    case 'CLI_FILE_FAILED':
    case 'CLI_FILE_MALFORMED':
    case 'CLI_PASSPHRASE_MISSING':
    case 'CLI_FOLDER_LOCKED':
      return 'file';
    case 'CLI_CARD_INVALID':
    case 'CLI_CHAINS_DIFFER':
      return 'invalid';
    case 'CLI_WITNESS_FORK':
    case 'CLI_WITNESS_SHRUNK':
      return 'alarm';
    case 'CLI_GENESIS_INCOMPLETE':
    case 'CLI_IMPORT_FAILED':
    case 'CLI_STAMP_FAILED':
    case 'CLI_CLUSTER_UNKNOWN':
    case 'CLI_ENGAGEMENT_UNKNOWN':
    case 'CLI_PUBLICATION_EMPTY':
    case 'CLI_CLUSTER_FAILED':
    case 'CLI_RULE_INVALID':
    case 'CLI_RULE_CUT':
    case 'CLI_CITATION_UNPROVEN':
    case 'CLI_FINDING_UNDECIDED':
    case 'CLI_DECLINED':
      return 'refused';
    default:
      return 'usage';
  }
}
