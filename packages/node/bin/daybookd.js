#!/usr/bin/env node
// Runs the daemon of this package; everything is in src/daemon.ts, which a build puts into one file.
import { main } from '#daemon';

process.exitCode = await main(process.argv.slice(2));
// Timers of libraries may linger after a clean stop; nothing that matters is pending any more.
process.exit();
