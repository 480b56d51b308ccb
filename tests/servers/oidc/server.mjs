// A certified OpenID provider for tests. usage: node server.mjs PORT CALLBACK
import Provider from "oidc-provider";

const [port, callback] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "plinto at work",
      client_secret: "s3cret+/&=:",
      redirect_uris: [callback],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ["of these tests"] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: async () => ({
      sub: id,
      email: `${id}@example.com`,
      email_verified: !id.startsWith("unproved"),
      name: id,
    }),
  }),
});
provider.listen(Number(port), "127.0.0.1");
