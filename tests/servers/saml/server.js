// auth0's samlp as an identity provider with a form. It knows its service provider by the metadata
// in sp.xml, and encrypts while there is a file called encrypt.
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const express = require('express');
const samlp = require('samlp');
const { DOMParser } = require('@xmldom/xmldom');

const port = Number(process.argv[2]);
const here = process.argv[3];
const base = `http://127.0.0.1:${port}`;
const cert = fs.readFileSync(path.join(here, 'idp.crt'));
const key = fs.readFileSync(path.join(here, 'idp.key'));
const ada = {
  id: 'ada', displayName: 'Ada Lovelace', name: { givenName: 'Ada', familyName: 'Lovelace' },
  emails: [{ value: 'ada@corp.example' }],
};
const MD = 'urn:oasis:names:tc:SAML:2.0:metadata';
const DS = 'http://www.w3.org/2000/09/xmldsig#';

function known() {
  const xml = fs.readFileSync(path.join(here, 'sp.xml'), 'utf8');
  const role = new DOMParser().parseFromString(xml, 'text/xml')
    .getElementsByTagNameNS(MD, 'SPSSODescriptor')[0];
  const acs = role.getElementsByTagNameNS(MD, 'AssertionConsumerService')[0].getAttribute('Location');
  const certificates = Array.from(role.getElementsByTagNameNS(MD, 'KeyDescriptor'))
    .filter((each) => each.getAttribute('use') === 'encryption')
    .map((each) => each.getElementsByTagNameNS(DS, 'X509Certificate')[0].textContent);
  const body = certificates[0].replace(/\s/g, '').replace(/(.{64})/g, '$1\n');
  return { acs, certificate: `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n` };
}

function options() {
  const { acs, certificate } = known();
  const encrypting = {
    encryptionCert: certificate,
    encryptionPublicKey: crypto.createPublicKey(certificate).export({ type: 'spki', format: 'pem' }),
  };
  return {
    issuer: `${base}/idp`, cert, key, destination: acs, recipient: acs,
    getPostURL: (_audience, _document, _request, done) => done(null, acs),
    getUserFromRequest: () => ada,
    signResponse: true, signAssertion: true,
    signatureAlgorithm: 'rsa-sha256', digestAlgorithm: 'sha256',
    nameIdentifierFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    sessionIndex: `_${crypto.randomBytes(16).toString('hex')}`,
    ...(fs.existsSync(path.join(here, 'encrypt')) ? encrypting : {}),
  };
}

const app = express();
app.use(express.urlencoded({ extended: false }));
app.get('/metadata', samlp.metadata({
  issuer: `${base}/idp`, cert, redirectEndpointPath: '/sso', postEndpointPath: '/sso',
}));
app.get('/sso', (request, response) => {
  const query = new URLSearchParams(request.query).toString().replace(/&/g, '&amp;');
  response.send(`<form method="post" action="/login?${query}"><input name="username">`
    + '<input name="password" type="password"></form>');
});
app.post('/login', (request, response, next) => {
  if (request.body.username !== 'ada' || request.body.password !== 'adapass') {
    response.status(401).send('wrong');
    return;
  }
  request.method = 'GET';
  request.body = {};
  samlp.auth(options())(request, response, next);
});
app.use((error, _request, response, _next) => {
  console.error(error);
  response.status(500).send(String(error.stack));
});
app.listen(port, '127.0.0.1');
