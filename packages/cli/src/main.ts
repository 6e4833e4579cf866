/**
 * The program: finds the verb, runs it, and says in words whatever went wrong. A stack trace is for
 * defects of this program only, and even then only with DAYBOOK_DEBUG.
 */
import { CLIENT_ERRORS, ClientError } from '@daybook/client';
import { KEYSTORE_ERRORS, KeystoreError } from '@daybook/keystore';
import { knownContracts } from './actions/contracts.ts';
import { problemLines } from './actions/outcome.ts';
import { CLI_ERRORS, CliError, exitOf } from './errors.ts';
import type { Exit } from './exit-codes.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { renderOverview, renderVerbHelp } from './frame/help.ts';
import { createInput } from './frame/input.ts';
import { optionsOf, parseWords } from './frame/parse.ts';
import { paintFor, printable } from './frame/style.ts';
import type { Verb } from './frame/verb.ts';
import type { World } from './frame/world.ts';
import { createWorld } from './frame/world.ts';
import { jsonLine, paintOf } from './print.ts';
import { findVerb, GENERAL_VERBS } from './verbs.ts';
import { VERSION } from './version.ts';

/** Runs one command line in a world. @returns how it ended */
export async function runCommand(words: readonly string[], world: World): Promise<Exit> {
  try {
    return await perform(asWritten(words), world);
  } catch (error) {
    return report(error, words, world);
  }
}

/** `help VERB` and `-h`, as other programs take them, mean `--help`. */
function asWritten(words: readonly string[]): readonly string[] {
  if (words[0] === 'help') return [...words.slice(1), '--help'];
  return words.at(-1) === '-h' ? [...words.slice(0, -1), '--help'] : words;
}

async function perform(words: readonly string[], world: World): Promise<Exit> {
  if (words[0] === '--version') {
    world.out.write(words.includes('--json') ? jsonLine({ version: VERSION }) : `${VERSION}\n`);
    return 'done';
  }
  const paint = paintOf(world);
  const meaning = await findVerb(words, world.environment);
  if (meaning.kind === 'overview') {
    const contracts = (await knownContracts()).map(({ name, title }) => ({
      name,
      title: title.en,
    }));
    world.out.write(`${renderOverview(GENERAL_VERBS, contracts, paint)}\n`);
    return words.includes('--help') ? 'done' : 'usage';
  }
  if (meaning.kind === 'group') {
    world.out.write(`${renderOverview(meaning.verbs, [], paint)}\n`);
    return words.includes('--help') ? 'done' : 'usage';
  }
  const { verb, rest } = meaning;
  const found = parseWords(verb, rest);
  if (found.flags.has('help')) {
    world.out.write(`${renderVerbHelp(verb, paint)}\n`);
    return 'done';
  }
  const input = createInput(found, optionsOf(verb), world.environment);
  return await untilInterrupted(verb, verb.run(input, world), world.signal);
}

/** Verbs that run until told end by themselves when they are; the others are not waited for. */
async function untilInterrupted(
  verb: Verb,
  running: Promise<Exit>,
  signal: AbortSignal,
): Promise<Exit> {
  if (verb.runsUntilTold === true) return await running;
  const interrupted = new Promise<Exit>((resolve) => {
    signal.addEventListener('abort', () => resolve('interrupted'), { once: true });
  });
  return await Promise.race([running, interrupted]);
}

/** A failure as people and scripts read it. */
interface Told {
  readonly exit: Exit;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  /** Further members for scripts. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

function report(error: unknown, words: readonly string[], world: World): Exit {
  if (world.signal.aborted && !(error instanceof CliError)) return 'interrupted';
  const { exit, facts, ...told } = tell(error, world);
  if (words.includes('--json')) {
    world.errors.write(jsonLine({ error: { ...told, ...facts } }));
    return exit;
  }
  const paint = paintFor(world.errors, world.environment);
  const { code, message, remedy } = told;
  const text = `${paint('red', code)} ${message}\n${paint('dim', remedy)}\n`;
  world.errors.write(printable(text));
  return exit;
}

function tell(error: unknown, world: World): Told {
  if (error instanceof CliError) {
    const { code, message, failure } = error;
    return {
      exit: exitOf(failure),
      code,
      message,
      remedy: CLI_ERRORS[code].remedy,
      facts: { failure },
    };
  }
  if (error instanceof KeystoreError) {
    const { code, message } = error;
    const { remedy } = KEYSTORE_ERRORS[code];
    // The sentence of a key file ends in its remedy; people should not read it twice.
    return { exit: 'file', code, message: message.replace(` ${remedy}`, ''), remedy };
  }
  if (error instanceof ClientError) return tellClient(error, world);
  return tellDefect(error, world);
}

function tellClient(error: ClientError, world: World): Told {
  const { failure, message } = error;
  if (failure.code !== 'CLIENT_REFUSED') {
    const { remedy } = CLIENT_ERRORS[failure.code];
    return {
      exit: exitOfClient(failure.code),
      code: failure.code,
      message,
      remedy,
      facts: { failure },
    };
  }
  const { problem, url } = failure;
  const plain = paintFor({ ...world.errors, isTerminal: false }, world.environment);
  const text = problemLines({ ...problem, remedy: '' }, plain).replace(`${problem.code} `, '');
  const facts = { url, problem };
  return {
    exit: 'refused',
    code: problem.code,
    message: text.trim(),
    remedy: problem.remedy,
    facts,
  };
}

function exitOfClient(code: Exclude<ClientError['code'], 'CLIENT_REFUSED'>): Exit {
  switch (code) {
    case 'CLIENT_UNREACHABLE':
    case 'CLIENT_ANSWER_MALFORMED':
      return 'unreachable';
    case 'CLIENT_CHAIN_DIFFERS':
    case 'CLIENT_STATE_UNPROVEN':
    case 'CLIENT_MANIFEST_DIFFERS':
    case 'CLIENT_FEED_GAP':
    case 'CLIENT_DRAFT_DIFFERS':
      return 'invalid';
    case 'CLIENT_SIGNATURES_MISSING':
      return 'refused';
    case 'CLIENT_DRAFT_MALFORMED':
    case 'CLIENT_ROW_FOREIGN':
      return 'file';
    default:
      return 'usage';
  }
}

function tellDefect(error: unknown, { environment }: World): Told {
  const isDebugged = (environment.DAYBOOK_DEBUG ?? '') !== '';
  const text = error instanceof Error ? error.message : String(error);
  const trace = error instanceof Error && isDebugged ? `\n${error.stack ?? ''}` : '';
  return {
    exit: 'defect',
    code: 'DEFECT',
    message: `This program has a defect: ${text}${trace}`,
    remedy: 'Please report it, with the output of the same command under DAYBOOK_DEBUG=1.',
  };
}

/** Runs the command line of this process. @returns the exit code, see `EXIT_CODES` */
export async function main(words: readonly string[]): Promise<number> {
  const interruption = new AbortController();
  const interrupt = (): void => {
    // The second time, nobody is willing to wait any more.
    if (interruption.signal.aborted) process.exit(EXIT_CODES.interrupted.code);
    interruption.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  // A reader that has seen enough, such as head, is no failure.
  process.stdout.on('error', () => process.exit(EXIT_CODES.done.code));
  try {
    const exit = await runCommand(words, createWorld(interruption.signal));
    return EXIT_CODES[exit].code;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
