// A certified OpenID provider for tests. usage: node server.mjs PORT CALLBACK [SIGNED_OUT TOLD]
// SIGNED_OUT is where browsers go from signing out, TOLD is told of it (back-channel logout).
import Provider from "oidc-provider";

const [port, callback, signedOut, told] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "plinto at work",
      client_secret: "s3cret+/&=:",
      redirect_uris: [callback],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      ...(signedOut && {
        post_logout_redirect_uris: [signedOut],
        backchannel_logout_uri: told,
        backchannel_logout_session_required: true,
      }),
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true } },
  // It sends nothing to addresses such as those of these tests.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
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
