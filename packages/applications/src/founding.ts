/** What a chain that is founded with this release begins with; the genesis document pins it. */
import { foundingContractsOf } from '@daybook/contracts';
import type { GenesisContract } from '@daybook/core';
import { applications } from './applications.ts';

/** Every contract of this release in its newest version, ascending by name. */
export const foundingContracts: readonly GenesisContract[] = foundingContractsOf(applications);
