/** `daybook completion SHELL`. */
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import { renderCompletion, SHELLS } from '../frame/completion.ts';
import type { Input } from '../frame/input.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { jsonLine } from '../print.ts';

/** The verb needs to know all verbs, so it is made when they are known. */
export function completionVerb(allVerbs: () => Promise<readonly Verb[]>): Verb {
  return {
    words: ['completion'],
    title: 'Print the completion script of a shell.',
    operands: [{ name: 'shell', help: `One of ${SHELLS.join(', ')}.` }],
    options: {},
    examples: ['completion bash > ~/.local/share/bash-completion/completions/daybook'],
    run: async (input: Input, world: World): Promise<Exit> => {
      const named = input.operand('shell');
      const shell = SHELLS.find((one) => one === named);
      if (shell === undefined) {
        const expected = `one of ${SHELLS.join(', ')}`;
        throw new CliError({ code: 'CLI_OPTION_INVALID', option: 'SHELL', expected });
      }
      const script = renderCompletion(shell, await allVerbs());
      world.out.write(input.flag('json') ? jsonLine({ shell, script }) : script);
      return 'done';
    },
  };
}
