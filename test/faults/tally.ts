/** What damage led to, counted by kind of file, and every case that did not hold. */

/**
 * `ended`: LevelDB ends a process that reads it, which is named by whoever lets another one read;
 * `shorter`: the end of the chain was dropped, and comes again from others.
 */
export type Outcome =
  | 'refused'
  | 'named'
  | 'harmless'
  | 'quarantine'
  | 'shorter'
  | 'ended'
  | 'absent';

export class Tally {
  /** One after the other, so that one long run finds all of them. */
  readonly faults: string[] = [];
  readonly #counts = new Map<string, Map<Outcome, number>>();

  add(title: string, outcome: Outcome): void {
    const counts = this.#counts.get(title) ?? new Map<Outcome, number>();
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    this.#counts.set(title, counts);
  }

  /** Takes the outcome of a trial, or what it failed with. */
  async take(title: string, position: number, trial: () => Promise<Outcome>): Promise<void> {
    try {
      this.add(title, await trial());
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      this.faults.push(`${title}, position ${position}: ${words}`);
    }
  }

  line(title: string): string {
    const counts = [...(this.#counts.get(title) ?? [])];
    return `${title}: ${counts.map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`;
  }

  lines(): readonly string[] {
    return [...this.#counts.keys()].map((title) => this.line(title));
  }
}
