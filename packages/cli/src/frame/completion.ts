/** Completion scripts for shells, from the tables of the verbs: they ask nothing at run time. */
import { optionsOf } from './parse.ts';
import type { Verb } from './verb.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What may follow some words. */
interface Place {
  readonly words: string;
  /** The next word, with its title where it ends a verb. */
  readonly next: ReadonlyMap<string, string>;
  /** Options without dashes, with whether they take a value. */
  readonly options: ReadonlyMap<string, { readonly help: string; readonly hasValue: boolean }>;
}

function placesOf(verbs: readonly Verb[]): readonly Place[] {
  const next = new Map<string, Map<string, string>>();
  for (const { words, title } of verbs) {
    for (const [index, word] of words.entries()) {
      const before = words.slice(0, index).join(' ');
      const followers = next.get(before) ?? new Map<string, string>();
      const isLast = index === words.length - 1;
      followers.set(word, isLast ? title : (followers.get(word) ?? ''));
      next.set(before, followers);
    }
  }
  const whole = verbs.map((verb): Place => {
    const options = Object.entries(optionsOf(verb)).map(
      ([name, { help, value }]) => [name, { help, hasValue: value !== undefined }] as const,
    );
    const words = verb.words.join(' ');
    return { words, next: next.get(words) ?? new Map(), options: new Map(options) };
  });
  const known = new Set(whole.map(({ words }) => words));
  const partial = [...next].filter(([words]) => !known.has(words));
  return [...partial.map(([words, more]) => ({ words, next: more, options: new Map() })), ...whole];
}

function wordsOf({ next, options }: Place): string {
  return [...next.keys(), ...[...options.keys()].map((name) => `--${name}`)].join(' ');
}

/** The script that a shell reads at its start. */
export function renderCompletion(shell: Shell, verbs: readonly Verb[]): string {
  const places = placesOf(verbs);
  switch (shell) {
    case 'bash':
      return renderBash(places);
    case 'zsh':
      return renderZsh(places);
    case 'fish':
      return renderFish(places);
  }
}

// A table key cannot be empty, so each begins with a dot.
function tableOf(places: readonly Place[]): string {
  return places
    .map((place) => `  [". ${place.words}"]="${wordsOf(place)}"`.replace('". "]', '"."]'))
    .join('\n');
}

function renderBash(places: readonly Place[]): string {
  return `# bash completion of daybook: source <(daybook completion bash)
declare -A _daybook_next=(
${tableOf(places).replaceAll('[". "]', '["."]')}
)
_daybook() {
  local current="\${COMP_WORDS[COMP_CWORD]}" key="." word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ "$word" == -* || -z "\${_daybook_next[$key $word]+there}" ]] && break
    key="$key $word"
  done
  COMPREPLY=($(compgen -W "\${_daybook_next[$key]}" -- "$current"))
}
complete -o default -F _daybook daybook
`;
}

function renderZsh(places: readonly Place[]): string {
  const table = places
    .map((place) => `  '.${place.words === '' ? '' : ` ${place.words}`}' '${wordsOf(place)}'`)
    .join('\n');
  return `#compdef daybook
# zsh completion of daybook: source <(daybook completion zsh)
typeset -gA _daybook_next=(
${table}
)
_daybook() {
  local key="." word
  for word in \${words[2,CURRENT-1]}; do
    [[ "$word" == -* ]] && break
    (( \${+_daybook_next[$key $word]} )) || break
    key="$key $word"
  done
  compadd -- \${=_daybook_next[$key]}
  [[ "\${words[CURRENT]}" == -* ]] || _files
}
compdef _daybook daybook
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function renderFish(places: readonly Place[]): string {
  const lines = places.flatMap(({ words, next, options }) => {
    const here = `test (__daybook_words) = ${quoted(words)}`;
    const below = `string match -q -- ${quoted(`${words}*`)} (__daybook_words)`;
    return [
      ...[...next].map(
        ([word, title]) =>
          `complete -c daybook -n ${quoted(here)} -a ${quoted(word)} -d ${quoted(title)}`,
      ),
      ...[...options].map(
        ([name, { help, hasValue }]) =>
          `complete -c daybook -n ${quoted(below)} -l ${name}${hasValue ? ' -r' : ''} -d ${quoted(help)}`,
      ),
    ];
  });
  return `# fish completion of daybook: daybook completion fish | source
function __daybook_words
  set -l words (commandline -opc | string match -v -- '-*')
  # In quotes, so that no words are one empty argument and not none.
  echo "$words[2..]"
end
${lines.join('\n')}
`;
}
