import type { TemplateValue } from '../contracts/template.ts';

/** How many blocks there are around a place: those with a context of their own, and those of them that go through something. */
export interface Around {
  readonly contexts: number;
  readonly loops: number;
}

/** Why a path leads to nothing from where it stands, whatever it is that the blocks around it hold; undefined when it leads somewhere. */
export function outOfReach(
  value: TemplateValue & { readonly type: 'path' },
  { contexts, loops }: Around,
): { readonly message: string; readonly label: string; readonly help: string } | undefined {
  const up = '../'.repeat(value.up);
  if (value.data) {
    const [name = ''] = value.parts;
    if (name === 'root' || value.up < loops) return undefined;
    if (loops > 0) {
      return {
        message: `\`@${up}${name}\` leads out of all \`{{#each}}\``,
        label: `${loops === 1 ? 'only one is' : `only ${loops} are`} around it`,
        help: `write \`@${'../'.repeat(loops - 1)}${name}\` for the outermost`,
      };
    }
    return {
      message: `\`@${name}\` is known only inside \`{{#each}}\``,
      label: 'no `{{#each}}` around it',
      help: 'give it a name where it is known: `{{#each list as |item i|}}`',
    };
  }
  if (!value.explicit && value.up === 0) return undefined;
  const context = contexts - 1 - value.up;
  const path = value.parts.join('.');
  if (context < -1) {
    return {
      message: `\`${up}${path}\` leads out of all blocks`,
      label: contexts === 0 ? 'no block around it' : `${contexts === 1 ? 'only one block is' : `only ${contexts} blocks are`} around it`,
      help: 'only `{{#each}}` and `{{#with}}` are left by `../`, not `{{#if}}`; `inputs`, `nodes` and all other names are reachable without it',
    };
  }
  if (context > -1 || value.parts.length > 0) return undefined;
  return {
    message: `there is no \`${value.up === 0 ? 'this' : up.slice(0, -1)}\` here`,
    label: 'no block around it',
    help: '`this` is known inside `{{#each}}` and `{{#with}}`; everywhere else values have names: `{{inputs.x}}`',
  };
}
