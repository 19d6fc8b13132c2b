// The signature over audit.json: a DSSE envelope in a bundle, checked by WebCrypto.
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json", PAYLOAD = "application/vnd.in-toto+json";
const encode = (text) => new TextEncoder().encode(text);
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const fromBase64 = (text) => Uint8Array.from(atob(text.replace(/\s/g, "")), (c) => c.charCodeAt(0));
const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const fromPem = (text, label) => fromBase64(text.split(`-----BEGIN ${label}-----`)[1].split("-----END")[0]);

// How a DER public key begins, by kind, and what WebCrypto calls it.
const ecdsa = (start, bits, hash) => ({start, name: "ECDSA P-" + bits, way: {name: "ECDSA", namedCurve: "P-" + bits, hash}, size: Math.ceil(bits / 8), ssh: ["ecdsa-sha2-nistp" + bits, "nistp" + bits]});
const KEYS = [
  ecdsa("3059301306072a8648ce3d020106082a8648ce3d030107034200", 256, "SHA-256"), ecdsa("3076301006072a8648ce3d020106052b81040022036200", 384, "SHA-384"),
  ecdsa("30819b301006072a8648ce3d020106052b8104002303818600", 521, "SHA-512"), {start: "302a300506032b6570032100", name: "Ed25519", way: {name: "Ed25519"}, ssh: ["ssh-ed25519"]},
];
const kindOf = (spki) => KEYS.find((kind) => hex(spki).startsWith(kind.start));

// The content of a DER element at a place: [start, end].
function der(bytes, at) {
  let length = bytes[at + 1], start = at + 2;
  if (length > 127) {
    const size = length - 128;
    length = parseInt(hex(bytes.slice(start, start += size)), 16);
  }
  return [start, start + length];
}
// An ECDSA signature is two integers in DER; WebCrypto takes them side by side.
function plainSignature(bytes, size) {
  const found = new Uint8Array(2 * size);
  let [at] = der(bytes, 0);
  for (const end of [size, 2 * size]) {
    const [from, to] = der(bytes, at), digits = bytes.slice(from, to).slice(-size);
    found.set(digits, end - digits.length);
    at = to;
  }
  return found;
}
async function verifies({way, name, size}, spki, signature, message) {
  const key = await crypto.subtle.importKey("spki", spki, way, false, ["verify"]).catch((error) => {
    throw new Error(error.name === "NotSupportedError" ? _("this browser cannot check signatures of the kind {kind}", {kind: name}) : _("the key is malformed"));
  });
  return crypto.subtle.verify(way, key, size ? plainSignature(signature, size) : signature, message);
}

// What the page's signature says, with its `problem`, or why it was `unchecked`.
async function readSeal(text, digest) {
  const seal = {present: true};
  try {
    const bundle = JSON.parse(text), envelope = bundle.dsseEnvelope, payload = fromBase64(envelope.payload), {subject, predicate} = JSON.parse(new TextDecoder().decode(payload));
    if (bundle.mediaType !== BUNDLE || envelope.payloadType !== PAYLOAD || envelope.signatures.length !== 1) { throw new Error(); }
    const spki = fromPem(predicate.publicKey, "PUBLIC KEY"), own = await sha256(spki), kind = kindOf(spki);
    Object.assign(seal, {predicate, spki, kind, fingerprint: hex(own)});
    const message = [...encode(`DSSEv1 ${PAYLOAD.length} ${PAYLOAD} ${payload.length} `), ...payload];
    if (!kind) { return {...seal, unchecked: _("a kind of key that this page does not know")}; }
    const valid = await verifies(kind, spki, fromBase64(envelope.signatures[0].sig), Uint8Array.from(message)).catch((error) => { seal.unchecked = error.message; });
    if (valid === false || bundle.verificationMaterial.publicKey.hint !== toBase64(own)) { seal.problem = _("The signature in this page is invalid."); }
    else if (subject.length !== 1 || subject[0].name !== "audit.json" || subject[0].digest.sha256 !== digest) { seal.problem = _("The signature in this page is over a different audit.json."); }
  } catch (error) {
    seal.problem = _("What stands in this page in place of a signature is malformed.");
  }
  return seal;
}

// A key as OpenSSH writes it: parts with their lengths.
const sshKey = (spki, {start, ssh}) => [...ssh.map(encode), spki.slice(start.length / 2)].flatMap((part) => [0, 0, 0, part.length, ...part]);
const sshFingerprint = async (spki, kind) => "SHA256:" + toBase64(await sha256(Uint8Array.from(sshKey(spki, kind)))).replace(/=+$/, "");

// Whether a fingerprint, an OpenSSH line or PEM is the page's key; null if it is none of these.
async function isKey(text, {spki, kind, fingerprint}) {
  const given = text.trim(), digits = given.toLowerCase().replace(/[\s:]/g, "");
  try {
    if (/^[0-9a-f]{64}$/.test(digits)) { return digits === fingerprint; }
    if (given.startsWith("SHA256:")) { return given.replace(/=+$/, "") === await sshFingerprint(spki, kind); }
    if (/^(ssh|ecdsa)-/.test(given)) { return toBase64(fromBase64(given.split(/\s+/)[1])) === toBase64(sshKey(spki, kind)); }
    return hex(fromPem(given, "PUBLIC KEY")) === hex(spki);
  } catch (error) { return null; }
}
