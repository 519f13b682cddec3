import { dirname } from 'node:path';
import type { Config } from './config.ts';
import { Failed } from './contracts/failure.ts';
import type { NodeKind, Outside } from './contracts/node-kind.ts';
import type { Plan } from './contracts/plan.ts';
import { DagrunError } from './errors.ts';
import { fieldsOf } from './lang/notation.ts';
import { secretIn } from './lang/sealed-text.ts';
import { serverFields } from './lang/server-fields.ts';
import { parseTemplate } from './lang/template.ts';
import { wholePlan } from './whole-plan.ts';
import { createPlacer } from './workspace.ts';

/** What the nodes of a workflow may touch: its workspace, and what is configured. `roots` hold the files it may reach. */
export function createOutside(workflowFile: string, roots: readonly string[], config: Config): Outside {
  return {
    place: createPlacer(dirname(workflowFile), roots),
    environment: config.environment,
    allowedHosts: config.allowedHosts,
    secret(name) {
      const secret = config.secrets.get(name);
      if (secret && 'value' in secret) return secret.value;
      const why = secret ? secret.problem.message : 'the configuration has none of this name';
      throw new Failed({ type: 'unauthorized', message: `the secret "${name}" cannot be used: ${why}` });
    },
  };
}

/** Makes sure that the secrets a plan names, and all that is in it, have values before anything runs. Throws DagrunError (exit code 3). */
export function requireSecrets(config: Config, plan: Plan, kinds: readonly NodeKind[]): void {
  const missing = [...secretsOf(plan, kinds)].filter((name) => !('value' in (config.secrets.get(name) ?? {})));
  if (missing.length === 0) return;
  const diagnostics = missing.flatMap((name) => {
    const secret = config.secrets.get(name);
    return secret && 'problem' in secret ? [secret.problem] : [];
  });
  const names = missing.map((name) => `"${name}"`).join(', ');
  throw new DagrunError(`${missing.length === 1 ? `the secret ${names} has` : `the secrets ${names} have`} no value`, {
    exitCode: 3,
    diagnostics,
    ...(diagnostics.length < missing.length && { help: 'name them under `secrets` in dagrun.config.yml' }),
  });
}

function secretsOf(plan: Plan, kinds: readonly NodeKind[]): ReadonlySet<string> {
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]));
  const names = new Set<string>();
  const { stages, tools } = wholePlan(plan);
  const ofTools = tools.flatMap((one) => Object.values(one.tools)).flatMap(({ does }) => (does.type === 'kind' ? [does] : []));
  const servers = tools.flatMap((one) => Object.values(one.servers));
  const specs = [
    ...[...stages, ...ofTools].map(({ kind, spec }) => [byName.get(kind)?.schema ?? {}, spec] as const),
    ...servers.map(({ spec }) => [serverFields, spec] as const),
  ];
  for (const [schema, spec] of specs) {
    for (const field of fieldsOf(schema, spec, [])) {
      if (field.holds !== 'template' || field.sealed !== true || !field.text.includes('{{')) continue;
      const parsed = parseTemplate(field.text);
      for (const part of parsed.ok ? parsed.tree : []) {
        const name = secretIn(part);
        if (name !== undefined) names.add(name);
      }
    }
  }
  return names;
}
