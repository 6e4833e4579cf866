/** What a process of `daybook` ends with; scripts may rely on these numbers. */

export const EXIT_CODES = {
  done: { code: 0, help: 'Done.' },
  refused: { code: 1, help: 'The ledger refused it, or what was asked for is not there.' },
  usage: { code: 2, help: 'Wrong use: unknown verb or option, or a value with faults.' },
  unreachable: { code: 3, help: 'No node answers.' },
  invalid: { code: 4, help: 'A proof does not hold, or a node says what the chain does not.' },
  undecided: { code: 5, help: 'Nobody can tell whether the proof is of the chain that is meant.' },
  pending: { code: 6, help: 'Handed in, but not final in the time given; ask for its receipt.' },
  file: { code: 7, help: 'A key or another file cannot be read or written.' },
  alarm: { code: 8, help: 'A witness found a fork, or a history that shrank; evidence is stored.' },
  open: {
    code: 9,
    help: 'Final, but not carried out yet: a rule holds a call, or it waits for others to agree.',
  },
  defect: { code: 70, help: 'A defect of this program: please report it.' },
  interrupted: { code: 130, help: 'Interrupted by the user.' },
} as const satisfies Readonly<Record<string, { readonly code: number; readonly help: string }>>;

/** Why a process ended. */
export type Exit = keyof typeof EXIT_CODES;
