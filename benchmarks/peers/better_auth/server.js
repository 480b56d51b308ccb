// Better Auth behind Node's own server, a process per core, as
// https://better-auth.com/docs/installation and https://better-auth.com/docs/integrations/node say.
// `node server.js COUNT` makes tables and people instead.
import cluster from "node:cluster";
import { createServer } from "node:http";
import { Algorithm, hash, verify } from "@node-rs/argon2";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import pg from "pg";

// The parameters of Plinto in place of the slower default.
const argon2id = { algorithm: Algorithm.Argon2id, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };

const nobody = { window: 60, max: 1_000_000_000 };

function configured() {
  return betterAuth({
    baseURL: process.env.PEER_URL,
    secret: process.env.PEER_SECRET_KEY,
    database: new pg.Pool({ connectionString: process.env.PEER_DATABASE_URL }),
    emailAndPassword: {
      enabled: true,
      password: {
        hash: (password) => hash(password, argon2id),
        verify: ({ hash: encoded, password }) => verify(encoded, password),
      },
    },
    // It counts, as everywhere in this comparison, and refuses nobody.
    rateLimit: {
      enabled: true,
      ...nobody,
      customRules: { "/sign-in/*": nobody, "/sign-up/*": nobody },
    },
    telemetry: { enabled: false },
  });
}

async function populate(count) {
  const auth = configured();
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
  for (let number = 0; number < count; number += 1) {
    const body = {
      name: `person${number}`,
      email: `person${number}@example.com`,
      password: "correct horse battery staple",
    };
    await auth.api.signUpEmail({ body });
  }
  process.exit(0);
}

if (process.argv[2]) {
  await populate(Number(process.argv[2]));
} else if (cluster.isPrimary) {
  for (let number = 0; number < Number(process.env.PEER_WORKERS); number += 1) cluster.fork();
} else {
  const handler = toNodeHandler(configured());
  createServer(handler).listen(Number(process.env.PEER_PORT), "127.0.0.1");
}
