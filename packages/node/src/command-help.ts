/**
 * Help of `daybookd`, whole and for each verb, from one table. Exit codes stand there by name, so that
 * what they mean is said once.
 */
import { EXIT_CODES } from './exit-codes.ts';
import { VERSION } from './version.ts';

/** Where the settings are read from unless --config says otherwise. */
export const DEFAULT_CONFIG = '/etc/daybook/daybookd.yaml';

type ExitName = keyof typeof EXIT_CODES;

const EXIT_HELP: Readonly<Record<ExitName, string>> = {
  done: 'done, or stopped on request',
  defect: 'a defect: please report it',
  usage: 'wrong use, or faults in the configuration',
  identity: 'a key or the genesis file cannot be used',
  storage: 'data directory or archive locked or damaged, or a disk that failed',
  address: 'an address cannot be listened on',
  unproven: 'sound as far as it goes, but not everything could be checked',
  unwell: 'doctor found what hinders the node in its duty',
  safety: 'stopped to protect the chain',
};

interface VerbHelp {
  /** What the verb is called by. */
  readonly words: string;
  /** What must follow them. */
  readonly needs?: string;
  readonly title: string;
  /** What there is to know beside the title. */
  readonly help?: string;
  /** By name with its value, without the dashes. */
  readonly options: Readonly<Record<string, string>>;
  /** Beside 0, 1 and 2, which every verb may end with. */
  readonly exits: readonly ExitName[];
}

const CONFIG = { 'config FILE': `settings of the node; ${DEFAULT_CONFIG} if left out` };

/** In the order in which they are shown. */
export const VERB_HELP: readonly VerbHelp[] = [
  {
    words: 'run',
    title: 'run the node; also without a verb',
    help:
      'SIGTERM and SIGINT stop it, SIGHUP reads the settings again and applies what needs no ' +
      'restart.',
    options: {
      ...CONFIG,
      quarantine: 'a validator distrusts its vote log, for example after the machine was restored',
    },
    exits: ['identity', 'storage', 'address', 'safety'],
  },
  {
    words: 'signer',
    title: 'run the process that holds a validator key',
    help: 'It serves a node whose setting signer.socket names the same socket.',
    options: { ...CONFIG, quarantine: 'distrust the vote log, as `run` does' },
    exits: ['identity', 'storage', 'safety'],
  },
  {
    words: 'check',
    title: 'check configuration, keys and genesis, then end',
    options: {
      ...CONFIG,
      deep: 'also every record of the state, on a node that is down',
    },
    exits: ['identity', 'storage', 'safety'],
  },
  {
    words: 'doctor',
    title: 'say one line about each thing that a node needs',
    help:
      'Looks at settings, keys, disk, data, ports, clock and peers; before the first start, on a ' +
      'node that is down, and beside a running one. Ends with the code of the first thing that ' +
      'fails.',
    options: { ...CONFIG, json: 'for programs' },
    exits: ['identity', 'storage', 'address', 'unwell', 'safety'],
  },
  {
    words: 'create-votes',
    title: 'create the vote log of a new validator key, once',
    options: {
      ...CONFIG,
      'above HEIGHT':
        'when leaving quarantine: signs only above that height, which must lie above the head of ' +
        'the chain',
      next: 'for the key in keys.nextConsensusFile',
    },
    exits: ['identity', 'storage', 'safety'],
  },
  {
    words: 'recover',
    needs: '--file FILE',
    title: 'judge a recovery file that the departments signed and install it',
    help: 'The node must be stopped; see docs/operations/recovery.md. A file that is refused ends it with 10.',
    options: {
      'file FILE': 'the recovery file',
      'dry-run': 'only judge and tell',
      ...CONFIG,
    },
    exits: ['identity', 'storage', 'safety'],
  },
  {
    words: 'repair',
    title: 'cut a damaged block log back to what is sound, make a damaged state again',
    help: 'On a node that is down. Keys and vote logs are never touched.',
    options: { ...CONFIG, 'dry-run': 'only tell, and end with 4 if there is damage' },
    exits: ['identity', 'storage', 'safety'],
  },
  {
    words: 'archive write',
    needs: 'DIR',
    title: 'copy the block log into a folder that verifies by itself',
    help:
      'Any web server can serve it. Also beside a running node, and again into the same folder, ' +
      'which then takes what is new.',
    options: CONFIG,
    exits: ['identity', 'storage', 'safety'],
  },
  {
    words: 'archive verify',
    needs: 'DIR',
    title: 'check such a folder with nothing else at hand',
    options: {
      'genesis FILE': 'the genesis to trust; else that of the folder',
      json: 'for programs',
    },
    exits: ['identity', 'storage', 'unproven', 'safety'],
  },
  {
    words: 'backup',
    needs: 'DIR',
    title: 'copy block log, genesis and settings; keys and votes are not in it',
    help: 'Also beside a running node.',
    options: CONFIG,
    exits: ['identity', 'storage', 'safety'],
  },
  {
    words: 'restore',
    needs: 'DIR',
    title: 'fill an empty data directory from a backup and execute its chain',
    help: 'The node must be stopped.',
    options: CONFIG,
    exits: ['identity', 'storage', 'safety'],
  },
];

const COLUMNS = 100;
const GENERAL_EXITS: readonly ExitName[] = ['done', 'defect', 'usage'];

/** Help of the program. */
export function renderHelp(): string {
  const verbs = VERB_HELP.map((verb) => [calledBy(verb), verb.title] as const);
  const general = [
    ['daybookd VERB --help', 'what a verb does, its options and its exit codes'],
    ['daybookd --version', 'the version'],
  ] as const;
  return [
    `daybookd ${VERSION}: runs a node of a Daybook chain`,
    renderRows([...verbs, ...general]),
    `Exit codes\n${renderExits(Object.keys(EXIT_HELP).filter(isExitName))}`,
    '',
  ].join('\n\n');
}

/**
 * Help of one verb, or of those that begin with the words: of `archive write` for these two, of both
 * that there are for `archive` and for a word behind it that is none of them.
 * @param words  of the command line, without options
 * @returns      undefined when there is no such verb
 */
export function renderVerbHelp(words: readonly string[]): string | undefined {
  const [first = ''] = words;
  const ofFirst = VERB_HELP.filter((verb) => verb.words.split(' ')[0] === first);
  const exact = ofFirst.filter((verb) => `${words.join(' ')} `.startsWith(`${verb.words} `));
  const shown = exact.length > 0 ? exact : ofFirst;
  return shown.length === 0 ? undefined : shown.map(renderVerb).join('\n');
}

function renderVerb(verb: VerbHelp): string {
  const options = Object.entries(verb.options).map(([name, text]) => [`--${name}`, text] as const);
  const exits = Object.keys(EXIT_HELP)
    .filter(isExitName)
    .filter((name) => GENERAL_EXITS.includes(name) || verb.exits.includes(name));
  return [
    `${calledBy(verb)} [options]`,
    wrap(`${capital(verb.title)}.${verb.help === undefined ? '' : ` ${verb.help}`}`, COLUMNS),
    `Options\n${renderRows(options)}`,
    `Exit codes\n${renderExits(exits)}\n`,
  ].join('\n\n');
}

function calledBy({ words, needs }: VerbHelp): string {
  return ['daybookd', words, ...(needs === undefined ? [] : [needs])].join(' ');
}

function renderExits(names: readonly ExitName[]): string {
  return renderRows(
    names.map((name) => [String(EXIT_CODES[name]).padStart(2), EXIT_HELP[name]] as const),
  );
}

function isExitName(name: string): name is ExitName {
  return Object.hasOwn(EXIT_CODES, name);
}

/** Two columns, the second of which is broken where the line ends. */
function renderRows(rows: readonly (readonly [title: string, text: string])[]): string {
  const width = Math.max(...rows.map(([title]) => title.length)) + 4;
  const indent = ' '.repeat(width);
  return rows
    .map(([title, text]) => {
      const lines = wrap(text, COLUMNS - width).replaceAll('\n', `\n${indent}`);
      return `  ${title.padEnd(width - 2)}${lines}`;
    })
    .join('\n');
}

function wrap(text: string, columns: number): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= columns) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
