import type { CommandGroup } from '../command.ts';
import { cancelCommand } from './runs/cancel.ts';
import { diffCommand } from './runs/diff.ts';
import { eventsCommand } from './runs/events.ts';
import { exportCommand } from './runs/export.ts';
import { forkCommand } from './runs/fork.ts';
import { importCommand } from './runs/import.ts';
import { listCommand } from './runs/list.ts';
import { pruneCommand } from './runs/prune.ts';
import { retryCommand } from './runs/retry.ts';
import { showCommand } from './runs/show.ts';
import { whyCommand } from './runs/why.ts';

export const runs: CommandGroup = {
  name: 'runs',
  group: 'Runs',
  summary: 'look at runs, and do something with them',
  description:
    'Runs of this project, as their journals tell of them. A run is named by its id, by the beginning of it, or by "last" for the newest.',
  commands: [
    listCommand,
    showCommand,
    whyCommand,
    diffCommand,
    eventsCommand,
    cancelCommand,
    retryCommand,
    forkCommand,
    exportCommand,
    importCommand,
    pruneCommand,
  ],
};
